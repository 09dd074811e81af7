"""What the name of an ILS stands for: looked up once for all who ask, and remembered when nobody answers.

A look-up blocks one of the loop's few threads for as long as the name servers are silent. So each name is looked up
by one at a time, and a library whose name cannot be looked up any more is found where it was last.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Numbers = tuple[str, ...]
"""Numeric addresses, in the order in which they should be tried."""

_FRESH = 60.0


async def ask_resolver(host: str, port: int) -> Numbers:
    """Return what the system's resolver says; raises `OSError` where it says nothing."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(told[0]) for *_, told in found))


@dataclass(slots=True)
class _Known:
    numbers: Numbers = ()
    until: float = float("-inf")
    under_way: asyncio.Future[Numbers] | None = None


class Names:
    """The names of one ILS; `clock` is monotonic, in seconds."""

    __slots__ = ("_clock", "_known", "_look_up")

    def __init__(
        self, clock: Callable[[], float], look_up: Callable[[str, int], Awaitable[Numbers]] = ask_resolver
    ) -> None:
        """Know nothing yet; `look_up` raises `OSError` for a name that stands for nothing."""
        self._clock = clock
        self._look_up = look_up
        self._known: dict[str, _Known] = {}

    async def numbers_of(self, host: str, port: int) -> Numbers:
        """Return the addresses of a host: at once where they were ever known, else when they are looked up.

        Raises `OSError` for a name that stands for nothing.
        """
        if _is_numeric(host):
            return (host,)
        known = self._known.setdefault(host, _Known())
        if self._clock() >= known.until and known.under_way is None:
            known.under_way = asyncio.ensure_future(self._learn(known, host, port))
            known.under_way.add_done_callback(_heed)
        if known.numbers or known.under_way is None:
            return known.numbers
        # One who waits no longer does not end it for the others.
        return await asyncio.shield(known.under_way)

    async def _learn(self, known: _Known, host: str, port: int) -> Numbers:
        try:
            known.numbers = await self._look_up(host, port)
            known.until = self._clock() + _FRESH
        finally:
            known.under_way = None
        return known.numbers


def _heed(ended: asyncio.Future[Numbers]) -> None:
    """Take note of a failure that nobody waits for: the addresses known before stay in use."""
    if not ended.cancelled():
        ended.exception()


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
