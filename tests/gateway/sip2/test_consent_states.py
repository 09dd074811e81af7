"""Every message of a patron who is not local yet, in every state on the way: one cell of the table, one answer."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import CardNumber
from registry.domain.standing import StandingState
from tests.gateway.kiosks import block, enable, information, status
from tests.gateway.sip2.consent_world import BOOK, GUEST, PIN, UNIT, Storbyen, loan, storbyen, words
from tests.simulators import ils_requests as asking

GUEST_, DESK, STAFF = StandingState.GUEST, StandingState.AWAITING_DESK, StandingState.NEEDS_STAFF
SETTING_UP = (StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN)
STATES = (GUEST_, DESK, *SETTING_UP, STAFF)


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer must hold: these fields, this situation in the patron's language, or a question about the rules.

    ``alarms``: staff learn of it. ``spoken`` is the language, where the message asks for another than the patron's.
    """

    fields: dict[str, Any]
    screen: Screen | None
    alarms: bool = False
    asks: bool = False
    spoken: Language = Language.NN


def by_state(guest: Screen, desk: Screen, setting_up: Screen, staff: Screen) -> dict[StandingState, Screen]:
    """A row of words."""
    return {GUEST_: guest, DESK: desk, **dict.fromkeys(SETTING_UP, setting_up), STAFF: staff}


IDENTIFIED = {"valid_patron": "Y", "valid_patron_password": "Y", "patron_status": " " * 14}
REFUSED = {"ok": "0"}

IDENTIFYING = by_state(Screen.ACCEPT_AT_KIOSK, Screen.AWAITING_DESK, Screen.BEING_SET_UP, Screen.SEE_STAFF)
# 25 carries the PIN and tells how the patron stands; it is never the place to be shown the way.
ENABLING = {**IDENTIFYING, GUEST_: Screen.RULES_FIRST}
LENDING = by_state(Screen.YES_ACCEPTS, Screen.AWAITING_DESK, Screen.BEING_SET_UP_PLACE_AGAIN, Screen.SEE_STAFF)


def hold() -> Message:
    return sip2.Hold(
        hold_mode="+",
        transaction_date=asking.NOW,
        institution_id="NO-2030000",
        patron_identifier=GUEST,
        patron_password=PIN,
        item_identifier=BOOK,
    )


def renew_all() -> Message:
    return sip2.RenewAll(
        transaction_date=asking.NOW, institution_id="NO-2030000", patron_identifier=GUEST, patron_password=PIN
    )


def paid() -> Message:
    return sip2.FeePaid(
        transaction_date=asking.NOW,
        fee_type="01",
        payment_type="00",
        currency_type="NOK",
        fee_amount="0.01",
        institution_id="NO-2030000",
        patron_identifier=GUEST,
        patron_password=PIN,
    )


def ended() -> Message:
    return sip2.EndPatronSession(transaction_date=asking.NOW, institution_id="NO-2030000", patron_identifier=GUEST)


ROWS: dict[str, tuple[Callable[[], Message], Callable[[StandingState], Told]]] = {
    "23": (lambda: status(GUEST, PIN), lambda state: Told(IDENTIFIED, IDENTIFYING[state])),
    "63": (lambda: information(GUEST, PIN), lambda state: Told(IDENTIFIED, IDENTIFYING[state])),
    "11": (lambda: loan(fee="N"), lambda state: Told(REFUSED, LENDING[state], asks=state is GUEST_)),
    "11 no block": (
        lambda: loan(fee="Y", no_block="Y"),
        lambda _: Told(REFUSED, Screen.OFFLINE_REFUSED, alarms=True),
    ),
    "11 cancel": (lambda: loan(fee="Y", cancel="Y"), lambda _: Told(REFUSED, Screen.OFFLINE_REFUSED, alarms=True)),
    "15": (hold, lambda _: Told({"ok": "0", "available": "N"}, Screen.NOT_A_PATRON_HERE)),
    "29": (
        lambda: asking.renew(GUEST, BOOK, patron_password=PIN),
        lambda _: Told(REFUSED, Screen.NOT_A_PATRON_HERE),
    ),
    "65": (renew_all, lambda _: Told({"ok": "0", "renewed_count": "0000"}, Screen.NOT_A_PATRON_HERE)),
    "37": (paid, lambda _: Told({"payment_accepted": "N"}, Screen.PAYMENT_NOT_BOOKED, alarms=True)),
    "35": (ended, lambda _: Told({"end_session": "Y"}, None)),
    # Never blocks nationally, and carries no PIN.
    "01": (
        lambda: block(GUEST),
        lambda _: Told(
            {"valid_patron": "Y", "valid_patron_password": "N", "patron_status": " " * 14},
            Screen.BLOCK_IS_LOCAL,
            spoken=Language.NB,
        ),
    ),
    "25": (lambda: enable(GUEST, PIN), lambda state: Told(IDENTIFIED, ENABLING[state])),
}
CELLS = [pytest.param(row, state, id=f"{row}-{state.value}") for row in ROWS for state in STATES]


