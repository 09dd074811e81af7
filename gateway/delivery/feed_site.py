"""The feed over HTTP, as a Twisted factory for :func:`gateway.listening.listen`.

JSON in and out, nothing kept by anybody in between. What is asked, and for whom, is in no log.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from twisted.internet.interfaces import IAddress
from twisted.web import resource, server

from gateway.delivery.feed import Feed
from gateway.delivery.feed_rules import Answer, Asked, FeedRules
from gateway.ncip.initiators import Place
from gateway.observability.logs import EventLog
from gateway.observability.meters import ListenerMeter, Rejection
from gateway.observability.metrics import Metrics
from gateway.observability.redaction import kind_of, places
from gateway.partners.networks import Network, is_within
from gateway.web.channel import PageChannel, PageRequest
from gateway.web.rules import PagesRules
from registry.domain.decisions import RegisterUnavailable

_CONNECTIONS, _PER_ADDRESS = 512, 32
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
}
_OUTAGE = Answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "unavailable"}, {"retry-after": "5"})
_DEFECT = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "defect"})
_TOO_LARGE = Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "body", "expected": "a small body"})
_NOT_JSON = Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {"error": "content_type", "expected": "application/json"})
_QUERY = Answer(HTTPStatus.BAD_REQUEST, {"error": "query", "expected": "a few parameters in UTF-8"})

OUTCOMES = {
    HTTPStatus.OK: "ok",
    HTTPStatus.UNAUTHORIZED: "unproved",
    HTTPStatus.FORBIDDEN: "unproved",
    HTTPStatus.NOT_FOUND: "refused",
    HTTPStatus.CONFLICT: "refused",
    HTTPStatus.TOO_MANY_REQUESTS: "busy",
    HTTPStatus.SERVICE_UNAVAILABLE: "upstream",
    HTTPStatus.INTERNAL_SERVER_ERROR: "other",
}
"""Status → how a request has ended, for the metric; what is not here was no request that can be answered."""


class FeedRequest(PageRequest):
    """A request to the feed; its headers are ours, and not a page's."""

    channel: FeedChannel
    is_gone = False
    """Whether the peer has hung up: nothing can be written any more."""

    def process(self) -> None:
        """Answer."""
        for name, value in _HEADERS.items():
            self.setHeader(name.encode(), value.encode())
        server.Request.process(self)


class FeedChannel(PageChannel):
    """One connection of a library system."""

    certificate: bytes | None = None

    def __init__(self, rules: PagesRules, call_later: Callable[..., Any], left: Callable[[PageChannel], None]) -> None:
        """Serve by ``rules``."""
        super().__init__(rules, call_later, left)
        vars(self)["requestFactory"] = FeedRequest


