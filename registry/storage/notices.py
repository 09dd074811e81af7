"""Notices to patrons in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update

from registry.domain.institution import LendingUnitId
from registry.domain.notice import Notice, NoticeId, NoticeKind, NoticeState
from registry.domain.patron import PatronId
from registry.storage import tables
from registry.storage.transaction import Row, Transaction

_table = tables.notice
_NAMES = ("id", "patron", "unit", "kind", "state", "since", "due", "lease_until", "fence", "tries", "reason")
_COLUMNS = tuple(_table.c[name] for name in _NAMES)
_CHANGEABLE = _NAMES[4:]
_PENDING = _table.c.state == NoticeState.PENDING


class SqlNotices:
    """Implements :class:`registry.services.ports.Notices`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, patron: PatronId, unit: LendingUnitId, kind: NoticeKind, now: datetime) -> None:
        """Have a patron told of something that happened at ``unit``."""
        fresh = {"state": NoticeState.PENDING, "since": now, "due": now, "fence": 0, "tries": 0, "reason": ""}
        await self._transaction.execute(insert(_table).values(patron=patron, unit=unit, kind=kind, **fresh))

    async def ready(self, now: datetime, limit: int) -> Sequence[Notice]:
        """Return what is due and under no lease, the longest due first; others are held off what is returned."""
        free = or_(_table.c.lease_until.is_(None), _table.c.lease_until <= now)
        wanted = select(*_COLUMNS).where(_PENDING, _table.c.due <= now, free).order_by(_table.c.due, _table.c.id)
        return await self._all(wanted.limit(limit).with_for_update(skip_locked=True))

    async def find(self, notice: NoticeId) -> Notice | None:
        """Return a notice, holding off everybody else until the commit; ``None`` where there is none."""
        row = await self._transaction.row(select(*_COLUMNS).where(_table.c.id == notice).with_for_update())
        return None if row is None else _notice_of(row)

    async def change(self, notice: Notice) -> None:
        """Store everything but what it is about of a notice that exists."""
        values = {name: getattr(notice, name) for name in _CHANGEABLE}
        await self._transaction.execute(update(_table).where(_table.c.id == notice.id).values(values))

    async def open(self) -> Sequence[Notice]:
        """Return what waits, and what will not be sent, the oldest first."""
        return await self._all(
            select(*_COLUMNS).where(_table.c.state != NoticeState.SENT).order_by(_table.c.since, _table.c.id)
        )

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many wait, and since when the oldest does."""
        row = await self._transaction.row(select(func.count(), func.min(_table.c.since)).where(_PENDING))
        return (0, None) if row is None else (int(row[0]), row[1])

    async def forget(self, before: datetime) -> int:
        """Delete what was sent, or was not to be sent, and happened before then; return how many."""
        done = await self._transaction.execute(delete(_table).where(~_PENDING, _table.c.since < before))
        return done.rowcount

    async def _all(self, wanted: Select[Any]) -> Sequence[Notice]:
        return [_notice_of(row) for row in await self._transaction.rows(wanted)]


def _notice_of(row: Row) -> Notice:
    return Notice(**dict(zip(_NAMES, row, strict=True)))
