"""Before the PIN: what is asked, what is refused, and how little is told."""

from __future__ import annotations

import pytest

from gateway.web.rows import REFUSALS
from registry.domain.activating import Hindrance
from registry.domain.decisions import Refusal, Refused
from registry.domain.standing import StandingState
from tests.gateway.web.browser import Answer, Browser
from tests.gateway.web.conftest import House
from tests.gateway.web.portal import FJORDBY, KARI, MARIT, PIN, STORBYEN
from tests.gateway.web.visits import try_card

WRONG = "Kortnummeret eller PIN-koden er feil. Prøv igjen, eller spør personalet."


async def test_the_front_page_says_what_this_is(browser: Browser) -> None:
    page = await browser.get("/")
    assert (page.status, page.heading) == (200, "Ett lånekort for alle bibliotek")


@pytest.mark.parametrize("path", ["/NO-2030000", "/no-2030000", "/NO-2030000/"])
async def test_a_librarys_address_asks_for_card_and_pin(path: str, browser: Browser) -> None:
    page = await browser.get(path)
    assert (page.status, page.heading) == (200, "Bli låner ved Storbyen folkebibliotek")
    assert page.forms().keys() == {"/NO-2030000"}
    asked = {one.get("name"): one for one in page.elements("input") if one.get("type") != "hidden"}
    assert asked.keys() == {"card", "pin"}
    assert asked["pin"].get("type") == "password"
    assert asked["pin"].get("inputmode") == "numeric"
    assert {one.get("autocomplete") for one in asked.values()} == {"off"}


async def test_a_branch_has_an_address_of_its_own(browser: Browser) -> None:
    assert (await browser.get("/NO-2030001")).heading == "Bli låner ved Storbyen, Solgata"


@pytest.mark.parametrize("path", ["/NO-9999999", "/storbyen", "/%3Cscript%3E", "/NO-2030000%00", "/" + "N" * 500])
async def test_an_address_of_no_library_says_so(path: str, browser: Browser) -> None:
    page = await browser.get(path)
    assert (page.status, page.heading) == (404, "Vi finner ikke biblioteket")


async def test_a_library_without_rules_is_none(house: House, browser: Browser) -> None:
    house.portal.publish(None)
    assert (await browser.get("/NO-2030000")).status == 404


@pytest.mark.parametrize(
    "card", ["N000001001", "n000001001", " N000001001 ", "N000 001 001", "N000-001-001", "N\u00a0000\u00a0001\u00a0001"]
)
async def test_a_card_number_may_be_written_as_people_write_it(card: str, browser: Browser) -> None:
    assert (await try_card(browser, card)).heading == "Lånereglene til Storbyen folkebibliotek"


@pytest.mark.parametrize(
    ("card", "pin", "words"),
    [
        ("", "", ["Skriv lånekortnummeret ditt.", "Skriv PIN-koden din."]),
        ("  ", PIN, ["Skriv lånekortnummeret ditt."]),
        (KARI, " ", ["Skriv PIN-koden din."]),
        (KARI, "1" * 129, ["Skriv PIN-koden din."]),
        ("000001001", PIN, ["Et nasjonalt lånekort har N og ni sifre. Sjekk nummeret."]),
        ("N0000010011", PIN, ["Et nasjonalt lånekort har N og ni sifre. Sjekk nummeret."]),
        ("B2030001", PIN, ["Et nasjonalt lånekort har N og ni sifre. Sjekk nummeret."]),
        ("N" + "0" * 100, PIN, ["Et nasjonalt lånekort har N og ni sifre. Sjekk nummeret."]),
    ],
)
async def test_what_cannot_be_right_is_said_beside_the_field_and_asked_of_nobody(
    card: str, pin: str, words: list[str], house: House, browser: Browser
) -> None:
    page = await try_card(browser, card, pin)
    assert page.status == 422
    assert said(page) == words
    assert page.words("title").startswith("Feil:")
    assert house.portal.asked_pins == 0
    fields = {one.get("id"): one for one in page.elements("input")}
    for link in page.elements("li"):
        for to in link:
            if to.get("href", "").startswith("#"):
                assert fields[to.get("href")[1:]].get("aria-invalid") == "true"


def said(page: Answer) -> list[str]:
    """What stands in the summary of what must be corrected."""
    (summary,) = [one for one in page.elements("div") if one.get("class") == "problems"]
    return [" ".join("".join(one.itertext()).split()) for one in summary.iter() if str(one.tag).endswith("}li")]


