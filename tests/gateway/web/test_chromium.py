"""The pages in a real Chromium: by keyboard alone, on a narrow phone, at large type, in the dark, and judged by axe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from gateway.web.poster import poster
from gateway.words.languages import Language
from registry.domain.standing import StandingState
from tests.gateway.web.chromium import chromium, started
from tests.gateway.web.conftest import House, opened
from tests.gateway.web.portal import FJORDBY, KARI, PER, PIN

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="there is no Chromium on this machine"),
    pytest.mark.timeout(180),
]

# Whatever WCAG 2.2 asks at levels A and AA, and what axe's authors have learnt beside it.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
async def shown() -> AsyncIterator[Browser]:
    """One Chromium for all tests here."""
    async with started() as browser:
        yield browser


@asynccontextmanager
async def window(shown: Browser, house: House, **context: Any) -> AsyncIterator[Page]:
    """A window of its own, in which every request goes to the pages and nowhere else, and nothing is complained of."""
    opened_context = await shown.new_context(
        **({"base_url": f"http://127.0.0.1:{house.port}", "locale": "nb-NO"} | context)
    )
    page = await opened_context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    try:
        yield page
    finally:
        await opened_context.close()
    assert {urlsplit(url).netloc for url in asked} <= {f"127.0.0.1:{house.port}"}
    # Chromium tells of every status from 400 on; of a broken security policy it would too.
    assert [text for text in said if "Failed to load resource" not in text] == []


async def test_the_whole_way_by_keyboard_alone_and_without_scripts(house: House, shown: Browser) -> None:
    async with window(shown, house, java_script_enabled=False) as page:
        await page.goto("/NO-2030000")
        press, write = page.keyboard.press, page.keyboard.type
        await press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await press("Enter")
        await press("Tab")
        await expect(page.locator("#card")).to_be_focused()
        await write("n000 001 001")
        await press("Tab")
        await expect(page.locator("#pin")).to_be_focused()
        await write("1111")
        await press("Enter")
        # What must be corrected has the focus, and leads to the field.
        await expect(page).to_have_title("Feil: Bli låner ved \u2068Storbyen folkebibliotek\u2069 – Nasjonalt lånekort")
        await expect(page.locator(".problems")).to_be_focused()
        await press("Tab")
        await press("Enter")
        await expect(page.locator("#card")).to_be_focused()
        await press("Tab")
        await write(PIN)
        await press("Enter")
        await expect(page.locator("h1")).to_have_text("Lånereglene til Storbyen folkebibliotek")
        await tab_to(page, "#agree")
        await press("Space")
        await expect(page.locator("#agree")).to_be_checked()
        await tab_to(page, "main form button")
        await press("Enter")
        await expect(page.locator("h1")).to_have_text("Takk! Svaret ditt er lagret")
        assert house.portal.state(KARI) is StandingState.CONSENTED
        await tab_to(page, ".ways a")
        await press("Enter")
        await expect(page.locator("h1")).to_have_text("Bibliotekene mine")
        await tab_to(page, "summary")
        await press("Enter")
        await expect(page.locator("details .rules")).to_be_visible()
        await tab_to(page, ".ways button")
        await press("Enter")
        await expect(page.locator("h1")).to_have_text("Du er logget ut")


async def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the first element of a kind has the focus, as somebody without a mouse does."""
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.locator(selector).first.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


async def test_the_back_button_and_a_reload_send_nothing_twice(house: House, shown: Browser) -> None:
    async with window(shown, house) as page:
        await go_in(page)
        await page.check("#agree")
        await page.click("main form button")
        await expect(page.locator("h1")).to_have_text("Takk! Svaret ditt er lagret")
        await page.reload()
        await page.go_back()
        await page.reload()
        await expect(page.locator("h1")).to_have_text("Takk! Svaret ditt er lagret")
        assert len(house.portal.people[KARI].accepted) == 1


async def test_the_code_of_a_kiosk_goes_to_no_other_page(house: House, shown: Browser) -> None:
    async with window(shown, house) as page:
        code = house.portal.code(KARI)
        referrers: list[str | None] = []
        page.on("request", lambda request: referrers.append(request.headers.get("referer")))
        await page.goto(f"/k/{code}")
        await page.fill("#pin", PIN)
        await page.press("#pin", "Enter")
        await expect(page.locator("h1")).to_have_text("Lånereglene til Storbyen folkebibliotek")
        assert referrers
        assert not any(referrers)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        # The cookie is not sent to us from another site at all, and from another port of ours the browser says so.
        ("localhost", "Du må logge inn på nytt"),
        ("127.0.0.1", "Vi stoppet dette for din skyld"),
    ],
)
async def test_a_form_from_another_site_is_stopped(host: str, said: str, house: House, shown: Browser) -> None:
    async with window(shown, house) as page, opened() as elsewhere:
        await go_in(page)
        form = await page.locator("main form").first.evaluate("form => form.outerHTML")
        target = f"http://127.0.0.1:{house.port}/NO-2030000/rules"
        evil = await page.context.browser.new_context(locale="nb-NO")  # type: ignore[union-attr]
        await evil.add_cookies(await page.context.cookies())  # type: ignore[arg-type]
        other = await evil.new_page()
        await other.route("**/evil", lambda route: route.fulfill(content_type="text/html", body=form))
        await other.goto(f"http://{host}:{elsewhere.port}/evil")
        await other.evaluate("target => document.forms[0].action = target", target)
        await other.check("#agree")
        await other.click("button")
        assert "/NO-2030000/rules" in other.url
        await expect(other.locator("h1")).to_have_text(said)
        await evil.close()
        assert house.portal.state(KARI) is None


