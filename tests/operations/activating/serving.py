"""A real ``portvakt serve`` in a process of its own, to be killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.operations.activating.place import Place

PORTVAKT = Path(sys.executable).with_name("portvakt")
PATIENCE = 60.0
"""How long a test waits for what must come, in seconds: a machine with other things to do is no failure."""


class NotReadyError(Exception):
    """The daemon did not become ready; the text is the end of what it said."""


class Process(Protocol):
    """What is needed of a process, as ``asyncio.subprocess.Process`` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """How it ended, or ``None`` while it runs."""

    async def wait(self) -> int:
        """Wait until it has ended; return how."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal."""

    def kill(self) -> None:
        """Kill it."""


Starts = Callable[[list[str], Mapping[str, str], Path], Awaitable[Process]]
"""Starts ``portvakt`` with these words, in this environment, writing into this log."""


class Serving:
    """One daemon."""

    def __init__(self, place: Place, process: Process, log: Path) -> None:
        self.place = place
        self.process = process
        self.log = log

    async def died(self) -> int:
        """Wait until it is gone; return its exit status."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def kill(self) -> None:
        """End it at once, as a power cut would; harmless where it is gone already."""
        if self.process.returncode is None:
            self.process.kill()
        await self.died()

    async def terminate(self) -> int:
        """Ask it to stop in good order; return its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.died()

    async def until_said(self, event: str, times: int) -> None:
        """Wait until it has logged an event so often in all."""
        async with asyncio.timeout(PATIENCE):
            while self.log.read_bytes().count(f'"{event}"'.encode()) < times:
                await asyncio.sleep(0.02)

    async def metrics(self) -> bytes:
        """Return the page of its metrics."""
        url = f"http://127.0.0.1:{self.place.ports.http}/metrics"
        return await asyncio.to_thread(_read, url)


@asynccontextmanager
async def serving(place: Place, failpoint: str | None = None) -> AsyncIterator[Serving]:
    """Run a daemon until the block ends, which kills what is left of it."""
    daemon = await start(place, failpoint)
    try:
        yield daemon
    finally:
        await daemon.kill()


async def started(words: list[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start it as whoever installed it does."""
    with log.open("ab") as stream:
        return await asyncio.create_subprocess_exec(
            str(PORTVAKT), *words, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )


async def start(place: Place, failpoint: str | None = None, starts: Starts = started) -> Serving:
    """Return a daemon that is ready; raises :class:`NotReadyError`."""
    log = place.directory / "log"
    environment = {name: value for name, value in os.environ.items() if name != "PORTVAKT_FAILPOINT"}
    if failpoint is not None:
        environment["PORTVAKT_FAILPOINT"] = failpoint
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        # A name that the kernel makes up, in no folder: paths of sockets must be short.
        manager.bind("")
        environment["NOTIFY_SOCKET"] = "@" + manager.getsockname()[1:].decode()
        daemon = Serving(place, await starts(["serve", "--config", str(place.settings)], environment, log), log)
        try:
            await _is_ready(manager, daemon)
        except BaseException:
            await daemon.kill()
            raise
    return daemon


async def _is_ready(manager: socket.socket, daemon: Serving) -> None:
    loop = asyncio.get_running_loop()
    gone = asyncio.ensure_future(daemon.process.wait())
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                note = asyncio.ensure_future(loop.sock_recv(manager, 4096))
                await asyncio.wait({note, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not note.done():
                    note.cancel()
                    raise NotReadyError(_end_of(daemon.log))
                if b"READY=1" in note.result():
                    return
    except TimeoutError:
        raise NotReadyError(_end_of(daemon.log)) from None
    finally:
        gone.cancel()


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-3000:]


def _read(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=PATIENCE) as answer:
        page: bytes = answer.read()
    return page
