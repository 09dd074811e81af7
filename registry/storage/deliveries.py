"""The outbox in SQL, by the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, insert, or_, select, text, update

from registry.domain.card import CardState
from registry.domain.delivery import Delivery, DeliveryId, DeliveryKind, DeliveryState
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import PatronId
from registry.services.ports import Ready
from registry.storage import tables
from registry.storage.rows import STANDING_COLUMNS, standing_of
from registry.storage.transaction import Row, Transaction

_table = tables.delivery
_NAMES = (
    "id", "patron", "unit", "kind", "place", "state", "due", "since",
    "lease_until", "fence", "wanted", "tries", "sent", "reason",
)  # fmt: skip
_COLUMNS = tuple(_table.c[name] for name in _NAMES)
_CHANGEABLE = _NAMES[4:]
_PENDING = _table.c.state == DeliveryState.PENDING
_CHANGE = (
    update(_table)
    .where(_table.c.id == bindparam("this"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_IN_USE = exists().where(tables.card.c.patron == _table.c.patron, tables.card.c.state == CardState.ISSUED)
# Who has no card in use is brought nowhere; that they have left is told all the same.
_CAN_GO = or_(_IN_USE, _table.c.kind == DeliveryKind.END)
_SQLITES_TIME = text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")


class SqlDeliveries:
    """Implements :class:`registry.services.ports.Deliveries`; ``clock`` stands for the database's, in tests."""

    def __init__(self, transaction: Transaction, clock: Callable[[], datetime] | None) -> None:
        self._transaction = transaction
        self._clock = clock

    async def now(self) -> datetime:
        """Return the database's time."""
        if self._clock is not None:
            return self._clock()
        if self._transaction.is_postgresql:
            told: datetime = await self._transaction.value(select(func.clock_timestamp()))
            return told.astimezone(UTC)
        return datetime.fromisoformat(await self._transaction.value(_SQLITES_TIME)).replace(tzinfo=UTC)

    async def want(self, patron: PatronId, unit: LendingUnitId, kind: DeliveryKind, place: InstitutionId) -> None:
        """Have something brought from now on: a new row, or the one that there is once more."""
        now = await self.now()
        before = await self.of(patron, unit, kind)
        fresh = {
            "place": place, "state": DeliveryState.PENDING, "due": now, "since": now, "tries": 0, "reason": "",
        }  # fmt: skip
        if before is None:
            whose = {"patron": patron, "unit": unit, "kind": kind, "fence": 0, "wanted": 1, "sent": False}
            await self._transaction.add(insert(_table).values(**whose, **fresh))
            return
        if before.state is DeliveryState.PENDING:
            # What is under way, or waits for its turn, keeps its time; who settles it sees that more was wanted.
            fresh = {"place": place}
        await self._transaction.execute(
            update(_table).where(_table.c.id == before.id).values(wanted=before.wanted + 1, **fresh)
        )

    async def ready(self, units: Collection[LendingUnitId], now: datetime, limit: int) -> Sequence[Ready]:
        """Return what is due and under no lease, the longest due first; others are held off what is returned."""
        if not units:
            return ()
        standing = tables.standing
        free = or_(_table.c.lease_until.is_(None), _table.c.lease_until <= now)
        wanted = (
            select(*_COLUMNS, *STANDING_COLUMNS)
            .join(standing, and_(standing.c.patron == _table.c.patron, standing.c.unit == _table.c.unit))
            .where(_table.c.unit.in_(units), _PENDING, _table.c.due <= now, free, _CAN_GO)
            .order_by(_table.c.due, _table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_table)
        )
        split = len(_NAMES)
        return [
            Ready(delivery=_delivery_of(row[:split]), standing=standing_of(row[split:]))
            for row in await self._transaction.rows(wanted)
        ]

    async def whose(self, delivery: DeliveryId) -> tuple[PatronId, LendingUnitId] | None:
        """Return whose standing a delivery is about, to be held before the delivery itself; ``None`` for no such."""
        row = await self._transaction.row(select(_table.c.patron, _table.c.unit).where(_table.c.id == delivery))
        return None if row is None else (row[0], row[1])

    async def find(self, delivery: DeliveryId) -> Delivery | None:
        """Return a delivery, holding off everybody else until the commit; ``None`` where there is none."""
        return await self._one(_table.c.id == delivery)

    async def of(self, patron: PatronId, unit: LendingUnitId, kind: DeliveryKind) -> Delivery | None:
        """Return the delivery of this kind, holding off everybody else until the commit; ``None`` for none."""
        return await self._one(and_(_table.c.patron == patron, _table.c.unit == unit, _table.c.kind == kind))

    async def change(self, delivery: Delivery) -> None:
        """Store everything but whose it is of a delivery that exists."""
        await self.change_all([delivery])

    async def change_all(self, deliveries: Sequence[Delivery]) -> None:
        """Store many, as :meth:`change` does."""
        if deliveries:
            await self._transaction.execute(
                _CHANGE,
                [{"this": one.id, **{f"new_{name}": getattr(one, name) for name in _CHANGEABLE}} for one in deliveries],
            )

    async def open(self, unit: LendingUnitId | None) -> Sequence[Delivery]:
        """Return what is pending or stuck, at one unit or at all, the oldest first."""
        wanted = select(*_COLUMNS).where(_table.c.state != DeliveryState.DONE).order_by(_table.c.since, _table.c.id)
        return await self._all(wanted if unit is None else wanted.where(_table.c.unit == unit))

    async def overdue(self, before: datetime) -> Sequence[Delivery]:
        """Return the activations that are pending, under no lease, since before then."""
        late = and_(_PENDING, _table.c.kind == DeliveryKind.ACTIVATE, _table.c.since < before)
        free = or_(_table.c.lease_until.is_(None), _table.c.lease_until <= await self.now())
        return await self._all(select(*_COLUMNS).where(late, free).with_for_update(skip_locked=True))

    async def next_due(self, units: Collection[LendingUnitId]) -> datetime | None:
        """Return when the next of these units' is due, or its lease ends; ``None`` where nothing is pending."""
        when = func.coalesce(_table.c.lease_until, _table.c.due, type_=_table.c.due.type)
        found = await self._transaction.value(
            select(when).where(_table.c.unit.in_(units), _PENDING, _CAN_GO).order_by(when).limit(1)
        )
        return None if found is None else found

    async def backlog(self, units: Collection[LendingUnitId] | None = None) -> tuple[int, datetime | None]:
        """Return how many are pending, and since when the oldest is: of these units, or of all."""
        wanted = select(func.count(), func.min(_table.c.since)).where(_PENDING)
        row = await self._transaction.row(wanted if units is None else wanted.where(_table.c.unit.in_(units)))
        return (0, None) if row is None else (int(row[0]), row[1])

    async def _one(self, which: ColumnElement[bool]) -> Delivery | None:
        row = await self._transaction.row(select(*_COLUMNS).where(which).with_for_update())
        return None if row is None else _delivery_of(row)

    async def _all(self, wanted: Select[Any]) -> Sequence[Delivery]:
        return [_delivery_of(row) for row in await self._transaction.rows(wanted)]


def _delivery_of(row: Row) -> Delivery:
    return Delivery(**dict(zip(_NAMES, row, strict=True)))
