"""``strace`` on a running daemon: to see in what order it syncs and answers, and to kill it at one system call."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.operations.activating.serving import PATIENCE

STRACE = shutil.which("strace")
_LAST_WORDS = 10.0
"""How long strace may take to let go of a process, in seconds."""


class NotAttachedError(Exception):
    """strace could not be attached; the text is what it said."""


@functools.cache
def may_trace() -> bool:
    """Whether strace is here and may be attached to a process that is not its child."""
    if STRACE is None:
        return False
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        tracer = subprocess.Popen(
            [STRACE, "-e", "trace=none", "-o", "/dev/null", "-p", str(sleeper.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert tracer.stderr is not None
        attached = "attached" in tracer.stderr.readline()
        tracer.terminate()
        tracer.communicate()
    finally:
        sleeper.kill()
        sleeper.communicate()
    return attached


@asynccontextmanager
async def traced(pid: int, output: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Have strace follow a process and all its threads until the block ends or the process does."""
    assert STRACE is not None
    tracer = await asyncio.create_subprocess_exec(
        STRACE, "-f", "-o", str(output), *options, "-p", str(pid), stderr=asyncio.subprocess.PIPE
    )
    try:
        await _attached(tracer)
        yield tracer
    finally:
        if tracer.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                tracer.terminate()
        # What it still says is read, so that it never waits to say it. Where threads die under it, it waits at times
        # for one that is gone.
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await tracer.communicate()
        except TimeoutError:
            tracer.kill()
            await tracer.wait()


async def _attached(tracer: asyncio.subprocess.Process) -> None:
    assert tracer.stderr is not None
    async with asyncio.timeout(PATIENCE):
        said = (await tracer.stderr.readline()).decode(errors="replace")
    if "attached" not in said:
        raise NotAttachedError(said.strip())
