"""From a yes to a local patron: how soon at a kiosk, how many a second through the outbox, beside one that is dead."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import time
from collections.abc import Sequence

from protocols import sip2
from protocols.sip2 import ScConnection, ScProfile
from tests.benchmarks.activation_world import ANSWERS_AFTER, Libraries, card, libraries, unit
from tests.benchmarks.lookups import SERVER
from tests.benchmarks.report import Row, at_most
from tests.benchmarks.world import pin

YESES, LATEST = 200, 150.0
QUEUED, UNITS, LEAST = 4000, 10, 100.0
DEAD, LIVELY, MOST_DISTURBED = 10_000, 400, 1.5
_PATIENCE = 120.0


class NotDoneError(Exception):
    """Deliveries did not come to their end in time."""


def activation() -> list[Row]:
    """Return the rows."""
    engines = ("sqlite", "postgresql") if SERVER else ("sqlite",)
    rows = [_yes_to_local(engine) for engine in engines]
    return [*rows, *_sustained(), *(_beside_a_dead_one(engine) for engine in engines)]


# At a kiosk.


def _yes_to_local(engine: str) -> Row:
    with libraries(engine, units=1, patrons=YESES + 10) as here, here.daemon() as server:
        times = _yeses(server.port, unit(0), range(YESES + 10))[10:]
    p50, p95 = (statistics.quantiles(times, n=100)[place] * 1000 for place in (49, 94))
    said = f"p50 {p50:.1f} ms, {YESES} patrons one after another"
    name = f"yes to local at a kiosk, a library system that answers in {ANSWERS_AFTER} ms, {_NAMES[engine]}, p95"
    return at_most(name, p95, LATEST, "ms", said)


def _yeses(port: int, at: str, numbers: Sequence[int]) -> list[float]:
    """Return for each patron the seconds from the yes to the loan, for which they must be local."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        kiosk = _Kiosk(line, at)
        kiosk.log_in()
        return [kiosk.whole_way(number) for number in numbers]


class _Kiosk:
    def __init__(self, line: socket.socket, at: str) -> None:
        self._line = line
        self._at = at
        self._protocol = ScConnection(ScProfile(encoding="cp850", error_detection=False))

    def log_in(self) -> None:
        """Log in at its library."""
        login, password = f"kiosk-{int(self._at[5:])}", "bench"
        self.asks(sip2.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id=login, login_password=password))

    def whole_way(self, number: int) -> float:
        """Have a patron go the whole way; return how long the yes took."""
        self.asks(
            sip2.PatronInformation(
                language="012",
                transaction_date=_NOW,
                summary=" " * 10,
                institution_id=self._at,
                patron_identifier=card(number),
                patron_password=pin(number),
            )
        )
        offered = self.asks(self._loan(number, "N"))
        if not isinstance(offered, sip2.CheckoutResponse) or offered.fee_amount != "0.01":
            raise NotDoneError("the rules were not offered")
        began = time.perf_counter()
        answer = self.asks(self._loan(number, "Y"))
        took = time.perf_counter() - began
        if not isinstance(answer, sip2.CheckoutResponse) or answer.ok != "1":
            raise NotDoneError("the loan did not follow")
        return took

    def asks(self, message: sip2.Message) -> sip2.Message:
        """Ask, and return the answer."""
        self._line.sendall(self._protocol.ask(message))
        while True:
            self._protocol.receive(self._line.recv(65536))
            event = self._protocol.next_event()
            if isinstance(event, sip2.Answered):
                return event.message

    def _loan(self, number: int, fee: str) -> sip2.Checkout:
        return sip2.Checkout(
            sc_renewal_policy="N",
            no_block="N",
            transaction_date=_NOW,
            nb_due_date=_NOW,
            institution_id=self._at,
            patron_identifier=card(number),
            item_identifier="30101000001",
            terminal_password="",
            fee_acknowledged=fee,
        )


_NOW = "20261123    101500"
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


# Through the outbox.


def _sustained() -> list[Row]:
    name = f"activations through the outbox, {UNITS} libraries, PostgreSQL, two workers"
    if not SERVER:
        return []
    with libraries("postgresql", units=UNITS, patrons=QUEUED) as here:
        asyncio.run(here.put_in_the_outbox(range(QUEUED), _units(UNITS)))
        with here.daemon(0) as one, here.daemon(1) as two:
            before = one.processor_seconds + two.processor_seconds
            rate, brought = asyncio.run(_rate(here, _units(UNITS), QUEUED))
            cost = (one.processor_seconds + two.processor_seconds - before) / brought
    said = f"{rate:.0f}/s ({brought} of them; {cost * 1000:.1f} ms of the workers' processor time each)"
    return [Row(name, said, f"at least {LEAST:g}/s", rate >= LEAST)]


def _units(count: int) -> list[str]:
    return [unit(number) for number in range(count)]


async def _rate(here: Libraries, units: Sequence[str], count: int) -> tuple[float, int]:
    """Return how many a second came to their end, and how many, from the first look to nine tenths of all."""
    async with here.opened() as database, asyncio.timeout(_PATIENCE):
        first, began = await here.done(database, units), time.perf_counter()
        while (now := await here.done(database, units)) < count * 0.9:
            await asyncio.sleep(0.1)
        return (now - first) / (time.perf_counter() - began), now - first


# Beside a dead one.


def _beside_a_dead_one(engine: str) -> Row:
    """Half of the lively ones are brought first; then the same again beside the dead one's."""
    with libraries(engine, units=3, patrons=DEAD + 2 * LIVELY, dead=1) as here, contextlib.ExitStack() as exits:
        lively, dead = _units(2), unit(2)
        server = exits.enter_context(here.daemon())
        alone = _median(server.port, lively[0], range(LIVELY // 2))
        asyncio.run(here.put_in_the_outbox(range(2 * LIVELY, 2 * LIVELY + DEAD), [dead]))
        beside = _median(server.port, lively[1], range(LIVELY, LIVELY + LIVELY // 2))
    said = f"medians {beside * 1000:.1f} and {alone * 1000:.1f} ms"
    name = f"yes to local beside {DEAD} due deliveries of a library system that hangs, to alone, {_NAMES[engine]}"
    return at_most(name, beside / alone, MOST_DISTURBED, "×", said)


def _median(port: int, at: str, numbers: Sequence[int]) -> float:
    return statistics.median(_yeses(port, at, numbers))
