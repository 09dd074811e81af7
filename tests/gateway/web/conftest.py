"""Pages that are served on this loop, with a portal in memory behind them."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pytest
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsText, globalLogPublisher
from zope.interface import implementer

from gateway.delivery.waiting import AT_ONCE, WaitingWords
from gateway.listening import Listening, listen
from gateway.observability.logs import Logs
from gateway.observability.metrics import Metrics
from gateway.web.rules import PagesRules
from gateway.web.site import PagesSite, pages_site
from registry.credentials.keys import Key
from tests.clocks import HandClock
from tests.gateway.web.browser import Browser
from tests.gateway.web.portal import BookPortal

KEY = Key(bytes(range(32)))


@dataclass
class House:
    """The pages, and everything around them."""

    portal: BookPortal
    clock: HandClock
    site: PagesSite
    listening: Listening
    metrics: Metrics
    logs: Logs
    stream: io.StringIO
    waits: list[WaitingWords]
    pauses: list[float]
    complaints: list[str]

    @property
    def port(self) -> int:
        """Where they listen."""
        return self.listening.addresses[0].port

    def browser(self, languages: str = "nb") -> Browser:
        """A browser with no past."""
        return Browser(self.port, encrypted=self.site.rules.is_encrypted, languages=languages)

    def logged(self) -> str:
        """The log so far."""
        self.logs._writer.catch_up()
        return self.stream.getvalue()

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines about one event."""
        return [line for line in map(json.loads, self.logged().splitlines()) if line["event"] == name]

    def counted(self, metric: str, **labels: str) -> float | None:
        """A metric's value now."""
        return self.metrics.registry.get_sample_value(f"portvakt_{metric}", labels)


@asynccontextmanager
async def opened(**rules: Any) -> AsyncIterator[House]:
    """Serve the pages until the block ends."""
    clock = HandClock()
    portal, stream, waits = BookPortal(clock), io.StringIO(), [AT_ONCE]
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    metrics = Metrics(version="test", listeners=("pages",))
    logs = Logs(stream, level="debug", key=b"k" * 32, metrics=metrics, strict=True)
    logs.start()
    site = pages_site(
        portal,
        key=KEY,
        rules=PagesRules(**({"public_url": "http://127.0.0.1"} | rules)),
        clock=clock,
        metrics=metrics,
        log=logs.log,
        meter=metrics.listener("pages", encrypted=False),
        waiting=lambda _: waits[0],
        pause=pause,
    )
    complaints: list[str] = []
    listening = await listen(site, "127.0.0.1", 0)
    with listening_for(complaints):
        try:
            yield House(portal, clock, site, listening, metrics, logs, stream, waits, pauses, complaints)
        finally:
            await listening.close()
            logs.stop()


@contextmanager
def listening_for(complaints: list[str]) -> Iterator[None]:
    """Take down what Twisted and the loop complain of."""

    @implementer(ILogObserver)
    def hear(event: LogEvent) -> None:
        if event.get("log_level", LogLevel.info) >= LogLevel.warn:
            complaints.append(eventAsText(event))

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
    globalLogPublisher.addObserver(hear)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(hear)
        loop.set_exception_handler(before)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Pages on this machine, as in the demo."""
    async with opened() as made:
        yield made
        assert made.complaints == []
        assert made.events("unexpected") == []


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    """A browser that speaks bokmål."""
    async with house.browser() as one:
        yield one


@pytest.fixture
def loopback() -> IPv4Network:
    """This machine."""
    return IPv4Network("127.0.0.0/8")


@pytest.fixture
def elsewhere() -> IPv4Network:
    """Another network."""
    return IPv4Network("192.0.2.0/24")
