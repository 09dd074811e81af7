"""Standings, accepted rules and encounters in SQL: how a patron stands with a lending unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, select, update

from registry.domain.card import CardNumber
from registry.domain.consent import Consent, Encounter
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.standing import Standing, StandingState
from registry.storage import tables
from registry.storage.rows import STANDING_COLUMNS, standing_of, standing_values
from registry.storage.transaction import Lock, Transaction


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

    async def hold(self, patron: PatronId, unit: LendingUnitId) -> None:
        """Hold off every other unit of work that holds the same standing, until the commit."""
        await self._transaction.lock(Lock.STANDING, f"{patron} {unit}")

    async def try_to_hold(self, patron: PatronId, unit: LendingUnitId) -> bool:
        """Do what :meth:`hold` does, unless somebody else holds it now; return whether it is held."""
        return await self._transaction.try_lock(Lock.STANDING, f"{patron} {unit}")

    async def in_state(
        self, state: StandingState, *, unit: LendingUnitId | None = None, before: datetime | None = None
    ) -> Sequence[Standing]:
        """Return the standings in a state, the oldest first: of one unit, or of those that are so since ``before``."""
        table = tables.standing
        wanted = select(*STANDING_COLUMNS).where(table.c.state == state).order_by(table.c.since, table.c.patron)
        if unit is not None:
            wanted = wanted.where(table.c.unit == unit)
        if before is not None:
            wanted = wanted.where(table.c.since < before)
        return [standing_of(row) for row in await self._transaction.rows(wanted)]

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

    _proof = ("unit", "terminal", "card", "pin_proved_at", "until")
    _names = (*_proof, "rules_offered", "offered_language", "offered_until")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def record(self, encounter: Encounter) -> None:
        """Keep or renew an encounter of (unit, terminal, card); one without an offer leaves an earlier one as it is."""
        # A kiosk that sends the PIN with the yes proves it once more: what was offered must outlive that.
        names = self._proof if encounter.rules_offered is None else self._names
        await self._transaction.upsert(
            tables.encounter, {name: getattr(encounter, name) for name in names}, "unit", "terminal", "card"
        )

    async def find(self, unit: LendingUnitId, terminal: str, card: CardNumber, now: datetime) -> Encounter | None:
        """Return the encounter that is still running at ``now``, or ``None``."""
        running = and_(_is(unit, terminal, card), tables.encounter.c.until > now)
        return await self._found(running)

    async def last(self, unit: LendingUnitId, terminal: str, card: CardNumber) -> Encounter | None:
        """Return the last encounter that was kept, be it over by now, or ``None``."""
        return await self._found(_is(unit, terminal, card))

    async def turn_down(self, unit: LendingUnitId, terminal: str, other_than: CardNumber) -> None:
        """End what was offered at a terminal to any other card; that it was offered is still known."""
        columns = tables.encounter.c
        others = and_(columns.unit == unit, columns.terminal == terminal, columns.card != other_than)
        await self._transaction.execute(
            update(tables.encounter).where(others).values(offered_until=columns.pin_proved_at)
        )

    async def withdraw_offers(self, unit: LendingUnitId, card: CardNumber) -> None:
        """End what was offered to a card anywhere at a unit; that it was offered, and the proved PIN, are kept."""
        columns = tables.encounter.c
        offered = and_(columns.unit == unit, columns.card == card, columns.offered_until.is_not(None))
        await self._transaction.execute(
            update(tables.encounter).where(offered).values(offered_until=columns.pin_proved_at)
        )

    async def forget(self, before: datetime) -> int:
        """Delete encounters that were over by then; return how many."""
        over = delete(tables.encounter).where(tables.encounter.c.until < before)
        return (await self._transaction.execute(over)).rowcount

    async def _found(self, which: ColumnElement[bool]) -> Encounter | None:
        row = await self._transaction.row(select(*(tables.encounter.c[name] for name in self._names)).where(which))
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
