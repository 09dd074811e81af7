"""The way to a local patron, as each terminal may tell of it: here at the kiosk, on the phone, at the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.words.languages import Language
from gateway.words.screen import LINE, Screen
from protocols import sip2
from registry.domain.consent import Channel
from tests.gateway.kiosks import information, status
from tests.gateway.sip2.consent_world import GUEST, PAGES, PIN, Storbyen, is_plain_no, lends, storbyen, words
from tests.simulators import ils_requests as asking

KIOSK, PHONE, DESK, ILS = Channel.KIOSK, Channel.PHONE, Channel.DESK, Channel.ILS
FIRST_LINK = "portvakt.example.org/k/7kq2mx4pbc01"


@pytest.mark.parametrize(
    ("channels", "pages", "identified", "at_loan"),
    [
        ((KIOSK, PHONE, DESK), PAGES, words(Screen.ACCEPT_AT_KIOSK), words(Screen.ACCEPT_ON_PHONE, link=FIRST_LINK)),
        ((KIOSK, DESK), None, words(Screen.ACCEPT_AT_KIOSK), words(Screen.ACTIVATE_AT_DESK)),
        ((PHONE, DESK), PAGES, *[words(Screen.ACCEPT_ON_PHONE, link=FIRST_LINK)] * 2),
        # Without pages of ours there is no link to tell.
        ((PHONE, DESK), None, *[words(Screen.RULES_FIRST)] * 2),
        ((DESK,), PAGES, *[words(Screen.ACTIVATE_AT_DESK)] * 2),
        ((ILS, DESK), PAGES, *[words(Screen.RULES_FIRST)] * 2),
        ((ILS,), PAGES, *[words(Screen.RULES_FIRST)] * 2),
    ],
    ids=["kiosk phone desk", "kiosk desk", "phone desk", "no pages", "desk", "ils desk", "ils"],
)
async def test_a_guest_is_told_the_way_that_the_terminal_has(
    tmp_path: Path,
    channels: tuple[Channel, ...],
    pages: str | None,
    identified: tuple[str, ...],
    at_loan: tuple[str, ...],
) -> None:
    async with storbyen(tmp_path, *channels, pages=pages) as here, here.kiosk() as kiosk:
        for asked in (status(GUEST, PIN), information(GUEST, PIN)):
            told = await kiosk.ask(asked)
            assert isinstance(told, sip2.PatronStatusResponse | sip2.PatronInformationResponse)
            assert (told.valid_patron, told.valid_patron_password, told.patron_status) == ("Y", "Y", " " * 14)
            assert told.screen_messages == identified
        # A kiosk that has no word for fees cannot ask.
        refused = await lends(kiosk)
        assert is_plain_no(refused)
        assert refused.screen_messages == at_loan


@pytest.fixture
async def phone(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Storbyen, where rules are accepted on the phone."""
    async with storbyen(tmp_path, PHONE, DESK, pages=PAGES) as world:
        yield world


async def test_the_link_is_short_on_the_screen_and_whole_on_the_receipt(phone: Storbyen) -> None:
    async with phone.kiosk() as kiosk:
        told = await kiosk.information(GUEST, PIN)
    assert told.screen_messages == (f"Godta lånereglane på {FIRST_LINK} med mobilen.",)
    assert len(told.screen_messages[0]) <= LINE
    assert told.print_lines == (f"https://{FIRST_LINK}",)


async def test_one_code_is_made_for_an_encounter_and_another_for_the_next(phone: Storbyen) -> None:
    async with phone.kiosk() as kiosk:
        links = {(await kiosk.information(GUEST, PIN)).print_lines for _ in range(3)}
        links |= {(await kiosk.status(GUEST, PIN)).print_lines, (await lends(kiosk)).print_lines}
    async with phone.kiosk() as kiosk:
        links |= {(await kiosk.information(GUEST, PIN)).print_lines}
        assert links == {(f"https://{FIRST_LINK}",)}
        assert phone.consents.codes == [("storbyen-1", GUEST)]
        end = sip2.EndPatronSession(transaction_date=asking.NOW, institution_id="NO-2030000", patron_identifier=GUEST)
        await kiosk.ask(end)
        assert (await kiosk.information(GUEST, PIN)).print_lines != (f"https://{FIRST_LINK}",)
        phone.served.clock.turn(301)
        await kiosk.information(GUEST, PIN)
    assert len(phone.consents.codes) == 3


@pytest.mark.parametrize("pin", [None, "2468"])
async def test_no_code_is_made_for_who_has_not_shown_the_pin(phone: Storbyen, pin: str | None) -> None:
    async with phone.kiosk() as kiosk:
        for asked in (status(GUEST, pin), information(GUEST, pin)):
            told = await kiosk.ask(asked)
            assert "/k/" not in repr(list(told.fields()))
        assert "/k/" not in repr(list((await lends(kiosk, pin=pin)).fields()))
    assert phone.consents.codes == []


async def test_a_code_that_cannot_be_had_leaves_the_poster(phone: Storbyen) -> None:
    phone.consents.failing.add("link_code")
    async with phone.kiosk() as kiosk:
        told = await kiosk.information(GUEST, PIN)
        assert (told.screen_messages, told.print_lines) == (words(Screen.ACCEPT_ON_PHONE), ())
        phone.consents.failing.clear()
        assert (await kiosk.information(GUEST, PIN)).print_lines == (f"https://{FIRST_LINK}",)


async def test_an_address_too_long_for_the_screen_is_on_the_receipt_alone(tmp_path: Path) -> None:
    long = f"https://{'folkebibliotek.' * 4}example.org/"
    async with storbyen(tmp_path, PHONE, pages=long) as here, here.kiosk() as kiosk:
        told = await kiosk.information(GUEST, PIN)
    assert told.screen_messages == words(Screen.ACCEPT_ON_PHONE)
    assert told.print_lines == (f"{long}k/7kq2mx4pbc01",)


async def test_a_terminal_without_a_library_system_tells_the_way_too(phone: Storbyen) -> None:
    phone.without_library_system()
    async with phone.kiosk() as kiosk:
        told = await kiosk.information(GUEST, PIN)
    assert told.screen_messages == words(Screen.ACCEPT_ON_PHONE, link=FIRST_LINK)
    assert told.print_lines == (f"https://{FIRST_LINK}",)


async def test_a_door_tells_no_link(phone: Storbyen) -> None:
    async with phone.kiosk("storbyen-door") as door:
        told = await door.status(GUEST, PIN)
    assert (told.valid_patron, told.print_lines) == ("N", ())
    assert told.screen_messages == words(Screen.ACTIVATE_FIRST)
    assert phone.consents.codes == []


async def test_the_message_may_ask_for_another_language(phone: Storbyen) -> None:
    async with phone.kiosk() as kiosk:
        told = await kiosk.status(GUEST, PIN, language="001")
    assert told.screen_messages == words(Screen.ACCEPT_ON_PHONE, Language.EN, link=FIRST_LINK)


async def test_codes_and_links_are_in_no_log(phone: Storbyen) -> None:
    async with phone.kiosk() as kiosk:
        await kiosk.information(GUEST, PIN)
        await lends(kiosk)
    assert "7kq2mx4pbc" not in phone.served.stream.getvalue()
    assert "/k/" not in repr(phone.served.lines())