class FeedSite(server.Site):
    """All library systems that are connected."""

    def __init__(
        self,
        feed: Feed,
        *,
        rules: FeedRules,
        networks: tuple[Network, ...],
        encrypted: bool,
        metrics: Metrics,
        meter: ListenerMeter,
        log: EventLog,
    ) -> None:
        """Answer who connects from ``networks``, or from anywhere where there are none."""
        self.feed = feed
        self._metrics = metrics
        self.meter = meter
        self._log = log
        self._networks = networks
        # What the channel asks for; it knows by the address alone whether it is encrypted.
        self._rules = PagesRules(public_url="https://" if encrypted else "http://", body_bytes=rules.body_bytes)
        self._channels: dict[PageChannel, str] = {}
        self._from: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        server.Site.__init__(self, _Door(self), requestFactory=FeedRequest, timeout=self._rules.idle)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._channels)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Return a channel for a connection from ``addr``, or ``None`` to refuse it."""
        host = str(getattr(addr, "host", ""))
        rejection = self._rejection(host)
        if rejection is not None:
            self.meter.rejected(rejection)
            return None
        channel = FeedChannel(self._rules, self.reactor.callLater, self._gone)
        vars(channel).update(site=self, factory=self)
        self._channels[channel] = host
        self._from[host] += 1
        return _Counted(channel, self.meter)

    async def drain(self, soft: float) -> None:
        """Let answers under way be given, for ``soft`` seconds at most, and close every connection."""
        self.feed.close()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=soft)
        await asyncio.sleep(0)  # for what has been answered to be written
        for task in self._under_way:
            task.cancel()
        for channel in list(self._channels):
            channel.leave()

    def log(self, request: Any) -> None:
        """Keep no access log: it would tell card numbers."""

    def begin(self, request: FeedRequest) -> None:
        """Answer a request that is whole."""
        task = asyncio.ensure_future(self._respond(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        request.notifyFinish().addErrback(lambda _: _hung_up(request, task))

    async def _respond(self, request: FeedRequest) -> None:
        host = self._channels.get(request.channel, "")
        answer = await self._caught(request, host)
        self._metrics.feed_requests.of(OUTCOMES.get(answer.status, "invalid")).inc()
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            self._log.event("feed_refused", reason=str(answer.body["error"]), peer_ip=host)
        if not request.is_gone:
            _write(request, answer)

    async def _caught(self, request: FeedRequest, host: str) -> Answer:
        """Return the answer, or what tells what went wrong; the one place that catches everything."""
        try:
            asked = _asked(request, host)
            return asked if isinstance(asked, Answer) else await self.feed.answer(asked)
        except RegisterUnavailable as outage:
            self._log.event("outage", protocol="http", error=kind_of(outage), at=places(outage.__traceback__))
            return _OUTAGE
        except Exception as failure:  # noqa: BLE001 - whoever asked is owed an answer
            self._log.unexpected(failure, protocol="http")
            return _DEFECT

    def _rejection(self, host: str) -> Rejection | None:
        if self._networks and not is_within(host, self._networks):
            return "acl"
        if len(self._channels) >= _CONNECTIONS:
            return "cap"
        return "ip_cap" if self._from[host] >= _PER_ADDRESS else None

    def _gone(self, channel: PageChannel) -> None:
        host = self._channels.pop(channel, None)
        if host is not None:
            self._from -= Counter((host,))
        if channel.is_connected:
            self.meter.closed(channel.closing or "peer")
        else:
            self.meter.rejected("tls")


class _Door(resource.Resource):
    """Every path is the feed's to judge."""

    def __init__(self, site: FeedSite) -> None:
        resource.Resource.__init__(self)
        self.isLeaf = True
        self._site = site

    def render(self, request: Any) -> int:
        """Answer one request, later."""
        self._site.begin(request)
        return server.NOT_DONE_YET


class _Counted:
    """What the listener carries: a channel, counted from when it is connected, with the certificate that was shown."""

    def __init__(self, channel: FeedChannel, meter: ListenerMeter) -> None:
        self._channel = channel
        self._meter = meter
        self.dataReceived = channel.dataReceived
        self.connectionLost = channel.connectionLost

    def makeConnection(self, transport: Any) -> None:
        """Begin."""
        self._meter.opened()
        self._channel.certificate = transport.peer_certificate
        self._channel.makeConnection(transport)


def _hung_up(request: FeedRequest, task: asyncio.Task[None]) -> None:
    request.is_gone = True
    # What was told is heard to its end; who only asked waits for nothing any more.
    if request.method != b"POST":
        task.cancel()


def _asked(request: FeedRequest, host: str) -> Asked | Answer:
    if request.is_too_large:
        return _TOO_LARGE
    if request.method == b"POST" and _media_type(request) != "application/json":
        return _NOT_JSON
    path, _, query = request.uri.partition(b"?")
    try:
        told = parse_qs(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        return _QUERY
    return Asked(
        method=request.method.decode("ascii", "replace"),
        path=path.decode("ascii", "replace"),
        query=told,
        place=Place(host, request.channel.certificate),
        authorization=_header(request, "Authorization"),
        body=request.content.getvalue(),
    )


def _header(request: FeedRequest, name: str) -> str | None:
    values = request.requestHeaders.getRawHeaders(name)
    return values[0] if values and len(values) == 1 else None


def _media_type(request: FeedRequest) -> str:
    return (_header(request, "Content-Type") or "").partition(";")[0].strip().lower()


def _write(request: server.Request, answer: Answer) -> None:
    body = json.dumps(answer.body, ensure_ascii=False).encode() + b"\n"
    request.setResponseCode(answer.status)
    for name, value in answer.headers.items():
        request.setHeader(name.encode(), value.encode())
    request.setHeader(b"content-length", b"%d" % len(body))
    request.write(body)
    request.finish()
