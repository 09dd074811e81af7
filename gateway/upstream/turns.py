"""Whose turn it is, waited for no longer than a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def take(turn: asyncio.Lock, deadline: float, clock: Callable[[], float]) -> bool:
    """Take the turn, at once where nobody has it; False when it is not had by the deadline."""
    if not turn.locked():
        return await turn.acquire()
    try:
        async with asyncio.timeout(max(deadline - clock(), 0.0)):
            return await turn.acquire()
    except TimeoutError:
        return False
