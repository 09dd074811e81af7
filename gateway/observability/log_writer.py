"""Writes log lines in a thread of its own, so that a slow reader of the log never slows the daemon."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable
from typing import TextIO

CAPACITY = 10_000


class LogWriter:
    """A bounded queue in front of a stream: what does not fit is dropped and counted."""

    def __init__(self, stream: TextIO, capacity: int = CAPACITY) -> None:
        """Queue lines for ``stream``; they are written once ``start`` was called, or at ``stop``."""
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a letter that the locale lacks must not lose the line
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._lock = threading.Lock()
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many lines were lost, to a full queue or a broken stream."""
        return self._dropped

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def line(self, text: str) -> None:
        """Queue a line, from any thread; never waits."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self._drop()

    def stop(self, timeout: float = 2.0) -> bool:
        """Write what is queued and end; return whether all was written within ``timeout`` seconds."""
        try:
            self._lines.put(None, timeout=timeout)
        except queue.Full:
            return False
        if self._thread.ident is None:
            self._write_all()
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def catch_up(self) -> None:
        """Return once every line that was queued before is written; waits as long as the stream does."""
        self._lines.join()

    def _write_all(self) -> None:
        while (text := self._lines.get()) is not None:
            self._attempt(self._stream.write, text + "\n")
            if self._lines.empty():
                self._attempt(self._stream.flush)
            self._lines.task_done()
        self._lines.task_done()
        self._attempt(self._stream.flush)

    def _attempt(self, act: Callable[..., object], *arguments: str) -> None:
        try:
            act(*arguments)
        except (OSError, ValueError):  # the reader is gone, or the stream was closed
            self._drop()

    def _drop(self) -> None:
        with self._lock:
            self._dropped += 1
