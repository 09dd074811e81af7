"""The dialogue with the register's own consents: what is accepted at the kiosk is kept, and brought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.simulators.ils import Patron
from gateway.sip2.consenting import Consenting
from gateway.sip2.offers import Offers
from gateway.words.languages import Language
from gateway.words.screen import Screen
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.delivery import Result, Settled
from registry.domain.standing import StandingState
from tests.gateway.libraries import Library, library
from tests.gateway.sip2.consent_world import (
    BOOK,
    GUEST,
    GUEST_ID,
    PAGES,
    PIN,
    UNIT,
    asks,
    is_plain_no,
    lends,
    words,
)
from tests.gateway.worlds import demo


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen, whose kiosk is commissioned."""
    async with library(await demo(tmp_path / "world")) as found:
        found.at_terminals(channels=frozenset({Channel.KIOSK, Channel.DESK}))
        await found.served.register.commissions.commission("storbyen-1", UNIT, "test")
        put_behind_the_door(found, pages=None)
        yield found


def put_behind_the_door(here: Library, *, pages: str | None) -> None:
    """Have the door ask the register, forgetting what it remembered."""
    served, door = here.served, here.served.door
    consent = served.register.activation
    offers = Offers(consent, door.clock.monotonic, pages=pages)
    door.consenting = Consenting(consent, offers, door.clock.monotonic, door.log, door.metrics.consent_misused)


async def bring_one(here: Library) -> None:
    """Bring the first that is due, as a courier does."""
    courier = here.served.register.courier
    async with asyncio.timeout(5):
        while not (claims := await courier.claim([UNIT], 1, timedelta(seconds=30))):
            await asyncio.sleep(0.005)
    (claim,) = claims
    here.enrol(Patron(id=GUEST_ID, cards=(claim.parcel.card,), name="Ågot Bjørnstad", born=date(1986, 5, 17)))
    await courier.settle(claim, Settled(result=Result.BROUGHT, local_id=GUEST_ID))


async def test_a_yes_at_the_kiosk_is_kept_with_its_text_and_brought_in_the_same_breath(here: Library) -> None:
    async with here.kiosk() as kiosk:
        known = await kiosk.information(GUEST, PIN)
        assert known.screen_messages == words(Screen.ACCEPT_AT_KIOSK)
        assert asks(await lends(kiosk, fee="N", pin=None))
        lent, _ = await asyncio.gather(lends(kiosk, fee="Y", pin=None), bring_one(here))
        assert lent.ok == "1"
    assert here.has(BOOK) == GUEST_ID
    async with here.served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(GUEST))
        assert card is not None
        (consent,) = await work.consents.of(card.patron)
        (standing,) = [one for one in await work.standings.of(card.patron) if one.unit == UNIT]
    assert (consent.channel, consent.rules_version, consent.language) == (Channel.KIOSK, "3", "nn")
    assert "BO Y" in consent.evidence
    assert (standing.state, standing.local_id) == (StandingState.LOCAL, GUEST_ID)


async def test_the_pin_given_again_with_the_yes_forgets_no_offer(here: Library) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        # A minute later the encounter is written anew.
        here.served.clock.turn(90)
        lent, _ = await asyncio.gather(lends(kiosk, fee="Y"), bring_one(here))
        assert lent.ok == "1"


async def test_a_yes_without_a_question_switches_the_channel_off_for_good(here: Library) -> None:
    async with here.kiosk() as kiosk:
        assert is_plain_no(await lends(kiosk, fee="Y"))
        assert is_plain_no(await lends(kiosk, fee="N"))
    (found,) = await here.served.register.commissions.commissions()
    assert (found.terminal, found.on) == ("storbyen-1", False)


@pytest.mark.parametrize("forgetful", [False, True], ids=["same daemon", "restarted"])
@pytest.mark.parametrize("pin", [PIN, None], ids=["with PIN", "without"])
async def test_a_yes_too_late_is_no_misuse(here: Library, forgetful: bool, pin: str | None) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        here.served.clock.turn(301)
        if forgetful:
            put_behind_the_door(here, pages=None)
        told = await lends(kiosk, fee="Y", pin=pin)
        assert is_plain_no(told)
        assert told.screen_messages == words(Screen.OFFER_AGAIN, Language.NB if pin is None else Language.NN)
        assert asks(await lends(kiosk, fee="N"))
    assert here.served.register.activation.takes_consent("storbyen-1")


@pytest.mark.parametrize("forgetful", [False, True], ids=["same daemon", "restarted"])
async def test_another_card_in_between_cancels_the_offer(here: Library, forgetful: bool) -> None:
    async with here.kiosk() as kiosk:
        assert asks(await lends(kiosk, fee="N"))
        await kiosk.status("S100001", "6417")
        if forgetful:
            put_behind_the_door(here, pages=None)
        told = await lends(kiosk, fee="Y")
        assert told.screen_messages == words(Screen.OFFER_AGAIN)
    assert here.served.register.activation.takes_consent("storbyen-1")


async def test_a_link_opens_the_page_of_the_library(here: Library) -> None:
    here.at_terminals(channels=frozenset({Channel.PHONE}))
    put_behind_the_door(here, pages=PAGES)
    async with here.kiosk() as kiosk:
        known = await kiosk.information(GUEST, PIN)
    (link,) = known.print_lines
    code = link.removeprefix(f"{PAGES}/k/")
    assert known.screen_messages == words(Screen.ACCEPT_ON_PHONE, link=link.removeprefix("https://"))
    opened = await here.served.register.portal.open_code(code, here.served.clock.monotonic() + 5)
    assert opened is not None
    assert str(opened.institution) == str(UNIT)
