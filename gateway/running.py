"""Runs one daemon on the reactor until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TextIO

from config.partner_set import Partners
from config.settings import Settings
from gateway import reactor as our_reactor
from gateway.bridge import spawn
from gateway.lifecycle import Signals
from gateway.observability.log_routes import capture, capture_loop
from gateway.observability.logs import Logs
from gateway.observability.metrics import Metrics
from gateway.version import VERSION


class NotStartedError(Exception):
    """The daemon could not start; the cause says why."""


def run(
    path: Path,
    settings: Settings,
    partners: Partners,
    *,
    stream: TextIO,
    log_key: bytes,
    pretty: bool = False,
    beside: Callable[[], AbstractAsyncContextManager[object]] = contextlib.nullcontext,
    when_ready: Callable[[dict[str, tuple[str, int]]], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the files again.

    ``beside`` is entered on the loop before the daemon starts and left when it has stopped. ``when_ready`` is told
    the addresses by the listeners' names once everything answers. Raises :class:`NotStartedError` from what kept the
    daemon from starting.
    """
    reactor: Any = our_reactor.install()
    # Imported now that the reactor is ours: what it imports may import the reactor too.
    from gateway.daemon import Daemon
    from gateway.ncip.enrolment import peers_of as ncip_peers

    metrics = Metrics(
        version=VERSION,
        listeners=settings.listeners.names,
        peers=(*sorted(partners.library_systems), *ncip_peers(partners)),
    )
    logs = Logs(
        stream,
        level=settings.log.level,
        key=log_key,
        build=VERSION,
        metrics=metrics,
        pretty=pretty,
        capacity=settings.log.queue,
    )
    daemon = Daemon(path, settings, partners, metrics=metrics, logs=logs, end=lambda failure: course.end(failure))
    exits = contextlib.AsyncExitStack()

    async def start() -> None:
        await exits.enter_async_context(beside())
        await daemon.start()

    async def stop() -> None:
        async with exits:
            await daemon.stop()

    course = _Course(start, stop, daemon.reload, lambda: when_ready(daemon.addresses))
    with capture(logs.log):
        logs.start()
        try:
            # Inside callWhenRunning no asyncio loop runs yet; inside callLater(0, …) it does.
            reactor.callLater(0, course.begin, reactor, logs)
            reactor.run(installSignalHandlers=False)
        finally:
            logs.stop()
    if course.failure is not None:
        raise NotStartedError from course.failure


class _Course:
    """From start to stop, each step begun by the reactor or a signal."""

    def __init__(
        self,
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
        reload: Callable[[], Awaitable[bool]],
        ready: Callable[[], None],
    ) -> None:
        self.failure: BaseException | None = None
        self._start = start
        self._stop = stop
        self._reload = reload
        self._ready = ready
        self._started = False
        self._reloading = asyncio.Lock()

    def begin(self, reactor: Any, logs: Logs) -> None:
        """Start the daemon, and obey signals from now on."""
        loop = asyncio.get_running_loop()
        capture_loop(logs.log, loop)
        self._reactor = reactor
        self._logs = logs
        self._starting = spawn(self._open(), self._failed)
        Signals(stop=self._end, stop_now=self._end_now, reload=self._read_again).obey(loop)

    async def _open(self) -> None:
        await self._start()
        self._started = True
        self._ready()

    def end(self, failure: Exception) -> None:
        """Stop because of ``failure``, so that the service manager starts the daemon anew."""
        if self.failure is None:
            self.failure = failure
            self._logs.unexpected(failure)
            self._end()

    def _failed(self, failure: BaseException) -> None:
        self.failure = failure
        self._end_now()

    def _end(self) -> None:
        spawn(self._close(), self._failed)

    async def _close(self) -> None:
        if self._started:
            await self._stop()
        else:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._starting
        self._end_now()

    def _end_now(self) -> None:
        if self._reactor.running:
            self._reactor.stop()

    def _read_again(self) -> None:
        if self._started:
            spawn(self._reload_in_turn(), self._logs.unexpected)

    async def _reload_in_turn(self) -> None:
        async with self._reloading:
            await self._reload()


def log_stream() -> TextIO:
    """Return where logs go: standard error, which the journal and a terminal both show."""
    return sys.stderr
