"""The three pages, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint

from gateway.observability.health import failing, http_site
from gateway.observability.metrics import Metrics


@dataclass
class Daemon:
    """A site on the loopback interface, and what it is asked to check."""

    metrics: Metrics = field(default_factory=lambda: Metrics(version="1", listeners=("sip2",)))
    broken: set[str] = field(default_factory=set)
    port: int = 0

    async def database(self) -> bool:
        """Raise when broken, as a database does."""
        if "database" in self.broken:
            raise ConnectionError("password=hunter2")
        return True

    async def listeners(self) -> bool:
        """Say no when broken."""
        return "listeners" not in self.broken

    async def sent(self, bytes_: bytes) -> bytes:
        """Return all that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(bytes_)
        answer = await reader.read(-1)
        writer.close()
        return answer

    async def asked(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return the answer's status, headers and body."""
        answer = await self.sent(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return int(first.split()[1]), headers, body


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    made = Daemon()
    site = http_site(made.metrics, {"database": made.database, "listeners": made.listeners})
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    listening = await endpoint.listen(site).asFuture(asyncio.get_running_loop())
    made.port = listening.getHost().port
    yield made
    listening.stopListening()
    await asyncio.sleep(0)


async def test_metrics_are_scraped_as_text(daemon: Daemon) -> None:
    daemon.metrics.sip2("63").ok(0.01)
    status, headers, body = await daemon.asked("GET", "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert b'portvakt_requests_total{message="63",outcome="ok",protocol="sip2"} 1.0' in body


async def test_a_living_daemon_says_so(daemon: Daemon) -> None:
    daemon.broken = {"database", "listeners"}
    status, _, body = await daemon.asked("GET", "/livez")
    assert (status, body) == (200, b"OK\n")


@pytest.mark.parametrize(("broken", "status"), [([], 200), (["database"], 503), (["database", "listeners"], 503)])
async def test_readiness_names_what_fails_and_never_why(daemon: Daemon, broken: list[str], status: int) -> None:
    daemon.broken = set(broken)
    answered, headers, body = await daemon.asked("GET", "/readyz")
    assert (answered, headers["content-type"]) == (status, "application/json")
    assert json.loads(body) == {"ready": not broken, "failing": broken}


async def test_a_check_that_never_ends_fails_in_time() -> None:
    async def endless() -> bool:
        await asyncio.Event().wait()
        return True

    async def quick() -> bool:
        return True

    assert await failing({"endless": endless, "quick": quick}, seconds=0.01) == ["endless"]
    assert await failing({}) == []


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx", "/server-status", "//livez"])
async def test_there_are_no_other_pages(daemon: Daemon, path: str) -> None:
    status, _, _ = await daemon.asked("GET", path)
    assert status == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(daemon: Daemon, method: str) -> None:
    status, headers, _ = await daemon.asked(method, "/metrics")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz"])
async def test_head_gets_the_headers_alone(daemon: Daemon, path: str) -> None:
    status, _, body = await daemon.asked("HEAD", path)
    assert (status, body) == (200, b"")


@pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz", "/none"])
async def test_nobody_learns_what_serves_it(daemon: Daemon, path: str) -> None:
    _, headers, body = await daemon.asked("GET", path)
    assert "server" not in headers
    assert b"twisted" not in body.lower()


async def test_a_request_with_a_body_is_cut_off(daemon: Daemon) -> None:
    endless = b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10737418240\r\n\r\n" + b"x" * 1000
    assert await daemon.sent(endless) == b""


async def test_an_endless_header_is_cut_off(daemon: Daemon) -> None:
    answer = await daemon.sent(b"GET /livez HTTP/1.1\r\nX: " + b"x" * 100_000)
    assert b"200" not in answer
