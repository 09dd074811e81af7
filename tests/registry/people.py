"""Invented patrons, cards and askers for the tests of the register."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from registry.domain.asker import Asker, AskerClass
from registry.domain.card import Card, CardNumber, CardState
from registry.domain.identification import CardHolder
from registry.domain.institution import Acceptance, Agreement, InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import Address, Credentials, Patron, PatronId, StoredSecret
from registry.domain.standing import Origin, Standing, StandingState

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
TODAY = date(2026, 11, 23)
UNIT = LendingUnitId("NO-2030000")
OTHER_UNIT = LendingUnitId("NO-2120100")
NUMBER = CardNumber("N001234567")

AGREEMENT = Agreement(reference="a/1", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))
DIGITAL = LendingUnit(id=UNIT, agreement=AGREEMENT, rules=None, acceptance=Acceptance.DIGITAL)
IN_PERSON = LendingUnit(id=UNIT, agreement=AGREEMENT, rules=None, acceptance=Acceptance.IN_PERSON)


def patron(**changes: Any) -> Patron:
    """A patron with something in every field."""
    return replace(
        Patron(
            id=PatronId(4711),
            family_name="Ødegård",
            given_name="Kjærsti",
            birth_date=date(1990, 1, 1),
            registered_address=Address(lines=("Lia 1",), postal_code="8003", place="Bodø"),
            temporary_address=Address(lines=("Hybelveien 2",), postal_code="9008", place="Tromsø"),
            mobile="+47 400 12 345",
            phone="75 00 00 00",
            email="kjaersti@patron.example",
            home_library=InstitutionId(UNIT),
            created_at=NOW,
            last_activity=TODAY,
        ),
        **changes,
    )


def standing(state: StandingState = StandingState.LOCAL, unit: LendingUnitId = UNIT) -> Standing:
    """How that patron stands at a unit."""
    return Standing(
        patron=PatronId(4711), unit=unit, state=state, since=NOW, origin=Origin.IMPORTED, local_id="S200002"
    )


def holder(
    *standings: Standing,
    state: CardState = CardState.ISSUED,
    password: bool = False,
    **changes: Any,
) -> CardHolder:
    """What a look-up of that patron's card brings."""
    secret = StoredSecret(hashed="$argon2id$invented", pepper="p")
    return CardHolder(
        card=Card(number=NUMBER, patron=PatronId(4711), state=state, issued_at=NOW),
        patron=patron(**changes),
        credentials=Credentials(pin=secret, password=secret if password else None),
        standings={one.unit: one for one in standings},
    )


def asker(kind: AskerClass = AskerClass.KIOSK, **changes: Any) -> Asker:
    """A terminal of that unit, or of a service."""
    unit = None if kind is AskerClass.SERVICE else UNIT
    return replace(
        Asker(terminal="kiosk-1", kind=kind, institution=InstitutionId(UNIT), unit=unit),
        **changes,
    )
