"""A register as library systems ask it, on top of a house of :mod:`tests.registry.services.houses`."""

from __future__ import annotations

from datetime import date
from typing import Any

from registry.credentials.identity import IdentityVault
from registry.credentials.keys import Key
from registry.domain.asker import Asker, AskerClass
from registry.domain.card import CardNumber
from registry.domain.identity_number import NumberPolicy
from registry.domain.initiating import AcceptedRules, Order, Person
from registry.domain.institution import Acceptance, InstitutionId, LendingUnit, LoanRules, Publication, RulesText
from registry.domain.secret import Secret
from registry.domain.weak_pin import PinRules
from registry.services.admissions import Admissions
from registry.services.desk_registration import DeskRegistration
from registry.services.entry_changes import EntryChanges
from registry.services.granted_lookups import GrantedLookups
from registry.services.initiators import Initiators
from registry.services.notices import Notifier
from registry.services.taking_in import TakingIn
from tests.registry.services.houses import AGREEMENT, CARD, OTHER, PIN, PUBLICATION, UNIT, House

RULES = LoanRules(version="3", texts={"nb": RulesText(short="kort", full="hele")})
WITH_RULES = Publication(
    institutions=PUBLICATION.institutions,
    units=(
        LendingUnit(id=UNIT, agreement=AGREEMENT, rules=RULES, acceptance=Acceptance.DIGITAL),
        LendingUnit(id=OTHER, agreement=AGREEMENT, rules=RULES),
    ),
)
ACCEPTED = AcceptedRules("3")


def ils(name: str = "ils", unit: Any = UNIT) -> Asker:
    """A library system."""
    return Asker(terminal=name, kind=AskerClass.INITIATOR, institution=InstitutionId(unit), unit=unit)


def office(house: House) -> Initiators:
    """What library systems ask of a house's register; services of its own each time, as after a restart."""
    door, work, clock = house.door, house.database.unit_of_work, house.clock
    house.libraries._take(WITH_RULES)
    vault = IdentityVault(Key(b"index key of the tests"), Key(b"identity key of the tests"))
    hashing = house.patrons._hashing
    return Initiators(
        door,
        libraries=house.libraries,
        holders=door._holders,
        lookups=GrantedLookups(door._holders, work, clock),
        admissions=Admissions(
            door,
            house.libraries,
            work,
            clock,
            vault,
            guests=TakingIn(clock, Notifier(by_mail=True)),
            desk=DeskRegistration(clock, vault, NumberPolicy.TEST),
        ),
        changes=EntryChanges(
            door, house.libraries, work, clock, hashing, vault, PinRules(), house.counts, house.endings
        ),
        hashing=hashing,
        work=work,
        clock=clock,
    )


def activation(card: str = CARD, pin: str | None = PIN, **changes: Any) -> Order:
    """A guest's order, rules accepted."""
    told: dict[str, Any] = {"card": CardNumber(card), "accepted": ACCEPTED, "pin": Secret(pin) if pin else None}
    return Order(**{**told, **changes})


def registration(card: str | None = None, **changes: Any) -> Order:
    """A new person's order."""
    told: dict[str, Any] = {"family_name": "Næss", "given_name": "Ánde", "birth_date": date(2008, 11, 2)}
    person = Person(**{**told, **changes})
    return Order(card=CardNumber(card) if card else None, accepted=ACCEPTED, person=person)
