"""Kiosks and library systems that do not keep to the rules, with the gateway between them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.simulators.ils import Kind, Line, Patron, built_in_world
from protocols import sip2
from protocols.sip2 import Frame, ScProfile
from tests.gateway.kiosks import CP850, NOW, Kiosk, connected, status
from tests.gateway.libraries import LONG, NEVER_OPENS, Library, library, put_behind, retune
from tests.gateway.sip2.scripted_ils import courteous, in_kind, scripted
from tests.gateway.worlds import demo, running, until
from tests.simulators import ils_requests as asking

LOCAL, PIN, JONAS, JONAS_PIN = "S100001", "6417", "N001000002", "5926"
BOOK = "30101000001"
UTF8 = ScProfile(encoding="utf-8", error_detection=False)
SEALED = ScProfile(encoding="utf-8", error_detection=True)


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        yield found


def frame(message: sip2.Message, profile: ScProfile = UTF8) -> bytes:
    return sip2.seal(profile.codec.encode(message), None, False)


# Kiosks.


async def test_requests_in_one_segment_are_answered_one_by_one_and_in_order(storbyen: Library) -> None:
    items = [f"301010000{number:02}" for number in range(1, 21)]
    with storbyen.failing(Kind.DELAY, "17", seconds=0.01):
        async with storbyen.kiosk() as kiosk:
            kiosk.send(b"".join(frame(asking.item(item)) for item in items))
            heard = [UTF8.codec.decode(await kiosk.frame()) for _ in items]
    assert [sip2.first(answer, "AB") for answer in heard if isinstance(answer, sip2.Message)] == items


async def test_a_kiosk_that_hangs_up_while_the_library_system_works_leaves_a_booked_loan_and_nothing_else(
    storbyen: Library,
) -> None:
    answered = storbyen.upstream("requests_total", outcome="ok")
    with storbyen.failing(Kind.DELAY, "11", seconds=0.3):
        async with storbyen.kiosk() as kiosk:
            kiosk.send(frame(asking.checkout(JONAS, BOOK)))
            await until(lambda: storbyen.asked("11") == 1)
        await until(lambda: storbyen.served.door.connections == 0)
        await until(lambda: storbyen.upstream("requests_total", outcome="ok") == answered + 1)
    assert storbyen.has(BOOK) == "S200002"
    assert storbyen.upstream("uncertain_total", message="11") == 0
    await until(lambda: storbyen.ils.connections == 0)
    assert storbyen.served.door._peers["storbyen-ils"].links == set()


async def test_an_answer_that_is_asked_for_again_too_early_is_given_twice(storbyen: Library) -> None:
    with storbyen.failing(Kind.DELAY, "11", seconds=0.2):
        async with storbyen.kiosk() as kiosk:
            kiosk.send(frame(asking.checkout(JONAS, BOOK)) + b"97\r")
            first, again = await kiosk.frame(), await kiosk.frame()
    assert first.startswith(b"121")
    assert again == first
    assert storbyen.asked("11") == 1


async def test_the_same_frame_sent_while_the_library_system_works_is_one_loan(storbyen: Library) -> None:
    async with connected(storbyen.served.daemon.addresses["sip2"], "storbyen-1", profile=SEALED) as kiosk:
        with storbyen.failing(Kind.DELAY, "11", seconds=0.2):
            raw = kiosk._asking.ask(asking.checkout(JONAS, BOOK))
            kiosk.send(raw * 3)
            heard = [await kiosk.frame() for _ in range(3)]
    assert heard[0].startswith(b"121")
    assert heard[1:] == heard[:1] * 2
    assert storbyen.asked("11") == 1


async def test_delimiters_and_control_characters_in_a_kiosks_values_reach_nobody(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        odd = frame(asking.properties(BOOK, "CH")).replace(b"CHCH", b"CHa\x00b\x07c\x1b[2Jd\x7fe\xc2\x85f")
        answer = UTF8.codec.decode(await kiosk.say(odd.strip(b"\r")))
        assert isinstance(answer, sip2.ItemStatusUpdateResponse)
        assert await is_served(kiosk)
    said = sip2.first(storbyen.got("19"), "CH") or ""
    assert said.startswith("a")
    assert said.endswith("f")
    assert said.isprintable()


async def is_served(kiosk: Kiosk) -> bool:
    return (await kiosk.status(LOCAL, PIN)).valid_patron_password == "Y"


# Library systems.


async def test_what_a_library_system_says_unasked_is_nobodys_answer(storbyen: Library) -> None:
    stranger = b"24              00020261123    101530AOx|AAS999999|AEFeil Person|BLY|CQY|"
    async with storbyen.kiosk() as kiosk:
        assert await is_served(kiosk)
        for raw in (sip2.seal(stranger, None, True), sip2.seal(stranger, "3", True), stranger + b"\r", b"hello\r\n"):
            storbyen.ils.say(raw * 3)
            told = await kiosk.status(LOCAL, PIN)
            assert (told.personal_name, told.patron_identifier) == ("Marte Fjeldstad", LOCAL)


@pytest.mark.parametrize("kind", [Kind.UNASKED_BEFORE, Kind.UNASKED_AFTER])
@pytest.mark.parametrize("error_detection", ["true", "false"])
async def test_a_strangers_answer_beside_ones_own_is_not_shown(
    tmp_path: Path, kind: Kind, error_detection: str
) -> None:
    told = {"error_detection": error_detection}
    async with library(await demo(tmp_path / "world"), told=told) as storbyen, storbyen.kiosk() as kiosk:
        with storbyen.failing(kind, "23", "63", "11"):
            for _ in range(3):
                for asked in (status(LOCAL, PIN), asking.information(JONAS, JONAS_PIN), asking.checkout(JONAS, BOOK)):
                    answer = await kiosk.ask(asked)
                    assert sip2.first(answer, "AA") == sip2.first(asked, "AA")
                    assert sip2.first(answer, "BL") in {None, "Y"}
        assert await is_served(kiosk)
        assert storbyen.asked("11") <= 3


async def test_an_answer_in_another_charset_than_told_is_shown_with_its_letters_lost(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        with storbyen.failing(Kind.OTHER_CHARSET, charset="latin-1"):
            told = await kiosk.information("S100002", "3852")
            assert (told.valid_patron_password, told.patron_identifier) == ("Y", "S100002")
            assert told.personal_name.startswith("Sigurd ")
            assert told.personal_name.endswith("deg\ufffdrd")
            lent = await kiosk.asked(asking.checkout(JONAS, "30101000004"), sip2.CheckoutResponse)
            assert (lent.ok, lent.patron_identifier) == ("1", JONAS)


async def test_letters_that_a_kiosk_cannot_show_are_written_another_way_and_the_answer_still_comes(
    tmp_path: Path,
) -> None:
    place = await demo(tmp_path / "world")
    before, rest = place.partners.read_text("utf-8").split('id = "storbyen-1"', 1)
    rest = rest.replace('dialect = "utf8"', 'dialect = "default"', 1)
    place.partners.write_text(f'{before}id = "storbyen-1"{rest}', "utf-8")
    async with library(place) as storbyen:
        storbyen.enrol(Patron(id="S300003", pin="8080", name="Máret Ŋuorra Čáhppe 李 – Ærlig"))
        address = storbyen.served.daemon.addresses["sip2"]
        async with connected(address, "storbyen-1", profile=CP850) as kiosk:
            told = await kiosk.status("S300003", "8080")
    assert told.valid_patron_password == "Y"
    assert told.personal_name.startswith("Máret ")
    assert told.personal_name.endswith(" Ærlig")
    assert len(told.personal_name) >= len("Máret ?uorra ?áhppe ? ? Ærlig")


async def test_a_delimiter_of_the_kiosks_in_the_library_systems_values_ends_no_field(tmp_path: Path) -> None:
    world = dataclasses.replace(built_in_world(), line=Line(delimiter="^"))
    async with library(await demo(tmp_path / "world"), world=world, told={"delimiter": '"^"'}) as storbyen:
        storbyen.enrol(Patron(id="S300004", pin="8080", name="Kari|BLN|CQN|Vik", email="kari|x@example.org"))
        async with storbyen.kiosk() as kiosk:
            told = await kiosk.information("S300004", "8080")
            assert (told.valid_patron, told.valid_patron_password) == ("Y", "Y")
            assert told.personal_name == "Kari BLN CQN Vik"
            # And the other way round.
            await kiosk.ask(asking.properties(BOOK, "slitt^AAS999999^"))
    assert sip2.first(storbyen.got("19"), "CH") == "slitt AAS999999 "


QUIRKS = ("bar-in-value", "entity-for-bar", "decomposed-letters", "padded-ao", "none-values", "decimal-comma")


@pytest.mark.parametrize("quirk", [*QUIRKS, "no-bl", "blank-cq", "blank-counts", "blank-language", "lower-case-az"])
async def test_a_library_system_with_a_habit_serves_local_and_national_cards(tmp_path: Path, quirk: str) -> None:
    quirky = library(await demo(tmp_path / "world"), rules={"quirks": (quirk,)})
    async with quirky as storbyen, storbyen.kiosk() as kiosk:
        told = await kiosk.information(LOCAL, PIN)
        assert told.personal_name == "Marte Fjeldstad"
        told = await kiosk.information(JONAS, JONAS_PIN)
        assert (told.valid_patron, told.valid_patron_password, told.patron_identifier) == ("Y", "Y", JONAS)
        assert (await kiosk.asked(asking.checkout(JONAS, BOOK), sip2.CheckoutResponse)).ok == "1"


async def test_control_characters_of_a_library_system_never_reach_a_screen(tmp_path: Path) -> None:
    def says(asked: Frame) -> bytes:
        if asked.number != "23":
            return courteous(asked)
        head = b"24              012" + NOW.encode()
        return in_kind(asked, head + b"AOx|AAS100001|AEKari\x1b[2J\x00\x07Vik\xc2\x9b|BLY|CQY|AFHei\x0b\x08du|")

    place = await demo(tmp_path / "world")
    async with scripted(says) as ils:
        put_behind(place, ils.port)
        async with running(place) as served:
            retune(served, budgets=LONG, breaker=NEVER_OPENS)
            async with served.kiosk("storbyen-1") as kiosk:
                raw = await kiosk.say(frame(status(LOCAL, PIN)).strip(b"\r"))
    text = raw.decode("utf-8")
    assert text.isprintable()
    assert "|AEKari" in text
    assert "|BLY|CQY|" in text


async def test_a_library_system_that_never_stops_talking_is_given_up(tmp_path: Path) -> None:
    def says(asked: Frame) -> bytes:
        if asked.number != "23":
            return courteous(asked)
        return sip2.seal(b"24              012" + NOW.encode() + b"AOx|AAS1|AEx|BLY|CQY|", "7", True) * 500

    place = await demo(tmp_path / "world")
    async with scripted(says) as ils:
        put_behind(place, ils.port)
        async with running(place) as served:
            retune(served, budgets=LONG, breaker=NEVER_OPENS)
            async with served.kiosk("storbyen-1") as kiosk:
                for _ in range(2):
                    told = await kiosk.status(LOCAL, PIN)
                    assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "N", "")
            assert served.counted("upstream_discarded_total", peer="storbyen-ils") >= 64


async def test_a_slow_talker_is_waited_for_and_holds_up_nobody_else(storbyen: Library) -> None:
    async with storbyen.kiosk() as slow, storbyen.kiosk() as quick:
        await asyncio.gather(is_served(slow), is_served(quick))
        with storbyen.failing(Kind.SLOW_BYTES, "63", seconds=0.001):
            asked = asyncio.ensure_future(slow.information(JONAS, JONAS_PIN))
            await until(lambda: storbyen.asked("63") == 1)
            assert await is_served(quick)
            assert not asked.done()
            assert (await asked).personal_name == "Jonas Lie Hætta"
