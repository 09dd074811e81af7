"""Nobody waits for longer than a kiosk does, whatever hangs, and nobody waits for somebody else's library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gateway.demo_world import FJORDBY, ILS_LOGIN, STORBYEN_ILS
from gateway.simulators.ils import Kind
from gateway.sip2.ils_system import Budgets
from gateway.upstream.addresses import Address
from protocols import sip2
from protocols.sip2 import Message
from tests.gateway.kiosks import UTF8, Kiosk, status
from tests.gateway.libraries import Library, WatchedIls, library, port_of, simulated
from tests.gateway.worlds import demo, until
from tests.simulators import ils_requests as asking

LOCAL, PIN = "S100001", "6417"
JONAS, JONAS_PIN = "N001000002", "5926"
EIRA, EIRA_PIN = "N001000010", "5048"
GUEST, GUEST_PIN = "N001000001", "4817"
BOOK = "30101000001"
FOR_EVER = Budgets(total=600.0, connect=600.0, resend=600.0, least_for_change=0.0)
"""Of a library system that would be waited for all day."""


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        yield found


def frame(message: Message) -> bytes:
    """A request as a kiosk without checksums sends it."""
    return sip2.seal(UTF8.codec.encode(message), None, False)


# Within the kiosk's patience.


async def all_are_refused(kiosk: Kiosk) -> None:
    """Ask for a local card, for a local patron, and for one who must be recognised first: each has an answer."""
    for card, pin in ((LOCAL, PIN), (JONAS, JONAS_PIN), (EIRA, EIRA_PIN)):
        told = await kiosk.information(card, pin)
        assert (told.valid_patron, told.patron_status, told.personal_name) == ("Y", "YYYY" + " " * 10, "")
        lent = await kiosk.asked(asking.checkout(card, BOOK), sip2.CheckoutResponse)
        assert (lent.ok, lent.patron_identifier) == ("0", card)
        assert lent.screen_messages != ()
    assert (await kiosk.asked(asking.checkin(BOOK), sip2.CheckinResponse)).ok == "0"


HANGS = {
    "the login": (Kind.DROP_BEFORE, {"93"}),
    "the status after it": (Kind.HANG, {"99"}),
    "every request": (Kind.DROP_BEFORE, {"63", "11", "09"}),
    "every answer": (Kind.DROP_AFTER, {"63", "11", "09"}),
    "the end of every answer": (Kind.HALF_ANSWER, {"63", "11", "09"}),
}


@pytest.mark.parametrize("hangs", HANGS)
async def test_no_answer_comes_later_than_a_kiosk_waits_for_it(storbyen: Library, hangs: str) -> None:
    kind, messages = HANGS[hangs]
    storbyen.tune(budgets=FOR_EVER)
    with storbyen.failing(kind, *messages):
        async with storbyen.kiosk() as kiosk:
            patience = storbyen.served.door.rules.answer
            storbyen.served.with_rules(answer=0.2)
            await all_are_refused(kiosk)
            storbyen.served.with_rules(answer=patience)
            storbyen.ils.faults.clear()
            # Its links would wait all day in the background, too.
            storbyen.ils.cut()
            assert (await kiosk.status(LOCAL, PIN)).valid_patron_password == "Y"


async def test_nor_where_nobody_answers_the_call(storbyen: Library) -> None:
    storbyen.tune(budgets=FOR_EVER, addresses=(Address("240.0.0.1", 6001),))
    async with storbyen.kiosk() as kiosk:
        storbyen.served.with_rules(answer=0.2)
        await all_are_refused(kiosk)
        told = await kiosk.asked(asking.sc_status(), sip2.AcsStatus)
        assert (told.online_status, told.checkout_ok) == ("Y", "N")


# Nobody else's trouble.


@asynccontextmanager
async def two_libraries(tmp_path: Path) -> AsyncIterator[tuple[Library, WatchedIls]]:
    """Storbyen and Fjordby at one daemon, each with a library system of its own."""
    place = await demo(tmp_path / "world")
    async with simulated() as other:
        (place.directory / "partners.d" / "fjordby.toml").write_text(
            f'[[library_systems]]\nid = "fjordby-ils"\naddresses = ["127.0.0.1:{port_of(other)}"]\n'
            f'encoding = "utf-8"\nlogin = "{ILS_LOGIN}"\npassword_file = "{STORBYEN_ILS}"\n',
            "utf-8",
        )
        unit = f'[[lending_units]]\nid = "{FJORDBY}"\n'
        place.rewrite_partners((unit, f'{unit}library_system = "fjordby-ils"\n'))
        async with library(place, budgets=FOR_EVER) as storbyen:
            yield storbyen, other


async def test_kiosks_of_a_hung_library_system_hold_up_no_other_librarys(tmp_path: Path) -> None:
    async with two_libraries(tmp_path) as (storbyen, fjordby), AsyncExitStack() as stack:
        storbyen.served.with_rules(answer=600.0)
        stuck = [await stack.enter_async_context(storbyen.kiosk()) for _ in range(40)]
        with storbyen.failing(Kind.DROP_BEFORE, "63"):
            for kiosk in stuck:
                kiosk.send(frame(asking.information(LOCAL, PIN)))
            await until(lambda: storbyen.asked("63") == len(stuck))
            async with storbyen.served.kiosk("fjordby-1") as elsewhere:
                for _ in range(20):
                    assert (await elsewhere.status(LOCAL, PIN)).valid_patron_password == "Y"
                lent = await elsewhere.asked(asking.checkout(LOCAL, BOOK), sip2.CheckoutResponse)
                assert lent.ok == "1"
            assert fjordby.counts["11"] == 1
            assert storbyen.served.counted("requests_in_progress", protocol="sip2") == len(stuck)
            await storbyen.ils.close_port()
            heard = await asyncio.gather(*(kiosk.frame() for kiosk in stuck))
        # And each of them has its answer, and its connection.
        assert {raw[:2] for raw in heard} == {b"64"}
        await storbyen.ils.open_port()
        assert (await stuck[0].status(LOCAL, PIN)).valid_patron_password == "Y"


async def test_a_kiosk_that_does_not_wait_for_answers_gets_them_all_in_its_order(storbyen: Library) -> None:
    visit: list[Message] = [
        asking.sc_status(),
        status(LOCAL, PIN),
        asking.information(JONAS, JONAS_PIN),
        status(GUEST, GUEST_PIN),
        asking.checkout(JONAS, BOOK),
        asking.checkout(GUEST, "30101000002"),
        asking.item(BOOK),
        status(EIRA, EIRA_PIN),
        asking.renew_all(LOCAL),
        asking.checkin(BOOK),
        asking.end(JONAS),
        asking.end(GUEST),
    ]
    async with storbyen.kiosk() as kiosk:
        kiosk.send(b"".join(map(frame, visit * 4)))
        heard = [UTF8.codec.decode(await kiosk.frame()) for _ in visit * 4]
    for asked, answer in zip(visit * 4, heard, strict=True):
        assert isinstance(answer, sip2.Message)
        assert answer.number == asked.answered_by
        shown = sip2.first(asked, "AA")
        assert shown is None or asked.number == "65" or sip2.first(answer, "AA") == shown
    lent = [answer.ok for answer in heard if isinstance(answer, sip2.CheckoutResponse)]
    assert lent == ["1", "0"] * 4
