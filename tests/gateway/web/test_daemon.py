"""The pages as the daemon serves them: the real register behind them, TLS before them, reload and stop."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId
from tests.gateway.web.browser import Browser
from tests.gateway.web.visits import try_card
from tests.gateway.worlds import Served, World, running, until

PAGES = '\n[listeners.pages]\nport = 0\npublic_url = "http://127.0.0.1"\n'
SECURE = '\n[listeners.pages]\nport = 0\npublic_url = "https://localhost"\n'
TLS = '[listeners.pages.tls]\ncertificate = "tls.pem"\nkey = "tls.key"\n'
AAGOT, KIM, PAAL = (CardNumber(f"N00100000{number}") for number in (1, 6, 8))
PINS = {AAGOT: "4817", KIM: "9153", PAAL: "7495"}
STORBYEN, FJORDBY = InstitutionId("NO-2030000"), InstitutionId("NO-2120100")


@pytest.fixture
async def served(world: World) -> AsyncIterator[Served]:
    """A daemon with pages."""
    async with running(world, settings=PAGES) as daemon:
        yield daemon


def browser_of(served: Served, languages: str = "") -> Browser:
    """A browser at the daemon's pages."""
    return Browser(served.daemon.addresses["pages"][1], languages=languages)


async def test_a_patron_accepts_the_rules_of_the_demos_library(served: Served) -> None:
    async with browser_of(served) as browser:
        page = await try_card(browser, AAGOT, PINS[AAGOT])
        # Ågot's own language is nynorsk.
        assert page.words("main").startswith("Hei, Ågot! Lånereglane til Storbyen folkebibliotek Versjon 3")
        page = await browser.send(page, "/rules", agree="yes")
        assert page.heading in ("Takk! Svaret ditt er lagra", "Du er lånar ved Storbyen folkebibliotek")
        page = await browser.get("/NO-2030000/libraries")
        assert "Du godtok lånereglane" in page.words("main")
        assert "På denne nettsida." in page.words("main")


async def test_fjordby_wants_everybody_at_the_desk_and_a_child_needs_a_guardian(served: Served) -> None:
    async with browser_of(served, "en") as browser:
        page = await try_card(browser, AAGOT, PINS[AAGOT], FJORDBY)
        assert page.heading == "Kom til skranken"
        page = await browser.send(page, "/desk")
        assert page.heading == "Skranken veit at du kjem"
        page = await try_card(browser, PAAL, PINS[PAAL])
        assert page.forms().keys() >= {"/NO-2030000/desk"}


async def test_a_library_whose_agreement_ended_has_no_page(served: Served) -> None:
    async with browser_of(served) as browser:
        assert (await browser.get("/NO-2110300")).status == 404


async def test_wrong_pins_on_the_page_wait_as_everywhere(served: Served) -> None:
    async with browser_of(served) as browser:
        wrong = [await try_card(browser, AAGOT, "1111") for _ in range(3)]
        unknown = await try_card(browser, "N009999999", "1111")
        assert {page.status for page in (*wrong, unknown)} == {403}
        assert wrong[-1].body.replace(AAGOT.encode(), b"") == unknown.body.replace(b"N009999999", b"")
        page = await try_card(browser, AAGOT, PINS[AAGOT])
        assert "Prøv igjen om 30 sekunder." in page.words("main")
    assert served.hashed() >= 3


async def test_whoever_has_a_password_must_give_it_and_a_pin_tells_nothing_about_that(served: Served) -> None:
    async with browser_of(served) as browser:
        pin, wrong = await try_card(browser, KIM, PINS[KIM]), await try_card(browser, KIM, "1111")
        assert pin.body == wrong.body
        page = await try_card(browser, KIM, "fjellrev-og-mus-46", query="?password")
        assert "Du har valgt sikrere innlogging enn denne siden har." in page.words("main")


async def test_no_address_of_a_patron_is_in_the_log(served: Served) -> None:
    async with browser_of(served) as browser:
        await try_card(browser, AAGOT, PINS[AAGOT])
    await until(lambda: served.counted("open_connections", listener="pages") == 0)
    lines = [line for line in served.lines() if line.get("listener") == "pages"]
    assert [line["event"] for line in lines] == ["listener_open"]
    assert served.counted("requests_total", protocol="http", message="POST", outcome="ok") == 1


async def test_over_https_the_certificate_is_replaced_at_a_reload(world: World) -> None:
    authority = trustme.CA()
    write_certificate(world, authority)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with running(world, settings=SECURE + TLS) as served:
        port = served.daemon.addresses["pages"][1]
        async with Browser(port, encrypted=True, tls=context) as browser:
            page = await try_card(browser, AAGOT, PINS[AAGOT])
            assert page.heading == "Lånereglane til Storbyen folkebibliotek"
            assert browser.cookies.keys() == {"__Host-portvakt-ticket"}
        assert served.counted("tls_handshakes_total", listener="pages", result="ok", version="TLSv1.3") == 1
        before = served.counted("tls_certificate_not_after_timestamp_seconds", listener="pages")
        assert before > 0
        other = trustme.CA()
        write_certificate(world, other)
        assert await served.daemon.reload()
        with pytest.raises(ssl.SSLCertVerificationError):
            await Browser(port, encrypted=True, tls=context).__aenter__()
        other.configure_trust(context)
        async with Browser(port, encrypted=True, tls=context) as browser:
            assert (await browser.get("/")).status == 200


def write_certificate(world: World, authority: trustme.CA) -> None:
    """Give the world a certificate and its key."""
    leaf = authority.issue_cert("localhost")
    key = world.directory / "credentials" / "tls.key"
    leaf.private_key_pem.write_to_path(key)
    key.chmod(0o600)
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(world.directory / "tls.pem", append=number > 0)


async def test_without_the_table_there_are_no_pages(world: World) -> None:
    async with running(world) as served:
        assert "pages" not in served.daemon.addresses


async def test_a_second_worker_takes_the_forms_of_the_first(world: World) -> None:
    async with running(world, settings=PAGES) as first:
        async with browser_of(first) as browser:
            page = await browser.get("/NO-2030000")
        async with running(World(world.directory)) as second, browser_of(second) as other:
            other.cookies = browser.cookies
            page = await other.send(page, "/NO-2030000", card=AAGOT, pin=PINS[AAGOT])
            assert page.path == "/NO-2030000/rules"
