"""What only library systems ask of the register, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from registry.domain.card import CardNumber
from registry.domain.decisions import Granted, Refusal, Refused, RegisterUnavailable
from registry.domain.initiating import Change, Done, Fields, Objected, Objection, Telephone
from registry.domain.release import Audience, release
from registry.domain.secret import Secret
from registry.domain.standing import Origin, Standing, StandingState
from tests.registry.services.houses import CARD, OTHER, PIN, UNIT, House, new_patron
from tests.registry.services.offices import ACCEPTED, WITH_RULES, activation, ils, office, registration

SOON = 1e9


@pytest.fixture
async def published(register: House) -> House:
    """A register with one guest, and loan rules in force."""
    await register.libraries.publish(WITH_RULES)
    return register


async def test_an_equal_order_is_done_once_whoever_asks_at_the_same_time(published: House) -> None:
    orders = [office(published).create(ils(), activation(), SOON) for _ in range(10)]
    assert set(await asyncio.gather(*orders)) == {Done(CardNumber(CARD))}
    async with published.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(CARD))
        assert card is not None
        assert len(await work.consents.of(card.patron)) == 1


async def test_an_equal_order_is_known_for_thirty_days(published: House) -> None:
    assert await office(published).create(ils(), activation(), SOON) == Done(CardNumber(CARD))
    published.clock.turn(days=29)
    assert await office(published).create(ils(), activation(), SOON) == Done(CardNumber(CARD))
    published.clock.turn(days=2)
    assert await office(published).create(ils(), activation(), SOON) == Objected(Objection.ALREADY_LOCAL)


async def test_an_order_of_another_initiator_is_not_the_same(published: House) -> None:
    assert await office(published).create(ils("one"), activation(), SOON) == Done(CardNumber(CARD))
    assert await office(published).create(ils("two"), activation(), SOON) == Objected(Objection.ALREADY_LOCAL)


async def test_a_registration_is_the_same_only_word_for_word(published: House) -> None:
    first = await office(published).create(ils(), registration(), SOON)
    assert isinstance(first, Done)
    assert await office(published).create(ils(), registration(), SOON) == first
    contacts = Fields(telephones=(Telephone("91111111"),))
    other = await office(published).create(ils(), registration(contacts=contacts), SOON)
    assert other == Objected(Objection.PERSON_KNOWN)


async def test_a_person_is_known_by_the_identity_number_too(published: House) -> None:
    number = Secret("17858610044")
    await published.patrons.add_patron(new_patron(None, family_name="Bjørnstad", identity_number=number), "test")
    again = registration(identity_number=number)
    assert await office(published).create(ils(), again, SOON) == Objected(Objection.PERSON_KNOWN)
    wrong = registration(identity_number=Secret("12345678901"))
    assert await office(published).create(ils(), wrong, SOON) == Objected(Objection.NOT_ALLOWED)


async def test_two_who_register_one_card_at_once_do_not_share_it(published: House) -> None:
    orders = [registration("N001234575", given_name=name) for name in ("Ánde", "Ole", "Per")]
    outcomes = await asyncio.gather(*(office(published).create(ils(), order, SOON) for order in orders))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert {outcome.why for outcome in outcomes if isinstance(outcome, Objected)} == {Objection.ALREADY_LOCAL}


async def test_rules_that_changed_meanwhile_must_be_accepted_anew(published: House) -> None:
    order = activation(accepted=replace(ACCEPTED, version="2"))
    assert await office(published).create(ils(), order, SOON) == Objected(Objection.RULES_OUTDATED)


async def test_an_acceptance_from_the_future_happened_when_it_was_told(published: House) -> None:
    accepted = replace(ACCEPTED, at=published.clock.now().replace(year=2040))
    await office(published).create(ils(), activation(accepted=accepted), SOON)
    async with published.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(CARD))
        assert card is not None
        (consent,) = await work.consents.of(card.patron)
    assert consent.at == published.clock.now()


async def test_the_budget_of_looks_survives_a_restart(published: House) -> None:
    strangers = [CardNumber(f"N00900{number:04}") for number in range(3)]
    for stranger in strangers:
        told = await office(published).look_up(ils(), stranger, 3, SOON)
        assert told == Refused(Refusal.UNKNOWN_CARD)
    spent = Objected(Objection.BUDGET_SPENT)
    assert await office(published).look_up(ils(), CardNumber(CARD), 3, SOON) == spent
    assert isinstance(await office(published).look_up(ils("another"), CardNumber(CARD), 3, SOON), Granted)
    # Who was refused has not been looked at: a day later there is room for all.
    published.clock.turn(days=1.01)
    assert isinstance(await office(published).look_up(ils(), CardNumber(CARD), 1, SOON), Granted)


async def test_looks_at_once_do_not_overrun_the_budget(published: House) -> None:
    strangers = [CardNumber(f"N00900{number:04}") for number in range(12)]
    looks = [office(published).look_up(ils(), stranger, 5, SOON) for stranger in strangers]
    told = await asyncio.gather(*looks)
    assert sum(isinstance(one, Objected) for one in told) == 7


async def test_what_a_look_tells_is_the_release_table_for_initiators(published: House) -> None:
    async with published.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(CARD))
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
    guest = await office(published).look_up(ils(), CardNumber(CARD), 1, SOON)
    assert isinstance(guest, Granted)
    assert guest.view == release(found[0], card, Audience.INITIATOR_GUEST)
    await office(published).create(ils(), activation(), SOON)
    local = await office(published).look_up(ils(), CardNumber(CARD), 0, SOON)
    assert isinstance(local, Granted)
    assert local.view == release(found[0], card, Audience.INITIATOR_LOCAL)


async def test_a_deleted_patron_leaves_no_trace_of_what_was_asked(published: House) -> None:
    await office(published).create(ils(), activation(), SOON)
    await published.patrons.delete_patron(CardNumber(CARD), "test")
    told = await office(published).create(ils(), activation(), SOON)
    assert isinstance(told, Refused)
    assert told.reason is Refusal.UNKNOWN_CARD


async def test_numbers_that_disagree_cost_a_hash_and_count_for_nobody(published: House) -> None:
    await office(published).pretend(Secret("4711"), SOON)
    assert published.hasher.checks == 1
    assert not published.counts.pins


async def test_nobody_waits_beyond_the_deadline(published: House) -> None:
    with pytest.raises(RegisterUnavailable):
        await office(published).create(ils(), activation(), published.clock.monotonic())


async def test_without_an_agreement_nothing_is_done(published: House) -> None:
    published.clock.turn(days=5 * 366)
    told = await office(published).create(ils(), activation(), SOON)
    assert told == Refused(Refusal.NO_AGREEMENT)
    change = Change(card=CardNumber(CARD))
    assert await office(published).change(ils(), change, SOON) == Refused(Refusal.NO_AGREEMENT)
    assert await office(published).end(ils(), CardNumber(CARD), None, SOON) == Refused(Refusal.NO_AGREEMENT)
    assert await office(published).look_up(ils(), CardNumber(CARD), 9, SOON) == Refused(Refusal.NO_AGREEMENT)


async def test_a_changed_pin_is_the_new_one_for_every_process(published: House) -> None:
    await office(published).create(ils(), activation(), SOON)
    pins = Change(card=CardNumber(CARD), taken=Fields(pin=Secret(PIN)), added=Fields(pin=Secret("8064")))
    assert await office(published).change(ils(), pins, SOON) == Done(CardNumber(CARD))
    assert isinstance(await published.ask("8064"), Granted)
    refused = await published.ask(PIN)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.WRONG_PIN


async def test_one_library_cannot_end_what_another_has_begun(published: House) -> None:
    await office(published).create(ils(unit=UNIT), activation(), SOON)
    assert await office(published).end(ils(unit=OTHER), CardNumber(CARD), None, SOON) == Objected(Objection.NOT_LOCAL)


async def test_who_says_yes_at_the_same_moment_is_not_taken_in_twice(published: House) -> None:
    holder = await published.database.lookups.find(CardNumber(CARD))
    assert holder is not None
    async with published.database.unit_of_work() as work:
        await work.standings.hold(holder.patron.id, UNIT)
        taken_in = asyncio.ensure_future(office(published).create(ils(), activation(), SOON))
        await asyncio.sleep(0.1)  # let it come as far as it may; nothing is judged by this
        await work.standings.add(
            Standing(
                patron=holder.patron.id,
                unit=UNIT,
                state=StandingState.CONSENTED,
                since=published.clock.now(),
                origin=Origin.ACTIVATED,
            )
        )
    assert await taken_in == Objected(Objection.BEING_SET_UP)
