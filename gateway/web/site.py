"""The pages as a Twisted factory: routes, one place where what went wrong is caught, and who is inside.

Klein imports the reactor, so this module is imported only once ours is installed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from klein import Klein
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web import resource, server
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gateway.bridge import outlived
from gateway.delivery.waiting import WaitingWords
from gateway.observability.logs import EventLog
from gateway.observability.meters import ListenerMeter, Outcome, Rejection
from gateway.observability.metrics import Metrics
from gateway.partners.networks import is_within
from gateway.web.answering import Desk, Monotonic, at_once, plain_notice
from gateway.web.asked import FORM, Asked, UnreadableFormError, fields_of, patron_address
from gateway.web.channel import PageChannel, PageRequest
from gateway.web.cookies import Cookies
from gateway.web.entering import Entering
from gateway.web.proofs import Proofs
from gateway.web.rendering import ASSETS, GoTo, Page, html
from gateway.web.rows import NOT_FOUND, OUTAGE, UNEXPECTED, unreadable
from gateway.web.rules import PagesRules
from gateway.web.visiting import Visiting
from registry.activating import Portal
from registry.credentials.keys import Key
from registry.domain.decisions import RegisterUnavailable
from registry.domain.institution import LendingUnitId

_Answerer = Callable[..., Awaitable[Page | GoTo]]
_KEPT_A_YEAR = "public, max-age=31536000, immutable"


def _routes(entering: Entering, visiting: Visiting) -> Mapping[str, Mapping[str, _Answerer]]:
    """Return path → method → who answers; HEAD is answered as GET."""
    return {
        "/": {"GET": entering.front},
        "/<institution>": {"GET": entering.library, "POST": entering.enter_library},
        "/k/<code>": {"GET": entering.code, "POST": entering.enter_code},
        "/<institution>/rules": {"GET": visiting.rules, "POST": visiting.accept},
        "/<institution>/libraries": {"GET": visiting.libraries},
        # A browser that restores one of these asks with GET: it is led to the page with the button.
        "/<institution>/desk": {"GET": visiting.back, "POST": visiting.desk},
        "/<institution>/withdraw": {"GET": visiting.back, "POST": visiting.withdraw},
        "/<institution>/leave": {"GET": visiting.back, "POST": visiting.leave},
    }


def pages_site(
    portal: Portal,
    *,
    key: Key,
    rules: PagesRules,
    clock: Monotonic,
    metrics: Metrics,
    log: EventLog,
    meter: ListenerMeter,
    waiting: Callable[[LendingUnitId], WaitingWords] = at_once,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> PagesSite:
    """Return a factory for :func:`gateway.listening.listen` that serves the pages.

    ``key`` proves forms, and must be the same in every process that serves these pages. ``waiting`` tells how long the
    patrons of a lending unit wait for its library system; ``pause`` holds back what is told too often.
    """
    desk = Desk(
        portal=portal,
        log=log,
        proofs=Proofs(key),
        cookies=Cookies(rules.is_encrypted),
        clock=clock,
        rules=rules,
        waiting=waiting,
        pause=pause,
    )
    return PagesSite(_routes(Entering(desk), Visiting(desk)), desk, metrics=metrics, log=log, meter=meter)


class PagesSite(server.Site):
    """All browsers that are connected, and what is being answered."""

    def __init__(
        self,
        routes: Mapping[str, Mapping[str, _Answerer]],
        desk: Desk,
        *,
        metrics: Metrics,
        log: EventLog,
        meter: ListenerMeter,
    ) -> None:
        """Answer by ``routes``."""
        self.rules = desk.rules
        self.meter = meter
        self._desk = desk
        self._metrics = metrics
        self._log = log
        self._meters = {method: metrics.meter("http", method) for method in ("GET", "POST", "other")}
        self._in_progress = metrics.requests_in_progress.of("http")
        self._channels: dict[PageChannel, str] = {}
        self._from: Counter[str] = Counter()
        self._under_way: set[asyncio.Task[bytes]] = set()
        super().__init__(_Door(self._klein(routes)), requestFactory=PageRequest, timeout=desk.rules.idle)

    # Connections.

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
        channel = PageChannel(self.rules, self.reactor.callLater, self._gone)
        vars(channel).update(site=self, factory=self)
        self._channels[channel] = host
        self._from[host] += 1
        return _Counted(channel, self.meter)

    async def drain(self, soft: float, elapsed: Callable[[], float]) -> None:
        """Let answers under way be given, for ``soft`` seconds at most, and close every connection."""
        while self._under_way and (left := soft - elapsed()) > 0:
            await asyncio.wait(self._under_way, timeout=left)
            await asyncio.sleep(0)  # for what has been answered to be written
        for channel in list(self._channels):
            channel.leave()

    def log(self, request: Any) -> None:
        """Keep no access log: it would tell who was at which library, and one-time codes."""

    def _rejection(self, host: str) -> Rejection | None:
        rules = self.rules
        if rules.networks and not is_within(host, rules.networks):
            return "acl"
        if len(self._channels) >= rules.connections:
            return "cap"
        if self._from[host] >= rules.per_address and not is_within(host, (*rules.exempt, *rules.proxies)):
            return "ip_cap"
        return None

    def _gone(self, channel: PageChannel) -> None:
        host = self._channels.pop(channel, None)
        if host is not None:
            self._from -= Counter((host,))
        if not channel.is_connected:
            self.meter.rejected("tls")
            return
        why = channel.closing or "peer"
        self.meter.closed(why)
        if why in ("deadline", "oversize"):
            self._metrics.frame_errors.of("http", why).inc()

    # Requests.

    def _klein(self, routes: Mapping[str, Mapping[str, _Answerer]]) -> Klein:
        app = Klein()
        for path, methods in routes.items():
            for method, answerer in methods.items():
                app.route(path, methods=[method], endpoint=f"{method} {path}", strict_slashes=False)(
                    self._route(answerer)
                )
        app.route("/assets/<name>", methods=["GET"], endpoint="assets")(self._asset)
        app.handle_errors(HTTPException)(cast(Any, self._nothing_there))
        return app

    def _route(self, answerer: _Answerer) -> Callable[..., Deferred[bytes]]:
        def route(request: PageRequest, **parts: str) -> Deferred[bytes]:
            return self._respond(request, lambda asked: answerer(asked, **parts))

        return route

    def _respond(self, request: PageRequest, answer: Callable[[Asked], Awaitable[Page | GoTo]]) -> Deferred[bytes]:
        # Whoever hangs up in the middle of a yes has said it all the same: the answer is worked out to its end.
        task = asyncio.ensure_future(self._answered(request, answer))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return outlived(task)

    async def _answered(self, request: PageRequest, answer: Callable[[Asked], Awaitable[Page | GoTo]]) -> bytes:
        began = time.monotonic()
        self._in_progress.inc()
        try:
            page = await self._caught(request, answer)
        finally:
            self._in_progress.dec()
        status = HTTPStatus.SEE_OTHER if isinstance(page, GoTo) else page.status
        meter = self._meters.get(request.method.decode("ascii", "replace").replace("HEAD", "GET"))
        (meter or self._meters["other"]).answered(_OUTCOMES.get(status, "ok"), time.monotonic() - began)
        return _written(request, page)

    async def _caught(self, request: PageRequest, answer: Callable[[Asked], Awaitable[Page | GoTo]]) -> Page | GoTo:
        """Return the answer, or the page about what went wrong; the one place that catches everything."""
        asked = self._bare(request)
        try:
            asked = self._asked(request)
            return await answer(asked)
        except _RefusedError as refused:
            return plain_notice(asked, unreadable(refused.status))
        except RegisterUnavailable as outage:
            self._log.event("outage", protocol="http", error=type(outage.__cause__ or outage).__name__)
            return plain_notice(asked, OUTAGE)
        except Exception as failure:  # noqa: BLE001 - a patron is owed a page
            self._log.unexpected(failure, protocol="http")
            return plain_notice(asked, UNEXPECTED)

    def _asked(self, request: PageRequest) -> Asked:
        if request.is_too_large:
            self._metrics.frame_errors.of("http", "oversize").inc()
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if request.method == b"POST" and _media_type(request) != FORM:
            raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            form = fields_of(request.content.read()) if request.method == b"POST" else {}
            return self._bare(request, form, fields_of(request.uri.partition(b"?")[2]))
        except UnreadableFormError:
            raise _RefusedError(HTTPStatus.BAD_REQUEST) from None

    def _bare(
        self, request: PageRequest, form: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> Asked:
        peer = request.getClientAddress()
        return Asked(
            method=request.method.decode("ascii", "replace"),
            path=request.path.decode("ascii", "replace"),
            address=patron_address(peer.host, _header(request, "X-Forwarded-For") or "", self.rules.proxies),
            query=query or {},
            form=form or {},
            cookies={
                name.decode("latin-1"): value.decode("latin-1") for name, value in request.received_cookies.items()
            },
            accept_language=_header(request, "Accept-Language") or "",
            origin=_header(request, "Origin"),
            fetch_site=_header(request, "Sec-Fetch-Site"),
        )

    def _asset(self, request: PageRequest, name: str) -> bytes | Deferred[bytes]:
        if name not in ASSETS:
            return self._respond(request, _not_found)
        kind, content = ASSETS[name]
        self._meters["GET"].ok(0.0)
        request.setHeader("Content-Type", kind)
        request.setHeader("Cache-Control", _KEPT_A_YEAR)  # its address changes with its content
        request.setHeader("Content-Length", str(len(content)))
        return content

    def _nothing_there(self, request: PageRequest, failure: Failure) -> Deferred[bytes]:
        wrong = failure.value
        if not isinstance(wrong, MethodNotAllowed):
            return self._respond(request, _not_found)
        request.setHeader("Allow", ", ".join(sorted(wrong.valid_methods or ())))

        async def not_allowed(asked: Asked) -> Page:
            return plain_notice(asked, unreadable(HTTPStatus.METHOD_NOT_ALLOWED))

        return self._respond(request, not_allowed)


class _RefusedError(Exception):
    """A request is answered by a status, before anybody is asked."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


