"""What the daemon does by itself, again and again: sealing, forgetting, measuring, reminding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.bridge import spawn
from gateway.observability.logs import EventLog


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so many seconds; a failure is logged and the next turn comes all the same."""

    name: str
    every: float
    do: Callable[[], Awaitable[object]]


class Chores:
    """Runs chores until they are stopped, each in its own rhythm."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *chores: Chore) -> None:
        """Begin with ``chores``: the first turn comes after the first interval."""
        self._tasks += [spawn(self._again_and_again(chore), self._log.unexpected) for chore in chores]

    async def stop(self) -> None:
        """End all chores, in the middle of their work if need be."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _again_and_again(self, chore: Chore) -> None:
        while True:
            await asyncio.sleep(chore.every)
            try:
                await chore.do()
            except Exception as error:  # noqa: BLE001 - a chore that failed once must not end the daemon
                self._log.event("chore_failed", chore=chore.name, error=type(error).__name__)
