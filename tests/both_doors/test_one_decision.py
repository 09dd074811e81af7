"""Whatever a card and a PIN are worth, they are worth the same at a kiosk and to a library system."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date

import pytest

from gateway import demo_world
from gateway.demo_world import STORBYEN
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from gateway.words.sentences import NAMED
from protocols import sip2
from protocols.ncip import LookupUserResponse
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import StandingState
from tests.gateway.kiosks import PROFILES, Kiosk, information
from tests.gateway.ncip.vendors import (
    HttpVendor,
    card_and_pin,
    create,
    delete,
    http,
    look_up,
    problem_of,
    standing_of,
    update,
    user,
)
from tests.gateway.worlds import Served
from tests.protocols.ncip.documents import credential
from tests.registry.placing import put


class Worth(enum.Enum):
    """What a card and a PIN are worth somewhere, in no door's words."""

    LOCAL = enum.auto()
    VALID_AT_A_SERVICE = enum.auto()
    GUEST = enum.auto()
    ON_THE_WAY = enum.auto()
    NOT_PROVED = enum.auto()
    PROVED_AND_DENIED = enum.auto()
    NATIONAL_CARD_NEEDED = enum.auto()


STORBYEN_NAME = "Storbyen folkebibliotek"
DOORS = {
    "storbyen-1": "storbyen-ils",
    "storbyen-door": "storbyen-ils",
    "fjordby-1": "fjordby-ils",
    "film-1": "film",
}
LIBRARIES = {
    "storbyen-1": STORBYEN_NAME,
    "storbyen-door": STORBYEN_NAME,
    "fjordby-1": "Fjordby bibliotek",
    "film-1": "Film",
}

SCREENS = {
    **dict.fromkeys((Screen.RULES_FIRST, Screen.TOO_YOUNG), Worth.GUEST),
    **dict.fromkeys((Screen.ACTIVATE_FIRST, Screen.ACTIVATE_AT_DESK), Worth.GUEST),
    **dict.fromkeys((Screen.AWAITING_DESK, Screen.BEING_SET_UP_TOMORROW, Screen.SEE_STAFF), Worth.ON_THE_WAY),
    **dict.fromkeys((Screen.WRONG_PIN, Screen.UNKNOWN_CARD, Screen.USE_PASSWORD), Worth.NOT_PROVED),
    **dict.fromkeys((Screen.TOO_MANY_TRIES_STAFF,), Worth.NOT_PROVED),
    Screen.LEVEL_TOO_LOW: Worth.PROVED_AND_DENIED,
    Screen.NATIONAL_CARD_NEEDED: Worth.NATIONAL_CARD_NEEDED,
}
# A kiosk is told of these whatever the PIN; a library system only with the right one.
CLOSED = (Screen.CARD_LOST, Screen.CARD_REPLACED, Screen.CARD_WITHDRAWN)
PROBLEMS = {
    "User Authentication Failed": Worth.NOT_PROVED,
    "User Access Denied": Worth.PROVED_AND_DENIED,
    "Element Rule Violated": Worth.NATIONAL_CARD_NEEDED,
}
STANDINGS = {"Active": Worth.LOCAL, "Guest": Worth.GUEST, "Ended": Worth.GUEST, "Pending": Worth.ON_THE_WAY}


def screens(terminal: str) -> dict[str, Screen]:
    """Every sentence that a terminal may show, and which it is."""
    found = {}
    for screen in (*SCREENS, *CLOSED):
        for language in Language:
            library = {"library": LIBRARIES[terminal]} if screen in NAMED else {}
            found[say(screen, language, PROFILES[terminal].encoding, **library)] = screen
    return found


