"""The way to one library system as bytes: connections made, kept while they are warm, and used again.

Whether it should be asked at all is for `ils_client` to say.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_exchange import Lost, Reply
from gateway.ncip.ils_line import HttpLine, Line, RawLine
from gateway.upstream.addresses import Address, Addresses
from gateway.upstream.connecting import Connector
from gateway.upstream.failures import FailureKind
from gateway.upstream.names import Names


class IlsWire:
    """Connections to one endpoint; at most as many are kept as there may be requests at once."""

    def __init__(
        self, endpoint: Endpoint, *, clock: Callable[[], float], chance: Callable[[], float] = random.random
    ) -> None:
        """Connect to nothing yet; raises `OSError` where the files of its TLS are of no use."""
        self._endpoint = endpoint
        self._clock = clock
        self._connector = Connector(
            addresses=Addresses((endpoint.address,), clock, chance),
            names=Names(clock),
            tls=endpoint.tls.context() if endpoint.is_encrypted else None,
            server_name=endpoint.tls.server_name,
            clock=clock,
        )
        self._make: Callable[[Endpoint], Line] = HttpLine if endpoint.is_http else RawLine
        self._idle: list[Line] = []
        self._busy: set[Line] = set()
        self._is_closed = False

    async def exchange(self, body: bytes, deadline: float, *, changes: bool) -> Reply | Lost:
        """Return what a body brings by `deadline`.

        What changes something has a connection of its own: on a kept one its answer might be mistaken for a late
        one, and a connection that the system closes at that moment would leave it in doubt. What changes nothing is
        tried anew where a kept connection was closed.
        """
        if self._is_late(deadline, changes=changes):
            return Lost(FailureKind.DEADLINE)
        line = None if changes else self._kept()
        if line is not None:
            reply = await self._ask(line, body, deadline, keep=True)
            if not (isinstance(reply, Lost) and reply.kind is FailureKind.CLOSED):
                return reply
        opened = await self._opened(deadline)
        if isinstance(opened, FailureKind):
            return Lost(opened)
        if self._is_late(deadline, changes=changes):
            opened.abort()
            return Lost(FailureKind.DEADLINE)
        return await self._ask(opened, body, deadline, keep=not changes)

    def close(self) -> None:
        """Close every connection at once; what is under way fails."""
        self._is_closed = True
        for line in (*self._idle, *self._busy):
            line.abort()
        self._idle.clear()

    async def _ask(self, line: Line, body: bytes, deadline: float, *, keep: bool) -> Reply | Lost:
        self._busy.add(line)
        try:
            reply = await line.ask(body, deadline, self._clock)
        finally:
            self._busy.discard(line)
        if self._is_closed and isinstance(reply, Lost):
            return Lost(FailureKind.STOPPED, reply.sent)
        self._put_away(line, keep=keep)
        return reply

    async def _opened(self, deadline: float) -> Line | FailureKind:
        if self._is_closed:
            return FailureKind.STOPPED
        until = min(deadline, self._clock() + self._endpoint.budgets.connect)
        return await self._connector.connect(self._line_to, until)

    def _is_late(self, deadline: float, *, changes: bool) -> bool:
        left = deadline - self._clock()
        return left <= 0 or (changes and left < self._endpoint.budgets.least_for_change)

    def _line_to(self, address: Address) -> Line:
        return self._make(self._endpoint)

    def _kept(self) -> Line | None:
        """The connection used last, where it is still warm."""
        self._forget_cold()
        return self._idle.pop() if self._idle else None

    def _put_away(self, line: Line, *, keep: bool) -> None:
        if not line.is_open:
            return
        if not keep or self._is_closed or len(self._idle) >= self._endpoint.in_flight:
            line.abort()
            return
        line.idle_since = self._clock()
        self._idle.append(line)
        # A little later than the limit, so that it is over when this is called.
        asyncio.get_running_loop().call_later(self._endpoint.budgets.keep + 0.05, self._forget_cold)

    def _forget_cold(self) -> None:
        oldest = self._clock() - self._endpoint.budgets.keep
        for line in [one for one in self._idle if not one.is_open or one.idle_since < oldest]:
            self._idle.remove(line)
            line.abort()
