"""The register is cut off under load: a library's own cards notice nothing, and whoever was local stays local."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.recognition import Recognition, Sighting
from registry.services.ports import LocalIds, Lookups
from registry.services.recognising import Recognising
from tests.gateway.kiosks import Kiosk, status
from tests.gateway.libraries import Library, library
from tests.gateway.worlds import Served, demo
from tests.simulators import ils_requests as asking

LOCAL, LOCAL_PIN = "S100001", "6417"
JONAS, JONAS_PIN, JONAS_ID = "N001000002", "5926", "S200002"
GUEST, GUEST_PIN = "N001000001", "4817"
BOOK = "30101000001"
LATER = (say(Screen.TRY_LATER, Language.NB, "utf-8"),)


class CutLookups:
    """Look-ups that fail, or never end where ``silent``."""

    def __init__(self, *, silent: bool) -> None:
        self.silent = silent
        self.asked = 0

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Find nobody."""
        raise await self._outage()

    async def card_of(self, unit: LendingUnitId, local_id: str) -> tuple[PatronId, CardNumber] | None:
        """Find no card."""
        raise await self._outage()

    async def _outage(self) -> RegisterUnavailable:
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        return RegisterUnavailable("no connection")


class Cable:
    """What connects a daemon with its register's look-ups."""

    def __init__(self, served: Served) -> None:
        self._door = served.register.door
        self._lookups: Lookups = served.holders._lookups
        self._local_ids: LocalIds = self._door._local_ids._local_ids
        self.cut_ones = CutLookups(silent=False)

    def cut(self, *, silent: bool = False) -> None:
        """Cut it, and let nothing be at hand any more."""
        self.cut_ones = CutLookups(silent=silent)
        self._door._holders._lookups = self.cut_ones
        self._door._local_ids._local_ids = self.cut_ones
        self._door._holders._known.clear()
        self._door._local_ids._found.clear()

    def mend(self) -> None:
        """Connect it again."""
        self._door._holders._lookups = self._lookups
        self._door._local_ids._local_ids = self._local_ids


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        found.served.with_rules(register=0.3)
        yield found


SILENT = pytest.mark.parametrize("silent", [False, True], ids=["refusing", "silent"])


@SILENT
async def test_a_local_card_is_forwarded_untouched(storbyen: Library, silent: bool) -> None:
    async with storbyen.kiosk() as kiosk:
        cable = Cable(storbyen.served)
        cable.cut(silent=silent)
        asked: list[Message] = [
            status(LOCAL, LOCAL_PIN),
            asking.information(LOCAL, LOCAL_PIN),
            asking.checkout(LOCAL, BOOK, patron_password=LOCAL_PIN),
            asking.renew(LOCAL, BOOK),
            asking.checkin(BOOK),
            asking.end(LOCAL),
        ]
        for request in asked:
            answer = await kiosk.ask(request)
            assert storbyen.got(request.number) == request
            assert (getattr(answer, "ok", "1"), sip2.first(answer, "AF")) == ("1", None)


async def test_while_the_register_is_silent_local_cards_do_not_wait_for_it_one_after_the_other(
    storbyen: Library,
) -> None:
    async with storbyen.kiosk() as kiosk:
        cable = Cable(storbyen.served)
        cable.cut(silent=True)
        for _ in range(20):
            assert (await kiosk.status(LOCAL, LOCAL_PIN)).valid_patron_password == "Y"
        assert cable.cut_ones.asked < 5


@SILENT
async def test_who_was_local_is_judged_by_the_library_system(storbyen: Library, silent: bool) -> None:
    desk = storbyen.patron(JONAS_ID)
    async with storbyen.kiosk() as kiosk:
        assert (await kiosk.status(JONAS, JONAS_PIN)).valid_patron_password == "Y"
        Cable(storbyen.served).cut(silent=silent)
        told = await kiosk.status(JONAS, JONAS_PIN)
        got = storbyen.got("23")
        assert (sip2.first(got, "AA"), sip2.first(got, "AD")) == (JONAS_ID, JONAS_PIN)
        # It knows no PIN of his, and says so; he is known all the same.
        assert desk.pin is None
        assert (told.valid_patron, told.valid_patron_password, told.patron_identifier) == ("Y", "N", JONAS)
        lent = await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)
        assert (lent.ok, lent.patron_identifier, storbyen.has(BOOK)) == ("1", JONAS, JONAS_ID)