async def at_the_kiosk(kiosk: Kiosk, terminal: str, card: str, pin: str, *, right: bool) -> Worth:
    """What it is worth at a kiosk."""
    answer = await kiosk.asked(information(card, pin), sip2.PatronInformationResponse)
    if not answer.screen_messages:
        if answer.valid_patron_password != "Y":
            return Worth.NOT_PROVED
        return Worth.VALID_AT_A_SERVICE if terminal == "film-1" else Worth.LOCAL
    (line,) = answer.screen_messages
    screen = screens(terminal)[line]
    if screen in CLOSED:
        return Worth.PROVED_AND_DENIED if right else Worth.NOT_PROVED
    return SCREENS[screen]


async def over_ncip(vendor: HttpVendor, initiator: str, card: str, pin: str) -> Worth:
    """What it is worth to a library system."""
    answer = await vendor.ask(look_up(card_and_pin(card, pin), by=initiator))
    assert isinstance(answer, LookupUserResponse)
    if answer.problems:
        return PROBLEMS[problem_of(answer)]
    return Worth.VALID_AT_A_SERVICE if initiator == "film" else STANDINGS[standing_of(answer)]


CARDS = {
    "N001000001": "4817",
    "N001000002": "5926",
    "N001000003": "3704",
    "N001000004": "8261",
    "N001000005": "8261",
    "N001000006": "9153",
    "N001000007": "6038",
    "N001000008": "7495",
    "N001000009": "2683",
    "N001000010": "5048",
    "N001999999": "1357",
    "S999999": "4711",
}


def test_every_card_of_the_demo_is_asked_for() -> None:
    assert {person.card for person in demo_world._people(date(2026, 11, 23))} <= CARDS.keys()


@pytest.mark.parametrize("terminal", DOORS)
@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("pin", ["right", "wrong", "empty", "password"])
async def test_each_card_is_worth_the_same_at_both_doors(terminal: str, card: str, pin: str, patient: Served) -> None:
    given = {"right": CARDS[card], "wrong": "2469", "empty": "", "password": "fjellrev-og-mus-46"}[pin]
    right = pin == "right"
    async with patient.kiosk(terminal) as kiosk, http(patient) as vendor:
        for _ in range(2):  # once with the database, once from memory
            shown = await at_the_kiosk(kiosk, terminal, card, given, right=right)
            told = await over_ncip(vendor, DOORS[terminal], card, given)
            assert shown is told


@pytest.mark.parametrize("state", StandingState)
async def test_each_standing_is_told_alike(state: StandingState, served: Served) -> None:
    await put(served.register.database, CardNumber("N001000001"), LendingUnitId(STORBYEN), state)
    async with served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        shown = await at_the_kiosk(kiosk, "storbyen-1", "N001000001", "4817", right=True)
        assert shown is await over_ncip(vendor, "storbyen-ils", "N001000001", "4817")


@dataclass(frozen=True, slots=True)
class Told:
    """What both doors say of a standing: the screen at a kiosk, the row of a look-up, and who may take the patron in.

    ``with_pin`` and ``by_card`` are the problems of a CreateUser on the authority of the PIN, and of the card alone.
    """

    screen: Screen | None
    standing: str
    with_pin: str = ""
    by_card: str = "Unauthorized Combination Of Element Values For Agency"


# At Storbyen of the demo staff type patrons in, and so it takes until tomorrow.
BUSY, DENIED, DUPLICATE = "Temporary Processing Failure", "User Access Denied", "Duplicate User"
TOLD = {
    StandingState.GUEST: Told(Screen.RULES_FIRST, "Guest"),
    StandingState.AWAITING_DESK: Told(Screen.AWAITING_DESK, "Pending", by_card=""),
    StandingState.CONSENTED: Told(Screen.BEING_SET_UP_TOMORROW, "Pending", with_pin=BUSY),
    StandingState.DELIVERING: Told(Screen.BEING_SET_UP_TOMORROW, "Pending", with_pin=BUSY),
    StandingState.UNKNOWN: Told(Screen.BEING_SET_UP_TOMORROW, "Pending", with_pin=BUSY),
    StandingState.NEEDS_STAFF: Told(Screen.SEE_STAFF, "Pending", with_pin=DENIED),
    StandingState.LOCAL: Told(None, "Active", with_pin=DUPLICATE, by_card=DUPLICATE),
    StandingState.ENDED: Told(Screen.RULES_FIRST, "Ended"),
}


