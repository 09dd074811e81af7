"""Consent at a kiosk: offered, accepted, delivered; and everything that is no consent, on both engines."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from registry.domain.activating import Accepted, Hindered, Hindrance, Offer
from registry.domain.card import CardKind, CardNumber
from registry.domain.consent import Channel
from registry.domain.delivery import DeliveryKind, Result, Settled
from registry.domain.patron import Language
from registry.domain.standing import Origin, StandingState
from tests.registry.services.activations import (
    LEASE,
    accepted,
    claimed,
    libraries,
    offered,
    soon,
    standing,
    state,
)
from tests.registry.services.houses import CARD, OTHER, UNIT, House, kiosk, new_patron


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    return register


async def test_a_yes_to_what_was_offered_is_kept_whole_with_state_delivery_and_audit(library: House) -> None:
    offer = await offered(library)
    assert (offer.version, offer.language, offer.short) == ("3", Language.NB, "Regler 3")
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Accepted(StandingState.CONSENTED)
    assert await state(library) is StandingState.CONSENTED
    async with library.database.unit_of_work() as work:
        patron = (await work.standings.in_state(StandingState.CONSENTED))[0].patron
        (consent,) = await work.consents.of(patron)
        delivery = await work.deliveries.of(patron, UNIT, DeliveryKind.ACTIVATE)
    assert (consent.rules_version, consent.channel, consent.text) == ("3", Channel.KIOSK, "Regler 3")
    assert consent.evidence == "BOY"
    assert delivery is not None
    assert library.counts.moves[StandingState.CONSENTED] == 1


async def test_what_is_brought_makes_a_local_patron_under_the_id_that_the_library_system_told(library: House) -> None:
    await accepted(library)
    claim = await claimed(library)
    assert await state(library) is StandingState.DELIVERING
    view = claim.parcel.view
    assert (view.name, view.card_number, claim.parcel.rules_version) == ("Ødegård, Kjærsti", CARD, "3")
    library.clock.turn(2)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="4711"))
    local = await standing(library)
    assert local is not None
    assert (local.state, local.local_id, local.origin) == (StandingState.LOCAL, "4711", Origin.ACTIVATED)
    assert library.counts.activations == [2.0]
    assert await library.courier.backlog() == (0, None)
    assert await library.courier.backlog([UNIT]) == (0, None)
    assert [(entry.card, entry.kind, entry.sequence) for entry in await library.hands.changes(UNIT, 0, 10)] == [
        (CARD, "activated", 1)
    ]


async def test_without_a_proved_pin_nothing_is_offered(library: House) -> None:
    refused = Hindered(Hindrance.PIN_NOT_PROVED)
    assert await library.consent.offer(kiosk(), CARD, Language.NB, soon(library)) == refused
    await library.ask(pin="0000")
    assert await library.consent.offer(kiosk(), CARD, Language.NB, soon(library)) == refused
    await library.ask()
    assert isinstance(await library.consent.offer(kiosk(), CARD, Language.NB, soon(library)), Offer)
    assert await library.consent.offer(kiosk("elsewhere"), CARD, Language.NB, soon(library)) == refused


async def test_a_yes_without_an_offer_is_none(library: House) -> None:
    await library.ask()
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.NOT_OFFERED)
    assert await state(library) is None


async def test_an_offer_holds_five_minutes_and_for_the_rules_that_were_shown(library: House) -> None:
    await offered(library)
    library.clock.turn(301)
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.OFFER_EXPIRED)
    await offered(library)
    await library.libraries.publish(libraries("4"))
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.RULES_CHANGED)
    assert (await offered(library)).version == "4"
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Accepted(StandingState.CONSENTED)


async def test_another_card_in_between_cancels_the_offer(library: House) -> None:
    second = await library.patrons.add_patron(
        new_patron(card="N001000002", given_name="Aud", birth_date=date(1990, 2, 3)), "test"
    )
    await offered(library)
    await offered(library, second)
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.OFFER_EXPIRED)
    await offered(library)
    await library.consent.turn_down(kiosk(), CardNumber("N001000009"), soon(library))
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.OFFER_EXPIRED)


async def test_kiosks_that_share_a_login_do_not_cancel_one_anothers_offers(library: House) -> None:
    second = await library.patrons.add_patron(
        new_patron(card="N001000002", given_name="Aud", birth_date=date(1990, 2, 3)), "test"
    )
    shared = kiosk("branch", kiosks=5)
    await offered(library, at=shared)
    await offered(library, second, at=shared)
    assert isinstance(await library.consent.accept(shared, CARD, "BOY", soon(library)), Accepted)


@pytest.mark.parametrize(("born", "may"), [(date(2011, 11, 23), True), (date(2011, 11, 24), False)])
async def test_who_is_younger_than_the_library_wants_is_offered_nothing(library: House, born: date, may: bool) -> None:
    young = await library.patrons.add_patron(new_patron(card="N001000008", birth_date=born), "test")
    await library.ask(card=young)
    offer = await library.consent.offer(kiosk(), young, Language.NB, soon(library))
    assert isinstance(offer, Offer) if may else offer == Hindered(Hindrance.TOO_YOUNG)


async def test_a_card_that_was_reported_lost_meanwhile_accepts_nothing_and_is_not_brought(library: House) -> None:
    await offered(library)
    await library.cards.report_lost(CARD, "test")
    refused = await library.consent.accept(kiosk(), CARD, "BOY", soon(library))
    assert isinstance(refused, Hindered)
    assert await state(library) is None


async def test_a_card_lost_after_the_yes_stays_consented_and_is_not_claimed(library: House) -> None:
    await accepted(library)
    await library.cards.report_lost(CARD, "test")
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    assert await state(library) is StandingState.CONSENTED
    new = await library.cards.replace(CARD, None, CardKind.PRINTED, "test")
    claim = await claimed(library)
    assert (claim.parcel.card, claim.parcel.former_cards) == (new, (CARD,))


async def test_fifty_who_say_yes_at_once_are_one_activation(library: House) -> None:
    await offered(library)
    answers = await asyncio.gather(*(library.consent.accept(kiosk(), CARD, "BOY", soon(library)) for _ in range(20)))
    assert answers.count(Accepted(StandingState.CONSENTED)) == 1
    assert {answer for answer in answers if not isinstance(answer, Accepted)} == {Hindered(Hindrance.BEING_SET_UP)}
    async with library.database.unit_of_work() as work:
        assert (await work.deliveries.backlog())[0] == 1


async def test_the_door_is_told_when_a_delivery_has_ended(library: House) -> None:
    await accepted(library)
    deadline = library.clock.monotonic() + 30
    waiting = asyncio.ensure_future(library.consent.settled(kiosk(), CARD, deadline))
    claim = await claimed(library)
    assert not waiting.done()
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    settled = await waiting
    assert settled is not None
    assert (settled.state, settled.local_id) == (StandingState.LOCAL, CARD)


async def test_whoever_waits_too_long_is_told_how_it_stands(library: House) -> None:
    await accepted(library)
    waiting = asyncio.ensure_future(library.consent.settled(kiosk(), CARD, soon(library)))
    await claimed(library)
    library.clock.turn(6)
    settled = await waiting
    assert settled is not None
    assert settled.state in {StandingState.CONSENTED, StandingState.DELIVERING}


async def test_a_terminal_takes_consent_when_it_was_commissioned_and_until_it_is_misused(library: House) -> None:
    await library.commissions.load()
    assert not library.consent.takes_consent("kiosk-1")
    await library.commissions.commission("kiosk-1", UNIT, "Kari at the desk")
    assert library.consent.takes_consent("kiosk-1")
    await library.consent.misused(kiosk("kiosk-1@entrance"), soon(library))
    assert not library.consent.takes_consent("kiosk-1")
    (one,) = await library.commissions.commissions()
    assert (one.terminal, one.on, one.reason) == ("kiosk-1", False, "a yes without an offer")


async def test_a_library_that_wants_everybody_at_the_desk_offers_nothing_at_its_kiosks(library: House) -> None:
    there = kiosk("fjordby-1")
    asker = type(there)(terminal="fjordby-1", kind=there.kind, institution=there.institution, unit=OTHER)
    await library.ask(asker=asker)
    assert await library.consent.offer(asker, CARD, Language.NB, soon(library)) == Hindered(Hindrance.IN_PERSON)
