"""The change feeds in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, insert, select

from registry.domain.delivery import ChangeKind, FeedEntry
from registry.domain.institution import LendingUnitId
from registry.storage import tables
from registry.storage.transaction import Lock, Transaction

_table = tables.change_entry
_NAMES = ("unit", "sequence", "card", "kind", "at")


class SqlFeed:
    """Implements :class:`registry.services.ports.Feed`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def append(self, unit: LendingUnitId, card: str, kind: ChangeKind, at: datetime) -> None:
        """Write an entry behind all that there are.

        Under a lock until the commit: the sequence would else be seen out of order, and a cursor pass an entry by.
        """
        await self._transaction.lock(Lock.FEED, unit)
        last = select(func.coalesce(func.max(_table.c.sequence), 0)).where(_table.c.unit == unit)
        sequence = int(await self._transaction.value(last)) + 1
        await self._transaction.execute(
            insert(_table).values(unit=unit, sequence=sequence, card=card, kind=kind, at=at)
        )

    async def after(self, unit: LendingUnitId, sequence: int, limit: int) -> Sequence[FeedEntry]:
        """Return the entries behind a cursor, in order."""
        behind = and_(_table.c.unit == unit, _table.c.sequence > sequence)
        rows = await self._transaction.rows(
            select(*(_table.c[name] for name in _NAMES)).where(behind).order_by(_table.c.sequence).limit(limit)
        )
        return [FeedEntry(**dict(zip(_NAMES, row, strict=True))) for row in rows]

    async def forget(self, before: datetime) -> int:
        """Delete entries older than that, but for each unit's last, by which the cursor goes on; return how many."""
        other = _table.alias()
        last = select(func.max(other.c.sequence)).where(other.c.unit == _table.c.unit).scalar_subquery()
        old = delete(_table).where(_table.c.at < before, _table.c.sequence < last)
        return (await self._transaction.execute(old)).rowcount
