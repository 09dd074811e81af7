"""``kill -9`` at one system call after another of an activation: the first, the second, … until the daemon survives it.

strace is attached to a daemon that is ready, and kills it as it enters its N-th ``pwrite64`` (``fdatasync``,
``write`` …) since then, while a patron goes the whole way from card and PIN to the loan. Then the daemon is started
again, an hour passes for its outbox, and all invariants are checked. strace counts each thread's calls by themselves.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from registry.domain.standing import StandingState
from tests.operations.activating.people import Person
from tests.operations.activating.scene import Scene, scene
from tests.operations.activating.serving import PATIENCE, Serving, start
from tests.operations.activating.tracing import may_trace, traced
from tests.operations.activating.visits import is_acknowledged
from tests.operations.invariants import InvariantViolated, check_invariants
from tests.registry.storage.databases import ENGINES, drop_databases
from tests.torture.forked import Nursery, nursery
from tests.torture.outcome import Outcome

CALLS = ("pwrite64", "fdatasync", "write", "writev", "sendto", "sendmsg", "recvfrom", "read")
"""What a daemon does to a disk, a kiosk, a library system and a server of databases."""

_MOST = 1500
"""More points than an activation has for all system calls together."""

_LEAST = 2400.0
"""All points take about half an hour on two cores; a run that ends before proves little. Seconds."""


@dataclass(slots=True)
class Row:
    """One line of the table: what came of all the points of one system call."""

    engine: str
    call: str
    points: int = 0
    kept: int = 0
    """At so many the yes was stored already when the daemon died."""
    created: int = 0
    """At so many the library system had the patron already."""
    is_whole: bool = False
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """As it is printed."""
        ends = "until it survived" if self.is_whole else "until time was up"
        told = f"{self.points:4} points {ends}; at {self.kept} the yes was stored, at {self.created} the patron there"
        return f"{self.engine:10} {self.call:9} {told}; {len(self.violations)} violations"


def faults(seconds: float) -> Outcome:
    """Kill at every point, as far as ``seconds`` go, or forty minutes where that is less, shared by the engines."""
    if not may_trace():
        return Outcome(False, "strace is missing, or may not be attached here")
    rows: list[Row] = []
    for engine in ENGINES:
        rows += uvloop.run(_torture(engine, max(seconds, _LEAST) / len(ENGINES)))
    print("\n".join(str(row) for row in rows if row.points or row.is_whole), flush=True)
    points, violations = sum(row.points for row in rows), [one for row in rows for one in row.violations]
    for told in violations[:20]:
        print(told, flush=True)
    return Outcome(not violations and points > 0, f"{points} points, {len(violations)} violations")


async def _torture(engine: str, seconds: float) -> Sequence[Row]:
    until = time.monotonic() + seconds
    rows = [Row(engine, call) for call in CALLS]
    with tempfile.TemporaryDirectory(prefix="portvakt-torture-") as folder:
        async with scene(engine, Path(folder) / "scene", _MOST) as here, _daemons(here) as daemons:
            for row in rows:
                await _every_point(row, daemons, until)
            await here.holds(await (await daemons.daemon()).metrics())
    await drop_databases()
    return rows


async def _every_point(row: Row, daemons: Daemons, until: float) -> None:
    while time.monotonic() < until and not row.is_whole:
        await _point(row, daemons)
        told = f"{row.engine} {row.call} {row.points}: {len(row.violations)} violations"
        print(f"\r{told:60}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


async def _point(row: Row, daemons: Daemons) -> None:
    here, daemon = daemons.here, await daemons.daemon()
    person, said = here.somebody(), len(here.said())
    kill = f"inject={row.call}:signal=SIGKILL:when={row.points + 1}"
    async with traced(daemon.process.pid, Path("/dev/null"), "-e", f"trace={row.call}", "-e", kill):
        await _go(here, daemon, person)
    stand = (await here.register.stands([person.card]))[person.card]
    if daemon.process.returncode is None:
        # It got through, or strace let go of it a moment before its time.
        row.is_whole = stand.state is StandingState.LOCAL
    else:
        row.points += 1
        row.kept += stand.consents > 0
        row.created += here.library.holds(person.card)
    await daemons.daemon()
    await _come_back(here, person)
    try:
        await check_invariants(here.register, here.library, here.visits, here.said()[said:])
    except InvariantViolated as wrong:
        row.violations.append(f"{row.engine} {row.call} {row.points}: {wrong}")


async def _go(here: Scene, daemon: Serving, person: Person) -> None:
    """Have a patron go the whole way, and return when the daemon is dead or has brought them."""
    gone = asyncio.ensure_future(daemon.process.wait())
    going = asyncio.ensure_future(_whole_way(here, person))
    try:
        await asyncio.wait({gone, going}, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    finally:
        for task in (gone, going):
            task.cancel()
        await asyncio.gather(gone, going, return_exceptions=True)


async def _whole_way(here: Scene, person: Person) -> None:
    if await here.visits.walk(person) is None:
        # Its kiosk's line is cut: it dies.
        await asyncio.Event().wait()
    await here.register.until_settled([person.card])


async def _come_back(here: Scene, person: Person) -> None:
    """Whoever has not heard that the yes is kept says it again, and is local in the end."""
    async with asyncio.timeout(PATIENCE):
        await here.are_local()
        while (stand := (await here.register.until_settled([person.card]))[person.card]).state is None:
            answer = await here.visits.walk(person)
            assert answer is None or is_acknowledged(answer), answer.screen_messages
    assert stand.state is StandingState.LOCAL, stand


class Daemons:
    """One daemon after another at the same place."""

    def __init__(self, here: Scene, starts: Nursery) -> None:
        self.here = here
        self._starts = starts
        self._daemon: Serving | None = None

    async def daemon(self) -> Serving:
        """Return the one that runs, or else a new one, before which an hour has passed for the outbox."""
        if self._daemon is None or self._daemon.process.returncode is not None:
            await self.here.register.let_leases_end()
            self._daemon = await start(self.here.place, starts=self._starts)
        return self._daemon

    async def close(self) -> None:
        """Kill it."""
        if self._daemon is not None:
            await self._daemon.kill()


@asynccontextmanager
async def _daemons(here: Scene) -> AsyncIterator[Daemons]:
    async with nursery() as starts:
        daemons = Daemons(here, starts)
        try:
            yield daemons
        finally:
            await daemons.close()
