"""What is no consent: yes without a question, too late, to other rules, by another card, after the fact."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.institution import LoanRules
from registry.domain.standing import StandingState
from tests.gateway.kiosks import Kiosk
from tests.gateway.sip2.consent_world import (
    BOOK,
    CHILD,
    CHILD_PIN,
    GUEST,
    OTHER,
    OTHER_PIN,
    PIN,
    UNIT,
    Storbyen,
    asks,
    is_plain_no,
    lends,
    storbyen,
    words,
)
from tests.simulators import ils_requests as asking


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Storbyen]:
    """Storbyen, whose kiosk takes consent."""
    async with storbyen(tmp_path) as world:
        world.bring_at_once()
        yield world


def nothing_happened(here: Storbyen) -> bool:
    """Tell whether nobody has consented, nothing was lent, and no channel was switched off."""
    return not (here.consents.accepted or here.loans_asked() or here.consents.misusers)


async def no(kiosk: Kiosk, *given: Any, **fields: Any) -> tuple[str, ...]:
    """Ask for a loan, which must be refused plainly; return the words."""
    answer = await lends(kiosk, *given, **fields)
    assert is_plain_no(answer)
    return answer.screen_messages


# A yes that nobody asked for.


@pytest.mark.parametrize("pin", [PIN, None])
async def test_a_yes_without_a_question_switches_the_channel_off_and_raises_an_alert(
    here: Storbyen, pin: str | None
) -> None:
    async with here.kiosk() as kiosk:
        if pin is None:
            await kiosk.information(GUEST, PIN)
        assert await no(kiosk, fee="Y", pin=pin) == words(Screen.ACTIVATE_AT_DESK)
        assert here.consents.misusers == ["storbyen-1"]
        # From now on this terminal is one without the channel.
        assert await no(kiosk, fee="N") == words(Screen.ACTIVATE_AT_DESK)
        known = await kiosk.information(GUEST, PIN)
        assert known.screen_messages == words(Screen.ACTIVATE_AT_DESK)
    assert (here.consents.accepted, here.consents.offered, here.loans_asked()) == ([], [], [])
    (event,) = here.served.events("consent_channel_misused")
    assert (event["terminal"], event["level"]) == ("storbyen-1", "error")
    assert here.served.counted("consent_channel_misused_total") == 1
    assert GUEST not in str(event)


async def test_a_yes_for_another_card_than_was_asked_is_misuse(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        here.library.forget("S200010")  # the other one is a guest, too
        await no(kiosk, OTHER, fee="Y", pin=OTHER_PIN)
    assert here.consents.misusers == ["storbyen-1"]
    assert here.consents.accepted == []


async def test_a_misuse_that_the_register_cannot_be_told_of_is_refused_all_the_same(here: Storbyen) -> None:
    here.consents.failing.add("misused")
    async with here.kiosk() as kiosk:
        await no(kiosk, fee="Y")
    assert len(here.served.events("consent_channel_misused")) == 1


# A yes too late, or to something else.


async def test_a_yes_after_the_offer_has_run_out_is_no_misuse_and_the_rules_are_shown_again(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        here.served.clock.turn(301)
        assert await no(kiosk, fee="Y") == words(Screen.OFFER_AGAIN)
        assert nothing_happened(here)
        assert asks(await lends(kiosk, fee="N"))
        assert (await lends(kiosk, fee="Y")).ok == "1"


async def test_a_yes_to_rules_that_have_changed_since_is_none_and_the_new_ones_are_shown(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        libraries = here.served.register.libraries
        unit = libraries.unit(UNIT)
        assert unit is not None
        assert unit.rules is not None
        new = LoanRules(version="4", texts=unit.rules.texts)
        libraries._units[UNIT] = dataclasses.replace(unit, rules=new)
        assert await no(kiosk, fee="Y") == words(Screen.OFFER_AGAIN)
        # A kiosk that repeats its yes by itself has still not shown them to anybody.
        assert await no(kiosk, fee="Y") == words(Screen.OFFER_AGAIN)
        assert nothing_happened(here)
        assert asks(await lends(kiosk, fee="N"))
        assert (await lends(kiosk, fee="Y")).ok == "1"


@pytest.mark.parametrize("who", [("S100001", "6417"), ("N001000002", "5926"), ("N001000003", "3704")])
async def test_another_card_in_between_cancels_the_offer(here: Storbyen, who: tuple[str, str]) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
    async with here.kiosk() as kiosk:  # whichever connection the kiosk uses
        await kiosk.status(*who)
        assert here.consents.cancelled == [("storbyen-1", GUEST)]
        assert await no(kiosk, fee="Y") == words(Screen.OFFER_AGAIN)
    assert nothing_happened(here)


async def test_an_offer_that_could_not_be_cancelled_is_cancelled_with_the_next_message(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        here.consents.out = True
        assert (await kiosk.status("S100001", "6417")).valid_patron == "Y"
        here.consents.out = False
        await kiosk.status("S100001", "6417")
    assert here.consents.cancelled == [("storbyen-1", GUEST)]


async def test_items_and_the_same_card_again_cancel_nothing(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        await kiosk.ask(asking.checkin(BOOK))
        await kiosk.information(GUEST, PIN)
        assert (await lends(kiosk, fee="Y")).ok == "1"
    assert here.consents.cancelled == []


async def test_the_end_of_the_session_ends_the_offer(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        ended = sip2.EndPatronSession(transaction_date=asking.NOW, institution_id="NO-2030000", patron_identifier=GUEST)
        assert (await kiosk.asked(ended, sip2.EndSessionResponse)).end_session == "Y"
        # The register has forgotten the proof; what is kept of the offer here is its own.
        here.consents.shown.clear()
        assert await no(kiosk, fee="Y", pin=None) == words(Screen.OFFER_AGAIN, Language.NB)
        assert await no(kiosk, fee="N", pin=None) == words(Screen.PIN_NEEDED, Language.NB)
    assert nothing_happened(here)


# The PIN and the card.


async def test_a_wrong_pin_with_the_yes_is_no_yes(tmp_path: Path) -> None:
    async with storbyen(tmp_path) as here, here.kiosk() as kiosk:
        here.bring_at_once()
        assert asks(await lends(kiosk, fee="N"))
        assert await no(kiosk, fee="Y", pin="2468") == words(Screen.WRONG_PIN, Language.NB)
        assert nothing_happened(here)
        assert (await lends(kiosk, fee="Y")).ok == "1"


async def test_a_card_that_was_reported_lost_meanwhile_opens_nothing(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        await here.served.register.cards.report_lost(CardNumber(GUEST), "test")
        for pin in (PIN, None):
            assert await no(kiosk, fee="Y", pin=pin) == words(Screen.CARD_LOST, Language.NB)
    assert nothing_happened(here)


async def test_a_card_that_is_lost_between_the_look_and_the_yes_is_for_staff(here: Storbyen) -> None:
    here.consents.first["accept"] = lambda: here.served.register.cards.report_lost(CardNumber(GUEST), "test")
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        assert await no(kiosk, fee="Y") == words(Screen.SEE_STAFF)
    assert nothing_happened(here)


# After the fact, and whatever says nothing.


@pytest.mark.parametrize("fields", [{"cancel": "Y"}, {"no_block": "Y"}, {"cancel": "Y", "no_block": "Y"}])
async def test_what_has_happened_already_neither_offers_nor_accepts(here: Storbyen, fields: dict[str, str]) -> None:
    async with here.kiosk() as kiosk:
        for fee in (None, "N", "Y"):
            assert await no(kiosk, fee=fee, **fields) == words(Screen.OFFLINE_REFUSED)
        assert here.consents.offered == []
        assert asks(await lends(kiosk, fee="N"))
        assert await no(kiosk, fee="Y", **fields) == words(Screen.OFFLINE_REFUSED)
    assert nothing_happened(here)
    assert len(here.served.events("staff_alarm")) == 4


@pytest.mark.parametrize("fee", [None, "", " ", "U", "1"])
async def test_a_terminal_that_says_nothing_of_fees_is_told_the_other_ways(here: Storbyen, fee: str | None) -> None:
    async with here.kiosk() as kiosk:
        assert await no(kiosk, fee=fee) == words(Screen.ACTIVATE_AT_DESK)
    assert nothing_happened(here)
    assert here.consents.offered == []


async def test_a_payment_of_the_token_is_reported_and_booked_nowhere(here: Storbyen) -> None:
    paid = sip2.FeePaid(
        transaction_date=asking.NOW,
        fee_type="01",
        payment_type="00",
        currency_type="NOK",
        fee_amount="0.01",
        institution_id="NO-2030000",
        patron_identifier=GUEST,
        patron_password=PIN,
    )
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        as_guest = await kiosk.asked(paid, sip2.FeePaidResponse)
        assert (await lends(kiosk, fee="Y")).ok == "1"
        as_local = await kiosk.asked(paid, sip2.FeePaidResponse)
        # What the library system itself wants is its own.
        await kiosk.ask(dataclasses.replace(paid, fee_type="06", fee_amount="20.00"))
    for told in (as_guest, as_local):
        assert told.payment_accepted == "N"
        assert told.screen_messages in (words(Screen.PAYMENT_NOT_BOOKED), words(Screen.PAYMENT_NOT_BOOKED, Language.NB))
    assert [asked.fee_amount for asked in here.library.ils.requests if isinstance(asked, sip2.FeePaid)] == ["20.00"]
    assert [event["message"] for event in here.served.events("staff_alarm")] == ["37", "37"]


# Who cannot accept here.


async def test_who_is_too_young_is_never_asked(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        for fee in ("N", "Y"):
            assert await no(kiosk, CHILD, fee=fee, pin=CHILD_PIN) == words(Screen.TOO_YOUNG, Language.NB)
        await kiosk.information(CHILD, CHILD_PIN)
        assert await no(kiosk, CHILD, fee="N", pin=None) == words(Screen.TOO_YOUNG, Language.NB)
    assert nothing_happened(here)
    assert here.consents.offered == []


async def test_a_library_that_wants_everybody_at_the_desk_never_asks(tmp_path: Path) -> None:
    change = ('acceptance = "digital"', 'acceptance = "in_person"')
    async with storbyen(tmp_path, rewritten=(change,)) as here, here.kiosk() as kiosk:
        for fee in ("N", "Y"):
            assert await no(kiosk, fee=fee) == words(Screen.ACTIVATE_AT_DESK)
        assert await no(kiosk, fee="N", pin=None) == words(Screen.ACTIVATE_AT_DESK)
    assert nothing_happened(here)


@pytest.mark.parametrize("how", ["not commissioned", "not told", "another class"])
async def test_a_terminal_whose_channel_is_off_never_asks(here: Storbyen, how: str) -> None:
    if how == "not commissioned":
        here.consents.commissioned.clear()
    elif how == "not told":
        here.channels(Channel.DESK)
    login = "storbyen-door" if how == "another class" else "storbyen-1"
    async with here.kiosk(login) as kiosk:
        for fee in ("N", "Y"):
            await no(kiosk, fee=fee)
    assert nothing_happened(here)
    assert here.consents.offered == []


async def test_without_a_library_system_there_is_no_loan_and_nothing_to_acknowledge(here: Storbyen) -> None:
    here.without_library_system()
    async with here.kiosk() as kiosk:
        assert (await kiosk.information(GUEST, PIN)).screen_messages == words(Screen.ACTIVATE_AT_DESK)
        for fee in ("N", "Y"):
            assert await no(kiosk, fee=fee) == words(Screen.NO_LIBRARY_SYSTEM, Language.NB)
    assert nothing_happened(here)


# The register is out.


async def test_with_the_register_of_consents_out_a_loan_is_refused_for_now(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        here.consents.out = True
        for fee in ("N", "Y"):
            assert await no(kiosk, fee=fee) == words(Screen.TRY_LATER, Language.NB)
        here.consents.out = False
        assert (await lends(kiosk, fee="Y")).ok == "1"


async def test_once_the_yes_is_kept_an_outage_changes_only_the_words(here: Storbyen) -> None:
    here.consents.failing.add("settled")
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        assert await no(kiosk, fee="Y") == words(Screen.BEING_SET_UP_PLACE_AGAIN)
    assert len(here.consents.accepted) == 1


async def test_who_has_become_a_patron_meanwhile_gets_the_book(here: Storbyen) -> None:
    """Fifty kiosks may activate the same patron: a yes that comes second is a loan."""
    here.consents.first["accept"] = here.bring
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        assert (await lends(kiosk, fee="Y")).ok == "1"
    assert [asked.fee_acknowledged for asked in here.loans_asked()] == ["N"]


@pytest.mark.parametrize("state", [StandingState.AWAITING_DESK, StandingState.NEEDS_STAFF])
async def test_who_must_come_to_staff_is_never_asked(here: Storbyen, state: StandingState) -> None:
    await here.consents.move(GUEST, state)
    screen = {StandingState.AWAITING_DESK: Screen.AWAITING_DESK, StandingState.NEEDS_STAFF: Screen.SEE_STAFF}[state]
    async with here.kiosk() as kiosk:
        for fee in (None, "N", "Y"):
            assert await no(kiosk, fee=fee) == words(screen)
    assert nothing_happened(here)
