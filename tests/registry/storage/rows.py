"""Rows to begin with: patrons, cards and units that a test needs before it can ask its question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from registry.domain.asker import Asker
from registry.domain.attempts import Reservation
from registry.domain.card import Card, CardNumber, CardState
from registry.domain.consent import Channel, Consent, Encounter
from registry.domain.institution import LendingUnit, LendingUnitId, LoanRules, Publication, RulesText
from registry.domain.patron import Credentials, Language, PatronId, StoredSecret
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.ports import AttemptId, SealedIdentity, UnitOfWork
from registry.storage.database import Database
from tests.registry.people import AGREEMENT, NOW, NUMBER, OTHER_UNIT, UNIT, asker, patron

PATRON = PatronId(4711)
PIN = StoredSecret(hashed="$argon2id$invented", pepper="p1")
RULES = LoanRules(version="2", texts={"nb": RulesText(short="Kort", full="Lang")})


def sealed(index: bytes = b"i" * 32) -> SealedIdentity:
    """A sealed identity number, invented."""
    return SealedIdentity(index=index, index_key="k1", encrypted=b"e" * 40, identity_key="k2")


def card(number: str = NUMBER, patron: int = PATRON, state: CardState = CardState.ISSUED, **changes: Any) -> Card:
    """A card of the patron."""
    return Card(number=CardNumber(number), patron=PatronId(patron), state=state, issued_at=NOW, **changes)


def standing(patron: int = PATRON, unit: str = UNIT, local_id: str | None = "S1", **changes: Any) -> Standing:
    """A local patron's standing."""
    values = {"state": StandingState.LOCAL, "since": NOW, "origin": Origin.IMPORTED, **changes}
    return Standing(patron=PatronId(patron), unit=LendingUnitId(unit), local_id=local_id, **values)


def consent(**changes: Any) -> Consent:
    """The patron's acceptance."""
    values: dict[str, Any] = {
        "patron": PATRON,
        "unit": UNIT,
        "rules_version": "2",
        "language": Language.NB,
        "channel": Channel.KIOSK,
        "at": NOW,
        "text": "Kort",
        "evidence": "BOY",
        **changes,
    }
    return Consent(**values)


def encounter(terminal: str = "kiosk-1", **changes: Any) -> Encounter:
    """The patron's card at a terminal."""
    values: dict[str, Any] = {"unit": UNIT, "card": NUMBER, "pin_proved_at": NOW, "until": NOW, **changes}
    return Encounter(terminal=terminal, **values)


def publication(*units: LendingUnit) -> Publication:
    """A publication of these units, or of the two that tests know."""
    known = tuple(LendingUnit(id=unit, agreement=AGREEMENT, rules=RULES) for unit in (UNIT, OTHER_UNIT))
    return Publication(units=units or known)


async def add_units(database: Database) -> None:
    """Publish the two units that tests know."""
    async with database.unit_of_work() as work:
        await work.libraries.publish(publication())


async def add_patron(work: UnitOfWork, key: int = PATRON, number: str = NUMBER, **changes: Any) -> None:
    """Add a patron with a PIN and one card."""
    await work.patrons.add(patron(id=PatronId(key), **changes), Credentials(pin=PIN), None)
    await work.cards.add(card(number, key))


async def reserve(
    work: UnitOfWork, at: Any = NOW, number: str = NUMBER, who: Asker | None = None, *, under_way: bool = False
) -> AttemptId:
    """Reserve one attempt, which has failed already unless it is to be ``under_way``."""
    return await work.attempts.reserve(
        Reservation(card=CardNumber(number), asker=who or asker(), guest=True, at=at, under_way=under_way)
    )


async def execute(database: Database, statement: str) -> None:
    """Do to the tables what no use case does."""
    await execute_many(database, statement, [{}])


async def execute_many(database: Database, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Do it once for each of these rows of parameters."""
    async with database._transactions.open() as transaction:
        await transaction.execute(text(statement), rows)
        await transaction.commit()


async def query(database: Database, statement: str) -> Sequence[Sequence[Any]]:
    """Return the rows of a plain statement."""
    return await database._reads.rows(text(statement))