async def test_what_was_typed_stays_but_the_pin(browser: Browser) -> None:
    page = await try_card(browser, "N 000 001 001", "1111")
    assert [one.get("value") for one in page.elements("input")][1:] == ["N 000 001 001", None]
    assert "1111" not in page.text


async def test_a_wrong_pin_and_an_unknown_card_are_alike_to_the_last_byte(house: House, browser: Browser) -> None:
    wrong = await try_card(browser, KARI, "1111")
    del house.portal.people[KARI]
    unknown = await try_card(browser, KARI, "1111")
    assert wrong.body == unknown.body
    assert {**wrong.headers, "date": []} == {**unknown.headers, "date": []}
    assert (wrong.status, said(wrong)) == (403, [WRONG])


@pytest.mark.parametrize("reason", list(Refusal))
async def test_no_refusal_tells_anything_of_a_card_before_the_pin(
    reason: Refusal, house: House, browser: Browser
) -> None:
    house.portal.refuses = Refused(Refusal.WRONG_PIN)
    wrong = await try_card(browser, KARI)
    house.portal.refuses = Refused(reason, wait=30.0)
    refused = await try_card(browser, KARI)
    assert refused.status == 403
    # These tell of a library, of what was typed, or of how often it was tried: of no card.
    own_words = {Refusal.NO_PIN, Refusal.WAIT, Refusal.LOCKED, Refusal.NATIONAL_CARD_NEEDED, Refusal.NO_AGREEMENT}
    assert (refused.body == wrong.body) == (reason not in own_words)


@pytest.mark.parametrize("reason", [reason for reason, row in REFUSALS.items() if row.tells])
async def test_with_the_right_pin_the_patron_is_told_why_not(reason: Refusal, house: House, browser: Browser) -> None:
    house.portal.refuses = Refused(reason, pin_proved=True)
    page = await try_card(browser, KARI)
    assert page.status == 403
    assert said(page) != [WRONG]


async def test_a_lost_card_is_told_to_whom_has_its_pin(browser: Browser) -> None:
    assert said(await try_card(browser, MARIT, "1111")) == [WRONG]
    assert said(await try_card(browser, MARIT)) == ["Kortet er meldt tapt og er sperret. Ta kontakt med personalet."]


async def test_too_many_tries_wait_and_then_see_the_staff(house: House, browser: Browser) -> None:
    for _ in range(3):
        assert said(await try_card(browser, KARI, "1111")) == [WRONG]
    waiting = await try_card(browser, KARI)
    assert (waiting.status, said(waiting)) == (403, ["For mange forsøk med PIN-kode. Prøv igjen om 30 sekunder."])
    house.portal.people[KARI].wrong = 5
    locked = await try_card(browser, KARI)
    assert said(locked) == ["PIN-koden er sperret etter for mange forsøk. Ta kontakt med personalet."]
    assert not browser.cookies.keys() & {"portvakt-ticket"}


async def test_a_refusal_that_is_to_be_held_back_is(house: House, browser: Browser) -> None:
    house.portal.delay = 2.0
    await try_card(browser, KARI, "1111")
    assert house.pauses == [2.0]


async def test_a_right_pin_is_held_back_as_long_as_a_wrong_one_and_so_is_not_told_by_its_quickness(
    house: House, browser: Browser
) -> None:
    house.portal.delay = 2.0
    page = await try_card(browser, KARI)
    assert (page.path, house.pauses) == ("/NO-2030000/rules", [2.0])


async def test_a_refused_pin_is_told_in_the_log_with_the_card_and_without_the_pin(
    house: House, browser: Browser
) -> None:
    for pin in ("713713", "713713", "713713", PIN):
        await try_card(browser, KARI, pin)
    lines = house.events("pin_check")
    assert [(one["reason"], one["outcome"]) for one in lines] == [("wrong_pin", "refused")] * 3 + [
        ("wait", "throttled")
    ]
    card = house.logs.card_reference(KARI)
    assert {(one["terminal"], one["institution"], one["card_ref"]) for one in lines} == {("page", STORBYEN, card)}
    assert not any(held in house.logged() for held in ("713713", PIN, KARI, "127.0.0.1"))