def test_every_standing_is_told_of() -> None:
    assert TOLD.keys() == set(StandingState)


@pytest.mark.parametrize("state", StandingState)
@pytest.mark.parametrize("authority", ["pin", "card"])
async def test_what_a_standing_allows_is_one_decision_at_both_doors(
    state: StandingState, authority: str, served: Served
) -> None:
    card, unit, told = CardNumber("N001000001"), LendingUnitId(STORBYEN), TOLD[state]
    await put(served.register.database, card, unit, state)
    who, problem = (card_and_pin(card, "4817"), told.with_pin) if authority == "pin" else (user(card), told.by_card)
    async with served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        answer = await kiosk.asked(information(card, "4817"), sip2.PatronInformationResponse)
        shown = [screens("storbyen-1")[line] for line in answer.screen_messages]
        assert shown == ([] if told.screen is None else [told.screen])
        assert standing_of(await vendor.ask(look_up(card_and_pin(card, "4817")))) == told.standing
        # No acceptance, no patron: whatever the standing and the authority.
        assert await vendor.problem(create(who, rows="")) == "Needed Data Missing"
        assert (await standing(served, card)) is state
        assert await vendor.problem(create(who)) == problem
        assert (await standing(served, card)) is (state if problem else StandingState.LOCAL)


async def standing(served: Served, card: CardNumber) -> StandingState:
    """How a patron stands at Storbyen, as the register has it."""
    (found,) = (await served.register.patrons.show(card, "test")).standings
    return found.state


async def test_wrong_pins_at_one_door_count_at_the_other(served: Served) -> None:
    async with served.kiosk("fjordby-1") as kiosk, http(served) as vendor:
        for _ in range(3):
            await at_the_kiosk(kiosk, "fjordby-1", "N001000001", "1111", right=False)
        for _ in range(2):
            await over_ncip(vendor, "storbyen-ils", "N001000001", "1111")
        # Five within a day lock the card everywhere.
        assert await over_ncip(vendor, "fjordby-ils", "N001000001", "4817") is Worth.NOT_PROVED
        assert await at_the_kiosk(kiosk, "fjordby-1", "N001000001", "4817", right=True) is Worth.NOT_PROVED
    assert served.hashed() == 5


async def test_who_is_taken_in_over_ncip_is_local_at_the_kiosk_at_once(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000001", "4817", right=True) is Worth.GUEST
        assert await vendor.problem(create(card_and_pin("N001000001", "4817"))) == ""
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000001", "4817", right=True) is Worth.LOCAL
        assert await vendor.problem(delete(user("N001000001"))) == ""
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000001", "4817", right=True) is Worth.GUEST


async def test_a_pin_that_was_changed_over_ncip_holds_at_the_kiosk_at_once(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000002", "5926", right=True) is Worth.LOCAL
        change = update(user("N001000002"), credential("PIN", "5926"), credential("PIN", "8064"))
        assert await vendor.problem(change) == ""
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000002", "5926", right=False) is Worth.NOT_PROVED
        assert await at_the_kiosk(kiosk, "storbyen-1", "N001000002", "8064", right=True) is Worth.LOCAL


async def test_without_an_agreement_neither_door_opens(served: Served) -> None:
    served.clock.turn(80 * 365 * 86_400)
    async with served.kiosk() as kiosk, http(served) as vendor:
        asked = sip2.Login(
            uid_algorithm="0", pwd_algorithm="0", login_user_id="storbyen-1", login_password="demo-storbyen"
        )
        assert (await kiosk.asked(asked, sip2.LoginResponse)).ok == "0"
        told = await vendor.problem(look_up(card_and_pin("N001000001", "4817")))
        assert told == "Unauthorized Service For Agency"
