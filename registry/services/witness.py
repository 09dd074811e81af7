"""Who is told what happened in the register, in numbers: metrics and alerts, never persons."""

from __future__ import annotations

import enum
from typing import Protocol

from registry.domain.attempts import Scope
from registry.domain.consent import Channel
from registry.domain.standing import StandingState


class PinResult(enum.StrEnum):
    """How a PIN check ended; also the label of the metric."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LOCKED = "locked"
    UNAVAILABLE = "unavailable"


class Witness(Protocol):
    """Counts what the register sees."""

    def pin_checked(self, result: PinResult) -> None:
        """A PIN was checked, or could not be."""

    def throttled(self, scope: Scope) -> None:
        """A limit of this scope was met: an answer was delayed or refused."""

    def weak_pin_refused(self) -> None:
        """Somebody chose a PIN that is too easy to guess."""

    def offered(self, channel: Channel) -> None:
        """Loan rules were shown to a patron who can accept them through ``channel``."""

    def standing_moved(self, state: StandingState) -> None:
        """A standing has come into ``state``."""

    def activated(self, seconds: float) -> None:
        """A patron has become local, so many seconds after they accepted the rules."""


class NobodyWatches:
    """A witness that counts nothing, for commands and tests."""

    def pin_checked(self, result: PinResult) -> None:
        """Count nothing."""

    def throttled(self, scope: Scope) -> None:
        """Count nothing."""

    def weak_pin_refused(self) -> None:
        """Count nothing."""

    def offered(self, channel: Channel) -> None:
        """Count nothing."""

    def standing_moved(self, state: StandingState) -> None:
        """Count nothing."""

    def activated(self, seconds: float) -> None:
        """Count nothing."""
