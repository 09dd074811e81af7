"""One request and one whole answer of a Koha, or why there is none and whether the request left.

Nothing personal is in what is returned or raised: a request's address and body hold numbers and names, and httpx would
log the address. httpx is imported when the first request is made: the daemon's start does not wait for it.
"""

from __future__ import annotations

import asyncio
import enum
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.delivery.koha_answers import Reply
from gateway.delivery.koha_system import KohaSystem
from gateway.failpoints import FAILPOINTS

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
BODY_LIMIT = 1024 * 1024
"""Bytes of an answer; a patron has a few thousand."""
_KEEP_SECONDS = 2.0
"""Less than web servers wait for the next request (5 is Apache's default), so that none goes into a closed line."""


class Trouble(enum.Enum):
    """Why there is no whole answer; the values are words for logs and for staff."""

    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    UNTRUSTED = "untrusted"
    NO_TIME = "no_time"
    NO_ANSWER = "no_answer"
    CUT_OFF = "cut_off"
    TOO_LARGE = "too_large"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No whole answer; ``sent`` tells that a part of the request may have reached Koha."""

    trouble: Trouble
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request; ``form`` and ``record`` are bodies, of which there is one at most."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    record: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def changes(self) -> bool:
        """Whether anything is different afterwards."""
        return self.method != "GET" and self.form is None


class KohaClient:
    """Connections to one Koha. What changes something has a connection of its own: on a kept one, which Koha may be
    closing at that moment, it would be left in doubt."""

    def __init__(self, system: KohaSystem) -> None:
        """Connect to nothing yet; raises `OSError` where the file of issuers is of no use."""
        self._system = system
        self._tls = system.tls.context() if system.tls is not None else None
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._opening = asyncio.Lock()

    async def ask(self, request: Ask, until: float) -> Reply | Unanswered:
        """Return the answer that is whole by ``until``, a time of the loop's clock."""
        if asyncio.get_running_loop().time() >= until:
            return Unanswered(Trouble.NO_TIME, sent=False)
        client = await self._client(changes=request.changes)
        url = self._system.url(request.path)
        exchange = _Exchange(client, url, request)
        reply = await exchange.run(until)
        if exchange.is_stale(reply) and not request.changes:
            return await _Exchange(client, url, request).run(until)
        return reply

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def _client(self, *, changes: bool) -> httpx.AsyncClient:
        async with self._opening:
            if not self._clients:
                # A tenth of a second, in which kiosks want their answers.
                await asyncio.to_thread(_import)
            if changes not in self._clients:
                self._clients[changes] = _opened(self._tls, keeps=not changes)
            return self._clients[changes]


def _import() -> None:
    import httpx

    # Both would tell of requests: addresses with card numbers, and headers with the token.
    for name in (httpx.__name__, "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _opened(tls: ssl.SSLContext | None, *, keeps: bool) -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(
        verify=tls if tls is not None else False,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_keepalive_connections=None if keeps else 0, keepalive_expiry=_KEEP_SECONDS),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "portvakt"},
    )


class _Exchange:
    """One request on its way."""

    def __init__(self, client: httpx.AsyncClient, url: str, request: Ask) -> None:
        self._client = client
        self._url = url
        self._request = request
        self._sent = False
        self._is_kept = True

    def is_stale(self, reply: Reply | Unanswered) -> bool:
        """Whether it went into a kept connection that Koha was closing at that moment."""
        return self._is_kept and isinstance(reply, Unanswered) and reply.trouble is Trouble.CUT_OFF

    async def run(self, until: float) -> Reply | Unanswered:
        import httpx

        try:
            async with asyncio.timeout_at(until):
                return await self._asked()
        except httpx.ConnectTimeout:
            return self._without(Trouble.CONNECT_TIMEOUT)
        except httpx.ConnectError as error:
            return self._without(Trouble.UNTRUSTED if _is_tls(error) else Trouble.UNREACHABLE)
        except TimeoutError:
            return self._without(Trouble.NO_ANSWER if self._sent else Trouble.CONNECT_TIMEOUT)
        except (httpx.HTTPError, OSError):
            return self._without(Trouble.CUT_OFF if self._sent else Trouble.UNREACHABLE)

    async def _asked(self) -> Reply | Unanswered:
        asked = self._request
        async with self._client.stream(
            asked.method,
            self._url,
            params=dict(asked.query) or None,
            headers=dict(asked.headers),
            data=asked.form,
            content=None if asked.record is None else json.dumps(asked.record).encode(),
            extensions={"trace": self._note},
        ) as answer:
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > BODY_LIMIT:
                    return self._without(Trouble.TOO_LARGE)
            return Reply(answer.status_code, _read(bytes(body)))

    async def _note(self, event: str, _: object) -> None:
        if event == "connection.connect_tcp.started":
            self._is_kept = False
        # From here on nobody can tell what has reached Koha.
        if event == "http11.send_request_headers.started":
            self._sent = True
        if event == "http11.send_request_body.complete" and self._request.form is None:
            await FAILPOINTS.left("after_sent")

    def _without(self, trouble: Trouble) -> Unanswered:
        return Unanswered(trouble, self._sent)


def _read(body: bytes) -> Any:
    """What a body says, or ``None`` where it is no JSON (a compressed one was not asked for)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_tls(error: BaseException) -> bool:
    """Whether an error began with TLS: httpx tells it by the chain of causes alone."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
