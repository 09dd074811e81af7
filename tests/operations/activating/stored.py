"""The register as it is stored, looked at from outside the daemon; and time that passes for its outbox."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import func, select, text, update

from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryKind, DeliveryState
from registry.domain.standing import StandingState
from registry.services.ports import ChainFault
from registry.storage import tables
from registry.storage.database import Database
from tests.operations.activating.place import UNIT, Place
from tests.operations.activating.serving import PATIENCE

_UNDER_WAY = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a card's patron stands at the library; ``delivery`` is the state of their activation, if there is one."""

    state: StandingState | None = None
    local_id: str | None = None
    delivery: DeliveryState | None = None
    consents: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether a courier has still something to do."""
        return self.state in _UNDER_WAY


class Stored:
    """One register, by whatever engine."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._database = self._opened()

    def _opened(self) -> Database:
        return Database(self._place.database, audit_key=self._place.audit_key, timeout=PATIENCE)

    async def connect_anew(self) -> None:
        """Close every connection, also those that somebody has cut, and open others."""
        await self._database.close()
        self._database = self._opened()

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()

    async def stands(self, cards: Collection[CardNumber]) -> Mapping[CardNumber, Stand]:
        """Return how each of these stands."""
        card, standing, delivery, consent = tables.card, tables.standing, tables.delivery, tables.consent
        accepted = select(func.count()).where(consent.c.patron == card.c.patron, consent.c.unit == UNIT)
        rows = await self._database._reads.rows(
            select(card.c.number, standing.c.state, standing.c.local_id, delivery.c.state, accepted.scalar_subquery())
            .select_from(card)
            .outerjoin(standing, (standing.c.patron == card.c.patron) & (standing.c.unit == UNIT))
            .outerjoin(
                delivery,
                (delivery.c.patron == card.c.patron)
                & (delivery.c.unit == UNIT)
                & (delivery.c.kind == DeliveryKind.ACTIVATE),
            )
            .where(card.c.number.in_(cards))
        )
        return {CardNumber(row[0]): Stand(*row[1:]) for row in rows}

    async def fault(self) -> ChainFault | None:
        """Return the first fault of the audit trail; what was not sealed when the daemon died is sealed first."""
        await self._database.chain.seal()
        return await self._database.chain.verify()

    async def everything(self) -> bytes:
        """Return all that is stored, as one would steal it."""
        if self._place.database.startswith("sqlite"):
            path = Path(self._place.database.removeprefix("sqlite:///"))
            # Read by another process: one that closes the file gives up the locks of its own SQLite connections.
            reader = await asyncio.create_subprocess_exec(
                "cat", *map(str, sorted(path.parent.glob(f"{path.name}*"))), stdout=asyncio.subprocess.PIPE
            )
            return (await reader.communicate())[0]
        rows: list[Any] = []
        for table in tables.metadata.sorted_tables:
            # Quoted by nobody, for the names are ours.
            rows += await self._database._reads.rows(text(f"SELECT t::text FROM {table.name} t"))  # noqa: S608
        return "\n".join(row[0] for row in rows).encode()

    async def let_leases_end(self) -> None:
        """Let an hour pass for whatever a courier had taken that is dead now."""
        await self._shift(_AN_HOUR, only_free=False)

    async def let_an_hour_pass(self, cards: Collection[CardNumber]) -> None:
        """Let these be due again, and wait until each has been tried once more without any success."""
        before = await self._tries(cards)
        await self._shift(_AN_HOUR, only_free=True)
        async with asyncio.timeout(PATIENCE):
            while any(tries <= before[card] for card, tries in (await self._tries(cards)).items()):
                await asyncio.sleep(0.05)
        assert all(stand.is_under_way for stand in (await self.stands(cards)).values())

    async def _tries(self, cards: Collection[CardNumber]) -> Mapping[CardNumber, int]:
        card, delivery = tables.card, tables.delivery
        rows = await self._database._reads.rows(
            select(card.c.number, delivery.c.tries)
            .join(delivery, delivery.c.patron == card.c.patron)
            .where(card.c.number.in_(cards), delivery.c.lease_until.is_(None))
        )
        return {CardNumber(row[0]): row[1] for row in rows}

    async def until_settled(self, cards: Collection[CardNumber]) -> Mapping[CardNumber, Stand]:
        """Return how these stand once nothing of theirs is under way.

        Nobody waits for the time between two tries: it passes as soon as there is nothing else to wait for.
        """
        async with asyncio.timeout(PATIENCE):
            while True:
                stands = await self.stands(cards)
                if not any(stand.is_under_way for stand in stands.values()):
                    return stands
                await self._shift(_AN_HOUR, only_free=True)
                await asyncio.sleep(0.05)

    async def _shift(self, by: timedelta, *, only_free: bool) -> None:
        """Have everything that is pending be due, and every lease end, so much earlier."""
        table = tables.delivery
        pending = select(table.c.id, table.c.due, table.c.lease_until).where(table.c.state == DeliveryState.PENDING)
        now = datetime.now(UTC)
        async with self._database._transactions.open() as transaction:
            changed = False
            for id_, due, lease in await transaction.rows(pending.with_for_update()):
                if (lease is not None and only_free) or (lease is None and due <= now):
                    continue
                values: dict[str, Any] = {"due": min(due, now), "lease_until": lease and lease - by}
                await transaction.execute(update(table).where(table.c.id == id_).values(values))
                changed = True
            if changed and transaction.is_postgresql:
                await transaction.execute(text("SELECT pg_notify('portvakt_changes', 'test *')"))
            await transaction.commit()


@asynccontextmanager
async def stored(place: Place) -> AsyncIterator[Stored]:
    """Look at a register until the block ends."""
    register = Stored(place)
    try:
        yield register
    finally:
        await register.close()


class ConsentWatch:
    """Tells at once, from outside the daemon, whether a consent is committed: asked in the middle of a callback."""

    def __init__(self, place: Place) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = None if place.database.startswith("sqlite") else place.database
        self._database = Database(place.database, audit_key=bytes(32), timeout=PATIENCE) if not self._server else None
        self._connection: Any = None

    def has_consented(self, cards: Iterable[CardNumber]) -> bool:
        """Whether every one of these has accepted the library's rules by now."""
        return all(self._wait(self._asked(card)) for card in cards)

    def close(self) -> None:
        """End the thread and its connection."""
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, asked: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(PATIENCE)

    async def _asked(self, card: CardNumber) -> bool:
        table = tables.consent
        if self._database is not None:
            rows = await self._database._reads.rows(
                select(table.c.id)
                .join(tables.card, tables.card.c.patron == table.c.patron)
                .where(tables.card.c.number == card, table.c.unit == UNIT)
            )
            return bool(rows)
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._server)
        return bool(await self._connection.fetchval(_CONSENTED, card, UNIT))

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        if self._database is not None:
            await self._database.close()


_CONSENTED = """
SELECT count(*) FROM consent JOIN card ON card.patron = consent.patron
WHERE card.number = $1 AND consent.unit = $2
"""
