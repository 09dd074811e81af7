"""The audit trail's rows: written with the change they tell of, each with a MAC of its own from the start."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from registry.domain.events import Event, Recorded
from registry.domain.patron import PatronId
from registry.storage import tables
from registry.storage.patrons import SqlPatrons
from registry.storage.transaction import Row, Transaction

CONTENT = ("at", "action", "actor", "subject_ref", "institution", "facts")
"""The columns that a row's own MAC covers, in its order."""


class AuditMacs:
    """The keyed MACs of rows and of the chain: who has no audit key can make none of them."""

    def __init__(self, key: bytes) -> None:
        if len(key) < hashlib.sha256().digest_size:
            raise ValueError("the audit key needs at least 32 bytes")
        self._key = key

    def of_row(self, content: Row) -> bytes:
        """Return the MAC of a row of ``CONTENT``."""
        return self._mac(b"audit row", dict(zip(CONTENT, map(_canonical, content), strict=True)))

    def of_link(self, previous: bytes, seq: int, row_id: int, row_mac: bytes) -> bytes:
        """Return the MAC that ties a row to its place in the chain, behind the row whose MAC is ``previous``."""
        return self._mac(
            b"audit chain", {"previous": previous.hex(), "seq": seq, "id": row_id, "row_mac": row_mac.hex()}
        )

    def _mac(self, kind: bytes, told: dict[str, Any]) -> bytes:
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hmac.digest(self._key, kind + b"\0" + text.encode(), "sha256")


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.hex() if isinstance(value, bytes) else value


class SqlAudit:
    """Implements :class:`registry.services.ports.Audit`."""

    def __init__(self, transaction: Transaction, patrons: SqlPatrons, macs: AuditMacs) -> None:
        self._transaction = transaction
        self._patrons = patrons
        self._macs = macs

    async def append(self, event: Event) -> None:
        """Write an event down; it is committed with the change that it tells of.

        Raises ``LookupError`` for an event of a patron whom the register does not have.
        """
        await self.append_all([event])

    async def append_all(self, events: Sequence[Event]) -> None:
        """Write many events down, a thousand or so at a time; raises ``LookupError`` like :meth:`append`."""
        await self._patrons.learn_salts({event.patron for event in events if event.patron is not None})
        rows = [await self._row(event) for event in events]
        if rows:
            await self._transaction.execute(insert(tables.audit), rows)

    async def of(self, patron: PatronId) -> Sequence[Recorded]:
        """Return what was written down of a patron, the oldest first; raises ``LookupError`` for one who is gone."""
        table, subject = tables.audit.c, subject_ref(await self._patrons.salt_of(patron), patron)
        rows = await self._transaction.rows(
            select(table.at, table.action, table.actor, table.institution, table.facts)
            .where(table.subject_ref == subject)
            .order_by(table.at, table.id)
        )
        return [
            Recorded(at=at, action=action, actor=actor, institution=institution, facts=json.loads(facts))
            for at, action, actor, institution, facts in rows
        ]

    async def _row(self, event: Event) -> dict[str, Any]:
        subject = None if event.patron is None else subject_ref(await self._patrons.salt_of(event.patron), event.patron)
        facts = json.dumps(dict(event.facts), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        content = (event.at, str(event.action), event.actor, subject, event.institution, facts)
        return {**dict(zip(CONTENT, content, strict=True)), "row_mac": self._macs.of_row(content)}


def subject_ref(salt: bytes, patron: PatronId) -> bytes:
    """Return what stands for a patron in the audit trail; without the salt, it is nobody's any more."""
    return hmac.digest(salt, str(patron).encode(), "sha256")