# Every page that patrons see, judged one after the other.


async def go_in(page: Page, library: str = "NO-2030000", card: str = KARI, query: str = "") -> None:
    """Give card and PIN."""
    await page.goto(f"/{library}{query}")
    await page.fill("#card", card)
    await page.fill("#pin", PIN)
    await page.press("#pin", "Enter")
    await page.wait_for_url("**/rules*")


async def see_all(page: Page, house: House, language: Language, look: Callable[[str], Awaitable[None]]) -> None:
    """Go through all pages in a language, and ``look`` at each."""
    lang = f"?lang={language.value}"
    for name, path in {
        "front": "/",
        "entry": "/NO-2030000",
        "password": "/NO-2030000",
        "code": f"/k/{house.portal.code(PER)}",
        "bad code": "/k/nope",
        "no library": "/NO-1",
        "nowhere": "/a/b/c/d",
        "logged out": "/NO-2030000/rules",
    }.items():
        await page.goto(path + lang + ("&password" if name == "password" else ""))
        await look(name)
    await page.goto("/NO-2030000" + lang)
    await page.fill("#card", "W" * 40)
    await page.click("main button")
    await look("entry with problems")
    await go_in(page, query=lang)
    await look("rules")
    await page.click("main form button")
    await look("rules with problems")
    await page.check("#agree")
    await page.click("main form button")
    await look("being set up")
    for state in (StandingState.LOCAL, StandingState.NEEDS_STAFF):
        house.portal.stands(KARI, state)
        await page.goto("/NO-2030000/rules" + lang)
        await look(state.value)
    house.portal.stands(KARI, StandingState.AWAITING_DESK, FJORDBY)
    await page.goto("/NO-2030000/libraries" + lang)
    await page.click("summary")
    await look("libraries")
    house.portal.stands(KARI, None, FJORDBY)
    await go_in(page, FJORDBY, query=lang)
    await look("desk")
    await page.click("main form button")
    await look("awaiting")
    await page.locator(".ways button").click()
    await look("left")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("width", "letters"), [(320, "100%"), (360, "100%"), (640, "200%")])
async def test_nothing_is_wider_than_a_phone(
    width: int, letters: str, language: Language, house: House, shown: Browser
) -> None:
    house.portal.rename("Kulturhusbiblioteksentralen i Nordmarkatrakten og omegn")
    async with window(shown, house, viewport={"width": width, "height": 740}) as page:

        async def look(name: str) -> None:
            await page.evaluate("letters => { document.documentElement.style.fontSize = letters }", letters)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, name
            hidden = await page.evaluate(
                "[...document.querySelectorAll('main *, header *')].filter(one => !one.closest('.skip') &&"
                " one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML.slice(0, 80))"
            )
            assert hidden == [], name

        await see_all(page, house, language, look)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(scheme: str, house: House, shown: Browser) -> None:
    async with window(shown, house, viewport={"width": 360, "height": 740}, color_scheme=scheme) as page:

        async def look(name: str) -> None:
            found = (await Axe().run(page, options=RULES)).response
            assert "color-contrast" in {one["id"] for one in found["passes"]}
            wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
            assert wrong == [], name

        await see_all(page, house, Language.NB, look)


async def test_what_can_be_pressed_is_large_enough_for_a_thumb(house: House, shown: Browser) -> None:
    async with window(shown, house, viewport={"width": 360, "height": 740}, has_touch=True) as page:

        async def look(name: str) -> None:
            small = await page.evaluate(
                "[...document.querySelectorAll('button, a.button, input:not([type=hidden]), summary, nav a, .ways a')]"
                ".filter(one => one.getBoundingClientRect().height < 24 || one.getBoundingClientRect().width < 24)"
                ".map(one => one.outerHTML.slice(0, 80))"
            )
            assert small == [], name

        await see_all(page, house, Language.NB, look)


async def test_what_has_the_focus_can_be_seen(house: House, shown: Browser) -> None:
    async with window(shown, house) as page:
        await go_in(page)
        for selector in (".skip", "nav a", "#agree", "main form button", ".ways a"):
            one = page.locator(selector).first
            unfocused = await one.evaluate("one => getComputedStyle(one).boxShadow")
            await one.focus()
            assert await one.evaluate("one => getComputedStyle(one).boxShadow") != unfocused, selector


@pytest.mark.parametrize(
    "name", ["Storbyen folkebibliotek", "W" * 22, "W" * 400, "Kárášjoga ja Unjárgga oktasaš girjerádju " * 4]
)
async def test_nothing_on_a_poster_leaves_the_sheet(name: str, shown: Browser) -> None:
    page = await shown.new_page(viewport={"width": 794, "height": 1123})
    await page.set_content(poster(name, "https://nasjonalt-laanekort.bibliotek.example.no/NO-2030000"))
    boxes = await page.evaluate(
        "[...document.querySelectorAll('svg text, svg path')].map(one => {"
        " const box = one.getBoundingClientRect(), sheet = document.querySelector('svg').getBoundingClientRect();"
        " return [box.left - sheet.left, box.top - sheet.top, sheet.right - box.right, sheet.bottom - box.bottom] })"
    )
    assert len(boxes) > 10
    assert all(margin > 0 for box in boxes for margin in box)
    await page.close()
