"""A time within which the register must have answered."""

from __future__ import annotations

import asyncio
from types import TracebackType

from registry.domain.decisions import RegisterUnavailable
from registry.services.ports import Clock


class Until:
    """``asyncio.timeout`` whose end is an outage of the register."""

    def __init__(self, seconds: float) -> None:
        """Give what is awaited inside so many seconds."""
        self._timeout = asyncio.timeout(max(seconds, 0))

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise RegisterUnavailable("the register did not answer in time") from late


def until(clock: Clock, deadline: float) -> Until:
    """Return the time that is left until ``deadline``, in the clock's monotonic seconds."""
    return Until(deadline - clock.monotonic())
