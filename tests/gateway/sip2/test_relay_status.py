"""98: what the library system and the gateway can do now, and what a kiosk hears that wants to be told of an outage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.simulators.ils import Kind
from gateway.upstream.breaker import BreakerRules
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Frame, Message
from tests.gateway.kiosks import Kiosk, status
from tests.gateway.libraries import LONG, NEVER_OPENS, SHORT, Library, library, put_behind, retune, stopped_clock
from tests.gateway.sip2.scripted_ils import courteous, in_kind, scripted
from tests.gateway.worlds import demo, running, until
from tests.simulators import ils_requests as asking

LOCAL, PIN = "S100001", "6417"
JONAS, JONAS_PIN = "N001000002", "5926"
BOOK = "30101000001"
LENDS, KNOWS_PATRONS, OFF_LINE = ("Y", "Y", "Y"), ("Y", "N", "N"), ("N", "N", "N")


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        yield found


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen, whose kiosks want to be told of an outage by an off-line 98."""
    place = await demo(tmp_path / "world")
    place.rewrite_partners(("[dialects.utf8]\n", "[dialects.utf8]\noff_line_in_outage = true\n"))
    async with library(place) as found:
        yield found


async def switches(kiosk: Kiosk) -> tuple[str, str, str]:
    """On-line, checkin and checkout of a 98."""
    answer = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
    return answer.online_status, answer.checkin_ok, answer.checkout_ok


async def is_down(storbyen: Library) -> None:
    """Take the library system down, and wait until the daemon has noticed it."""
    await storbyen.ils.close_port()
    peer = storbyen.served.door._peers["storbyen-ils"]
    await until(lambda: not any(link.is_connected for link in peer.links))