@pytest.fixture(scope="module")
async def everybody(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Storbyen]:
    """Storbyen, for all tests of this module."""
    async with storbyen(tmp_path_factory.mktemp("states")) as world:
        yield world


@pytest.fixture
async def here(everybody: Storbyen) -> Storbyen:
    """The same, with nothing said yet."""
    everybody.consents.shown.clear()
    everybody.consents.accepted.clear()
    everybody.library.ils.requests.clear()
    everybody.served.with_rules(answer=1.0)
    everybody.open()
    return everybody


@pytest.mark.parametrize(("row", "state"), CELLS)
async def test_a_message_in_a_state(here: Storbyen, row: str, state: StandingState) -> None:
    make, tell = ROWS[row]
    told = tell(state)
    await here.consents.move(GUEST, state)
    alarms = len(here.served.events("staff_alarm"))
    async with here.kiosk() as kiosk:
        answer = await kiosk.ask(make())
    assert {name: getattr(answer, name) for name in told.fields} == told.fields
    assert getattr(answer, "patron_identifier", GUEST) == GUEST
    lines = getattr(answer, "screen_messages", ())
    if told.screen is None:
        assert lines == ()
    else:
        assert lines[:1] == words(told.screen, told.spoken)
    asked = isinstance(answer, sip2.CheckoutResponse) and answer.fee_amount is not None
    assert asked is told.asks
    assert len(here.served.events("staff_alarm")) - alarms == told.alarms
    # Nothing of it has reached the library system, nobody has consented, and the patron stands as before.
    assert {one.number for one in here.library.ils.requests} <= {"93", "99"}
    assert here.consents.accepted == []
    standing = await here.consents.standing(GUEST)
    assert standing is not None
    assert standing.state is state


@pytest.mark.parametrize("state", STATES)
async def test_the_end_of_a_session_ends_the_encounter(here: Storbyen, state: StandingState) -> None:
    await here.consents.move(GUEST, state)

    async def is_met() -> bool:
        now = here.served.clock.steady()
        async with here.served.register.database.unit_of_work() as work:
            return await work.encounters.find(UNIT, "storbyen-1", CardNumber(GUEST), now) is not None

    async with here.kiosk() as kiosk:
        await kiosk.information(GUEST, PIN)
        assert await is_met()
        await kiosk.ask(ended())
        assert not await is_met()


@pytest.mark.parametrize("row", [row for row in ROWS if row not in {"35", "01"}])
@pytest.mark.parametrize("state", STATES)
async def test_without_the_pin_every_state_looks_the_same(here: Storbyen, row: str, state: StandingState) -> None:
    answers = []
    make, _ = ROWS[row]
    bare = sip2.without(make(), "AD")
    for one in (GUEST_, state):
        await here.consents.move(GUEST, one)
        here.open()
        async with here.kiosk() as kiosk:
            await kiosk.ask(ended())
            answers.append(await kiosk.ask(bare))
    first, second = (dataclasses.replace(answer, transaction_date="") for answer in answers)
    assert first == second
