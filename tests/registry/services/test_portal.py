"""What a patron can do on a library's page, and at its desk, on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from gateway.web.rows import Line, denial
from registry.activating import Ticket
from registry.domain.activating import Accepted, Hindered, Hindrance, Waiting, is_acceptance_due
from registry.domain.card import CardKind, CardNumber
from registry.domain.consent import Channel
from registry.domain.decisions import Granted, Refusal, Refused, Situation
from registry.domain.events import Action
from registry.domain.institution import InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import Language, Level
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.register import NotDoneError
from tests.registry.placing import put
from tests.registry.services.activations import (
    accepted,
    claimed,
    entered,
    libraries,
    offered,
    rules,
    soon,
    state,
)
from tests.registry.services.houses import CARD, OTHER, PIN, UNIT, House, kiosk, new_patron

HERE = InstitutionId(UNIT)


@pytest.fixture
async def library(register: House) -> House:
    await register.libraries.publish(libraries())
    return register


async def test_card_and_pin_open_the_rules_and_a_yes_makes_it_so(library: House) -> None:
    ticket = await entered(library)
    visit = await library.portal.visit(ticket, soon(library))
    assert visit is not None
    assert (visit.library, visit.given_name, visit.hindrance, visit.state) == ("Storbyen", "Kjærsti", None, None)
    assert visit.offer is not None
    assert visit.offer.full == "Alle regler, 3"
    yes = await library.portal.accept(ticket, "3", Language.NB, soon(library))
    assert yes == Accepted(StandingState.CONSENTED)
    (mine,) = await library.portal.libraries(ticket, soon(library)) or ()
    assert (mine.library, mine.state) == ("Storbyen", StandingState.CONSENTED)
    assert [(one.version, one.channel, one.text) for one in mine.accepted] == [("3", Channel.PHONE, "Alle regler, 3")]
    again = await library.portal.accept(ticket, "3", Language.NB, soon(library))
    assert again == Hindered(Hindrance.BEING_SET_UP)


async def test_a_yes_to_other_rules_than_those_in_force_is_none(library: House) -> None:
    ticket = await entered(library)
    await library.libraries.publish(libraries("4"))
    for version, language in (("3", Language.NB), ("4", Language.SE)):
        refused = await library.portal.accept(ticket, version, language, soon(library))
        assert refused == Hindered(Hindrance.RULES_CHANGED)
    assert await state(library) is None


async def test_wrong_pins_are_counted_and_tell_nothing(library: House) -> None:
    async def enter(pin: str, card: str = CARD) -> object:
        return await library.portal.enter(HERE, type(CARD)(card), None, Secret(pin), "a phone", soon(library))

    assert await enter("0000") == Refused(Refusal.WRONG_PIN)
    assert getattr(await enter("0000", "N001999999"), "reason", None) is Refusal.UNKNOWN_CARD
    for _ in range(3):
        last = await enter("0000")
    assert getattr(last, "reason", None) in {Refusal.WAIT, Refusal.LOCKED}


async def test_who_has_a_password_or_demands_more_gives_it_on_a_page(library: House) -> None:
    card = await library.patrons.add_patron(
        new_patron(
            card="N001000006",
            given_name="Ida",
            password=Secret("fjellrev-og-mus-46"),
            minimum_level=Level.SUBSTANTIAL,
        ),
        "test",
    )

    async def enter(secret: str) -> object:
        return await library.portal.enter(HERE, card, None, Secret(secret), "a phone", soon(library))

    assert getattr(await enter(PIN), "reason", None) is Refusal.WRONG_PIN
    assert isinstance(await enter("fjellrev-og-mus-46"), Ticket)


async def test_however_often_it_is_tried_a_page_tells_no_card_from_one_that_nobody_has(library: House) -> None:
    cards = {
        "known": CARD,
        "unknown": CardNumber("N001999999"),
        "lost": await library.patrons.add_patron(new_patron(card="N001000007", given_name="Eli"), "test"),
        "with password": await library.patrons.add_patron(
            new_patron(card="N001000006", given_name="Ida", password=Secret("fjellrev-og-mus-46")), "test"
        ),
    }
    await library.cards.report_lost(cards["lost"], "test")
    told: dict[str, list[tuple[Line, float]]] = {which: [] for which in cards}
    for which, card in cards.items():
        for _ in range(8):
            answer = await library.portal.enter(HERE, card, None, Secret("0000"), f"phone {which}", soon(library))
            assert isinstance(answer, Refused)
            told[which].append((denial(answer, card_asked=True), answer.delay))
            library.clock.turn(seconds=31)
    assert told["unknown"] == told["known"]
    assert told["lost"] == told["known"]
    assert told["with password"] == told["known"]
    assert len({line.key for line, _ in told["known"]}) > 1


async def test_a_delay_that_guesses_have_earned_is_told_with_the_ticket_too(library: House) -> None:
    for number in range(12):
        card = CardNumber(f"N0019{number:05}")
        last = await library.portal.enter(HERE, card, None, Secret("0000"), "a phone", soon(library))
    ticket = await library.portal.enter(HERE, CARD, None, Secret(PIN), "a phone", soon(library))
    assert isinstance(ticket, Ticket)
    assert isinstance(last, Refused)
    assert ticket.delay == last.delay > 0


async def test_a_code_from_the_kiosk_leads_to_the_page_and_is_used_up_by_the_right_pin(library: House) -> None:
    await offered(library)
    code = await library.consent.link_code(kiosk(), CARD, soon(library))
    assert code is not None
    opened = await library.portal.open_code(code, soon(library))
    assert opened is not None
    assert opened.institution == HERE

    async def enter(pin: str, place: InstitutionId = HERE) -> object:
        return await library.portal.enter(place, None, code, Secret(pin), "a phone", soon(library))

    assert await enter(PIN, InstitutionId(OTHER)) == Hindered(Hindrance.CODE_UNFIT)
    assert await enter("0000") == Refused(Refusal.WRONG_PIN)
    answers = await asyncio.gather(*(enter(PIN) for _ in range(5)))
    assert [isinstance(answer, Ticket) for answer in answers].count(True) == 1
    assert await enter(PIN) == Hindered(Hindrance.CODE_UNFIT)
    assert await library.portal.open_code(code, soon(library)) is None


async def test_a_code_is_good_for_a_quarter_of_an_hour_and_a_new_one_voids_it(library: House) -> None:
    await offered(library)
    first = await library.consent.link_code(kiosk(), CARD, soon(library))
    second = await library.consent.link_code(kiosk(), CARD, soon(library))
    assert first is not None
    assert second is not None
    assert await library.portal.open_code(first, soon(library)) is None
    assert await library.portal.open_code(second, soon(library)) is not None
    library.clock.turn(15 * 60)
    assert await library.portal.open_code(second, soon(library)) is None


async def test_no_code_is_made_without_a_proved_pin_or_for_a_local_patron(library: House) -> None:
    assert await library.consent.link_code(kiosk(), CARD, soon(library)) is None
    await put(library.database, CARD, UNIT, StandingState.LOCAL, "1")
    await library.ask()
    assert await library.consent.link_code(kiosk(), CARD, soon(library)) is None


async def test_a_ticket_ends_by_time_by_leaving_and_with_the_card(library: House) -> None:
    ticket = await entered(library)
    await library.portal.leave(ticket, soon(library))
    assert await library.portal.visit(ticket, soon(library)) is None
    ticket = await entered(library)
    library.clock.turn(15 * 60)
    assert await library.portal.accept(ticket, "3", Language.NB, soon(library)) is None
    ticket = await entered(library)
    await library.cards.report_lost(CARD, "test")
    assert await library.portal.accept(ticket, "3", Language.NB, soon(library)) is None
    assert await library.portal.visit(Ticket("guessed"), soon(library)) is None


async def test_what_was_accepted_can_be_taken_back_until_a_library_system_is_told(library: House) -> None:
    await accepted(library)
    ticket = await entered(library)
    assert await library.portal.withdraw(ticket, soon(library))
    assert await state(library) is StandingState.GUEST
    assert await library.courier.backlog() == (0, None)
    # A kiosk that repeats its yes repeats the one that was taken back.
    assert await library.consent.accept(kiosk(), CARD, "BOY", soon(library)) == Hindered(Hindrance.OFFER_EXPIRED)
    assert await state(library) is StandingState.GUEST
    await accepted(library)
    await claimed(library)
    assert not await library.portal.withdraw(ticket, soon(library))
    assert await state(library) is StandingState.DELIVERING


# New rules.


async def recorded(house: House) -> list[str]:
    """What the audit trail has of the patron, the oldest first."""
    holder = await house.database.lookups.find(CARD)
    assert holder is not None
    async with house.database.unit_of_work() as work:
        return [one.action for one in await work.audit.of(holder.patron.id)]


async def become_local(house: House) -> Ticket:
    """Rules 3 are accepted on the page, and the library's system has the patron."""
    ticket = await entered(house)
    assert await house.portal.accept(ticket, "3", Language.NB, soon(house)) == Accepted(StandingState.CONSENTED)
    await put(house.database, CARD, UNIT, StandingState.LOCAL, "1")
    return ticket


