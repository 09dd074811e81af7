"""The daemon's log: JSON lines, each an event of the table, with only the fields that the table allows it."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal, Protocol, TextIO

import structlog

from gateway.observability.events import EVENTS
from gateway.observability.log_filter import Filter, UnlistedEventError
from gateway.observability.log_writer import CAPACITY, LogWriter
from gateway.observability.metrics import Metrics
from gateway.observability.redaction import causes, kind_of, places

__all__ = ["EventLog", "Level", "Logs", "UnlistedEventError", "card_reference"]

Level = Literal["debug", "info", "warning", "error"]
LEVELS: Mapping[Level, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class EventLog(Protocol):
    """What those who log are given."""

    def event(self, name: str, /, **fields: object) -> None:
        """Log an event of the table; nearly free when its level is filtered out."""

    def takes(self, name: str) -> bool:
        """Tell whether an event would be logged: for what comes with every message, and costs something to tell."""

    def unexpected(self, error: BaseException, /, **fields: object) -> None:
        """Log an exception that nobody foresaw: its type and place, never what it says."""

    def bind(self, **fields: object) -> EventLog:
        """Return a log whose events carry these fields too."""

    def card_reference(self, card: str) -> str:
        """Return what stands for a card in ``card_ref``."""


def card_reference(key: bytes, card: str) -> str:
    """Return 12 hex digits that stand for a card in the log, and mean nothing without the key."""
    return hmac.new(key, card.encode(), hashlib.sha256).hexdigest()[:12]


class Sink:
    """What structlog writes to: the queue, the level below which no line is made, and the key for cards."""

    __slots__ = ("key", "line", "threshold")

    def __init__(self, line: Callable[[str], None], threshold: int, key: bytes) -> None:
        """Hand finished lines to ``line``."""
        self.line = line
        self.threshold = threshold
        self.key = key


class Log(structlog.BoundLoggerBase):
    """A structlog logger that knows events instead of levels."""

    _logger: Sink

    def event(self, name: str, /, **fields: object) -> None:
        """Log an event of the table; nearly free when its level is filtered out."""
        if self.takes(name):
            self._proxy_to_logger("line", name, **fields)

    def takes(self, name: str) -> bool:
        """Tell whether an event would be logged."""
        listed = EVENTS.get(name)
        return listed is None or listed.level >= self._logger.threshold

    def unexpected(self, error: BaseException, /, **fields: object) -> None:
        """Log an exception that nobody foresaw: its type and place, never what it says."""
        at = places(error.__traceback__)
        self.event("unexpected", error=kind_of(error), at=at, causes=causes(error), **fields)

    def card_reference(self, card: str) -> str:
        """Return what stands for a card in ``card_ref``."""
        return card_reference(self._logger.key, card)


class Logs:
    """Owns the log of one daemon: its stream, its level and its key. ``log`` is what the others are given."""

    def __init__(
        self,
        stream: TextIO,
        *,
        level: Level = "info",
        key: bytes,
        build: str = "",
        metrics: Metrics | None = None,
        pretty: bool = False,
        strict: bool = False,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Log to ``stream``, from ``level`` up; ``pretty`` is for people's eyes, ``strict`` is for tests.

        Lines wait in the queue until ``start``.
        """
        self._writer = LogWriter(stream, capacity)
        self._filter = Filter(build=build, strict=strict, clock=clock)
        self._sink = Sink(self._writer.line, LEVELS[level], key)
        self.log: EventLog = Log(self._sink, [self._filter, _renderer(stream, pretty=pretty)], {})
        if metrics is not None:
            metrics.log_dropped.follow(lambda: self._writer.dropped)
            metrics.log_redactions.follow(lambda: self._filter.redactions)

    @property
    def dropped(self) -> int:
        """How many lines were lost."""
        return self._writer.dropped

    @property
    def redactions(self) -> int:
        """How many values were kept out."""
        return self._filter.redactions

    def set_level(self, level: Level) -> None:
        """Log from ``level`` up from now on."""
        self._sink.threshold = LEVELS[level]

    def start(self) -> None:
        """Begin to write, in a thread."""
        self._writer.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """Write what is queued and end; return whether all was written within ``timeout`` seconds."""
        return self._writer.stop(timeout)

    def event(self, name: str, /, **fields: object) -> None:
        """Log an event of the table."""
        self.log.event(name, **fields)

    def takes(self, name: str) -> bool:
        """Tell whether an event would be logged."""
        return self.log.takes(name)

    def unexpected(self, error: BaseException, /, **fields: object) -> None:
        """Log an exception that nobody foresaw: its type and place, never what it says."""
        self.log.unexpected(error, **fields)

    def bind(self, **fields: object) -> EventLog:
        """Return a log whose events carry these fields too."""
        return self.log.bind(**fields)

    def card_reference(self, card: str) -> str:
        """Return what stands for a card in ``card_ref``."""
        return self.log.card_reference(card)


Processor = Callable[[Any, str, MutableMapping[str, Any]], str]


def _renderer(stream: TextIO, *, pretty: bool) -> Processor:
    return _Pretty(colours=stream.isatty()) if pretty else _json


# Made once: json.dumps makes an encoder at each call that asks for anything unusual.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(_logger: object, _method: str, fields: Mapping[str, Any]) -> str:
    return _ENCODER.encode(fields)


class _Pretty:
    """Lines for people, as ``portvakt demo`` shows them."""

    def __init__(self, *, colours: bool) -> None:
        self._render = structlog.dev.ConsoleRenderer(
            colors=colours, sort_keys=False, timestamp_key="ts", pad_event_to=20
        )

    def __call__(self, logger: object, method: str, fields: MutableMapping[str, Any]) -> str:
        shown = {name: value for name, value in fields.items() if name != "build"}
        return self._render(logger, method, shown)