_OUTCOMES: Mapping[HTTPStatus, Outcome] = {
    HTTPStatus.FORBIDDEN: "refused",
    HTTPStatus.CONFLICT: "refused",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.NOT_FOUND: "invalid",
    HTTPStatus.METHOD_NOT_ALLOWED: "invalid",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "invalid",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "invalid",
    HTTPStatus.SERVICE_UNAVAILABLE: "error",
    HTTPStatus.INTERNAL_SERVER_ERROR: "error",
}
"""Status → how the request is counted; every other one is ok."""


class _Door(resource.Resource):
    """Before Klein: paths that it cannot read are nowhere."""

    def __init__(self, app: Klein) -> None:
        super().__init__()
        self.isLeaf = True
        self._pages = app.resource()

    def render(self, request: Any) -> Any:
        """Answer one request."""
        try:
            b"/".join(request.postpath).decode()
        except UnicodeDecodeError:
            request.postpath = [
                b"-",
                b"-",
                b"-",
            ]  # no route has this, and so it is answered as any other that is nowhere
        return self._pages.render(request)


class _Counted:
    """What the listener carries: a channel, counted from when it is connected."""

    def __init__(self, channel: PageChannel, meter: ListenerMeter) -> None:
        self._channel = channel
        self._meter = meter
        self.dataReceived = channel.dataReceived
        self.connectionLost = channel.connectionLost

    def makeConnection(self, transport: Any) -> None:
        """Begin."""
        self._meter.opened()
        self._channel.makeConnection(transport)


async def _not_found(asked: Asked) -> Page:
    return plain_notice(asked, NOT_FOUND)


def _header(request: PageRequest, name: str) -> str | None:
    values = request.requestHeaders.getRawHeaders(name)
    return ", ".join(values) if values else None


def _media_type(request: PageRequest) -> str:
    return (_header(request, "Content-Type") or "").partition(";")[0].strip().lower()


def _written(request: PageRequest, page: Page | GoTo) -> bytes:
    for cookie in page.cookies:
        request.responseHeaders.addRawHeader("Set-Cookie", cookie)
    if isinstance(page, GoTo):
        request.setResponseCode(HTTPStatus.SEE_OTHER)
        request.setHeader("Location", page.path)
        body = b""
    else:
        request.setResponseCode(page.status)
        request.setHeader("Content-Type", "text/html; charset=utf-8")
        request.setHeader("Content-Language", page.language.value)
        body = html(page)
    request.setHeader("Content-Length", str(len(body)))
    return body
