"""A connection to the first address of an ILS that takes one, within one budget for all of them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.upstream.addresses import Address, Addresses
from gateway.upstream.failures import FailureKind
from gateway.upstream.names import Names

_Carried = TypeVar("_Carried", bound=asyncio.Protocol)


@dataclass(frozen=True, slots=True)
class Connector:
    """How one ILS is connected to; `tls` None is plain TCP, and `server_name` None the name of the address."""

    addresses: Addresses
    names: Names
    tls: ssl.SSLContext | None
    server_name: str | None
    clock: Callable[[], float]

    async def connect(self, make: Callable[[Address], _Carried], until: float) -> _Carried | FailureKind:
        """Return a connected protocol (over TLS: after the handshake), or why the last address gave none.

        Each address has an equal share of the time that is left until `until`, so that one which swallows everything
        leaves time for the next.
        """
        failure = FailureKind.CONNECT_TIMEOUT
        order = self.addresses.in_order()
        for tried, address in enumerate(order):
            share = (until - self.clock()) / (len(order) - tried)
            if share <= 0:
                return failure
            connected = await self._try(address, make, share)
            if not isinstance(connected, FailureKind):
                self.addresses.succeeded(address)
                return connected
            self.addresses.failed(address)
            failure = connected
        return failure

    async def _try(
        self, address: Address, make: Callable[[Address], _Carried], seconds: float
    ) -> _Carried | FailureKind:
        try:
            async with asyncio.timeout(seconds):
                return await self._connected(address, make)
        except TimeoutError:
            return FailureKind.CONNECT_TIMEOUT
        except ConnectionRefusedError:
            return FailureKind.REFUSED
        except (ssl.SSLError, ssl.CertificateError):
            return FailureKind.UNTRUSTED
        except OSError:
            return FailureKind.UNREACHABLE

    async def _connected(self, address: Address, make: Callable[[Address], _Carried]) -> _Carried:
        """Return a protocol connected to any of the numbers that a name stands for; raises what the last one did."""
        loop = asyncio.get_running_loop()
        name = (self.server_name or address.host) if self.tls is not None else None
        failure: OSError = ConnectionError()
        for number in await self.names.numbers_of(*address):
            try:
                _, protocol = await loop.create_connection(
                    lambda: make(address), number, address.port, ssl=self.tls, server_hostname=name
                )
            except OSError as error:
                failure = error
            else:
                return protocol
        raise failure
