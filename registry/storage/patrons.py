"""Patrons in SQL."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import delete, insert, or_, select, update

from registry.domain.patron import Credentials, Patron, PatronId, StoredSecret
from registry.services.ports import SealedIdentity
from registry.storage import tables
from registry.storage.rows import PATRON_COLUMNS, changeable_values, patron_of, patron_values, secret_values
from registry.storage.transaction import Transaction

_SALT_BYTES = 16
_table = tables.patron


class SqlPatrons:
    """Implements :class:`registry.services.ports.Patrons`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._salts: dict[PatronId, bytes] = {}

    async def add(self, patron: Patron, credentials: Credentials, identity: SealedIdentity | None) -> None:
        """Add a patron whose id the caller has made; raises ``AlreadyThereError`` for a known identity number."""
        values = patron_values(patron, credentials)
        if identity is not None:
            values |= {
                "identity_index": identity.index,
                "identity_index_key": identity.index_key,
                "identity_encrypted": identity.encrypted,
                "identity_key": identity.identity_key,
            }
        salt = secrets.token_bytes(_SALT_BYTES)
        await self._transaction.add(insert(_table).values(**values, audit_salt=salt))
        self._salts[patron.id] = salt

    async def find(self, patron: PatronId) -> tuple[Patron, Credentials] | None:
        """Return a patron with credentials, or ``None``."""
        row = await self._transaction.row(select(*PATRON_COLUMNS).where(_table.c.id == patron))
        return None if row is None else patron_of(row)

    async def identity_of(self, patron: PatronId) -> SealedIdentity | None:
        """Return a patron's identity number as it is stored, or ``None`` where nobody has proved one."""
        columns = (_table.c.identity_index, _table.c.identity_index_key)
        row = await self._transaction.row(
            select(*columns, _table.c.identity_encrypted, _table.c.identity_key).where(_table.c.id == patron)
        )
        if row is None or row[0] is None:
            return None
        return SealedIdentity(index=row[0], index_key=row[1], encrypted=row[2], identity_key=row[3])

    async def with_identity(self, index: bytes) -> PatronId | None:
        """Return whose identity number has this look-up hash, or ``None``."""
        found: PatronId | None = await self._transaction.value(
            select(_table.c.id).where(_table.c.identity_index == index)
        )
        return found

    async def candidates(self, family_name: str, given_name: str, birth_date: date) -> Sequence[PatronId]:
        """Return who has this name (letter case aside) and birth date; for patrons without an identity number."""
        # Compared here: SQLite knows the case of a to z alone. A birth date is shared by a few hundred patrons.
        wanted = (_folded(family_name), _folded(given_name))
        rows = await self._transaction.rows(
            select(_table.c.id, _table.c.family_name, _table.c.given_name)
            .where(_table.c.birth_date == birth_date)
            .order_by(_table.c.created_at, _table.c.id)
        )
        return [key for key, family, given in rows if (_folded(family), _folded(given)) == wanted]

    async def set_pin(self, patron: PatronId, pin: StoredSecret) -> None:
        """Replace the stored PIN."""
        await self._transaction.execute(update(_table).where(_table.c.id == patron).values(**secret_values("pin", pin)))

    async def change(self, patron: Patron) -> None:
        """Store the temporary address, telephones, e-mail, language and home library of a patron who exists."""
        await self._transaction.execute(
            update(_table).where(_table.c.id == patron.id).values(**changeable_values(patron))
        )

    async def seen_on(self, patron: PatronId, day: date) -> None:
        """Move the date of last activity forward to ``day``; never backward."""
        earlier = or_(_table.c.last_activity.is_(None), _table.c.last_activity < day)
        await self._transaction.execute(update(_table).where(_table.c.id == patron, earlier).values(last_activity=day))

    async def delete(self, patron: PatronId) -> None:
        """Erase the patron with cards, standings, consents, encounters and attempts; the audit trail loses the salt."""
        # Kept for what this unit of work still writes down, the deletion itself above all.
        await self.salt_of(patron)
        numbers = select(tables.card.c.number).where(tables.card.c.patron == patron)
        for by_card in (tables.encounter, tables.attempt, tables.stranger_look, tables.token):
            await self._transaction.execute(delete(by_card).where(by_card.c.card.in_(numbers)))
        for by_patron in (
            tables.performed,
            tables.delivery,
            tables.notice,
            tables.consent,
            tables.standing,
            tables.card,
        ):
            await self._transaction.execute(delete(by_patron).where(by_patron.c.patron == patron))
        await self._transaction.execute(delete(_table).where(_table.c.id == patron))

    async def learn_salts(self, patrons: Collection[PatronId]) -> None:
        """Read the salts of many patrons at once, for :meth:`salt_of`."""
        unknown = [patron for patron in patrons if patron not in self._salts]
        if len(unknown) > 1:
            salts = select(_table.c.id, _table.c.audit_salt).where(_table.c.id.in_(unknown))
            self._salts.update({PatronId(key): salt for key, salt in await self._transaction.rows(salts)})

    async def salt_of(self, patron: PatronId) -> bytes:
        """Return the salt that ties the audit trail to this patron; raises ``LookupError`` where there is none."""
        salt = self._salts.get(patron)
        if salt is None:
            salt = await self._transaction.value(select(_table.c.audit_salt).where(_table.c.id == patron))
            if salt is None:
                raise LookupError("no such patron")
            self._salts[patron] = salt
        return salt


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()
