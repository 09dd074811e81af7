"""A kiosk that lets no guest in says all the same how far a patron has come who has asked or accepted elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.sip2.answers import stand
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols.sip2 import Message
from registry.domain.card import CardNumber
from registry.domain.decisions import Refusal, Refused
from registry.domain.institution import LendingUnitId
from registry.domain.standing import StandingState
from tests.gateway.kiosks import enable, information, status
from tests.gateway.worlds import Served, demo, running
from tests.registry.placing import put

CARD, PIN = CardNumber("N001000001"), "4817"
FJORDBY, STORBYEN = LendingUnitId("NO-2120100"), LendingUnitId("NO-2030000")
LATER = (StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN)
ROW: dict[StandingState, Screen] = {
    StandingState.GUEST: Screen.ACTIVATE_AT_DESK,
    StandingState.AWAITING_DESK: Screen.AWAITING_DESK,
    # Staff type the patron in there: the words are those of that carrier.
    **dict.fromkeys(LATER, Screen.BEING_SET_UP_TOMORROW),
    StandingState.NEEDS_STAFF: Screen.SEE_STAFF,
}
# 25 carries the PIN and tells how the patron stands; it is never the place to be told when to come again.
ENABLING = ROW | dict.fromkeys(LATER, Screen.BEING_SET_UP)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The demo, whose Fjordby has no library system and wants everybody at the desk."""
    async with running(await demo(tmp_path / "world")) as daemon:
        yield daemon


def spoken(screen: Screen) -> tuple[str, ...]:
    library = {"library": "Fjordby bibliotek"} if screen is Screen.ACTIVATE_AT_DESK else {}
    return (say(screen, Language.NN, "cp850", **library),)


@pytest.mark.parametrize(("ask", "row"), [(status, ROW), (information, ROW), (enable, ENABLING)])
@pytest.mark.parametrize("state", ROW)
async def test_the_words_follow_the_standing_and_the_card_stays_denied(
    served: Served, state: StandingState, ask: Callable[..., Message], row: dict[StandingState, Screen]
) -> None:
    await put(served.register.database, CARD, FJORDBY, state)
    async with served.kiosk("fjordby-1") as kiosk:
        told = await kiosk.ask(ask(CARD, PIN))
        assert getattr(told, "screen_messages", None) == spoken(row[state])
        assert (getattr(told, "valid_patron", None), getattr(told, "patron_status", "")[:4]) == ("N", "YYYY")
        # Who has not shown the PIN is told nothing of it.
        wrong = await kiosk.ask(ask(CARD, "0000"))
        assert getattr(wrong, "screen_messages", None) == (say(Screen.WRONG_PIN, Language.NB, "cp850"),)


async def test_a_door_that_lets_only_local_patrons_in_says_so_too(served: Served) -> None:
    await put(served.register.database, CARD, STORBYEN, StandingState.NEEDS_STAFF)
    async with served.kiosk("storbyen-door") as door:
        told = await door.status(CARD, PIN)
    assert told.screen_messages == (say(Screen.SEE_STAFF, Language.NN, "utf-8"),)
    assert told.valid_patron == "N"


@pytest.mark.parametrize("reason", [Refusal.ACTIVATE_FIRST, Refusal.ACTIVATE_AT_DESK])
def test_a_refusal_without_a_standing_keeps_its_own_words(reason: Refusal) -> None:
    assert stand(Refused(reason, pin_proved=True)).screen is Screen[reason.name]
