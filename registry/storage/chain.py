"""The keyed chain over the audit trail.

Chaining a row when it is written would make every writer wait for the head of the chain; so one sealer, the chain's
only writer, comes by a moment later. Whoever holds no key can neither change, add, drop nor swap sealed rows
unnoticed; that the end was not cut off is shown by anchors: heads of the chain that were kept elsewhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from registry.services.ports import ChainFault
from registry.storage import tables
from registry.storage.audit import CONTENT, AuditMacs
from registry.storage.transaction import Lock, Reads, Row, Transactions

_table = tables.audit
_BATCH = 1000
_CONTENT = tuple(_table.c[name] for name in CONTENT)
_BEGINNING = b""


@dataclass(slots=True)
class _Walk:
    """How far a verification has come."""

    seq: int = 0
    mac: bytes = _BEGINNING


class SqlAuditChain:
    """Implements :class:`registry.services.ports.AuditChain`."""

    def __init__(self, transactions: Transactions, reads: Reads, macs: AuditMacs) -> None:
        self._transactions = transactions
        self._reads = reads
        self._macs = macs

    async def seal(self) -> int:
        """Chain the rows committed since last time; return how many."""
        sealed = 0
        while more := await self._seal_some():
            sealed += more
        return sealed

    async def verify(
        self, anchors: Iterable[tuple[int, bytes]] = (), *, sealed_before: datetime | None = None
    ) -> ChainFault | None:
        """Return the first fault of the chain, or ``None`` where every row verifies.

        ``anchors`` are heads kept elsewhere; a row of theirs that is gone or another one is a fault. Rows written
        earlier than ``sealed_before`` and not sealed yet are one, too.
        """
        kept = dict(anchors)
        walk = _Walk()
        while rows := await self._page(walk.seq):
            for row in rows:
                fault = self._fault(row, walk, kept)
                if fault is not None:
                    return ChainFault(walk.seq + 1, fault)
                walk.seq, walk.mac = row[0], row[3]
        if kept and max(kept) > walk.seq:
            return ChainFault(walk.seq + 1, "the end of the trail is missing: an anchor lies beyond it")
        return await self._fault_of_unsealed(walk.seq + 1, sealed_before)

    async def head(self) -> tuple[int, bytes]:
        """Return the sequence number and MAC of the last sealed row, to be kept elsewhere as an anchor."""
        rows = await self._reads.rows(_HEAD)
        return (rows[0][0], rows[0][1]) if rows else (0, _BEGINNING)

    async def oldest_unsealed(self) -> datetime | None:
        """Return when the oldest row that is not sealed yet was written, or ``None``."""
        oldest: datetime | None = (await self._reads.rows(select(func.min(_table.c.at)).where(_UNSEALED)))[0][0]
        return oldest

    async def _seal_some(self) -> int:
        if not await self._reads.rows(select(_table.c.id).where(_UNSEALED).limit(1)):
            # Most times there is nothing to do, and nobody need hold the lock to find that out.
            return 0
        async with self._transactions.open() as transaction:
            await transaction.lock(Lock.SEALER, "")
            seq, mac = await transaction.row(_HEAD) or (0, _BEGINNING)
            links = []
            for row_id, row_mac in await transaction.rows(_NEXT):
                seq += 1
                mac = self._macs.of_link(mac, seq, row_id, row_mac)
                links.append({"row": row_id, "new_seq": seq, "new_mac": mac})
            if links:
                await transaction.execute(_LINK, links)
            await transaction.commit()
        return len(links)

    async def _page(self, after: int) -> Sequence[Row]:
        return await self._reads.rows(
            select(_table.c.seq, _table.c.id, _table.c.row_mac, _table.c.mac, *_CONTENT)
            .where(_table.c.seq > after)
            .order_by(_table.c.seq)
            .limit(_BATCH)
        )

    def _fault(self, row: Row, walk: _Walk, anchors: dict[int, bytes]) -> str | None:
        seq, row_id, row_mac, mac, *content = row
        if seq != walk.seq + 1:
            return "a row is missing"
        if not hmac.compare_digest(row_mac, self._macs.of_row(content)):
            return "the row was changed"
        if not hmac.compare_digest(mac, self._macs.of_link(walk.mac, seq, row_id, row_mac)):
            return "the row does not follow the one before it"
        if not hmac.compare_digest(mac, anchors.get(seq, mac)):
            return "the row is not the one that an anchor was made of"
        return None

    async def _fault_of_unsealed(self, seq: int, sealed_before: datetime | None) -> ChainFault | None:
        after = 0
        while rows := await self._reads.rows(
            select(_table.c.id, _table.c.row_mac, *_CONTENT)
            .where(_UNSEALED, _table.c.id > after)
            .order_by(_table.c.id)
            .limit(_BATCH)
        ):
            for row_id, row_mac, *content in rows:
                if not hmac.compare_digest(row_mac, self._macs.of_row(content)):
                    return ChainFault(seq, f"a row that is not sealed yet was changed (id {row_id})")
                if sealed_before is not None and content[0] < sealed_before:
                    return ChainFault(seq, f"a row was not sealed in time (id {row_id})")
                after = row_id
        return None


_UNSEALED: Any = _table.c.seq.is_(None)
_HEAD = select(_table.c.seq, _table.c.mac).where(_table.c.seq.is_not(None)).order_by(_table.c.seq.desc()).limit(1)
_NEXT = select(_table.c.id, _table.c.row_mac).where(_UNSEALED).order_by(_table.c.id).limit(_BATCH)
_LINK = (
    update(_table)
    .where(_table.c.id == bindparam("row"), _UNSEALED)
    .values(seq=bindparam("new_seq"), mac=bindparam("new_mac"))
)
