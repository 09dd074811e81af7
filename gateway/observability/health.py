"""What Prometheus and a supervisor ask over HTTP: ``/metrics``, ``/livez`` and ``/readyz``.

Meant for the loopback interface; it says which check fails, never why.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web import resource, server
from twisted.web.http import Request as HttpRequest

from gateway.bridge import as_deferred
from gateway.observability.metrics import Metrics

# How long one readiness check may take, in seconds; all run at the same time.
CHECK_TIME = 1.0

# How long an idle scraper's connection stays open, in seconds.
IDLE_TIME = 30.0

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
METHODS = (b"GET", b"HEAD")

# By name: whether a thing that we need is there. What a check raises counts as no.
Checks = Mapping[str, Callable[[], Coroutine[Any, Any, bool]]]


async def failing(checks: Checks, seconds: float = CHECK_TIME) -> list[str]:
    """Return the names of the checks that did not pass within ``seconds``, in the table's order."""
    asked = {name: asyncio.ensure_future(check()) for name, check in checks.items()}
    if asked:
        await asyncio.wait(asked.values(), timeout=seconds)
    for answer in asked.values():
        answer.cancel()
    return [name for name, answer in asked.items() if not _passed(answer)]


def _passed(answer: asyncio.Future[bool]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None and answer.result()


def http_site(metrics: Metrics, checks: Checks) -> server.Site:
    """Return a factory for ``reactor.listenTCP`` that answers scrapes and health checks."""
    return _Site(_Pages(metrics, checks))


class _Pages(resource.Resource):
    def __init__(self, metrics: Metrics, checks: Checks) -> None:
        resource.Resource.__init__(self)
        self.isLeaf = True
        self._metrics = metrics
        self._checks = checks
        self._pages: Mapping[bytes, Callable[[server.Request], bytes | int]] = {
            b"/metrics": self._exposition,
            b"/livez": self._alive,
            b"/readyz": self._ready,
        }

    def render(self, request: server.Request) -> bytes | int:
        """Answer one request; Twisted sends no body with the answer to HEAD."""
        request.responseHeaders.removeHeader(b"server")  # nobody needs to know our version
        page = self._pages.get(request.path)
        if page is None:
            return _plain(request, HTTPStatus.NOT_FOUND)
        if request.method not in METHODS:
            request.setHeader(b"allow", b", ".join(METHODS))
            return _plain(request, HTTPStatus.METHOD_NOT_ALLOWED)
        return page(request)

    def _exposition(self, request: server.Request) -> bytes:
        request.setHeader(b"content-type", CONTENT_TYPE_LATEST.encode())
        return self._metrics.exposition()

    def _alive(self, request: server.Request) -> bytes:
        return _plain(request, HTTPStatus.OK)

    def _ready(self, request: server.Request) -> int:
        asked = as_deferred(failing(self._checks))
        # Who hangs up first is owed no answer.
        request.notifyFinish().addErrback(lambda _: asked.cancel())
        asked.addCallback(_report, request)
        asked.addErrback(Failure.trap, CancelledError, asyncio.CancelledError, ConnectionLost)
        return server.NOT_DONE_YET


def _report(names: list[str], request: server.Request) -> None:
    request.setResponseCode(HTTPStatus.SERVICE_UNAVAILABLE if names else HTTPStatus.OK)
    request.setHeader(b"content-type", JSON)
    body = json.dumps({"ready": not names, "failing": names}).encode()
    request.setHeader(b"content-length", b"%d" % len(body))
    request.write(body)
    request.finish()


def _plain(request: server.Request, status: HTTPStatus) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"content-type", TEXT)
    return status.phrase.encode() + b"\n"


class _Request(server.Request):
    def handleContentChunk(self, data: bytes) -> None:
        """Hang up: nothing here takes a body, so none is kept."""
        server.Request.loseConnection(self)


class _Site(server.Site):
    def __init__(self, pages: _Pages) -> None:
        server.Site.__init__(self, pages, requestFactory=_Request, timeout=IDLE_TIME)

    def log(self, request: HttpRequest) -> None:
        """Keep no access log: scrapes are many and all alike."""
