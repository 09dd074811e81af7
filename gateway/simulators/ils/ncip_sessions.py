"""Connections to the library's NCIP responder: HTTP with many requests each, or raw with one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.bridge import UvloopCarrier, spawn
from gateway.simulators.ils.ncip_spoiling import Reply
from protocols.ncip import Framer, MessageTooLong

if TYPE_CHECKING:
    from gateway.simulators.ils.ncip_door import NcipDoor

LIMIT = 256 * 1024
_ANSWERED_IN = b'application/xml; charset="utf-8"'
_PAGE = b"text/html"


class NcipSession(Protocol):
    """An initiator's connection; one request at a time."""

    transport: UvloopCarrier

    def __init__(self, door: NcipDoor) -> None:
        """Serve one connection of this door."""
        self._door = door
        self._delivery: asyncio.Task[None] | None = None

    def connectionMade(self) -> None:
        """Be open."""
        self._door.entered(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection, and what was still to be sent."""
        if self._delivery is not None:
            self._delivery.cancel()
        self._door.left(self)

    def cut(self) -> None:
        """Break the connection at once."""
        self.transport.abortConnection()

    def _send(self, reply: Reply, raw: bytes, *, closes: bool) -> None:
        self._delivery = spawn(self._deliver(reply, raw, closes or reply.closes), self._door.failed)

    async def _deliver(self, reply: Reply, raw: bytes, closes: bool) -> None:
        await asyncio.sleep(reply.delay)
        raw = raw[: round(len(raw) * reply.part)]
        if reply.per_byte:
            for place in range(len(raw)):
                self.transport.write(raw[place : place + 1])
                await asyncio.sleep(reply.per_byte)
        elif raw:
            self.transport.write(raw)
        self._delivery = None
        if reply.holds:
            return
        if closes:
            self.transport.loseConnection()
        else:
            self._delivered()

    def _delivered(self) -> None:
        """Go on with the next request."""


class RawSession(NcipSession):
    """One message framed by its closing tag, one answer in one write, and the end."""

    def __init__(self, door: NcipDoor) -> None:
        """Serve one connection of this door."""
        super().__init__(door)
        self._framer: Framer | None = Framer(LIMIT)

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in, and answer the first whole message."""
        if self._framer is None:
            return
        try:
            document = self._framer.feed(data)
        except MessageTooLong:
            self.transport.loseConnection()
            return
        if document is not None:
            self._framer = None
            reply = self._door.reply(document)
            self._send(reply, reply.body, closes=True)


class HttpSession(NcipSession):
    """HTTP/1.1 by h11; a POST to any path is taken for NCIP."""

    def __init__(self, door: NcipDoor) -> None:
        """Serve one connection of this door."""
        super().__init__(door)
        self._http = h11.Connection(h11.SERVER)
        self._method = b""
        self._body = bytearray()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in, and answer what is whole."""
        self._http.receive_data(data)
        self._pump()

    def _delivered(self) -> None:
        self._http.start_next_cycle()
        self._pump()

    def _pump(self) -> None:
        try:
            while self._delivery is None and self._takes(self._http.next_event()):
                pass
        except h11.RemoteProtocolError:
            self.transport.loseConnection()

    def _takes(self, event: object) -> bool:
        """Take one event in; False when there is nothing to go on with."""
        match event:
            case h11.Request(method=method):
                self._method = method
                self._body.clear()
                if self._http.they_are_waiting_for_100_continue:
                    self.transport.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                return True
            case h11.Data(data=piece):
                self._body += piece
                return self._fits()
            case h11.EndOfMessage():
                self._answer()
                return False
            case _:
                return False

    def _fits(self) -> bool:
        if len(self._body) > LIMIT:
            self.transport.loseConnection()
        return len(self._body) <= LIMIT

    def _answer(self) -> None:
        if self._method == b"POST":
            reply = self._door.reply(bytes(self._body))
        else:
            reply = Reply(body=b"NCIP is sent by POST\n", status=405, is_page=True)
        raw = self._written(reply)
        self._send(reply, raw, closes=self._http.our_state is not h11.DONE)

    def _written(self, reply: Reply) -> bytes:
        head = h11.Response(
            status_code=reply.status,
            headers=[
                (b"Content-Type", _PAGE if reply.is_page else _ANSWERED_IN),
                (b"Content-Length", str(len(reply.body)).encode()),
            ],
        )
        pieces = (self._http.send(one) for one in (head, h11.Data(data=reply.body), h11.EndOfMessage()))
        return b"".join(piece or b"" for piece in pieces)