async def test_a_library_system_that_dies_and_comes_back_is_told_of_by_the_next_status(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        for _ in range(2):
            assert await switches(kiosk) == LENDS
            await is_down(storbyen)
            assert await switches(kiosk) == KNOWS_PATRONS
            await storbyen.ils.open_port()
            assert await switches(kiosk) == LENDS


async def test_a_kiosk_that_asks_for_nothing_but_the_status_finds_the_library_system_back(storbyen: Library) -> None:
    storbyen.tune(breaker=BreakerRules(consecutive=1, first_wait=30))
    async with storbyen.kiosk() as kiosk:
        assert await switches(kiosk) == LENDS
        await is_down(storbyen)
        assert await switches(kiosk) == KNOWS_PATRONS
        await storbyen.ils.open_port()
        # Nobody is asked while the breaker is open; when it lets one try, the kiosk's keep-alive is as good as a loan.
        asked = storbyen.asked("connect")
        assert await switches(kiosk) == KNOWS_PATRONS
        assert storbyen.asked("connect") == asked
        storbyen.served.clock.turn(31)
        assert await switches(kiosk) == LENDS


async def test_while_the_library_system_says_that_it_is_off_line_nothing_circulates(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        with storbyen.failing(Kind.OFF_LINE, "11", "99"):
            await kiosk.ask(asking.checkout(LOCAL, BOOK))
            assert await switches(kiosk) == KNOWS_PATRONS
        assert await switches(kiosk) == LENDS


@pytest.mark.parametrize("holds", [True, False])
async def test_without_an_agreement_a_status_is_the_library_systems_alone(tmp_path: Path, holds: bool) -> None:
    place = await demo(tmp_path / "world")
    held = 'reference = "demo/NO-2030000"\nvalid_from = 2026-01-01\nvalid_until = 2099-12-31'
    place.rewrite_partners((held, held if holds else held.replace("2099-12-31", "2026-01-31")))
    lacking = {"unsupported": frozenset({"01", "25"})}
    async with library(place, rules=lacking) as storbyen, storbyen.kiosk() as kiosk:
        told = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
    # The register answers these for national cards, and a stored loan of a guest cannot be taken.
    assert (sip2.SupportedMessages(told.supported_messages).numbers >= {"01", "25"}) is holds
    assert (told.checkout_ok, told.offline_ok) == ("Y", "N" if holds else "Y")


async def test_the_clock_and_the_patience_in_a_status_are_ours(storbyen: Library) -> None:
    storbyen.served.clock.stop_the_hands()
    async with storbyen.kiosk() as kiosk:
        answer = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
    # The library system's own clock stands at another time.
    assert answer.date_time_sync == sip2.write_date(storbyen.served.clock.local())
    assert answer.date_time_sync != sip2.write_date(stopped_clock())
    assert (answer.timeout_period, answer.retries_allowed, answer.protocol_version) == ("030", "003", "2.00")


async def test_a_library_system_that_knows_no_status_is_never_asked_for_one_and_lends(tmp_path: Path) -> None:
    def says(asked: Frame) -> bytes:
        if asked.number != "23":
            return b"" if asked.number == "99" else courteous(asked)
        head = b"24              01220261123    101530AOx|AAS100001|AEMarte Fjeldstad|BLY|CQY|"
        return in_kind(asked, head)

    place = await demo(tmp_path / "world")
    async with scripted(says) as ils:
        put_behind(place, ils.port, asks_status="false", keep_alive="60.0")
        async with running(place) as served:
            retune(served, budgets=LONG, breaker=NEVER_OPENS)
            async with served.kiosk("storbyen-1") as kiosk:
                assert await switches(kiosk) == LENDS
                assert (await kiosk.status(LOCAL, PIN)).personal_name == "Marte Fjeldstad"
                served.clock.turn(120)
                served.door._peers["storbyen-ils"].idle.look()
                assert await switches(kiosk) == LENDS
                assert (await kiosk.status(LOCAL, PIN)).personal_name == "Marte Fjeldstad"
    assert (ils.numbers, ils.connections) == (["93", "23", "23"], 1)


# Kiosks that want to be told of an outage.


REQUESTS: tuple[Message, ...] = (
    status(LOCAL, PIN),
    asking.information(JONAS, JONAS_PIN),
    asking.checkout(LOCAL, BOOK),
    asking.checkout(JONAS, BOOK),
    asking.checkin(BOOK),
    asking.item(BOOK),
    asking.renew_all(LOCAL),
)


async def test_a_kiosk_that_wants_it_so_is_off_line_in_an_outage_and_back_after_it(told: Library) -> None:
    async with told.kiosk() as kiosk:
        assert await switches(kiosk) == LENDS
        await is_down(told)
        for request in REQUESTS:
            answer = await kiosk.ask(request)
            assert isinstance(answer, sip2.AcsStatus), request.number
            assert (answer.online_status, answer.timeout_period) == ("N", "000")
        assert await switches(kiosk) == OFF_LINE
        await told.ils.open_port()
        assert await switches(kiosk) == LENDS
        assert (await kiosk.status(LOCAL, PIN)).valid_patron_password == "Y"


async def test_whoever_paid_or_leaves_has_an_answer_all_the_same(told: Library) -> None:
    async with told.kiosk() as kiosk:
        await is_down(told)
        paid = await kiosk.asked(asking.fee_paid(LOCAL, "1.00"), sip2.FeePaidResponse)
        not_booked = say(Screen.PAYMENT_NOT_BOOKED, Language.NB, "utf-8")
        assert (paid.payment_accepted, paid.screen_messages) == ("N", (not_booked,))
        assert (await kiosk.asked(asking.end(LOCAL), sip2.EndSessionResponse)).end_session == "Y"


async def test_a_loan_that_may_have_been_made_is_uncertain_and_never_off_line(told: Library) -> None:
    told.tune(budgets=SHORT)
    async with told.kiosk() as kiosk:
        with told.failing(Kind.CLOSE_AFTER, "11"):
            lent = await kiosk.asked(asking.checkout(LOCAL, BOOK), sip2.CheckoutResponse)
        assert (lent.ok, lent.screen_messages) == ("0", (say(Screen.UNCERTAIN, Language.NB, "utf-8"),))
