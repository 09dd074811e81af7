"""TLS handshakes on accepted sockets: bounded in number and time, and counted, failures too."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.carrier import UvloopCarrier

HandshakeResult = Literal["ok", "failed", "timeout"]

TlsSource = Callable[[], ssl.SSLContext]


@dataclass(frozen=True, slots=True)
class Handshake:
    """How one handshake ended; ``version`` is ``none`` unless it succeeded."""

    result: HandshakeResult
    version: str
    seconds: float


def ignore(_: Handshake) -> None:
    """Do nothing with a handshake's outcome."""


class Handshakes:
    """Shakes hands for one listener."""

    def __init__(
        self, context: TlsSource, timeout: float, at_once: int, observe: Callable[[Handshake], object]
    ) -> None:
        """Ask ``context`` before each handshake; ``timeout`` seconds include the wait for one of ``at_once`` slots."""
        self._context = context
        self._timeout = timeout
        self._slots = asyncio.Semaphore(at_once)
        self._observe = observe

    async def shake(self, connection: socket.socket, carrier: UvloopCarrier) -> None:
        """Connect the carrier over TLS; raises OSError when the handshake fails or takes too long."""
        begun = time.monotonic()

        def ended(result: HandshakeResult, version: str = "none") -> None:
            self._observe(Handshake(result, version, time.monotonic() - begun))

        try:
            async with asyncio.timeout(self._timeout), self._slots:
                await self._connect(connection, carrier)
        except TimeoutError:
            ended("timeout")
            raise
        except OSError:
            ended("failed")
            raise
        ended("ok", carrier.tls_version or "none")

    async def _connect(self, connection: socket.socket, carrier: UvloopCarrier) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: carrier,
            connection,
            ssl=self._context(),
            ssl_handshake_timeout=self._timeout + 1,  # the loop's own limit would look like a failure
        )
