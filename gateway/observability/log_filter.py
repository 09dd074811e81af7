"""Makes an event into a line's fields: what the table allows, as short printable values, and nothing else."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

from gateway.observability.events import EVENTS, LEVELS, WORDS, Event
from gateway.observability.redaction import WITHHELD, Value, is_word, place, value_of


class UnlistedEventError(LookupError):
    """An event, or a field of one, that the table does not name; raised only by a strict log."""


class Filter:
    """A structlog processor: an event's fields go in, those that may be seen come out."""

    def __init__(self, *, build: str, strict: bool, clock: Callable[[], float]) -> None:
        """Stamp lines with ``build`` and the time; a strict filter raises where it would else drop and count."""
        self._build = build
        self._strict = strict
        self._clock = clock
        self._lock = threading.Lock()
        self._redactions = 0

    @property
    def redactions(self) -> int:
        """How many values were kept out."""
        return self._redactions

    def __call__(self, _logger: object, _method: str, fields: MutableMapping[str, Any]) -> Mapping[str, Value]:
        """Return the line's fields, in the order that they are read in."""
        name = fields.pop("event")
        listed = EVENTS.get(name)
        if listed is None:
            name, listed, fields = self._unlisted()
        return {
            "ts": _timestamp(self._clock()),
            "level": LEVELS[listed.level],
            "event": name,
            **self._allowed(listed, fields),
            "build": self._build,
        }

    def _unlisted(self) -> tuple[str, Event, MutableMapping[str, Any]]:
        # The name is not repeated: one made with a value in it would carry that value.
        if self._strict:
            raise UnlistedEventError("the event is not in gateway.observability.events")
        self._redact()
        return "unlisted", EVENTS["unlisted"], {"at": _caller()}

    def _allowed(self, listed: Event, fields: Mapping[str, object]) -> dict[str, Value]:
        return {
            name: self._seen(name, value)
            for name, value in fields.items()
            if self._known(name, listed) and value is not None
        }

    def _known(self, name: str, listed: Event) -> bool:
        if name in listed.fields:
            return True
        if self._strict:
            raise UnlistedEventError(f"the event has no field {name}")
        self._redact()
        return False

    def _seen(self, name: str, value: object) -> Value:
        seen = value_of(value)
        if name in WORDS and not is_word(seen):
            seen = WITHHELD
        if seen == WITHHELD:
            self._redact()
        return seen

    def _redact(self) -> None:
        with self._lock:
            self._redactions += 1


def _timestamp(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _caller() -> str:
    """Return where the line was logged: the nearest frame outside this package and structlog."""
    frame = inspect.currentframe()
    while frame and frame.f_globals.get("__name__", "").startswith(("gateway.observability.", "structlog.")):
        frame = frame.f_back
    return place(frame.f_code.co_filename, frame.f_lineno) if frame else "?"
