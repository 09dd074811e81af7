"""A daemon that is stopped where it stands and goes on later, as on a machine that is out of memory or moved."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.operations.activating.place import Place
from tests.operations.activating.serving import PATIENCE, Serving


def pause(daemon: Serving) -> None:
    """Stop it; return when none of its threads runs any more."""
    with _nothing_written(daemon.place):
        daemon.process.send_signal(signal.SIGSTOP)
        until = time.monotonic() + PATIENCE
        while not is_paused(daemon) and time.monotonic() < until:
            time.sleep(0.001)
    assert is_paused(daemon)


def resume(daemon: Serving) -> None:
    """Let it go on; harmless where it does."""
    daemon.process.send_signal(signal.SIGCONT)


def is_paused(daemon: Serving) -> bool:
    """Tell whether it stands still, as the kernel says."""
    said = Path(f"/proc/{daemon.process.pid}/stat").read_text("utf-8", errors="replace")
    return said.rpartition(")")[2].split()[0] == "T"


async def until_paused(daemon: Serving) -> None:
    """Wait until somebody has paused it."""
    async with asyncio.timeout(PATIENCE):
        while not is_paused(daemon):
            await asyncio.sleep(0.01)


@contextmanager
def _nothing_written(place: Place) -> Iterator[None]:
    """Hold off whoever writes into a SQLite file until the block ends: who was paused as it wrote would do so for good.

    A server of databases ends the transactions of those who are away.
    """
    if not place.database.startswith("sqlite"):
        yield
        return
    path = place.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        yield
        writer.execute("ROLLBACK")