async def test_a_refused_pin_at_a_code_is_told_without_a_card(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    await browser.send(await browser.get(f"/k/{code}"), f"/k/{code}", pin="713713")
    (line,) = house.events("pin_check")
    assert (line["reason"], line["terminal"], line.get("card_ref")) == ("wrong_pin", "page", None)
    assert code not in house.logged()


async def test_attempts_are_counted_by_what_stands_for_the_address_and_never_by_the_address(
    house: House, browser: Browser
) -> None:
    await try_card(browser, KARI, "1111")
    (origin,) = house.portal.origins
    assert "127" not in origin
    assert len(origin) == 24


async def test_whoever_has_a_password_finds_the_way_to_it(house: House, browser: Browser) -> None:
    house.portal.people[KARI].pin = "hest batteri stift"
    page = await browser.get("/NO-2030000?lang=nn")
    (way,) = [link for link in page.links() if link.endswith("&password")]
    page = await browser.get(way)
    (field,) = [one for one in page.elements("input") if one.get("name") == "pin"]
    assert field.get("inputmode") is None
    page = await browser.send(page, "/NO-2030000", card=KARI, pin="feil")
    assert [one.get("inputmode") for one in page.elements("input")][-1] is None
    page = await browser.send(page, "/NO-2030000", card=KARI, pin="hest batteri stift")
    assert page.heading == "Lånereglane til Storbyen folkebibliotek"


# A kiosk's code.


async def test_reading_a_codes_page_uses_nothing_up_and_tells_nothing_of_a_person(
    house: House, browser: Browser
) -> None:
    code = house.portal.code(KARI)
    for _ in range(3):
        page = await browser.get(f"/k/{code}")
        assert page.heading == "Bli låner ved Storbyen folkebibliotek"
        assert "Kari" not in page.text
        assert KARI not in page.text
    await browser.ask("HEAD", f"/k/{code}")
    assert [one.get("name") for one in page.elements("input")] == ["proof", "pin"]
    page = await browser.send(page, f"/k/{code}", pin=PIN)
    assert page.words("main").startswith("Hei, Kari!")


async def test_a_wrong_pin_leaves_the_code_and_the_right_one_uses_it_up(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    page = await browser.get(f"/k/{code}")
    page = await browser.send(page, f"/k/{code}", pin="1111")
    assert (page.status, said(page)) == (403, ["PIN-koden er feil. Prøv igjen, eller spør personalet."])
    page = await browser.send(page, f"/k/{code}", pin=PIN)
    assert page.path == "/NO-2030000/rules"
    again = await browser.get(f"/k/{code}")
    assert (again.status, again.heading) == (404, "Koden virker ikke lenger")


@pytest.mark.parametrize("code", ["nope", "a" * 65, "kode0bcdfgh'", "..", "%F0%9F%92%A9", "kode0bcdfgh%00"])
async def test_a_guessed_code_leads_nowhere(code: str, house: House, browser: Browser) -> None:
    house.portal.code(KARI)
    page = await browser.get(f"/k/{code}")
    assert page.status == 404
    assert not page.forms()


async def test_a_code_ends_while_its_page_is_open(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    page = await browser.get(f"/k/{code}")
    house.clock.turn(901)
    page = await browser.send(page, f"/k/{code}", pin=PIN)
    assert (page.status, page.heading) == (404, "Koden virker ikke lenger")


async def test_a_code_that_another_browser_has_used_meanwhile_lets_nobody_in(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    page = await browser.get(f"/k/{code}")
    async with house.browser() as other:
        await other.send(await other.get(f"/k/{code}"), f"/k/{code}", pin=PIN)
    assert (await browser.send(page, f"/k/{code}", pin=PIN)).status == 404
    assert not browser.cookies.keys() & {"portvakt-ticket"}


async def test_a_code_of_a_library_that_left_leads_nowhere(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    house.portal.publish(None)
    assert (await browser.get(f"/k/{code}")).status == 404


@pytest.mark.parametrize("why", list(Hindrance))
async def test_every_hindrance_at_the_door_is_a_page(why: Hindrance, house: House, browser: Browser) -> None:
    house.portal.hinders = why
    page = await try_card(browser, KARI)
    assert page.status in (200, 403, 404, 409)
    assert not browser.cookies.keys() & {"portvakt-ticket"}
    assert not page.forms()


@pytest.mark.parametrize("state", [None, *StandingState])
async def test_nothing_of_any_patron_shows_before_the_pin(
    state: StandingState | None, house: House, browser: Browser
) -> None:
    pages = []
    for card, person in house.portal.people.items():
        house.portal.stands(card, state)
        code = house.portal.code(card, FJORDBY)
        pages += [await browser.get(f"/k/{code}"), await browser.get(f"/{STORBYEN}"), await browser.get("/")]
        pages.append(await try_card(browser, card, "1111"))
        pages.append(await browser.get(f"/{STORBYEN}/rules"))
        pages.append(await browser.get(f"/{STORBYEN}/libraries"))
        assert not [page for page in pages if person.given_name and person.given_name in page.text]
    assert {page.status for page in pages} == {200, 403}
