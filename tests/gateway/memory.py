"""A session on a connection without a network: what is written is kept, and reading and closing are seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twisted.internet.address import IPv4Address

from gateway.carrier import UvloopCarrier
from gateway.sip2.listener import Entrance, Sip2Door
from gateway.sip2.session import KioskSession
from tests.gateway.kiosks import PATIENCE


class MemoryStream(asyncio.Transport):
    """A transport beneath a carrier; ``unsent`` is what its peer does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.unsent = 0
        self.reading = True
        self.closing = False
        self.cut = False

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        """Keep what is written, as long as it may be."""
        if not self.closing:
            self.written += data

    def close(self) -> None:
        """Close once all is sent."""
        self.closing = True

    def abort(self) -> None:
        """Close at once."""
        self.closing = self.cut = True

    def is_closing(self) -> bool:
        """Whether it is closing."""
        return self.closing

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self.reading and not self.closing

    def pause_reading(self) -> None:
        """Read no more."""
        self.reading = False

    def resume_reading(self) -> None:
        """Read again."""
        self.reading = True

    def get_write_buffer_size(self) -> int:
        """How much the peer has not taken."""
        return self.unsent

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing: no TLS, no socket."""
        return default


class Line:
    """One connection to a door, in memory."""

    def __init__(self, session: KioskSession, carrier: UvloopCarrier, stream: MemoryStream) -> None:
        self.session = session
        self.stream = stream
        self._carrier = carrier

    def feed(self, raw: bytes) -> None:
        """Let bytes arrive, as one segment."""
        self._carrier.data_received(raw)

    def end_of_input(self) -> None:
        """Let the peer stop sending."""
        self._carrier.eof_received()

    async def settle(self) -> bytes:
        """Wait until nothing is under way; return all that was written so far."""
        async with asyncio.timeout(PATIENCE):
            while self.session.is_busy:
                await asyncio.sleep(0)
        return bytes(self.stream.written)

    async def hear(self, raw: bytes) -> bytes:
        """Let bytes arrive; return what is written for them."""
        before = len(self.stream.written)
        self.feed(raw)
        return (await self.settle())[before:]


@contextmanager
def line_to(door: Sip2Door, *, dialect: str = "default", host: str = "127.0.0.1") -> Iterator[Line]:
    """Connect to a door without a network."""
    entrance = Entrance(
        door, name="sip2", dialect=dialect, networks=(), meter=door.metrics.listener("sip2", encrypted=False)
    )
    session = entrance.buildProtocol(IPv4Address("TCP", host, 40_000))
    assert session is not None
    stream = MemoryStream()
    carrier = UvloopCarrier(session, lambda _: None)
    carrier.connection_made(stream)
    try:
        yield Line(session, carrier, stream)
    finally:
        carrier.connection_lost(None)
