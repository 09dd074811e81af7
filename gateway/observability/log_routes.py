"""Brings what others log through the same filter: libraries, Twisted, asyncio, warnings, and uncaught exceptions.

Of all these only type and place are kept. Their texts quote rows, frames and parameters.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any, TextIO

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.observability.logs import EventLog
from gateway.observability.redaction import kind_of, place, places


def capture(log: EventLog) -> contextlib.ExitStack:
    """Send everything that is logged in this process to ``log``, until the returned stack is closed.

    A loop's own errors need ``capture_loop`` too, once there is a loop.
    """
    undo = contextlib.ExitStack()
    _capture_standard_logging(log, undo)
    _capture_twisted(log, undo)
    _capture_warnings(log, undo)  # after Twisted, which takes warnings over when its logging begins
    _capture_uncaught(log, undo)
    return undo


def capture_loop(log: EventLog, loop: asyncio.AbstractEventLoop) -> None:
    """Send what a loop complains of to ``log``: lost exceptions of tasks, errors in callbacks and transports."""

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            log.unexpected(error)
        else:
            log.event("library_error", logger="asyncio")

    loop.set_exception_handler(complain)


class _Records(logging.Handler):
    """A handler of the standard library's logging that keeps the logger's name and the place."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log where a record came from, and what kind of exception it tells of."""
        name = "library_error" if record.levelno >= logging.ERROR else "library_warning"
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            self._log.event(name, logger=record.name, at=place(record.pathname, record.lineno))
        else:
            self._log.event(name, logger=record.name, error=kind_of(error), at=places(error.__traceback__))


def _capture_standard_logging(log: EventLog, undo: contextlib.ExitStack) -> None:
    root, records = logging.getLogger(), _Records(log)
    undo.callback(root.setLevel, root.level)
    undo.callback(root.removeHandler, records)
    root.addHandler(records)
    root.setLevel(logging.WARNING)


def _capture_warnings(log: EventLog, undo: contextlib.ExitStack) -> None:
    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        log.event("python_warning", category=kind_of(category), at=place(filename, lineno))

    undo.callback(setattr, warnings, "showwarning", warnings.showwarning)
    warnings.showwarning = show


@implementer(ILogObserver)
class _TwistedEvents:
    """An observer of Twisted's log that keeps warnings and failures, unhandled Deferreds among them."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    def __call__(self, event: LogEvent) -> None:
        """Log where an event came from, and what kind of failure it tells of."""
        failure = event.get("log_failure")
        if isinstance(failure, Failure) and failure.value is not None:
            self._log.unexpected(failure.value)
        elif event.get("log_level", LogLevel.info) >= LogLevel.warn:
            self._log.event("library_warning", logger=str(event.get("log_namespace", "twisted")))


def _capture_twisted(log: EventLog, undo: contextlib.ExitStack) -> None:
    observer = _TwistedEvents(log)
    # Until logging has "begun", Twisted prints critical failures to stderr with all they say.
    globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)
    undo.callback(globalLogPublisher.removeObserver, observer)


def _capture_uncaught(log: EventLog, undo: contextlib.ExitStack) -> None:
    def uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        log.unexpected(error)

    def in_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            log.unexpected(arguments.exc_value)

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        if arguments.exc_value is not None:
            log.unexpected(arguments.exc_value)

    for module, hook, replacement in (
        (sys, "excepthook", uncaught),
        (sys, "unraisablehook", unraisable),
        (threading, "excepthook", in_thread),
    ):
        undo.callback(setattr, module, hook, getattr(module, hook))
        setattr(module, hook, replacement)
