"""Standings, accepted rules and encounters in SQL: how a patron stands with a lending unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update

from registry.domain.card import CardNumber
from registry.domain.consent import Consent, Encounter
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.standing import Standing
from registry.storage import tables
from registry.storage.rows import STANDING_COLUMNS, standing_of, standing_values
from registry.storage.transaction import Transaction


class SqlStandings:
    """Implements :class:`registry.services.ports.Standings`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def of(self, patron: PatronId) -> Sequence[Standing]:
        """Return all standings of a patron, in the order of the units' ids."""
        table = tables.standing
        rows = await self._transaction.rows(
            select(*STANDING_COLUMNS).where(table.c.patron == patron).order_by(table.c.unit)
        )
        return [standing_of(row) for row in rows]

    async def add(self, standing: Standing) -> None:
        """Add a standing; raises ``AlreadyThereError`` for a second one of the same patron and unit or local id."""
        await self._transaction.add(insert(tables.standing).values(**standing_values(standing)))

    async def change(self, standing: Standing) -> None:
        """Store the state, since, origin and local id of a standing that exists.

        Raises ``AlreadyThereError`` where another patron has the local id.
        """
        table = tables.standing
        this = and_(table.c.patron == standing.patron, table.c.unit == standing.unit)
        await self._transaction.add(update(table).where(this).values(**standing_values(standing)))

    async def at(self, unit: LendingUnitId) -> Sequence[Standing]:
        """Return all standings at a unit, in no order."""
        rows = await self._transaction.rows(select(*STANDING_COLUMNS).where(tables.standing.c.unit == unit))
        return [standing_of(row) for row in rows]

    async def change_all(self, standings: Sequence[Standing]) -> None:
        """Store many standings that exist, in this order; raises ``AlreadyThereError``, which ends the work."""
        if standings:
            await self._transaction.execute(
                _CHANGE, [{f"new_{name}": value for name, value in standing_values(one).items()} for one in standings]
            )

    async def add_all(self, standings: Sequence[Standing]) -> None:
        """Add many standings; raises ``AlreadyThereError``, which ends the work."""
        if standings:
            await self._transaction.execute(insert(tables.standing), [standing_values(one) for one in standings])


_STANDING = tables.standing.c
_CHANGE = (
    update(tables.standing)
    .where(_STANDING.patron == bindparam("new_patron"), _STANDING.unit == bindparam("new_unit"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "since", "origin", "local_id")})
)


class SqlConsents:
    """Implements :class:`registry.services.ports.Consents`."""

    _names = ("patron", "unit", "rules_version", "language", "channel", "at", "text", "evidence")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, consent: Consent) -> None:
        """Keep an acceptance."""
        values = {name: getattr(consent, name) for name in self._names}
        await self._transaction.execute(insert(tables.consent).values(**values))

    async def of(self, patron: PatronId) -> Sequence[Consent]:
        """Return all acceptances of a patron, the newest first."""
        table = tables.consent
        rows = await self._transaction.rows(
            select(*(table.c[name] for name in self._names))
            .where(table.c.patron == patron)
            .order_by(table.c.at.desc(), table.c.id.desc())
        )
        return [Consent(**dict(zip(self._names, row, strict=True))) for row in rows]


class SqlEncounters:
    """Implements :class:`registry.services.ports.Encounters`."""

    _names = ("unit", "terminal", "card", "pin_proved_at", "until", "rules_offered")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def record(self, encounter: Encounter) -> None:
        """Keep or renew an encounter of (unit, terminal, card)."""
        await self._transaction.upsert(
            tables.encounter, {name: getattr(encounter, name) for name in self._names}, "unit", "terminal", "card"
        )

    async def find(self, unit: LendingUnitId, terminal: str, card: CardNumber, now: datetime) -> Encounter | None:
        """Return the encounter that is still running at ``now``, or ``None``."""
        running = and_(_is(unit, terminal, card), tables.encounter.c.until > now)
        row = await self._transaction.row(select(*(tables.encounter.c[name] for name in self._names)).where(running))
        return None if row is None else Encounter(**dict(zip(self._names, row, strict=True)))

    async def end(self, unit: LendingUnitId, terminal: str, card: CardNumber) -> None:
        """End the encounter, if there is one."""
        await self._transaction.execute(delete(tables.encounter).where(_is(unit, terminal, card)))

    async def end_all(self, card: CardNumber) -> None:
        """End every encounter of a card: it was blocked, or its PIN changed."""
        await self._transaction.execute(delete(tables.encounter).where(tables.encounter.c.card == card))


def _is(unit: LendingUnitId, terminal: str, card: CardNumber) -> ColumnElement[bool]:
    columns = tables.encounter.c
    return and_(columns.unit == unit, columns.terminal == terminal, columns.card == card)