async def hindered(house: House, ticket: Ticket) -> Hindrance | None:
    visit = await house.portal.visit(ticket, soon(house))
    assert visit is not None
    return visit.hindrance


async def test_local_patrons_are_asked_for_a_yes_to_new_rules_and_stay_local(library: House) -> None:
    ticket = await become_local(library)
    await library.libraries.publish(libraries("4", renew=True))
    offers = dict(library.counts.offers)
    visit = await library.portal.visit(ticket, soon(library))
    assert visit is not None
    assert visit.offer is not None
    assert (visit.state, visit.hindrance, visit.offer.full) == (StandingState.LOCAL, None, "Alle regler, 4")
    (mine,) = await library.portal.libraries(ticket, soon(library)) or ()
    assert (mine.state, mine.rules_wait) == (StandingState.LOCAL, True)
    deliveries = await library.courier.backlog()
    await library.portal.accept(ticket, "3", Language.NB, soon(library))
    assert await hindered(library, ticket) is None
    assert await library.portal.accept(ticket, "4", Language.NB, soon(library)) == Accepted(StandingState.LOCAL)
    assert await hindered(library, ticket) is Hindrance.ALREADY_LOCAL
    (mine,) = await library.portal.libraries(ticket, soon(library)) or ()
    assert (mine.state, mine.rules_wait) == (StandingState.LOCAL, False)
    assert [(one.version, one.channel, one.text) for one in mine.accepted] == [
        ("4", Channel.PHONE, "Alle regler, 4"),
        ("3", Channel.PHONE, "Alle regler, 3"),
    ]
    assert (await recorded(library))[-1] == Action.RULES_ACCEPTED
    assert await library.courier.backlog() == deliveries
    assert library.counts.offers == offers
    again = await library.portal.accept(ticket, "4", Language.NB, soon(library))
    assert again == Hindered(Hindrance.ALREADY_LOCAL)


