"""The outage table: whatever breaks at the library system, every request has a valid answer, and no kiosk is let go.

Each row is a fault that is injected into the simulated library system, met by every request for local and for national
cards at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.simulators.ils import Fault, Kind
from gateway.sip2.ils_system import Budgets
from gateway.upstream.addresses import Address
from gateway.upstream.breaker import BreakerRules
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message, ScProfile
from tests.gateway.kiosks import Kiosk, connected
from tests.gateway.libraries import Library, library
from tests.gateway.worlds import demo, until
from tests.simulators import ils_requests as asking

LOCAL, NATIONAL, NATIONAL_PIN, STRANGER = "S100001", "N001000002", "5926", "N001000010"
BOOK, LENT = "30101000002", "30101000012"
BRIEF = Budgets(total=1.8, connect=1.2, resend=1.0, least_for_change=0.0)
"""Of what will not come, and of what will on a machine with other things to do."""
SEALED = ScProfile(encoding="utf-8", error_detection=True)

CHANGES: dict[str, Callable[[str], Message]] = {
    "11": lambda card: asking.checkout(card, BOOK),
    "09": lambda _: asking.checkin(LENT),
    "29": lambda card: asking.renew(card, LENT),
    "37": lambda card: asking.fee_paid(card, "1.00"),
    "15": lambda card: asking.hold("+", card, LENT),
    "65": asking.renew_all,
    "19": lambda _: asking.properties(BOOK, "slitt"),
    "01": asking.block,
    "25": asking.enable,
}
READS: dict[str, Callable[[str], Message]] = {
    "23": lambda card: asking.status(card, NATIONAL_PIN if card == NATIONAL else "6417"),
    "63": lambda card: asking.information(card, NATIONAL_PIN if card == NATIONAL else "6417"),
    "17": lambda _: asking.item(BOOK),
    "35": asking.end,
}
REQUESTS = CHANGES | READS
ABOUT_ITEMS = frozenset({"09", "17", "19"})
DONE = {"ok", "payment_accepted", "item_properties_ok"}


def told(screen: Screen) -> str:
    return say(screen, Language.NB, "utf-8")


@dataclass(frozen=True)
class Row:
    """A row of the outage table: what breaks, and whether what may change something may have been executed."""

    name: str
    breaks: Kind | None
    uncertain: bool
    at: tuple[str, ...] = ()
    reconnects: bool = False
    spares: frozenset[str] = frozenset()
    counts: str = "error"
    repeats: bool = False


ROWS = (
    Row("connections are refused", None, False, counts="refused"),
    Row("it takes connections and closes them", Kind.REFUSE_CONNECTIONS, False, reconnects=True),
    Row("it hangs before the request is sent", Kind.DROP_BEFORE, False, ("93",), reconnects=True, counts="timeout"),
    Row("it refuses the login", Kind.REFUSE_LOGIN, False, reconnects=True, counts="refused"),
    Row("it hangs without having executed", Kind.DROP_BEFORE, True, counts="timeout"),
    Row("it hangs after it has executed", Kind.DROP_AFTER, True, counts="timeout"),
    Row("it reads nothing any more", Kind.HANG, True, counts="timeout"),
    Row("it closes without having executed", Kind.CLOSE_BEFORE, True),
    Row("it closes after it has executed", Kind.CLOSE_AFTER, True),
    Row("it closes in the middle of the answer", Kind.CLOSE_IN_THE_MIDDLE, True),
    Row("half an answer", Kind.HALF_ANSWER, True),
    Row("garbage", Kind.GARBAGE, True),
    Row("the text of a program that failed", Kind.PLAIN_TEXT, True),
    Row("a wrong checksum", Kind.WRONG_CHECKSUM, True),
    Row("a wrong sequence digit", Kind.WRONG_SEQUENCE, True),
    Row("the answer to another message", Kind.WRONG_MESSAGE, True),
    Row("the answer for another patron", Kind.OTHER_PATRON, True, spares=ABOUT_ITEMS | {"65"}),
    Row("an answer that is too large", Kind.TOO_LARGE, True),
    Row("off-line", Kind.OFF_LINE, False, counts="refused"),
    Row("every request is asked for again", Kind.ASK_AGAIN, False, repeats=True),
)


@asynccontextmanager
async def kiosks(storbyen: Library, count: int) -> AsyncIterator[list[Kiosk]]:
    """Kiosks that are logged in and have had an answer of the library system."""
    async with AsyncExitStack() as stack:
        address = storbyen.served.daemon.addresses["sip2"]
        made = [await stack.enter_async_context(connected(address, "storbyen-1", profile=SEALED)) for _ in range(count)]
        await asyncio.gather(*(kiosk.status(LOCAL, "6417") for kiosk in made))
        yield made


async def is_cut_off(storbyen: Library) -> None:
    """Wait until the daemon has noticed that all its connections are gone."""
    peer = storbyen.served.door._peers["storbyen-ils"]
    await until(lambda: not any(link.is_connected for link in peer.links))


async def ask_twice(kiosk: Kiosk, asked: Message) -> tuple[Message, bytes, bytes]:
    """Ask, and ask again with the very same frame, as a kiosk does whose patience is over."""
    raw = kiosk._asking.ask(asked)
    first = await kiosk.say(raw.strip(b"\r"))
    kiosk._asking.receive(first + b"\r")
    outcome = kiosk._asking.next_event()
    assert isinstance(outcome, sip2.Answered)
    return outcome.message, first, await kiosk.say(raw.strip(b"\r"))


def is_no(answer: Message) -> bool:
    """Tell whether an answer says that nothing was done; a patron who may exist is never unknown."""
    if isinstance(answer, sip2.PatronStatusResponse | sip2.PatronInformationResponse | sip2.PatronEnableResponse):
        return answer.valid_patron == "Y" and answer.patron_status.startswith("YYYY")
    if isinstance(answer, sip2.ItemInformationResponse):
        return answer.circulation_status == "01"
    (done,) = {getattr(answer, name) for name in DONE if hasattr(answer, name)}
    return done in {"0", "N"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_every_request_is_answered(tmp_path: Path, row: Row) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen:
        storbyen.tune(budgets=BRIEF)
        # A line for each of them: what one breaks must not be what another meets.
        asked = [(number, card) for number in REQUESTS for card in (LOCAL, NATIONAL)]
        async with kiosks(storbyen, len(asked)) as having:
            await begin(storbyen, row)
            before = storbyen.ils.counts.copy()
            asking_now = zip(having, asked, strict=True)
            heard = await asyncio.gather(*(ask_twice(kiosk, REQUESTS[of](card)) for kiosk, (of, card) in asking_now))
            for (number, card), (answer, first, again) in zip(asked, heard, strict=True):
                if number not in row.spares:
                    judge(row, number, card, answer)
                # The kiosk's own retry has the stored answer, and asks nobody.
                assert again == first, number
            for number in CHANGES:
                assert row.repeats or storbyen.asked(number) - before[number] in {0, 2}, number
            assert uncertain_counts(storbyen) == expected_counts(row)
            assert storbyen.upstream("requests_total", outcome=row.counts) > 0
            await end(storbyen)
            for kiosk in having:
                assert (await kiosk.status(LOCAL, "6417")).valid_patron_password == "Y"


def judge(row: Row, number: str, card: str, answer: Message) -> None:
    """Judge one answer."""
    uncertain = row.uncertain and number in CHANGES
    assert answer.number == REQUESTS[number](card).answered_by, number
    if isinstance(answer, sip2.EndSessionResponse):
        # A session ends here whatever the library system thinks: nothing may stay on the screen for the next in line.
        assert (answer.end_session, answer.patron_identifier, answer.screen_messages) == ("Y", card, ())
        return
    assert is_no(answer), (number, answer)
    assert sip2.first(answer, "AF") == told(screen_for(number, uncertain=uncertain)), number
    if number not in ABOUT_ITEMS and number != "65":
        assert sip2.first(answer, "AA") == card, number
    if number in {"23", "63"}:
        # The register has judged the national card's PIN; of a local one nobody knows.
        assert sip2.first(answer, "CQ") == ("Y" if card == NATIONAL else "N"), number


def screen_for(number: str, *, uncertain: bool) -> Screen:
    if uncertain:
        return Screen.UNCERTAIN
    return Screen.PAYMENT_NOT_BOOKED if number == "37" else Screen.SYSTEM_DOWN


COUNTED = ("09", "11", "29", "37", "other")


def uncertain_counts(storbyen: Library) -> dict[str, float]:
    return {message: storbyen.upstream("uncertain_total", message=message) for message in COUNTED}


def expected_counts(row: Row) -> dict[str, float]:
    met = [number for number in CHANGES if row.uncertain and number not in row.spares]
    counts = dict.fromkeys(COUNTED, 0.0)
    for number in met:
        counts[number if number in counts else "other"] += 2
    return counts


async def begin(storbyen: Library, row: Row) -> None:
    """Break what the row breaks."""
    if row.breaks is None:
        await storbyen.ils.close_port()
    else:
        storbyen.ils.faults.add(Fault(kind=row.breaks, messages=frozenset(row.at)))
        if row.reconnects:
            storbyen.ils.cut()
    if row.breaks is None or row.reconnects:
        await is_cut_off(storbyen)


async def end(storbyen: Library) -> None:
    """Mend everything."""
    storbyen.ils.faults.clear()
    await storbyen.ils.open_port()
    # Logins that were refused are held back for a while; kiosks stay.
    storbyen.served.with_rules(idle=100_000)
    storbyen.served.clock.turn(7_200)


# What no fault of one request makes.


async def test_an_address_that_leads_nowhere_is_a_library_system_that_is_down(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen, AsyncExitStack() as stack:
        # Nothing will come, however fast the machine: a kiosk for each request, so that all of them wait at once.
        storbyen.tune(budgets=NOTHING_COMES, addresses=(Address("240.0.0.1", 6001),))
        asked = [(number, card) for number in REQUESTS for card in (LOCAL, NATIONAL)]
        having = [await stack.enter_async_context(storbyen.kiosk()) for _ in asked]
        asking_now = zip(having, asked, strict=True)
        heard = await asyncio.gather(*(kiosk.ask(REQUESTS[number](card)) for kiosk, (number, card) in asking_now))
        for (number, card), answer in zip(asked, heard, strict=True):
            judge(DOWN, number, card, answer)


DOWN = Row("down", None, False)
NOTHING_COMES = Budgets(total=0.4, connect=0.3, resend=0.3, least_for_change=0.0)


async def test_an_open_breaker_answers_at_once_and_asks_nobody(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen:
        storbyen.tune(budgets=BRIEF, breaker=BreakerRules(consecutive=2, first_wait=30))
        async with storbyen.kiosk() as kiosk:
            with storbyen.failing(Kind.CLOSE_BEFORE, "11"):
                for _ in range(2):
                    await kiosk.ask(REQUESTS["11"](LOCAL))
            before = sum(storbyen.ils.counts.values())
            for number, request in REQUESTS.items():
                for card in (LOCAL, NATIONAL):
                    judge(DOWN, number, card, await kiosk.ask(request(card)))
            assert sum(storbyen.ils.counts.values()) == before
            assert storbyen.upstream("breaker_state") == 2
            storbyen.served.clock.turn(31)
            assert (await kiosk.status(LOCAL, "6417")).valid_patron_password == "Y"
            assert storbyen.upstream("breaker_state") == 0


async def test_what_is_too_much_for_a_slow_library_system_is_turned_away(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen:
        storbyen.tune(in_flight=1, queued=1)
        async with kiosks(storbyen, 4) as having:
            with storbyen.failing(Kind.DELAY, "11", seconds=0.7):
                heard = await asyncio.gather(*(kiosk.ask(REQUESTS["11"](LOCAL)) for kiosk in having))
            said = [sip2.first(answer, "AF") for answer in heard]
            assert said.count(told(Screen.SYSTEM_DOWN)) == 2
            assert storbyen.asked("11") == 2
            assert storbyen.upstream("requests_total", outcome="shed") >= 2


async def test_who_may_be_local_is_no_guest_while_the_library_system_is_silent(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen:
        await storbyen.ils.close_port()
        async with storbyen.kiosk() as kiosk:
            for number in REQUESTS.keys() - ABOUT_ITEMS:
                judge(DOWN, number, STRANGER, await kiosk.ask(REQUESTS[number](STRANGER)))
            await storbyen.ils.open_port()
            assert (await kiosk.status(STRANGER, "5048")).personal_name == "Eira Myklebust"


async def test_a_library_system_that_is_killed_and_started_again_is_there_again(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen, storbyen.kiosk() as kiosk:
        for _ in range(3):
            lent = await kiosk.asked(asking.checkout(NATIONAL, BOOK), sip2.CheckoutResponse)
            assert lent.ok == "1"
            await storbyen.ils.close_port()
            back = await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)
            assert (back.ok, back.screen_messages) == ("0", (told(Screen.SYSTEM_DOWN),))
            await storbyen.ils.open_port()
            back = await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)
            assert back.ok == "1"


async def test_a_library_system_that_is_killed_while_it_lends_leaves_an_uncertain_loan(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen, storbyen.kiosk() as kiosk:
        await kiosk.status(LOCAL, "6417")
        with storbyen.failing(Kind.DELAY, "11", seconds=60.0):
            asked = asyncio.ensure_future(kiosk.asked(asking.checkout(NATIONAL, BOOK), sip2.CheckoutResponse))
            await until(lambda: storbyen.asked("11") == 1)
            await storbyen.ils.close_port()
            lent = await asked
        assert (lent.ok, lent.screen_messages) == ("0", (told(Screen.UNCERTAIN),))
        await storbyen.ils.open_port()
        # Staff look it up: it was lent.
        known = await kiosk.information(NATIONAL, NATIONAL_PIN)
        assert (known.charged_items_count, storbyen.asked("11")) == ("0001", 1)
