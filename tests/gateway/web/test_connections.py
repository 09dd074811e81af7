"""Connections: how many, for how long, and what becomes of an answer whose asker is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.partners.networks import Network
from registry.activating import Ticket
from registry.domain.activating import Accepted, Hindered
from registry.domain.patron import Language
from registry.domain.standing import StandingState
from tests.gateway.web.browser import Browser
from tests.gateway.web.conftest import House, opened
from tests.gateway.web.portal import KARI, PIN, BookPortal
from tests.gateway.web.visits import go_in, try_card
from tests.gateway.worlds import until

HEAD = b"POST /NO-2030000 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def closings(house: House, reason: str) -> Callable[[], bool]:
    return lambda: house.counted("connections_closed_total", listener="pages", reason=reason) == 1


async def send_for_ever(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send until the other side has had enough."""
    while True:
        writer.write(piece)
        await writer.drain()


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", HEAD + b"Content-Length: 100\r\n\r\ncard="])
async def test_a_request_that_dribbles_in_ends_at_its_deadline(begun: bytes) -> None:
    async with opened(request=0.05) as house, house.browser() as browser:
        browser.writer.write(begun)
        assert await browser.reader.read() == b""
        await until(closings(house, "deadline"))
        assert house.counted("frame_errors_total", protocol="http", reason="deadline") == 1


async def test_a_connection_on_which_nothing_comes_is_closed() -> None:
    async with opened(idle=0.05) as house, house.browser() as browser:
        assert await browser.reader.read() == b""
        await until(closings(house, "idle"))
        assert house.complaints == []


async def test_a_body_without_end_is_cut(house: House, browser: Browser) -> None:
    browser.writer.write(HEAD + b"Content-Length: 10737418240\r\n\r\n")
    with pytest.raises(ConnectionError):
        await send_for_ever(browser.writer, b"x" * 65536)
    await until(closings(house, "oversize"))


async def test_chunks_without_end_are_cut(house: House, browser: Browser) -> None:
    browser.writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(ConnectionError):
        await send_for_ever(browser.writer, b"1000\r\n" + b"x" * 4096 + b"\r\n")
    await until(closings(house, "oversize"))


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["long header", "long path", "many headers", "TLS", "two lengths", "length twice", "bad chunk"],
)
async def test_what_is_no_http_is_refused_and_closed(raw: bytes, house: House, browser: Browser) -> None:
    browser.writer.write(raw)
    answer = await browser.reader.read()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    await until(lambda: house.site.connections == 0)


