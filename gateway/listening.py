"""Accepts connections for Twisted factories, and carries them on uvloop, with or without TLS.

Connections are accepted here and not by the loop's own server, for three things that it does not tell: who connects
before anything is spent on them, that a TLS handshake failed, and that descriptors have run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from twisted.internet.interfaces import IProtocolFactory

from gateway.addresses import address_of
from gateway.carrier import UvloopCarrier
from gateway.handshakes import Handshake, Handshakes, TlsSource, ignore

# How long accepting rests when the process or the machine has no descriptor left: the connection stays in the
# kernel's queue, and retrying at once would only spin.
DESCRIPTOR_PAUSE = 1.0

# How many connections are accepted before the loop serves those it has.
ACCEPTS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """When a silent peer counts as gone, in seconds; set on the listening socket, which hands it down."""

    idle: int = 60
    interval: int = 15
    count: int = 4
    unacknowledged: int = 30

    def apply(self, listening: socket.socket) -> None:
        """Set it on a listening socket, for every connection that it will accept."""
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self.idle)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, self.interval)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, self.count)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self.unacknowledged * 1000)


USUAL_KEEP_ALIVE = KeepAlive()


class Listening:
    """An open listener: where it listens, how many it serves, and how to stop it."""

    def __init__(
        self, factory: IProtocolFactory, sockets: Sequence[socket.socket], handshakes: Handshakes | None
    ) -> None:
        """Accept on ``sockets`` at once; must be called while the loop runs."""
        self._loop = asyncio.get_running_loop()
        self._factory = factory
        self._sockets = list(sockets)
        self._handshakes = handshakes
        self._carriers: set[UvloopCarrier] = set()
        self._all_gone = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        self.addresses = tuple(address_of(listening.getsockname()) for listening in sockets)
        self._accept_on(self._sockets)

    @property
    def connections(self) -> int:
        """How many connections are open, those that are still shaking hands included."""
        return len(self._carriers)

    def stop_accepting(self) -> None:
        """Close the listening sockets; open connections go on. Harmless when repeated."""
        for listening in self._sockets:
            self._loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()

    async def close(self) -> None:
        """Stop accepting, cut every connection that is still open, and return when all protocols know."""
        self.stop_accepting()
        for opening in self._opening:
            opening.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        for carrier in list(self._carriers):
            carrier.abortConnection()
        if self._carriers:
            await self._all_gone.wait()

    def _forget(self, carrier: UvloopCarrier) -> None:
        self._carriers.discard(carrier)
        if not self._carriers:
            self._all_gone.set()

    def _accept_on(self, sockets: Sequence[socket.socket]) -> None:
        for listening in sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                connection, name = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                self._rest(listening)
                return
            self._admit(connection, name)

    def _rest(self, listening: socket.socket) -> None:
        if listening not in self._sockets:  # closed by the factory that was just asked
            return
        self._loop.remove_reader(listening)
        self._loop.call_later(DESCRIPTOR_PAUSE, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._accept_on([listening])

    def _admit(self, connection: socket.socket, name: tuple[Any, ...]) -> None:
        protocol = self._factory.buildProtocol(address_of(name))
        if protocol is None:
            connection.close()
            return
        connection.setblocking(False)
        carrier = UvloopCarrier(protocol, self._forget)
        self._carriers.add(carrier)
        self._all_gone.clear()
        opening = self._loop.create_task(self._open(connection, carrier))
        self._opening.add(opening)
        # Here and not at the end of the coroutine: one that is cancelled before it began has no end.
        opening.add_done_callback(lambda ended: self._opened(ended, connection, carrier))

    async def _open(self, connection: socket.socket, carrier: UvloopCarrier) -> None:
        with contextlib.suppress(OSError):  # the peer left, or failed its handshake, which is counted there
            if self._handshakes is None:
                await self._loop.connect_accepted_socket(lambda: carrier, connection)
            else:
                await self._handshakes.shake(connection, carrier)

    def _opened(self, opening: asyncio.Task[None], connection: socket.socket, carrier: UvloopCarrier) -> None:
        self._opening.discard(opening)
        if not carrier.connected:
            connection.close()
            carrier.give_up()
        if not opening.cancelled():
            opening.result()


async def listen(
    factory: IProtocolFactory,
    host: str,
    port: int,
    *,
    ssl_context: TlsSource | None = None,
    backlog: int = 1024,
    handshake_timeout: float = 10.0,
    handshakes_at_once: int = 64,
    on_handshake: Callable[[Handshake], object] = ignore,
    keep_alive: KeepAlive | None = USUAL_KEEP_ALIVE,
    sock: socket.socket | None = None,
) -> Listening:
    """Listen on every address of ``host``, or on an inherited ``sock``, and carry each connection on uvloop.

    ``factory.buildProtocol`` is asked as soon as somebody connects and refuses with None. Each protocol that it
    built gets ``connectionLost`` exactly once, also when its TLS handshake failed: then with HandshakeError, and
    without ever having been connected. ``ssl_context`` is called for each handshake, so that a new certificate
    serves from the next one on. Raises OSError when an address cannot be bound.
    """
    sockets = [sock] if sock is not None else await bound_sockets(host, port)
    for listening in sockets:
        listening.setblocking(False)
        if keep_alive is not None:
            keep_alive.apply(listening)
        listening.listen(backlog)
    handshakes = None
    if ssl_context is not None:
        handshakes = Handshakes(ssl_context, handshake_timeout, handshakes_at_once, on_handshake)
    return Listening(factory, sockets, handshakes)


async def bound_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a bound socket for each address of ``host``, all or none; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as unless_all_bound:
        for family, _, _, _, name in dict.fromkeys(found):
            bound = socket.create_server(name[:2], family=family)
            unless_all_bound.callback(bound.close)
            sockets.append(bound)
        unless_all_bound.pop_all()
    return sockets
