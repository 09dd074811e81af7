"""Decides what of a conversation is shown, and where: for people, for programs, or hardly anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.simulators.kiosk_exchange import Exchange
from gateway.simulators.kiosk_masking import printable
from gateway.simulators.kiosk_rendering import Line, Tone, as_json, as_lines, as_summary
from protocols.sip2 import Codec


@dataclass(frozen=True, slots=True)
class Screen:
    """Shows exchanges with `out` and failures with `err`; `raw` adds the frames, `as_objects` gives JSON.

    `watched` tells that a person follows: they see each answer as it was sent, and something even when `quiet`.
    """

    codec: Codec
    out: Callable[[Line], None]
    err: Callable[[Line], None]
    raw: bool = False
    as_objects: bool = False
    quiet: bool = False
    watched: bool = False

    def heard(self, exchange: Exchange) -> None:
        """Shows an exchange."""
        for line in self._lines(exchange):
            self.out(line)

    def say(self, text: str) -> None:
        """Shows a text, out of the way where programs read."""
        (self.err if self.as_objects else self.out)(Line(printable(text)))

    def note(self, text: str) -> None:
        """Shows a text that a quiet screen leaves out."""
        if not self.quiet:
            self.err(Line(printable(text), Tone.QUIET))

    def failed(self, text: str) -> None:
        """Shows a failure, always."""
        self.err(Line(printable(text), Tone.BAD))

    def _lines(self, exchange: Exchange) -> list[Line]:
        if self.quiet:
            return list(as_summary(exchange)) if self.watched else []
        if self.as_objects:
            return [Line(text) for text in as_json(exchange, self.codec, raw=self.raw)]
        raw_received = self.raw or self.watched
        return list(as_lines(exchange, self.codec, raw_sent=self.raw, raw_received=raw_received))