async def test_new_rules_are_answered_once_by_many_who_say_yes_at_the_same_time(library: House) -> None:
    ticket = await become_local(library)
    await library.libraries.publish(libraries("4", renew=True))
    answers = await asyncio.gather(
        *(library.portal.accept(ticket, "4", Language.NB, soon(library)) for _ in range(5))
    )  # fmt: skip
    assert answers.count(Accepted(StandingState.LOCAL)) == 1
    assert answers.count(Hindered(Hindrance.ALREADY_LOCAL)) == 4


async def test_who_was_recognised_and_never_asked_is_asked_where_the_library_asks_anew(library: House) -> None:
    await put(library.database, CARD, UNIT, StandingState.LOCAL, "1")
    await put(library.database, CARD, OTHER, StandingState.LOCAL, "2")
    ticket = await entered(library)
    assert await hindered(library, ticket) is Hindrance.ALREADY_LOCAL
    assert not any(one.rules_wait for one in await library.portal.libraries(ticket, soon(library)) or ())
    await library.libraries.publish(libraries(renew=True))
    # Where guests must come to the desk, local patrons have been there.
    for unit, wait in ((UNIT, {UNIT, OTHER}), (OTHER, {OTHER})):
        ticket = await entered(library, unit=unit)
        assert await hindered(library, ticket) is None
        mine = await library.portal.libraries(ticket, soon(library)) or ()
        assert {one.unit for one in mine if one.rules_wait} == wait
        assert await library.portal.accept(ticket, "3", Language.NB, soon(library)) == Accepted(StandingState.LOCAL)


async def test_new_rules_that_ask_for_no_yes_are_shown_to_no_local_patron(library: House) -> None:
    ticket = await become_local(library)
    await library.libraries.publish(libraries("4"))
    assert await hindered(library, ticket) is Hindrance.ALREADY_LOCAL
    refused = await library.portal.accept(ticket, "4", Language.NB, soon(library))
    assert refused == Hindered(Hindrance.ALREADY_LOCAL)


async def test_new_rules_stop_no_local_patron_at_a_kiosk(library: House) -> None:
    await become_local(library)
    await library.libraries.publish(libraries("4", renew=True))
    for _ in range(2):
        decision = await library.ask()
        assert isinstance(decision, Granted)
        assert decision.situation is Situation.LOCAL
    assert isinstance(await library.consent.offer(kiosk(), CARD, Language.NB, soon(library)), Hindered)


