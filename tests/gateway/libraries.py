"""Storbyen with its library system: the simulated one behind the daemon of a world, both on this very loop."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway import demo_world
from gateway.clock import LIBRARY_TIME
from gateway.demo_world import STORBYEN, STORBYEN_ILS
from gateway.observability.logs import Level
from gateway.simulators.ils import Fault, IlsSimulator, Kind, Patron, World, built_in_world
from gateway.sip2.ils_system import Budgets, LibrarySystem
from gateway.sip2.terminals import Terminals
from gateway.upstream.breaker import BreakerRules
from protocols.sip2 import Message
from tests.gateway.kiosks import Kiosk
from tests.gateway.worlds import Served, running
from tests.gateway.worlds import World as Place

SHORT = Budgets(total=0.3, connect=0.2, resend=0.1, least_for_change=0.0)
"""Budgets for what will not come."""
LONG = Budgets(total=4.0, connect=3.0, resend=3.5, least_for_change=0.0)
"""Budgets for what will, on a machine with other things to do."""
AT_LEISURE = "[budgets]\nanswer = 8.0\ndatabase = 4.0\n"
"""The same for the register's share: what a test means to come in time, comes in time."""
NEVER_OPENS = BreakerRules(consecutive=100_000, least=100_000)
"""A breaker that a table of failures does not open."""


def stopped_clock() -> datetime:
    """The library's time: it stands still, so that equal questions have equal answers."""
    return datetime(2026, 11, 23, 10, 15, 30, tzinfo=LIBRARY_TIME)


class WatchedIls(IlsSimulator):
    """The simulated library system, and every request that it has executed."""

    def __init__(self, *args: Any, **more: Any) -> None:
        """Begin with nothing asked."""
        super().__init__(*args, **more)
        self.requests: list[Message] = []

    def execute(self, asked: Message, terminal: str) -> Message:
        """Answer a request, and keep it."""
        self.requests.append(asked)
        return super().execute(asked, terminal)


@dataclass(slots=True)
class Library:
    """A daemon and the library system behind Storbyen's terminals."""

    served: Served
    ils: WatchedIls

    def kiosk(self, login: str = "storbyen-1") -> AbstractAsyncContextManager[Kiosk]:
        """Connect a kiosk of Storbyen's."""
        return self.served.kiosk(login)

    def got(self, number: str) -> Message:
        """The last request with this number that the library system has executed."""
        return next(asked for asked in reversed(self.ils.requests) if asked.number == number)

    def tune(self, **changes: Any) -> None:
        """Change how the daemon asks the library system, for sessions that begin from now on."""
        retune(self.served, **changes)

    def at_terminals(self, **changes: Any) -> None:
        """Change Storbyen's terminals, for sessions that begin from now on."""
        _rebuilt(self.served, lambda system: system, changes)

    @contextmanager
    def failing(self, kind: Kind, *messages: str, **fields: Any) -> Iterator[None]:
        """Have requests of these numbers, or all, fail in this way until the block ends."""
        self.ils.faults.add(Fault(kind=kind, messages=frozenset(messages), **fields))
        yield
        self.ils.faults.clear(kind)

    def forget(self, local_id: str) -> None:
        """Have the library system no longer know a patron."""
        desk = self.ils.system._desk
        desk.dismiss(desk.patron_of(local_id))

    def enrol(self, patron: Patron) -> None:
        """Have the library system know a patron, new or as changed."""
        self.ils.system._desk.enrol(patron)

    def patron(self, local_id: str) -> Patron:
        """A patron of the library system."""
        return self.ils.system._desk.patron_of(local_id)

    def has(self, item: str) -> str | None:
        """Who has this item on loan, by local id."""
        loan = self.ils.ledger.loans.get(item)
        return loan.patron if loan else None

    def asked(self, number: str) -> int:
        """How many requests with this number have come to the library system."""
        return self.ils.counts[number]

    def upstream(self, metric: str, **labels: str) -> float:
        """A metric about the library system."""
        return self.served.counted(f"upstream_{metric}", peer=STORBYEN_ILS, **labels)


def retune(served: Served, **changes: Any) -> None:
    """Change how a daemon asks the library systems behind its terminals."""
    _rebuilt(served, lambda system: dataclasses.replace(system, **changes), {})


def _rebuilt(served: Served, change: Any, terminal_changes: dict[str, Any]) -> None:
    terminals = served.door.terminals
    systems: dict[str, LibrarySystem] = {}

    def changed(terminal: Any) -> Any:
        if terminal.system is None:
            return terminal
        # One system for all its terminals, as enrolment makes it: their sessions share one breaker.
        system = systems.setdefault(terminal.system.id, change(terminal.system))
        return dataclasses.replace(terminal, system=system, **terminal_changes)

    served.door.terminals = Terminals(map(changed, terminals._by_login.values()), terminals._dialects)


def put_behind(place: Place, port: int, **told: str) -> None:
    """Write a library system at ``port`` into the partner files; ``told`` are further lines of it, as in TOML."""
    credentials = place.directory / "credentials"
    password = credentials / STORBYEN_ILS
    password.touch(mode=0o600)
    password.write_text(demo_world.ILS_PASSWORD + "\n", encoding="utf-8")
    lines = demo_world.library_system_text(port).splitlines()
    kept = [line for line in lines if line.partition(" ")[0] not in told]
    text = "\n".join([*kept, *(f"{key} = {value}" for key, value in told.items() if value)])
    (place.directory / "partners.d" / "library-system.toml").write_text(text + "\n", encoding="utf-8")
    unit = f'[[lending_units]]\nid = "{STORBYEN}"\n'
    place.rewrite_partners((unit, f'{unit}library_system = "{STORBYEN_ILS}"\n'))


@asynccontextmanager
async def simulated(world: World | None = None, **rules: Any) -> AsyncIterator[WatchedIls]:
    """The simulated library system on a port of its own; its clock stands still."""
    told = world or built_in_world()
    told = dataclasses.replace(told, rules=dataclasses.replace(told.rules, **rules))
    ils = WatchedIls.open(told, clock=stopped_clock)
    await ils.start()
    try:
        yield ils
    finally:
        await ils.stop()
        assert ils.failures == []


def port_of(ils: IlsSimulator) -> int:
    """The port at which a simulator listens, or listened."""
    return ils._at[1]


@asynccontextmanager
async def library(
    place: Place,
    *,
    world: World | None = None,
    rules: dict[str, Any] | None = None,
    told: dict[str, str] | None = None,
    settings: str = "",
    budgets: Budgets = LONG,
    level: Level = "info",
    expected: tuple[str, ...] = (),
) -> AsyncIterator[Library]:
    """Serve ``place`` with the simulated library system behind Storbyen's terminals, until the block ends."""
    async with simulated(world, **(rules or {})) as ils:
        put_behind(place, port_of(ils), **(told or {}))
        async with running(place, settings=AT_LEISURE + settings, level=level, expected=expected) as served:
            retune(served, budgets=budgets, breaker=NEVER_OPENS, in_flight=64)
            yield Library(served, ils)


__all__ = [
    "LONG",
    "NEVER_OPENS",
    "SHORT",
    "Fault",
    "Kind",
    "Library",
    "Place",
    "library",
    "port_of",
    "put_behind",
    "retune",
    "simulated",
    "stopped_clock",
]
