"""One connection to the simulated Koha: HTTP/1.1 by h11, one request at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.bridge import UvloopCarrier, spawn
from gateway.simulators.koha.spoiling import Reply
from gateway.simulators.koha.wire import KohaRequest

if TYPE_CHECKING:
    from gateway.simulators.koha.simulator import KohaSimulator

BASE = "/api/v1"
LIMIT = 256 * 1024


class KohaSession(Protocol):
    """A connection of somebody who asks."""

    transport: UvloopCarrier

    def __init__(self, simulator: KohaSimulator) -> None:
        """Serve one connection of this simulator."""
        self._simulator = simulator
        self._delivery: asyncio.Task[None] | None = None
        self._http = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = bytearray()

    def connectionMade(self) -> None:
        """Be open."""
        self._simulator.entered(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection, and what was still to be sent."""
        if self._delivery is not None:
            self._delivery.cancel()
        self._simulator.left(self)

    def cut(self) -> None:
        """Break the connection at once."""
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in, and answer what is whole."""
        self._http.receive_data(data)
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
            case h11.Request():
                self._request = event
                self._body.clear()
                return True
            case h11.Data(data=piece):
                self._body += piece
                if len(self._body) > LIMIT:
                    self.transport.loseConnection()
                return len(self._body) <= LIMIT
            case h11.EndOfMessage():
                self._answer()
                return False
            case _:
                return False

    def _answer(self) -> None:
        if self._request is None:  # pragma: no cover - h11 tells the request first
            return
        reply = self._simulator.reply(_read(self._request, bytes(self._body)))
        raw = self._written(reply)
        closes = reply.closes or self._http.our_state is not h11.DONE
        self._delivery = spawn(self._deliver(reply, raw, closes), self._simulator.failed)

    def _written(self, reply: Reply) -> bytes:
        headers = [("Content-Type", reply.kind), ("Content-Length", str(len(reply.body))), *reply.headers.items()]
        if reply.status == 204:
            headers = list(reply.headers.items())
        response = h11.Response(status_code=reply.status, headers=headers)
        events = (response, h11.Data(data=reply.body), h11.EndOfMessage())
        return b"".join(self._http.send(event) or b"" for event in events)

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
            self._http.start_next_cycle()
            self._pump()


def _read(request: h11.Request, body: bytes) -> KohaRequest:
    parts = urlsplit(request.target.decode("ascii", "replace"))
    return KohaRequest(
        method=request.method.decode("ascii"),
        path=unquote(parts.path).removeprefix(BASE),
        query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in request.headers},
        body=body,
    )
