"""One connection to a library system: a request out, its answer in, counted while it comes; HTTP or raw.

Nothing that arrives is trusted: no redirect is followed, nothing is unpacked, and what is too large ends the
connection before it is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import cast

import h11

from gateway.failpoints import FAILPOINTS
from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_exchange import Lost, Reply
from gateway.upstream.failures import FailureKind
from protocols.ncip import Framer, MessageTooLong

_PLAIN = frozenset({b"", b"identity"})
_INTERIM = 8
"""So many answers of the 100 kind may come before the real one."""


class Line(asyncio.Protocol):
    """A connection that is open; one exchange at a time."""

    _transport: asyncio.Transport

    def __init__(self, endpoint: Endpoint) -> None:
        """Speak as this endpoint wants."""
        self._endpoint = endpoint
        self._answer: asyncio.Future[Reply | Lost] | None = None
        self._heard = False
        self.is_open = False
        self.idle_since = 0.0

    async def ask(self, body: bytes, until: float, clock: Callable[[], float]) -> Reply | Lost:
        """Send a body and return what it brings by `until`; a connection that brought no reply is closed."""
        if not self.is_open:
            return Lost(FailureKind.CLOSED)
        self._heard = False
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._send(body)
            await FAILPOINTS.left("after_sent")
            async with asyncio.timeout(max(until - clock(), 0.0)):
                reply = await self._answer
        except TimeoutError:
            reply = Lost(FailureKind.HALF_ANSWER if self._heard else FailureKind.HUNG, sent=True)
        finally:
            finished, self._answer = self._answer, None
            if not finished.done() or finished.cancelled():
                self.abort()
        if isinstance(reply, Lost) or not reply.reusable:
            self.abort()
        return reply

    def abort(self) -> None:
        """Close at once; harmless when repeated."""
        if self.is_open:
            self.is_open = False
            self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from asyncio's
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Take in what came; what nobody asked for ends the connection."""
        if self._answer is None or self._answer.done():
            self.abort()
            return
        self._heard = True
        self._receive(data)

    def eof_received(self) -> bool:
        """Take it that no more will come."""
        if self._answer is not None and not self._answer.done():
            self._receive_end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Be closed: whoever waits is told."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._cut_short()

    # What each kind of connection does in its own way.

    def _send(self, body: bytes) -> None:
        raise NotImplementedError

    def _receive(self, data: bytes) -> None:
        raise NotImplementedError

    def _receive_end(self) -> None:
        raise NotImplementedError

    def _cut_short(self) -> None:
        self._settle(Lost(FailureKind.HALF_ANSWER if self._heard else FailureKind.CLOSED, sent=True))

    def _settle(self, reply: Reply | Lost) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(reply)


class RawLine(Line):
    """One message and its answer, framed by the closing tag."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Speak as this endpoint wants."""
        super().__init__(endpoint)
        self._framer = Framer(endpoint.answer_limit)

    def _send(self, body: bytes) -> None:
        self._transport.write(body)

    def _receive(self, data: bytes) -> None:
        try:
            message = self._framer.feed(data)
        except MessageTooLong:
            self._settle(Lost(FailureKind.TOO_LARGE, sent=True))
        else:
            if message is not None:
                self._settle(Reply(message))

    def _receive_end(self) -> None:
        self._cut_short()


class HttpLine(Line):
    """HTTP/1.1 with connections that are kept, by h11."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Speak as this endpoint wants."""
        super().__init__(endpoint)
        self._http = h11.Connection(h11.CLIENT)
        self._status = 0
        self._interim = 0
        self._body = bytearray()

    def _send(self, body: bytes) -> None:
        head = h11.Request(
            method=b"POST",
            target=self._endpoint.target,
            headers=[
                (b"Host", self._endpoint.host),
                (b"Content-Type", self._endpoint.content_type.encode()),
                (b"Content-Length", str(len(body)).encode()),
                (b"Accept", b"application/xml, text/xml, */*"),
                (b"Accept-Encoding", b"identity"),
                (b"User-Agent", b"Portvakt"),
            ],
        )
        self._body.clear()
        self._interim = 0
        pieces = (self._http.send(one) for one in (head, h11.Data(data=body), h11.EndOfMessage()))
        self._transport.write(b"".join(pieces))

    def _receive(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while self._takes(self._http.next_event()):
                pass
        except h11.RemoteProtocolError:
            # At the end of the stream it says that less came than was announced.
            self._settle(Lost(FailureKind.GARBAGE if data else FailureKind.HALF_ANSWER, sent=True))

    def _receive_end(self) -> None:
        if self._heard:
            self._receive(b"")
        self._cut_short()

    def _takes(self, event: object) -> bool:
        """Take one event in; False when there is nothing to go on with."""
        match event:
            case h11.InformationalResponse():
                self._interim += 1
                return self._goes_on(self._interim <= _INTERIM, FailureKind.GARBAGE)
            case h11.Response(status_code=status, headers=headers):
                self._status = status
                return self._goes_on(_is_plain(headers), FailureKind.GARBAGE)
            case h11.Data(data=piece):
                self._body += piece
                return self._goes_on(len(self._body) <= self._endpoint.answer_limit, FailureKind.TOO_LARGE)
            case h11.EndOfMessage():
                self._settle(Reply(bytes(self._body), self._status, self._can_go_on()))
            case _:
                pass
        return False

    def _goes_on(self, well: bool, otherwise: FailureKind) -> bool:
        if not well:
            self._settle(Lost(otherwise, sent=True))
        return well

    def _can_go_on(self) -> bool:
        surplus, _ = self._http.trailing_data
        if surplus or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True


def _is_plain(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a body is sent as it is: nothing is unpacked, for a kilobyte might become a gigabyte."""
    return all(value.strip().lower() in _PLAIN for name, value in headers if name == b"content-encoding")