async def test_whoever_asks_and_never_reads_is_cut() -> None:
    async with opened(unsent_bytes=20_000) as house:
        _, writer = await asyncio.open_connection("127.0.0.1", house.port, limit=1024)
        with pytest.raises(ConnectionError):
            await send_for_ever(writer, b"GET /assets/pages.css HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        await until(closings(house, "stalled"))


async def test_requests_may_be_sent_ahead_and_are_answered_in_order(browser: Browser) -> None:
    browser.writer.write(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/", b"/nope", b"/") * 5))
    assert [(await browser.raw(b"")).status for _ in range(15)] == [200, 404, 200] * 5


async def test_an_old_browser_is_answered_and_closed(browser: Browser) -> None:
    browser.writer.write(b"GET / HTTP/1.0\r\n\r\n")
    answer = await browser.reader.read()
    assert b" 200 OK\r\n" in answer
    assert answer.endswith(b"</html>")


async def test_no_more_connections_than_there_may_be() -> None:
    async with opened(connections=2) as house, house.browser(), house.browser(), house.browser() as third:
        assert await third.reader.read() == b""
        assert house.counted("connections_rejected_total", listener="pages", reason="cap") == 1


async def test_no_more_connections_from_one_address_unless_it_is_a_balancer(loopback: Network) -> None:
    async with opened(per_address=1) as house, house.browser(), house.browser() as second:
        assert await second.reader.read() == b""
        assert house.counted("connections_rejected_total", listener="pages", reason="ip_cap") == 1
    for exempt in ({"exempt": (loopback,)}, {"proxies": (loopback,)}):
        async with opened(per_address=1, **exempt) as house, house.browser(), house.browser() as second:
            assert (await second.get("/")).status == 200


async def test_only_the_proxies_may_connect_where_plain_text_is_for_them(elsewhere: Network) -> None:
    async with opened(networks=(elsewhere,)) as house, house.browser() as browser:
        assert await browser.reader.read() == b""
        assert house.counted("connections_rejected_total", listener="pages", reason="acl") == 1


async def test_places_are_given_back(house: House) -> None:
    for _ in range(5):
        async with house.browser() as browser:
            await browser.get("/")
    await until(lambda: house.site.connections == 0)
    assert house.counted("open_connections", listener="pages") == 0
    assert house.counted("connections_total", listener="pages") == 5


async def test_behind_a_proxy_attempts_count_by_whom_it_asks_for(loopback: Network) -> None:
    async with opened(proxies=(loopback,)) as house, house.browser() as browser:
        for client in ("198.51.100.7", "198.51.100.7, 127.0.0.9", "203.0.113.5", "6.6.6.6, 198.51.100.7"):
            browser.headers["X-Forwarded-For"] = client
            await try_card(browser, KARI, "1111")
    one, same, other, lied = house.portal.origins
    assert one == same == lied != other


async def test_without_a_proxy_nobody_can_say_that_they_are_another(house: House, browser: Browser) -> None:
    for client in ("198.51.100.7", "203.0.113.5"):
        browser.headers["X-Forwarded-For"] = client
        await try_card(browser, KARI, "1111")
    assert len(set(house.portal.origins)) == 1


class SlowPortal(BookPortal):
    """Takes a yes when it is let to."""

    def __init__(self, portal: BookPortal) -> None:
        vars(self).update(vars(portal))
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def accept(
        self, ticket: Ticket, version: str, language: Language, deadline: float
    ) -> Accepted | Hindered | None:
        """Wait, then take it."""
        self.begun.set()
        await self.go_on.wait()
        return await super().accept(ticket, version, language, deadline)


def slow(house: House) -> SlowPortal:
    """Put a slow portal behind the pages."""
    portal = SlowPortal(house.portal)
    object.__setattr__(house.site._desk, "portal", portal)
    return portal


async def test_whoever_hangs_up_in_the_middle_of_a_yes_has_said_it(house: House, browser: Browser) -> None:
    portal = slow(house)
    page = await go_in(browser)
    sending = asyncio.ensure_future(browser.send(page, "/rules", agree="yes"))
    await portal.begun.wait()
    sending.cancel()
    browser.writer.transport.abort()
    await until(lambda: house.site.connections == 0)
    portal.go_on.set()
    await until(lambda: portal.state(KARI) is StandingState.CONSENTED)
    await until(lambda: not house.site._under_way)


async def test_at_a_stop_a_yes_under_way_is_answered_and_then_all_are_closed(house: House, browser: Browser) -> None:
    portal = slow(house)
    page = await go_in(browser)
    async with house.browser() as idle:
        await idle.get("/")
        sending = asyncio.ensure_future(browser.send(page, "/rules", follow=False, agree="yes"))
        await portal.begun.wait()
        house.listening.stop_accepting()
        draining = asyncio.ensure_future(house.site.drain(10.0, lambda: 0.0))
        portal.go_on.set()
        assert (await sending).status == 303
        await draining
        assert await idle.reader.read() == b""
        assert await browser.reader.read() == b""
    await until(lambda: house.site.connections == 0)


async def test_a_stop_does_not_wait_for_ever(house: House, browser: Browser) -> None:
    portal = slow(house)
    page = await go_in(browser)
    sending = asyncio.ensure_future(browser.send(page, "/rules", agree="yes"))
    await portal.begun.wait()
    await house.site.drain(0.0, lambda: 1.0)
    with pytest.raises(asyncio.IncompleteReadError):
        await sending
    portal.go_on.set()
    await until(lambda: not house.site._under_way)


async def test_many_browsers_at_once_are_each_answered_for_themselves(house: House) -> None:
    async def visit(card: str) -> str:
        async with house.browser() as browser:
            page = await browser.get("/NO-2030000")
            page = await browser.send(page, "/NO-2030000", card=card, pin=PIN)
            return page.words("main").split("!")[0]

    cards = ["N000001001", "N000001005"] * 20
    assert await asyncio.gather(*map(visit, cards)) == ["Hei, Kari", "Hello, Per"] * 20
