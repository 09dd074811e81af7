"""Ways through the pages that several tests take."""

from __future__ import annotations

from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId
from tests.gateway.web.browser import Answer, Browser
from tests.gateway.web.portal import KARI, PIN, STORBYEN


async def try_card(
    browser: Browser, card: str, pin: str = PIN, institution: InstitutionId = STORBYEN, query: str = ""
) -> Answer:
    """Give card and PIN at a library's address; what comes then."""
    page = await browser.get(f"/{institution}{query}")
    return await browser.send(page, f"/{institution}", card=card, pin=pin)


async def go_in(
    browser: Browser, card: CardNumber = KARI, institution: InstitutionId = STORBYEN, query: str = ""
) -> Answer:
    """Give the right PIN; the page behind it."""
    page = await try_card(browser, card, PIN, institution, query)
    assert browser.cookies.keys() & {"portvakt-ticket", "__Host-portvakt-ticket"}, page.words()
    return page
