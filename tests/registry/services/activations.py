"""Libraries whose rules can be accepted, and the steps of an activation, for tests of the services behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from registry.activating import Ticket
from registry.domain.activating import Accepted, Offer
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.delivery import Claim
from registry.domain.institution import (
    Acceptance,
    CarrierKind,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    LoanRules,
    Publication,
    RulesText,
)
from registry.domain.patron import Language
from registry.domain.secret import Secret
from registry.domain.standing import Standing, StandingState
from tests.registry.services.houses import AGREEMENT, CARD, OTHER, PIN, PUBLICATION, UNIT, House, kiosk

LEASE = timedelta(seconds=60)


def rules(version: str = "3", *, renew: bool = False) -> LoanRules:
    texts = {
        "nb": RulesText(short=f"Regler {version}", full=f"Alle regler, {version}"),
        "en": RulesText(short=f"Rules {version}", full=f"All rules, {version}"),
    }
    return LoanRules(version=version, texts=texts, renew_acceptance=renew)


def libraries(version: str = "3", carrier: CarrierKind = CarrierKind.KOHA, *, renew: bool = False) -> Publication:
    """Storbyen takes acceptance digitally, Fjordby at its desk."""
    units = (
        LendingUnit(
            id=UNIT,
            agreement=AGREEMENT,
            rules=rules(version, renew=renew),
            acceptance=Acceptance.DIGITAL,
            carrier=carrier,
        ),
        LendingUnit(id=OTHER, agreement=AGREEMENT, rules=rules(version, renew=renew)),
    )
    return replace(PUBLICATION, units=units)


def soon(register: House) -> float:
    return register.clock.monotonic() + 5


async def standing(register: House, card: CardNumber = CARD, unit: LendingUnitId = UNIT) -> Standing | None:
    holder = await register.database.lookups.find(card)
    assert holder is not None
    return holder.standing_at(unit)


async def state(register: House, card: CardNumber = CARD, unit: LendingUnitId = UNIT) -> StandingState | None:
    found = await standing(register, card, unit)
    return found.state if found else None


async def offered(register: House, card: CardNumber = CARD, at: Asker | None = None) -> Offer:
    """The PIN is proved and the rules are shown."""
    asker = at or kiosk()
    await register.ask(card=card, asker=asker)
    offer = await register.consent.offer(asker, card, Language.NB, soon(register))
    assert isinstance(offer, Offer), offer
    return offer


async def accepted(register: House, card: CardNumber = CARD) -> None:
    """The rules are shown and accepted at a kiosk."""
    await offered(register, card)
    assert await register.consent.accept(kiosk(), card, "BOY", soon(register)) == Accepted(StandingState.CONSENTED)


async def claimed(register: House) -> Claim:
    """The only delivery that is due, claimed by a courier."""
    (claim,) = await register.courier.claim([UNIT], 10, LEASE)
    return claim


async def entered(register: House, unit: LendingUnitId = UNIT, pin: str = PIN, card: CardNumber = CARD) -> Ticket:
    """Card and PIN are given on a library's page."""
    ticket = await register.portal.enter(InstitutionId(unit), card, None, Secret(pin), "a phone", soon(register))
    assert isinstance(ticket, Ticket), ticket
    return ticket
