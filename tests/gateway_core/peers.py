"""The two ends of a connection, as the tests of listening need them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.bridge import Listening, UvloopCarrier

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(Protocol):
    """Sends back what it gets, and writes down what happened to it."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.reason: Failure | None = None
        self.gone = asyncio.Event()

    @property
    def carrier(self) -> UvloopCarrier:
        """What it is carried by."""
        return cast(UvloopCarrier, self.transport)

    def connectionMade(self) -> None:
        """Write it down."""
        self.happened.append("made")

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        self.happened.append("data")
        self.carrier.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Write it down."""
        self.happened.append("lost")
        self.reason = reason
        self.gone.set()


class Echoes(Factory):
    """Makes an Echo for everybody, or for nobody."""

    def __init__(self, protocol: type[Echo] = Echo, *, refuse: bool = False) -> None:
        self.kind = protocol
        self.refuse = refuse
        self.built: list[Echo] = []
        self.peers: list[IAddress | None] = []
        self.arrivals = asyncio.Semaphore(0)

    def buildProtocol(self, addr: IAddress | None) -> Echo | None:
        """Write down who asked."""
        self.peers.append(addr)
        self.arrivals.release()
        if self.refuse:
            return None
        self.built.append(self.kind())
        return self.built[-1]


def port_of(listening: Listening) -> int:
    """Return the port of a listener's only address."""
    (address,) = listening.addresses
    return address.port


@asynccontextmanager
async def connected(
    listening: Listening, tls: ssl.SSLContext | None = None, name: str = "localhost"
) -> AsyncIterator[Streams]:
    """Connect to a listener, and hang up at the end."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port_of(listening), ssl=tls, server_hostname=name if tls else None
    )
    try:
        yield reader, writer
    finally:
        writer.close()
