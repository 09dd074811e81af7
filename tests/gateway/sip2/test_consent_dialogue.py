"""Consent at the kiosk, by fee acknowledgement: rules shown, yes said, book lent, over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.waiting import AT_ONCE, TOMORROW, Pace, WaitingWords
from gateway.words.languages import Language
from gateway.words.screen import LINE, Screen
from protocols import sip2
from registry.domain import patron
from registry.domain.consent import Channel
from registry.domain.standing import StandingState
from tests.gateway.libraries import LONG, retune
from tests.gateway.sip2.consent_world import (
    BOOK,
    GUEST,
    GUEST_ID,
    OTHER,
    OTHER_PIN,
    PIN,
    RULES,
    RULES_NN,
    SECOND,
    WITH_FEE,
    Storbyen,
    asks,
    is_plain_no,
    lends,
    loan,
    storbyen,
    words,
)
from tests.gateway.worlds import until


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Storbyen]:
    """Storbyen, whose kiosk takes consent."""
    async with storbyen(tmp_path) as world:
        yield world


async def test_a_guest_reads_the_rules_says_yes_and_has_the_book(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        known = await kiosk.information(GUEST, PIN)
        assert (known.valid_patron, known.valid_patron_password, known.patron_status) == ("Y", "Y", " " * 14)
        assert known.screen_messages == words(Screen.ACCEPT_AT_KIOSK)
        shown = await lends(kiosk, fee="N")
        assert asks(shown)
        assert (shown.renewal_ok, shown.desensitize, shown.patron_identifier) == ("N", "N", GUEST)
        assert shown.screen_messages[-1] == RULES_NN
        assert shown.print_lines == shown.screen_messages
        assert here.loans_asked() == []
        lent = await lends(kiosk, fee="Y")
        assert (lent.ok, lent.renewal_ok, lent.patron_identifier, lent.item_identifier) == ("1", "N", GUEST, BOOK)
    assert here.library.has(BOOK) == GUEST_ID
    (asked,) = here.loans_asked()
    # A real fee is asked anew, and the PIN is nobody's business there.
    assert (asked.patron_identifier, asked.fee_acknowledged, asked.patron_password) == (GUEST_ID, "N", None)
    ((terminal, card, evidence),) = here.consents.accepted
    assert (terminal, card) == ("storbyen-1", GUEST)
    assert "0.01" in evidence
    assert BOOK not in evidence


async def test_a_pin_proved_before_is_enough_and_the_checkout_may_leave_it_out(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        await kiosk.information(GUEST, PIN)
        assert asks(await lends(kiosk, fee="N", pin=None))
        assert (await lends(kiosk, fee="Y", pin=None)).ok == "1"


async def test_a_kiosk_that_connects_anew_for_every_message_is_served(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        await kiosk.information(GUEST, PIN)
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N", pin=None))
    async with here.kiosk() as kiosk:
        assert (await lends(kiosk, fee="Y", pin=None)).ok == "1"


async def test_a_daemon_that_was_started_anew_between_rules_and_yes_takes_the_yes(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
    here.open()
    async with here.kiosk() as kiosk:
        assert (await lends(kiosk, fee="Y", pin=None)).ok == "1"
    assert here.consents.misusers == []


async def test_kiosks_that_pool_their_connections_and_share_a_login_do_not_cancel_one_another(here: Storbyen) -> None:
    here.bring_at_once()
    asker = here.served.door.terminals.by_id("storbyen-1")
    assert asker is not None
    here.channels(Channel.KIOSK, asker=_shared(asker.asker))
    async with here.kiosk() as one, here.kiosk() as two:
        assert asks(await lends(one, fee="N"))
        assert asks(await lends(two, OTHER, SECOND, fee="N", pin=OTHER_PIN)) is False  # local since long
        await two.information("S100001", "6417")
        assert (await lends(one, fee="Y")).ok == "1"
    assert here.consents.cancelled == []


def _shared(asker: Any) -> Any:
    return dataclasses.replace(asker, kiosks=4)


# The screen.


async def test_long_rules_are_cut_at_words_and_the_last_line_stands_alone(tmp_path: Path) -> None:
    long = (
        "Lånetida er fire veker for bøker og to veker for film. Du erstattar det du mistar eller øydelegg, og kan "
        "miste retten til å låne om du ikkje gjer det."
    )
    versions = (('version = "1"', 'version = "2"'), ('version = "3"', 'version = "4"'))
    changes = ((f'short = "{RULES_NN}"', f'short = "{long}"'), *versions)
    async with storbyen(tmp_path, rewritten=changes) as here, here.kiosk() as kiosk:
        shown = await lends(kiosk, fee="N")
    *rules, last = shown.screen_messages
    assert " ".join(rules) == long
    assert all(len(line) <= LINE for line in shown.screen_messages)
    assert (last,) == words(Screen.YES_ACCEPTS)


async def test_the_amount_is_the_terminals_own(here: Storbyen) -> None:
    here.channels(Channel.KIOSK, acknowledgement_amount="1.00")
    async with here.kiosk() as kiosk:
        shown = await lends(kiosk, fee="N")
    assert (shown.ok, shown.fee_type, shown.fee_amount) == ("0", "01", "1.00")


async def test_who_proved_no_pin_here_reads_nothing_of_how_they_stand(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        for state in (StandingState.GUEST, StandingState.CONSENTED, StandingState.NEEDS_STAFF):
            await here.consents.move(GUEST, state)
            here.served.with_rules(answer=0.3)
            told = await lends(kiosk, fee="N", pin=None)
            assert is_plain_no(told)
            assert told.screen_messages == words(Screen.PIN_NEEDED, Language.NB)
    assert here.consents.offered == []


# The fee of the library system.


async def test_a_real_fee_is_asked_anew_after_the_yes_to_the_rules(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, item=WITH_FEE, fee="N"))
        real = await lends(kiosk, item=WITH_FEE, fee="Y")
        assert (real.ok, real.fee_type, real.fee_amount) == ("0", "06", "20.00")
        assert here.library.has(WITH_FEE) is None
        # Now the yes is one to the library's own fee.
        lent = await lends(kiosk, item=WITH_FEE, fee="Y")
        assert lent.ok == "1"
    assert [asked.fee_acknowledged for asked in here.loans_asked()] == ["N", "Y"]


async def test_a_yes_to_the_rules_that_a_kiosk_repeats_is_never_one_to_a_fee(here: Storbyen) -> None:
    """The answer was lost, and the kiosk asks again without a sequence number: meanwhile the patron is local."""
    here.served.with_rules(answer=0.3)
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, item=WITH_FEE, fee="N"))
        assert is_plain_no(await lends(kiosk, item=WITH_FEE, fee="Y"))
        await here.bring()
        here.served.with_rules(answer=2.3)
    async with here.kiosk() as kiosk:
        real = await lends(kiosk, item=WITH_FEE, fee="Y")
        assert (real.ok, real.fee_amount) == ("0", "20.00")
        # Another book's fee is another matter.
        assert (await lends(kiosk, item=BOOK, fee="Y")).ok == "1"
    assert [asked.fee_acknowledged for asked in here.loans_asked()] == ["N", "Y"]


async def test_the_same_frame_again_gets_the_stored_answer(here: Storbyen) -> None:
    here.bring_at_once()
    async with here.kiosk() as kiosk:
        sealed = sip2.ScConnection(sip2.ScProfile(encoding="utf-8", error_detection=True))
        await kiosk.information(GUEST, PIN)
        await lends(kiosk, fee="N")
        raw = sealed.ask(loan(fee="Y")).rstrip(b"\r")
        first = await kiosk.say(raw)
        assert first.startswith(b"121")
        assert await kiosk.say(raw) == first
        assert await kiosk.say(b"97AZFEF5") == first
    assert len(here.loans_asked()) == len(here.consents.accepted) == 1


# Waiting.


async def test_who_is_not_local_in_time_is_told_by_the_carrier_how_long_it_takes(here: Storbyen) -> None:
    here.served.with_rules(answer=0.3)
    cases: dict[WaitingWords, tuple[str, ...]] = {
        AT_ONCE: words(Screen.BEING_SET_UP_PLACE_AGAIN),
        WaitingWords(Pace.MINUTES, 10): words(Screen.BEING_SET_UP_MINUTES, minutes=10),
        TOMORROW: words(Screen.BEING_SET_UP_TOMORROW),
    }
    for told, line in cases.items():
        await here.consents.move(GUEST, StandingState.GUEST)
        here.open(waiting=told)
        async with here.kiosk() as kiosk:
            assert asks(await lends(kiosk, fee="N"))
            answer = await lends(kiosk, fee="Y")
            assert is_plain_no(answer)
            assert answer.screen_messages == line
    assert here.loans_asked() == []


@pytest.mark.parametrize("state", [StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN])
@pytest.mark.parametrize("fee", [None, "N", "Y"])
async def test_a_loan_waits_for_a_delivery_that_is_under_way(
    here: Storbyen, state: StandingState, fee: str | None
) -> None:
    await here.consents.move(GUEST, state)
    async with here.kiosk() as kiosk:
        answer = asyncio.ensure_future(kiosk.ask(loan(fee=fee)))
        await until(lambda: bool(here.consents.waits))
        await here.bring()
        lent = await answer
    assert isinstance(lent, sip2.CheckoutResponse)
    assert lent.ok == "1"
    (sent,) = here.loans_asked()
    assert sent.fee_acknowledged == (None if fee is None else "N")
    assert here.consents.accepted == []


async def test_no_loan_is_sent_on_with_less_time_than_it_needs(here: Storbyen) -> None:
    here.bring_at_once()
    retune(here.served, budgets=dataclasses.replace(LONG, least_for_change=60.0))
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        told = await lends(kiosk, fee="Y")
        assert is_plain_no(told)
        assert told.screen_messages == words(Screen.BEING_SET_UP_PLACE_AGAIN)
    assert here.loans_asked() == []
    # The yes is kept all the same.
    assert len(here.consents.accepted) == 1


async def test_the_wait_ends_while_a_loan_can_still_be_made(here: Storbyen) -> None:
    retune(here.served, budgets=dataclasses.replace(LONG, least_for_change=2.0))
    await here.consents.move(GUEST, StandingState.CONSENTED)
    here.served.with_rules(answer=2.3)
    async with here.kiosk() as kiosk:
        await lends(kiosk)
    (wait,) = here.consents.waits
    assert wait < 2.3 - 2.0


@pytest.mark.parametrize(
    ("state", "screen"),
    [
        (StandingState.NEEDS_STAFF, Screen.SEE_STAFF),
        (StandingState.AWAITING_DESK, Screen.AWAITING_DESK),
    ],
)
async def test_a_delivery_that_ends_elsewhere_is_told(here: Storbyen, state: StandingState, screen: Screen) -> None:
    async def goes_wrong(card: Any) -> None:
        await here.consents.move(card, state)

    here.consents.brings = goes_wrong
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        told = await lends(kiosk, fee="Y")
    assert told.screen_messages == words(screen)


async def test_the_language_of_the_rules_is_the_patrons_where_it_is_known(here: Storbyen) -> None:
    async with here.kiosk() as kiosk:
        await kiosk.information(GUEST, PIN)
        assert (await lends(kiosk, fee="N", pin=None)).screen_messages[-1] == RULES_NN
        here.open()
        assert (await lends(kiosk, fee="N", pin=None)).screen_messages[-1] == RULES
        assert (await lends(kiosk, fee="N")).screen_messages[-1] == RULES_NN
    nb, nn = patron.Language.NB, patron.Language.NN
    assert [language for _, _, language in here.consents.offered] == [nn, nb, nn]
