"""Requests that were performed, in SQL: keyed hashes alone, and whose they were."""

from __future__ import annotations

from sqlalchemy import select

from registry.services.ports import Performed
from registry.storage import tables
from registry.storage.transaction import Lock, Transaction

_table = tables.performed
_NAMES = ("key", "fingerprint", "patron", "card", "at")


class SqlPerformedRequests:
    """Implements :class:`registry.services.ports.PerformedRequests`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def hold(self, what: str) -> None:
        """Hold off every other unit of work that holds the same, until the commit."""
        await self._transaction.lock(Lock.REQUEST, what)

    async def find(self, key: bytes) -> Performed | None:
        """Return the last request with this key, or ``None``."""
        row = await self._transaction.row(select(*(_table.c[name] for name in _NAMES)).where(_table.c.key == key))
        return None if row is None else Performed(**dict(zip(_NAMES, row, strict=True)))

    async def put(self, performed: Performed) -> None:
        """Keep a request in place of the former one with its key."""
        await self._transaction.upsert(_table, {name: getattr(performed, name) for name in _NAMES}, "key")