@SILENT
async def test_guests_and_who_was_never_seen_are_told_to_try_later(storbyen: Library, silent: bool) -> None:
    async with storbyen.kiosk() as kiosk:
        await kiosk.status(GUEST, GUEST_PIN)
        before = len(storbyen.ils.requests)
        Cable(storbyen.served).cut(silent=silent)
        for card, pin in ((GUEST, GUEST_PIN), ("N001000010", "5048"), ("N001999999", "1234")):
            told = await kiosk.status(card, pin)
            assert (told.valid_patron, told.valid_patron_password) == ("Y", "N")
            assert told.patron_status == "YYYY" + " " * 10
            assert told.screen_messages == LATER
            lent = await kiosk.asked(asking.checkout(card, BOOK), sip2.CheckoutResponse)
            assert (lent.ok, lent.screen_messages) == ("0", LATER)
        assert len(storbyen.ils.requests) == before


class ForgetfulRecognising(Recognising):
    """Recognising that cannot write anything down."""

    async def sighted(self, unit: LendingUnitId, card: CardNumber, sighting: Sighting, actor: str) -> Recognition:
        """Fail."""
        raise RegisterUnavailable("no connection")


async def test_who_cannot_be_written_down_as_recognised_is_told_to_try_later_and_never_that_of_a_payment(
    storbyen: Library,
) -> None:
    door = storbyen.served.register.door
    door._recognising = ForgetfulRecognising(door._work, door._clock)
    async with storbyen.kiosk() as kiosk:
        told = await kiosk.status("N001000010", "5048")
        assert (told.valid_patron, told.screen_messages) == ("Y", LATER)
        paid = await kiosk.asked(asking.fee_paid("N001000010", "10.00"), sip2.FeePaidResponse)
        not_booked = (say(Screen.PAYMENT_NOT_BOOKED, Language.NB, "utf-8"),)
        assert (paid.payment_accepted, paid.screen_messages) == ("N", not_booked)
        lent = await kiosk.asked(asking.checkout("N001000010", BOOK, no_block="Y"), sip2.CheckoutResponse)
        assert lent.screen_messages == (say(Screen.OFFLINE_REFUSED, Language.NB, "utf-8"),)
    assert [line["message"] for line in storbyen.served.events("staff_alarm")] == ["37", "11"]


async def test_cut_under_load_no_library_card_fails_and_no_guest_is_unknown(storbyen: Library) -> None:
    cable = Cable(storbyen.served)
    cards = ((LOCAL, LOCAL_PIN), (JONAS, JONAS_PIN), (GUEST, GUEST_PIN))
    heard: dict[str, list[sip2.PatronStatusResponse]] = {card: [] for card, _ in cards}

    over = asyncio.Event()

    async def ask_on(kiosk: Kiosk, card: str, pin: str) -> None:
        while not over.is_set():
            heard[card].append(await kiosk.status(card, pin))

    async def everybody_heard_twice() -> None:
        enough = {card: len(told) + 2 for card, told in heard.items()}
        while any(len(heard[card]) < count for card, count in enough.items()):
            await asyncio.sleep(0.01)

    async def pull_the_plug() -> None:
        for silent in (False, True, False):
            await everybody_heard_twice()
            cable.cut(silent=silent)
            await everybody_heard_twice()
            cable.mend()
        over.set()

    async with storbyen.kiosk() as first, storbyen.kiosk() as second, storbyen.kiosk() as third:
        kiosks = list(zip((first, second, third), cards, strict=True))
        await asyncio.gather(pull_the_plug(), *(ask_on(kiosk, card, pin) for kiosk, (card, pin) in kiosks))
        for kiosk, (card, pin) in kiosks:
            # In the end everything is as it was in the beginning: no try was held against anybody.
            assert (await kiosk.status(card, pin)).valid_patron_password == "Y"
    assert {told.valid_patron_password for told in heard[LOCAL]} == {"Y"}
    assert {told.valid_patron for told in heard[JONAS] + heard[GUEST]} == {"Y"}
    assert {told.valid_patron_password for told in heard[JONAS]} == {"Y", "N"}
