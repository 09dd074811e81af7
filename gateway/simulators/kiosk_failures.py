"""Why a kiosk could not go on; no text holds a value of a message."""

from __future__ import annotations


class KioskFailure(Exception):
    """Base of what a `Kiosk` raises; its text is one line for the person who asked."""


class CannotConnect(KioskFailure):
    """There is nobody, or TLS came to nothing."""


class ConnectionLost(KioskFailure):
    """The connection ended before the answer came, or there was none."""


class NoAnswer(KioskFailure):
    """The library system kept silent for longer than the time limit."""


class BadAnswer(KioskFailure):
    """What came was no answer to what was asked, or cannot be read."""
