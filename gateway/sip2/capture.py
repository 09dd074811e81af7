"""One terminal's conversation, parsed and masked field by field, for whoever helps when two systems disagree.

What a line holds is safe to hand to a vendor: secrets are stars, personal values their length, cards the references
that the log has. Nothing here looks at bytes: a frame that could not be read is told of by why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from protocols import sip2
from protocols.sip2 import Message, Privacy, Row
from registry.domain.card import national

Side = Literal["kiosk", "ils"]
Ended = Literal["time", "size", "stopped", "shutdown", "disk"]

SIZE_LIMIT = 8 * 1024 * 1024
"""The most bytes of one capture."""

# What is kept back of them, so that a capture can always say why it ended.
_FOR_THE_END = 512


class Recorder:
    """Collects the lines of one capture until somebody takes them away to be written; bounded."""

    def __init__(self, now: Callable[[], datetime], reference: Callable[[str], str], limit: int = SIZE_LIMIT) -> None:
        """Tell times by ``now``, and what stands for a card by ``reference``."""
        self._now = now
        self._reference = reference
        self._left = limit - _FOR_THE_END
        self._lines = bytearray()
        self.ended: Ended | None = None

    def track(self, connection: int, side: Side) -> Track:
        """Return what one side of one connection records by."""
        return Track(self, connection, side)

    def note(self, **told: Any) -> None:
        """Record a line that is no message."""
        self._line(told)

    def message(self, connection: int, side: Side, speaker: str, message: Message) -> None:
        """Record a message, masked."""
        if self.ended is None:
            self._line(
                {
                    "conn": connection,
                    "side": side,
                    "from": speaker,
                    "message": message.number,
                    "name": type(message).__name__,
                    "fields": [list(row) for row in shown(message, self._reference)],
                }
            )

    def end(self, why: Ended) -> None:
        """Record nothing more but why."""
        if self.ended is None:
            self._left += _FOR_THE_END
            self._line({"event": f"ended: {why}"})
            self.ended = why

    def take(self) -> bytes:
        """Return the lines since last time."""
        lines, self._lines = bytes(self._lines), bytearray()
        return lines

    def _line(self, told: dict[str, Any]) -> None:
        if self.ended is not None:
            return
        at = {"at": self._now().isoformat(timespec="milliseconds")}
        line = json.dumps({**at, **told}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if len(line) > self._left:
            self.end("size")
            return
        self._left -= len(line)
        self._lines += line


class Track:
    """One side of one connection of the captured terminal: with a kiosk, or with the library system behind it."""

    __slots__ = ("_connection", "_recorder", "_side")

    def __init__(self, recorder: Recorder, connection: int, side: Side) -> None:
        self._recorder = recorder
        self._connection = connection
        self._side: Side = side

    def asked(self, message: Message) -> None:
        """Record a request: the kiosk's to us, or ours to the library system."""
        self._recorder.message(self._connection, self._side, "kiosk" if self._side == "kiosk" else "portvakt", message)

    def answered(self, message: Message) -> None:
        """Record an answer: ours to the kiosk, or the library system's to us."""
        self._recorder.message(self._connection, self._side, "portvakt" if self._side == "kiosk" else "ils", message)

    def noted(self, event: str) -> None:
        """Record that something else happened, in words of our own."""
        self._recorder.note(conn=self._connection, side=self._side, event=event)


_CARD = "AA"
_DATE = re.compile(r"[0-9 ]{8}[0-9A-Z ]{4}[0-9 ]{6}")
_SHORT = re.compile(r"[0-9A-Za-z .+*-]{0,4}|[YNU ]{0,16}")
# A card anywhere, or the fields behind it where a peer's delimiter is not ours.
_RUN_ON = re.compile(r"[Nn][0-9]{8,9}|[^0-9A-Za-z](?:A[A-GJ]|B[DEF]|CO)")
_NUMBERS = frozenset({"BP", "BQ", "BR", "CF"})
_LEAST = 4


def shown(message: Message, reference: Callable[[str], str]) -> list[Row]:
    """Return the fields as a capture may show them: stricter than a log, for a file is given away.

    An open field is shown only where it cannot hold what another field hides.
    """
    rows, told = sip2.masked(message), message.fields()
    fixed, variable = rows[: -len(told) or None], rows[len(rows) - len(told) :]
    hidden = [value for tag, value in told if sip2.privacy_of(tag) is not Privacy.OPEN and len(value) >= _LEAST]
    return [
        *(Row(row.tag, row.name, _fixed(row.value)) for row in fixed),
        *(
            Row(row.tag, row.name, _variable(tag, value, hidden, reference))
            for row, (tag, value) in zip(variable, told, strict=True)
        ),
    ]


def _fixed(value: str) -> str:
    return value if _SHORT.fullmatch(value) or _DATE.fullmatch(value) else _length(value)


def _variable(tag: str, value: str, hidden: list[str], reference: Callable[[str], str]) -> str:
    if tag == _CARD and value.strip():
        return f"card_ref {reference(national(value) or value.strip())}"
    if sip2.privacy_of(tag) is Privacy.OPEN and _may_hide(tag, value, hidden):
        return _length(value)
    return sip2.mask(tag, value)


def _may_hide(tag: str, value: str, hidden: list[str]) -> bool:
    if tag in _NUMBERS and len(value) > _LEAST:
        return True
    return _RUN_ON.search(value) is not None or any(secret in value for secret in hidden)


def _length(value: str) -> str:
    return f"({len(value)})"
