"""Daemons forked from a process that has imported everything: a start costs a tenth of what it does otherwise.

    async with nursery() as starts:
        daemon = await start(place, starts=starts)

Each is the whole ``portvakt serve``, from reading its settings on.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.operations.activating.serving import PATIENCE

# All but what imports Twisted's reactor, which each daemon installs for itself.
_IMPORTED = (
    "aiosqlite",
    "asyncpg",
    "gateway.application",
    "gateway.cli.main",
    "gateway.cli.serve",
    "gateway.delivery.enrolment",
    "gateway.ncip.endpoint",
    "gateway.running",
    "httpx",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "twisted.internet.defer",
    "twisted.internet.protocol",
    "uvloop",
)


class Forked:
    """One daemon, with what ``asyncio.subprocess.Process`` has."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._gone = asyncio.Event()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit status, or the negative number of the signal."""
        await self._gone.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(9)

    def has_ended(self, status: int) -> None:
        """Be told so by its parent."""
        self.returncode = os.waitstatus_to_exitcode(status)
        self._gone.set()


class Nursery:
    """The process that forks them."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._alive: dict[int, Forked] = {}
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._reading = asyncio.ensure_future(self._read())

    async def __call__(self, command: list[str], environment: Mapping[str, str], log: Path) -> Forked:
        """Fork a daemon that does what ``portvakt`` does with these words."""
        assert self._process.stdin is not None
        wanted = {"words": command, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            return self._alive[await self._born.get()]

    async def close(self) -> None:
        """End the process; its daemons have ended before."""
        self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            kind, pid, status = json.loads(line)
            if kind == "born":
                self._alive[pid] = Forked(pid)
                self._born.put_nowait(pid)
            else:
                self._alive.pop(pid).has_ended(status)


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Run the process until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.torture.forked", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    forking = Nursery(process)
    try:
        yield forking
    finally:
        await forking.close()


def _main() -> None:
    """Fork for each line that comes, and tell of each child's birth and end."""
    import selectors
    import signal

    for name in _IMPORTED:
        importlib.import_module(name)
    assert "twisted.internet.reactor" not in sys.modules
    told, tells = os.pipe()
    os.set_blocking(tells, False)
    os.set_inheritable(told, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(tells, warn_on_full_buffer=False)
    with selectors.DefaultSelector() as ready:
        ready.register(sys.stdin, selectors.EVENT_READ)
        ready.register(told, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is told:
                    os.read(told, 4096)
                    _tell_of_the_dead()
                    continue
                line = sys.stdin.readline()
                if not line:
                    return
                _tell("born", _fork(json.loads(line)), 0)


def _tell_of_the_dead() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell("gone", pid, status)


def _tell(*words: Any) -> None:
    print(json.dumps(words), flush=True)


def _fork(wanted: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    import signal

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for before, after in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(before, after)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.argv = ["portvakt", *wanted["words"]]
    status = 1
    try:
        from gateway.cli.main import main

        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    except BaseException:  # noqa: BLE001 - whatever it is, this child must not go on as its parent
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _main()
