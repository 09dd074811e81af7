"""Forms that are not our own, requests that no browser sends, and what stands in every answer all the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.web.rendering import ASSETS
from registry.domain.standing import StandingState
from tests.gateway.web.browser import Answer, Browser
from tests.gateway.web.conftest import House, opened
from tests.gateway.web.portal import KARI, LITEN, PIN
from tests.gateway.web.visits import go_in, try_card

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


# Before the PIN.


async def test_a_form_without_the_cookie_is_given_anew(house: House, browser: Browser) -> None:
    page = await browser.get("/NO-2030000")
    browser.cookies.clear()
    page = await browser.send(page, "/NO-2030000", card=KARI, pin=PIN)
    assert page.status == 403
    assert "Siden var for gammel." in page.words("main")
    assert house.portal.asked_pins == 0
    page = await browser.send(page, "/NO-2030000", card=KARI, pin=PIN)
    assert page.path == "/NO-2030000/rules"


@pytest.mark.parametrize("proof", ["", "x", "a" * 43, "æ" * 43])
async def test_a_form_with_a_made_up_proof_asks_nobody(proof: str, house: House, browser: Browser) -> None:
    await browser.get("/NO-2030000")
    page = await browser.post("/NO-2030000", {"proof": proof, "card": KARI, "pin": PIN})
    assert (page.status, house.portal.asked_pins) == (403, 0)


async def test_the_proof_of_another_browser_is_none(house: House, browser: Browser) -> None:
    async with house.browser() as other:
        _, fields = (await other.get("/NO-2030000")).form("/NO-2030000")
    await browser.get("/NO-2030000")
    page = await browser.post("/NO-2030000", fields | {"card": KARI, "pin": PIN})
    assert (page.status, house.portal.asked_pins) == (403, 0)


async def test_two_tabs_share_the_cookie_and_both_work(browser: Browser) -> None:
    first = await browser.get("/NO-2030000")
    await browser.get("/NO-2120100")
    assert (await browser.send(first, "/NO-2030000", card=KARI, pin=PIN)).path == "/NO-2030000/rules"


FROM_ELSEWHERE: list[Mapping[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1.evil.example"},
    {"Sec-Fetch-Site": "", "Origin": "https://127.0.0.1"},
]
OUR_OWN: list[Mapping[str, str]] = [
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "", "Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "", "Origin": "null"},
    {"Sec-Fetch-Site": ""},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_a_form_from_another_site_changes_nothing_though_cookie_and_proof_are_right(
    headers: Mapping[str, str], house: House, browser: Browser
) -> None:
    page = await browser.get("/NO-2030000")
    rules = await go_in(browser)
    asked = house.portal.asked_pins
    browser.headers |= headers
    entered = await browser.send(page, "/NO-2030000", card=KARI, pin=PIN)
    accepted = await browser.send(rules, "/rules", agree="yes")
    left = await browser.send(rules, "/leave")
    assert {one.heading for one in (entered, accepted, left)} == {"Vi stoppet dette for din skyld"}
    assert {one.status for one in (entered, accepted, left)} == {403}
    assert (house.portal.asked_pins, house.portal.state(KARI)) == (asked, None)
    assert house.portal.tickets


@pytest.mark.parametrize("headers", OUR_OWN)
async def test_a_form_of_our_own_is_taken_from_every_browser(headers: Mapping[str, str], browser: Browser) -> None:
    browser.headers |= headers
    page = await go_in(browser)
    assert (await browser.send(page, "/rules", agree="yes")).status == 200


# Behind the PIN.


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", "2"), ("version", ""), ("language", "en"), ("language", "xx"), ("language", ""), ("proof", "")],
)
async def test_a_yes_to_other_rules_than_were_shown_is_none(
    field: str, value: str, house: House, browser: Browser
) -> None:
    page = await go_in(browser)
    action, fields = page.form("/rules")
    answer = await browser.post(action, fields | {"agree": "yes", field: value})
    assert answer.status == 403
    assert house.portal.state(KARI) is None


@pytest.mark.parametrize("missing", ["version", "language", "proof"])
async def test_a_yes_with_a_field_missing_is_none(missing: str, house: House, browser: Browser) -> None:
    action, fields = (await go_in(browser)).form("/rules")
    del fields[missing]
    assert (await browser.post(action, fields | {"agree": "yes"})).status == 403
    assert house.portal.state(KARI) is None


@pytest.mark.parametrize("target", ["rules", "desk", "withdraw"])
async def test_the_proof_of_one_button_presses_no_other(target: str, house: House, browser: Browser) -> None:
    house.portal.stands(LITEN, StandingState.AWAITING_DESK if target == "withdraw" else None)
    _, fields = (await go_in(browser, LITEN)).form("/leave")
    answer = await browser.post(f"/NO-2030000/{target}", fields | {"agree": "yes", "version": "3", "language": "nb"})
    assert answer.status == 403


async def test_the_proof_of_one_visit_is_none_in_the_next(house: House, browser: Browser) -> None:
    action, fields = (await go_in(browser)).form("/rules")
    await go_in(browser)
    assert (await browser.post(action, fields | {"agree": "yes"})).status == 403
    assert house.portal.state(KARI) is None


async def test_the_proof_from_before_the_pin_opens_nothing_behind_it(browser: Browser) -> None:
    _, fields = (await browser.get("/NO-2030000")).form("/NO-2030000")
    await go_in(browser)
    answer = await browser.post("/NO-2030000/leave", fields)
    assert answer.status == 403


# What no browser sends.


async def refused(browser: Browser, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """The answer to a request that must change nothing; it is a page of ours."""
    answer = await browser.ask(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    if method != "HEAD":
        assert answer.words("header").startswith("Nasjonalt lånekort")
    return answer


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencodedx"],
)
async def test_a_form_in_another_shape_is_not_taken(kind: str, house: House, browser: Browser) -> None:
    answer = await refused(browser, "POST", "/NO-2030000", b"card=N000001001&pin=4817", Content_Type=kind)
    assert (answer.status, house.portal.asked_pins) == (415, 0)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-URLEncoded"]
)
async def test_the_content_type_may_be_written_otherwise(kind: str, browser: Browser) -> None:
    page = await browser.get("/NO-2030000")
    action, fields = page.form("/NO-2030000")
    answer = await browser.post(action, fields | {"card": KARI, "pin": PIN}, Content_Type=kind)
    assert answer.status == 303


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"card=%ff", b"a=1&" * 21, "card=æ".encode(), b"card=" + b"%C0%80"],
)
async def test_a_form_that_cannot_be_read_is_said_to_be_so(body: bytes, house: House, browser: Browser) -> None:
    answer = await refused(browser, "POST", "/NO-2030000", body, Content_Type=FORM["Content-Type"])
    assert (answer.status, house.portal.asked_pins) == (400, 0)


@pytest.mark.parametrize("size", [8193, 9000, 500_000])
async def test_a_form_too_large_is_told_so_and_the_connection_stays(size: int, house: House, browser: Browser) -> None:
    answer = await refused(browser, "POST", "/NO-2030000", b"c" * size, Content_Type=FORM["Content-Type"])
    assert (answer.status, house.portal.asked_pins) == (413, 0)
    assert (await browser.get("/")).status == 200
    assert house.counted("frame_errors_total", protocol="http", reason="oversize") == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"])
@pytest.mark.parametrize("path", ["/", "/NO-2030000", "/k/abc", "/NO-2030000/rules", "/NO-2030000/desk"])
async def test_other_methods_are_not_allowed_and_those_that_are_are_named(
    method: str, path: str, browser: Browser
) -> None:
    answer = await refused(browser, method, path)
    assert answer.status == 405
    allowed = set(answer.header("allow").split(", "))
    assert {"GET", "HEAD"} <= allowed <= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("path", ["/", "/NO-2030000/libraries"])
async def test_pages_without_a_form_take_none(path: str, browser: Browser) -> None:
    assert (await refused(browser, "POST", path, b"", Content_Type=FORM["Content-Type"])).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/NO-2030000/rules/x",
        "/k",
        "/k/",
        "/k/a/b",
        "/assets/pages.js",
        "/assets/../site.py",
        "/assets/..%2Fsite.py",
        "//evil.example/",
        "//evil.example/%2f..",
        "/%ff%fe",
        "/NO-2030000/%ff",
        "/a//b/c/d",
        "/NO-2030000//rules",
        "/.well-known/security.txt",
    ],
)
async def test_what_is_nowhere_is_a_page_that_says_so(path: str, browser: Browser) -> None:
    answer = await refused(browser, "GET", path)
    assert answer.status == 404


@pytest.mark.parametrize("host", ["evil.example", "a..b", "xn--", "[", "æ", "x" * 300])
async def test_what_a_browser_calls_us_changes_nothing(host: str, browser: Browser) -> None:
    page = await browser.get("/NO-2030000", Host=host)
    assert page.status == 200
    assert host not in page.text or len(host) < 3


@pytest.mark.parametrize("path", ["/", "/NO-2030000", "/NO-9999999", "/NO-2030000/rules", "/assets/pages.css"])
async def test_head_is_get_without_the_page(path: str, house: House) -> None:
    async with house.browser() as one, house.browser() as other:
        got, asked = await one.get(path), await other.ask("HEAD", path)
    assert (asked.status, asked.body) == (got.status, b"")
    assert asked.headers.keys() == got.headers.keys()
    assert asked.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("name", list(ASSETS))
async def test_what_pages_are_made_of_is_served_from_here(name: str, browser: Browser) -> None:
    answer = await browser.get(f"/assets/{name}?v=1")
    assert (answer.status, answer.body) == (200, ASSETS[name][1])
    page = await browser.get("/")
    assert [one.get("href") for one in page.elements("link") if f"/assets/{name}?v=" in one.get("href")]


def test_the_style_fetches_nothing() -> None:
    style = ASSETS["pages.css"][1].decode()
    assert not [word for word in ("url(", "@import", "http", "expression") if word in style]


async def test_https_pages_have_cookies_that_no_other_host_can_set() -> None:
    async with opened(public_url="https://kort.example.no") as house, house.browser() as browser:
        page = await go_in(browser)
        assert browser.cookies.keys() == {"__Host-portvakt-ticket"}
        page = await browser.send(page, "/rules", agree="yes")
        assert page.status == 200
        browser.headers |= {"Sec-Fetch-Site": "", "Origin": "https://kort.example.no"}
        assert (await browser.send(page, "/leave")).heading == "Du er logget ut"
        assert not browser.cookies


async def test_a_redirect_leads_nowhere_else(browser: Browser) -> None:
    page = await browser.get("/NO-2030000?lang=nb%0d%0aX:%20y&next=//evil.example")
    answer = await browser.send(page, "/NO-2030000", follow=False, card=KARI, pin=PIN)
    assert answer.header("location") == "/NO-2030000/rules"


async def test_nothing_that_must_stay_secret_is_in_an_address_or_in_the_log(house: House, browser: Browser) -> None:
    code = house.portal.code(KARI)
    pages = [await browser.get(f"/k/{code}"), await browser.get(f"/k/{code}x")]
    pages.append(await try_card(browser, KARI, "73915"))
    pages.append(await browser.send(pages[0], f"/k/{code}", pin=PIN))
    ticket = browser.cookies["portvakt-ticket"]
    pages.append(await browser.send(pages[-1], "/rules", agree="yes"))
    house.portal.down = True
    pages.append(await browser.get("/NO-2030000/rules"))
    house.portal.down, house.portal.broken = False, True
    pages.append(await browser.get("/NO-2030000/rules"))
    assert [one.status for one in pages[-2:]] == [503, 500]
    addresses = " ".join(link for page in pages for link in page.links())
    secrets = (ticket, PIN, "73915", KARI, "Kari", "127.0.0.1", "192.0.2.7")
    assert not [one for one in secrets if one in addresses]
    logged = house.logged() + " ".join(house.complaints)
    assert not [one for one in (*secrets, code) if one in logged]
    assert "192.0.2.7" not in pages[-2].text
    assert [line["error"] for line in house.events("outage")] == ["RegisterUnavailable"]
    assert [line["error"] for line in house.events("unexpected")] == ["ZeroDivisionError"]
    house.stream.truncate(0)


async def test_an_outage_is_said_everywhere_and_nothing_is_lost(house: House, browser: Browser) -> None:
    rules = await go_in(browser)
    house.portal.down = True
    for page in (await browser.get("/NO-2030000/rules"), await browser.send(rules, "/rules", agree="yes")):
        assert (page.status, page.heading) == (503, "Prøv igjen litt senere")
    house.portal.down = False
    assert (await browser.send(rules, "/rules", agree="yes")).heading == "Takk! Svaret ditt er lagret"


async def test_requests_are_counted_by_method_and_outcome(house: House, browser: Browser) -> None:
    await browser.get("/")
    await browser.get("/NO-9999999")
    await try_card(browser, KARI, "1111")
    await try_card(browser, KARI, "")
    counted = {
        (method, outcome): house.counted("requests_total", protocol="http", message=method, outcome=outcome)
        for method in ("GET", "POST")
        for outcome in ("ok", "refused", "invalid", "error")
    }
    assert counted == {
        ("GET", "ok"): 3,
        ("GET", "refused"): 0,
        ("GET", "invalid"): 1,
        ("GET", "error"): 0,
        ("POST", "ok"): 0,
        ("POST", "refused"): 1,
        ("POST", "invalid"): 1,
        ("POST", "error"): 0,
    }
    assert house.counted("requests_in_progress", protocol="http") == 0