async def test_a_local_patron_who_is_asked_anew_has_nothing_to_ask_the_desk_or_to_take_back(library: House) -> None:
    ticket = await become_local(library)
    await library.libraries.publish(libraries("4", renew=True))
    desk = await library.portal.ask_for_desk(ticket, soon(library))
    assert desk == Hindered(Hindrance.ALREADY_LOCAL)
    assert not await library.portal.withdraw(ticket, soon(library))
    assert await state(library) is StandingState.LOCAL


async def test_who_is_too_young_to_accept_alone_is_not_asked_anew_on_a_page(library: House) -> None:
    born = date(2014, 1, 1)
    card = await library.patrons.add_patron(new_patron(card="N001000008", given_name="Aud", birth_date=born), "test")
    await put(library.database, card, UNIT, StandingState.LOCAL, "1")
    await library.libraries.publish(libraries("4", renew=True))
    ticket = await entered(library, card=card)
    assert await hindered(library, ticket) is Hindrance.ALREADY_LOCAL
    (mine,) = await library.portal.libraries(ticket, soon(library)) or ()
    assert not mine.rules_wait


async def test_a_yes_to_new_rules_for_a_card_that_was_reported_lost_is_none(library: House) -> None:
    ticket = await become_local(library)
    await library.libraries.publish(libraries("4", renew=True))
    before = await recorded(library)
    await library.cards.report_lost(CARD, "test")
    assert await library.portal.accept(ticket, "4", Language.NB, soon(library)) is None
    assert (await recorded(library)).count(Action.RULES_ACCEPTED) == before.count(Action.RULES_ACCEPTED)


@pytest.mark.parametrize("given", list(StandingState))
@pytest.mark.parametrize("renew", [True, False])
@pytest.mark.parametrize("newest", [None, "3", "4"])
def test_what_is_due_is_one_table(given: StandingState, renew: bool, newest: str | None) -> None:
    unit = LendingUnit(id=UNIT, agreement=None, rules=rules("4", renew=renew))
    asked = {StandingState.GUEST, StandingState.ENDED, StandingState.AWAITING_DESK}
    anew = given is StandingState.LOCAL and renew and newest != "4"
    assert is_acceptance_due(unit, given, newest) == (given in asked or anew)
    assert not is_acceptance_due(replace(unit, rules=None), given, newest)


# The desk.


@pytest.mark.parametrize(("unit", "born"), [(OTHER, date(1986, 5, 17)), (UNIT, date(2014, 1, 1))])
async def test_who_may_not_accept_alone_asks_for_the_desk(library: House, unit: LendingUnitId, born: date) -> None:
    card = await library.patrons.add_patron(new_patron(card="N001000008", given_name="Aud", birth_date=born), "test")
    ticket = await entered(library, unit=unit, card=card)
    refused = await library.portal.accept(ticket, "3", Language.NB, soon(library))
    assert isinstance(refused, Hindered)
    assert await library.guests.guests(unit, "Kari") == []
    for _ in range(2):
        assert await library.portal.ask_for_desk(ticket, soon(library)) == Waiting()
    (guest,) = await library.guests.guests(unit, "Kari")
    assert (guest.card, guest.name, guest.birth_date) == (card, "Ødegård, Aud", born)
    await library.guests.approve(unit, card, InstitutionId(unit), "Kari")
    assert await state(library, card, unit) is StandingState.CONSENTED
    assert await library.guests.guests(unit, "Kari") == []


async def test_staff_deny_and_nobody_waits_longer_than_14_days(library: House) -> None:
    ticket = await entered(library)
    await library.portal.ask_for_desk(ticket, soon(library))
    await library.guests.deny(UNIT, CARD, "Kari")
    assert await state(library) is StandingState.GUEST
    with pytest.raises(NotDoneError):
        await library.guests.deny(UNIT, CARD, "Kari")
    await library.portal.ask_for_desk(await entered(library), soon(library))
    library.clock.turn(days=13.9)
    assert await library.guests.let_lapse() == 0
    library.clock.turn(days=0.2)
    assert await library.guests.let_lapse() == 1
    assert await state(library) is StandingState.GUEST


async def test_staff_approve_a_guest_who_has_not_asked_but_no_blocked_card_and_no_local_patron(library: House) -> None:
    with pytest.raises(NotDoneError):
        await library.guests.approve(UNIT, type(CARD)("N001999999"), HERE, "Kari")
    await library.guests.approve(UNIT, CARD, HERE, "Kari")
    assert await state(library) is StandingState.CONSENTED
    with pytest.raises(NotDoneError):
        await library.guests.approve(UNIT, CARD, HERE, "Kari")
    await library.cards.replace(CARD, None, CardKind.PRINTED, "test")
    with pytest.raises(NotDoneError):
        await library.guests.approve(OTHER, CARD, InstitutionId(OTHER), "Kari")
