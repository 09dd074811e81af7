"""The outbox: claimed by one courier at a time, settled by fence, ended in the sight of all, on both engines."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from registry.activating import StaleClaimError
from registry.domain.activating import Hindered, Hindrance
from registry.domain.card import CardKind
from registry.domain.delivery import DeliveryId, DeliveryKind, DeliveryState, Result, Settled
from registry.domain.initiating import Change, Done, Fields
from registry.domain.institution import CarrierKind, InstitutionId
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.register import NotDoneError
from tests.registry.placing import put
from tests.registry.services.activations import LEASE, accepted, claimed, libraries, soon, standing, state
from tests.registry.services.houses import CARD, OTHER, PIN, UNIT, House, kiosk, new_patron


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    return register


LATER = timedelta(seconds=5)

OUTCOMES = [
    (Settled(result=Result.BROUGHT, local_id="4711"), StandingState.LOCAL, None),
    (Settled(result=Result.NOT_SENT, reason="refused", retry_after=LATER), StandingState.CONSENTED, True),
    (Settled(result=Result.ABSENT, retry_after=LATER), StandingState.CONSENTED, True),
    (Settled(result=Result.ANSWER_LOST, retry_after=LATER), StandingState.UNKNOWN, True),
    (Settled(result=Result.REJECTED, reason="another person"), StandingState.NEEDS_STAFF, False),
    (Settled(result=Result.OUT_OF_TRIES), StandingState.NEEDS_STAFF, False),
]


@pytest.mark.parametrize(("settled", "after", "again"), OUTCOMES, ids=lambda one: getattr(one, "name", None))
async def test_what_came_of_a_try_decides_the_standing_and_whether_it_is_tried_again(
    library: House, settled: Settled, after: StandingState, again: bool | None
) -> None:
    await accepted(library)
    await library.courier.settle(await claimed(library), settled)
    assert await state(library) is after
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    library.clock.turn(5)
    assert bool(await library.courier.claim([UNIT], 10, LEASE)) is bool(again)


UNSURE = [
    (Result.BROUGHT, StandingState.LOCAL),
    (Result.NOT_SENT, StandingState.UNKNOWN),
    (Result.ANSWER_LOST, StandingState.UNKNOWN),
    (Result.ABSENT, StandingState.CONSENTED),
    (Result.REJECTED, StandingState.NEEDS_STAFF),
    (Result.OUT_OF_TRIES, StandingState.NEEDS_STAFF),
]


@pytest.mark.parametrize(("result", "after"), UNSURE)
async def test_after_a_lost_answer_only_a_look_up_makes_it_known_again(
    library: House, result: Result, after: StandingState
) -> None:
    await accepted(library)
    await library.courier.settle(await claimed(library), Settled(result=Result.ANSWER_LOST))
    claim = await claimed(library)
    assert (claim.tries, await state(library)) == (1, StandingState.UNKNOWN)
    await library.courier.settle(claim, Settled(result=result))
    assert await state(library) is after


async def test_a_courier_that_died_leaves_a_lease_that_runs_out_and_an_answer_that_nobody_heard(library: House) -> None:
    await accepted(library)
    dead = await claimed(library)
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    library.clock.turn(61)
    claim = await claimed(library)
    assert (claim.tries, claim.fence, await state(library)) == (1, dead.fence + 1, StandingState.UNKNOWN)
    with pytest.raises(StaleClaimError):
        await library.courier.settle(dead, Settled(result=Result.BROUGHT, local_id="1"))
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="2"))
    local = await standing(library)
    assert local is not None
    assert local.local_id == "2"


async def test_a_settlement_counts_once(library: House) -> None:
    await accepted(library)
    claim = await claimed(library)
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    with pytest.raises(StaleClaimError):
        await library.courier.settle(claim, Settled(result=Result.REJECTED))
    assert await state(library) is StandingState.LOCAL


async def test_couriers_that_claim_at_the_same_time_never_get_the_same(library: House) -> None:
    cards = [
        await library.patrons.add_patron(
            new_patron(card=f"N00100010{n}", given_name=f"Aud {n}", birth_date=date(1990, 2, 3)), "test"
        )
        for n in range(8)
    ]
    for card in cards:
        await accepted(library, card)
    claims = await asyncio.gather(*(library.courier.claim([UNIT], 3, LEASE) for _ in range(6)))
    taken = [claim.parcel.card for one in claims for claim in one]
    assert sorted(taken) == sorted(set(taken))
    rest = await library.courier.claim([UNIT], 10, LEASE)
    assert sorted([*taken, *(claim.parcel.card for claim in rest)]) == sorted(cards)


async def test_only_what_is_asked_for_is_claimed(library: House) -> None:
    await accepted(library)
    assert await library.courier.claim([OTHER], 10, LEASE) == []
    assert await library.courier.claim([], 10, LEASE) == []
    assert await library.courier.next_due([OTHER]) is None
    assert await library.courier.next_due([UNIT]) == library.clock.now()


async def test_a_local_id_that_somebody_else_has_is_a_case_for_staff(library: House) -> None:
    await library.patrons.add_patron(new_patron(card="N001000002", given_name="Aud", local_at={UNIT: "4711"}), "test")
    await accepted(library)
    await library.courier.settle(await claimed(library), Settled(result=Result.BROUGHT, local_id="4711"))
    assert await state(library) is StandingState.NEEDS_STAFF
    ((stuck, card),) = await library.hands.deliveries(UNIT, "test")
    assert (stuck.state, stuck.reason, card and card.number) == (DeliveryState.STUCK, "local_id_taken", CARD)


@pytest.mark.parametrize("number", ["N001000002", "N001888888"])
async def test_the_number_of_somebody_elses_national_card_is_nobodys_local_id(library: House, number: str) -> None:
    await library.patrons.add_patron(new_patron(card="N001000002", given_name="Aud"), "test")
    await accepted(library)
    claim = await claimed(library)
    with pytest.raises(NotDoneError):
        await library.hands.resolve(claim.parcel.delivery, number, "test")
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id=number))
    assert await state(library) is StandingState.NEEDS_STAFF


@pytest.mark.parametrize("is_claimed", [False, True])
async def test_a_local_id_that_cannot_be_is_left_to_staff_who_see_it(library: House, is_claimed: bool) -> None:
    await library.patrons.add_patron(new_patron(card="N001000002", given_name="Aud"), "test")
    await accepted(library)
    claims = [await claimed(library)] if is_claimed else []
    assert await library.hands.acknowledge(UNIT, CARD, "N001000002", "ils") == Hindered(Hindrance.NEEDS_STAFF)
    assert await state(library) is StandingState.NEEDS_STAFF
    ((delivery, card),) = await library.hands.deliveries(UNIT, "test")
    assert (delivery.state, delivery.reason, card and card.number) == (DeliveryState.STUCK, "local_id_taken", CARD)
    for claim in claims:
        with pytest.raises(StaleClaimError):
            await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="S1"))
    await library.hands.resolve(delivery.id, "S1", "test")
    assert await state(library) is StandingState.LOCAL


async def test_a_standing_that_was_changed_on_another_way_meanwhile_stays_so(library: House) -> None:
    await accepted(library)
    claim = await claimed(library)
    await put(library.database, CARD, UNIT, StandingState.LOCAL, "S1")
    await library.courier.settle(claim, Settled(result=Result.BROUGHT, local_id="4711"))
    local = await standing(library)
    assert local is not None
    assert (local.state, local.local_id) == (StandingState.LOCAL, "S1")
    assert (await library.courier.backlog())[0] == 0


# What staff do.


async def stuck(library: House) -> DeliveryId:
    await accepted(library)
    await library.courier.settle(await claimed(library), Settled(result=Result.REJECTED, reason="refused"))
    ((delivery, _),) = await library.hands.deliveries(None, "test")
    return delivery.id


async def test_staff_resolve_retry_or_drop_what_is_stuck(library: House) -> None:
    delivery = await stuck(library)
    await library.hands.retry(delivery, "Kari")
    assert await state(library) is StandingState.CONSENTED
    claim = await claimed(library)
    await library.courier.settle(claim, Settled(result=Result.REJECTED))
    with pytest.raises(NotDoneError):
        await library.hands.resolve(delivery, "", "Kari")
    await library.hands.resolve(delivery, "77", "Kari")
    local = await standing(library)
    assert local is not None
    assert (local.state, local.local_id) == (StandingState.LOCAL, "77")
    with pytest.raises(NotDoneError):
        await library.hands.drop(delivery, "Kari")


async def test_a_dropped_delivery_leaves_a_guest_who_can_accept_again(library: House) -> None:
    delivery = await stuck(library)
    await library.hands.drop(delivery, "Kari")
    assert await state(library) is StandingState.GUEST
    await accepted(library)
    assert (await claimed(library)).parcel.card == CARD


async def test_a_sheet_is_taken_and_ended_by_the_local_id(register: House) -> None:
    await register.libraries.publish(libraries(carrier=CarrierKind.MANUAL))
    await accepted(register)
    ((delivery, _),) = await register.hands.deliveries(UNIT, "Kari")
    sheet = await register.hands.sheet(delivery.id, "Kari")
    assert (sheet.card, sheet.view.name) == (CARD, "Ødegård, Kjærsti")
    assert await state(register) is StandingState.DELIVERING
    await register.hands.resolve(delivery.id, "77", "Kari")
    assert await state(register) is StandingState.LOCAL


async def test_what_nobody_fetches_for_three_days_is_for_staff(register: House) -> None:
    await register.libraries.publish(libraries(carrier=CarrierKind.MANUAL))
    await accepted(register)
    register.clock.turn(days=2.9)
    assert await register.courier.give_up() == 0
    register.clock.turn(days=0.2)
    assert await register.courier.give_up() == 1
    assert await state(register) is StandingState.NEEDS_STAFF


# Library systems that fetch.


async def test_a_library_system_takes_a_record_and_acknowledges_it_with_its_own_id(register: House) -> None:
    await register.libraries.publish(libraries(carrier=CarrierKind.FEED))
    assert await register.hands.take(UNIT, CARD, "ils") is not None
    await accepted(register)
    parcel = await register.hands.take(UNIT, CARD, "ils")
    assert getattr(parcel, "card", None) == CARD
    assert await state(register) is StandingState.DELIVERING
    assert await register.hands.acknowledge(UNIT, CARD, "55", "ils") is None
    assert await register.hands.acknowledge(UNIT, CARD, "55", "ils") is None
    assert await register.hands.acknowledge(UNIT, CARD, "56", "ils") is not None
    local = await standing(register)
    assert local is not None
    assert (local.state, local.local_id) == (StandingState.LOCAL, "55")


async def test_no_library_takes_the_record_of_a_guest(library: House) -> None:
    assert isinstance(await library.hands.take(UNIT, CARD, "ils"), Hindered)
    await accepted(library)
    assert isinstance(await library.hands.take(OTHER, CARD, "ils"), Hindered)
    assert isinstance(await library.hands.acknowledge(OTHER, CARD, "5", "ils"), Hindered)


# Changes.


async def test_a_change_is_told_to_every_other_library_where_the_patron_is_local(library: House) -> None:
    await put(library.database, CARD, UNIT, StandingState.LOCAL, "1")
    await put(library.database, CARD, OTHER, StandingState.LOCAL, "2")
    there = kiosk("fjordby")
    asker = type(there)(terminal="ils", kind=there.kind, institution=InstitutionId(OTHER), unit=OTHER)
    change = Change(card=CARD, pin=Secret(PIN), added=Fields(emails=("ny@patron.example",)))
    assert isinstance(await library.changes.change(asker, change, soon(library)), Done)
    assert [entry.kind for entry in await library.hands.changes(UNIT, 0, 10)] == ["updated"]
    assert await library.hands.changes(OTHER, 0, 10) == []
    claim = await claimed(library)
    assert (claim.parcel.kind, claim.parcel.local_id) == (DeliveryKind.UPDATE, "1")
    assert claim.parcel.view.email == "ny@patron.example"
    # Another change comes while this one is on its way: it is brought again.
    again = Change(card=CARD, pin=Secret(PIN), added=Fields(emails=("nyere@patron.example",)))
    outcome = await library.changes.change(asker, again, soon(library))
    await library.courier.settle(claim, Settled(result=Result.BROUGHT))
    if isinstance(outcome, Done):
        assert (await claimed(library)).parcel.kind is DeliveryKind.UPDATE


async def test_a_replaced_card_and_a_deleted_patron_are_told_of(library: House) -> None:
    await put(library.database, CARD, UNIT, StandingState.LOCAL, "1")
    new = await library.cards.replace(CARD, None, CardKind.PRINTED, "test")
    assert (await claimed(library)).parcel.former_cards == (CARD,)
    await library.patrons.delete_patron(new, "test")
    entries = await library.hands.changes(UNIT, 0, 10)
    assert [(entry.sequence, entry.card, entry.kind) for entry in entries] == [
        (1, new, "card_replaced"),
        (2, new, "deleted"),
    ]
    assert await library.courier.claim([UNIT], 10, LEASE) == []
    assert await library.hands.changes(UNIT, 2, 10) == []
