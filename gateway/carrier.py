"""A Twisted protocol carried by uvloop's own transport.

Twisted's TCP transport costs three to four times the processor time per message, so kiosks are carried by uvloop.
One object is both the asyncio protocol that uvloop calls and the transport that the Twisted protocol writes to:
ten thousand idle kiosks should cost memory for little but their sockets.
"""

from __future__ import annotations

import asyncio
import ssl
from asyncio.trsock import TransportSocket
from collections.abc import Callable, Iterable
from typing import Protocol as Shape
from typing import cast, runtime_checkable

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.addresses import address_of


class HandshakeError(ConnectionLost):
    """The peer never became a TLS peer we accept: the protocol was built but never connected."""


@runtime_checkable
class KnowsEndOfInput(Shape):
    """A protocol that finishes its answers after its peer has stopped sending."""

    def eofReceived(self) -> None:
        """Be told that no more bytes will come; close the transport once the last answer is written."""


@implementer(ITransport, IPushProducer)
class UvloopCarrier(asyncio.Protocol):
    """An open connection: calls the protocol with what arrives, and is the transport it answers through."""

    __slots__ = ("_forget", "_protocol", "_stream")

    _stream: asyncio.Transport

    def __init__(self, protocol: IProtocol, forget: Callable[[UvloopCarrier], None]) -> None:
        """Carry ``protocol``; ``forget`` is called when the connection is gone."""
        self._protocol = protocol
        self._forget = forget

    # What uvloop calls. It looks data_received up before it calls connection_made, so a protocol that wants to
    # change how it reads must do it behind dataReceived.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect the protocol; over TLS this comes after the handshake."""
        self._stream = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from asyncio's
        try:
            self._protocol.makeConnection(self)
        except BaseException:
            self._stream.abort()  # uvloop would leave it open and never read from it
            raise

    @property
    def data_received(self) -> Callable[[bytes], None]:
        """Take what arrived; what the protocol raises closes the connection and reaches the loop's log.

        uvloop looks this up once for a connection, and so calls the protocol itself with every message.
        """
        return self._protocol.dataReceived

    def eof_received(self) -> bool:
        """Return whether to stay open for writing: only where the protocol will say when it has finished.

        Never over TLS, whose transports cannot be half-closed; there the connection closes after what is written.
        """
        if not isinstance(self._protocol, KnowsEndOfInput):
            return False
        self._protocol.eofReceived()
        return self.tls_version is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol that the connection is gone, cleanly or not."""
        self._forget(self)
        self._protocol.connectionLost(Failure(ConnectionDone() if exc is None else ConnectionLost()))

    @property
    def connected(self) -> bool:
        """Whether the protocol was ever connected."""
        return hasattr(self, "_stream")

    def give_up(self) -> None:
        """Tell a protocol that was never connected that it never will be."""
        self._forget(self)
        self._protocol.connectionLost(Failure(HandshakeError()))

    # What the protocol calls.

    def write(self, data: bytes) -> None:
        """Send ``data`` when the loop comes round; nothing happens on a closed connection."""
        self._stream.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send several pieces as one."""
        self._stream.writelines(data)

    def loseConnection(self) -> None:
        """Close once all that was written has been sent."""
        self._stream.close()

    def endOutput(self) -> None:
        """Tell the peer that nothing more will be sent, and go on reading; over TLS, which cannot, close."""
        if self.tls_version is None and self._stream.can_write_eof():
            self._stream.write_eof()
        else:
            self._stream.close()

    def abortConnection(self) -> None:
        """Close at once and throw unsent bytes away."""
        self._stream.abort()

    def pauseProducing(self) -> None:
        """Stop reading, so that the peer is slowed down by TCP; harmless when already paused."""
        if self._stream.is_reading():
            self._stream.pause_reading()

    def resumeProducing(self) -> None:
        """Read again; harmless when not paused or already closed."""
        if not self._stream.is_reading() and not self._stream.is_closing():
            self._stream.resume_reading()

    def stopProducing(self) -> None:
        """Close, as ``loseConnection`` does."""
        self._stream.close()

    @property
    def disconnecting(self) -> bool:
        """Whether the connection is closing or closed, so that writing is pointless."""
        return self._stream.is_closing()

    @property
    def unsent(self) -> int:
        """How many written bytes the peer has not yet made room for."""
        return self._stream.get_write_buffer_size()

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return who connected; made anew at each call, so that an idle connection holds no address."""
        return address_of(self._stream.get_extra_info("peername"))

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return the address that was connected to."""
        return address_of(self._stream.get_extra_info("sockname"))

    @property
    def socket(self) -> TransportSocket:
        """The socket, for reading and setting its options; made anew at each call."""
        beneath: TransportSocket = self._stream.get_extra_info("socket")
        return beneath

    @property
    def tls_version(self) -> str | None:
        """The agreed version, such as ``TLSv1.3``; None on a plain connection."""
        tls = self._tls()
        return None if tls is None else tls.version()

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's verified certificate in DER; None when none was asked for, or on a plain connection."""
        tls = self._tls()
        return None if tls is None else tls.getpeercert(binary_form=True)

    def _tls(self) -> ssl.SSLObject | None:
        tls: ssl.SSLObject | None = self._stream.get_extra_info("ssl_object")
        return tls
