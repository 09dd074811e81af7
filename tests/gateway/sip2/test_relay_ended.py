"""After an end a kiosk recognises the patron anew: by what the library system says, and not by what was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Origin, Standing, StandingState
from tests.gateway.libraries import Library, library
from tests.gateway.worlds import demo
from tests.simulators import ils_requests as asking

JONAS, PIN, LOCAL_ID = "N001000002", "5926", "S200002"
STORBYEN, BOOK = "NO-2030000", "30101000001"


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system, where the patron was local a moment ago."""
    async with library(await demo(tmp_path / "world")) as found:
        async with found.kiosk() as kiosk:
            assert (await kiosk.status(JONAS, PIN)).personal_name == "Jonas Lie Hætta"
        desk = found.served.register.endings
        await desk.end_standing(LendingUnitId(STORBYEN), CardNumber(JONAS), "test", "letter")
        found.ils.requests.clear()
        yield found


async def standing(storbyen: Library) -> Standing:
    """How the patron stands at Storbyen by the register."""
    (found,) = (await storbyen.served.register.patrons.show(CardNumber(JONAS), "test")).standings
    return found


async def test_whom_the_library_system_still_has_is_local_again_at_the_next_visit(storbyen: Library) -> None:
    assert (await standing(storbyen)).state is StandingState.ENDED
    async with storbyen.kiosk() as kiosk:
        assert (await kiosk.status(JONAS, PIN)).personal_name == "Jonas Lie Hætta"
        assert (await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)).ok == "1"
    # Asked first who this is, by the card and without the PIN.
    first = next(asked for asked in storbyen.ils.requests if sip2.first(asked, "AA"))
    assert (first.number, sip2.first(first, "AA"), sip2.first(first, "AD")) == ("63", JONAS, None)
    found = await standing(storbyen)
    assert (found.state, found.origin, found.local_id) == (StandingState.LOCAL, Origin.DISCOVERED, LOCAL_ID)


async def test_whose_record_was_closed_is_a_guest_who_may_accept_anew(storbyen: Library) -> None:
    storbyen.forget(LOCAL_ID)
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status(JONAS, PIN)
        assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y")
        rules = say(Screen.RULES_FIRST, Language.SE, "utf-8", library="Storbyen folkebibliotek")
        assert told.screen_messages == (rules,)
        lent = await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)
        assert lent.ok == "0"
    assert storbyen.has(BOOK) is None
    assert (await standing(storbyen)).state is StandingState.ENDED
