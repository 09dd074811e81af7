"""Deadlines without a timer for each: one timer, set for the earliest of many.

A request that is answered in time costs no timer at all, for its deadline is looked up only when one falls due.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

NEVER = math.inf

_LEAST = 0.005


class Due(Protocol):
    """What has a deadline; `due` may be moved at any time, and is `NEVER` where there is none."""

    @property
    def due(self) -> float:
        """When it falls due, on the clock of its `Deadlines`."""

    def overdue(self, now: float) -> None:
        """Be told that it is due; must move `due`."""


class Deadlines:
    """Watches many deadlines with one timer of the running loop; `clock` is monotonic, in seconds."""

    __slots__ = ("_armed_for", "_clock", "_timer", "_watched")

    def __init__(self, clock: Callable[[], float]) -> None:
        """Watch nothing yet."""
        self._clock = clock
        self._watched: set[Due] = set()
        self._armed_for = NEVER
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are watched."""
        return len(self._watched)

    def watch(self, one: Due) -> None:
        """Watch a deadline until `forget`."""
        self._watched.add(one)
        self.sooner(one.due)

    def forget(self, one: Due) -> None:
        """Watch it no more; harmless when it never was."""
        self._watched.discard(one)
        if not self._watched:
            self.stop()

    def sooner(self, due: float) -> None:
        """Be told that something watched falls due at `due`, which may be earlier than all else."""
        if due < self._armed_for:
            self._arm(due)

    def look(self) -> None:
        """Tell all that are due; the timer does it, and a test that turns the clock by hand."""
        now = self._clock()
        try:
            for one in [one for one in self._watched if one.due <= now]:
                self._tell(one, now)
        finally:
            self._arm(min((one.due for one in self._watched), default=NEVER))

    def stop(self) -> None:
        """Take the timer back; the next deadline sets it anew."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_for = None, NEVER

    def _tell(self, one: Due, now: float) -> None:
        # Forgotten or moved meanwhile, because of another that was told before it.
        if one not in self._watched or one.due > now:
            return
        try:
            one.overdue(now)
        except Exception:
            # A defect of one must neither stop the clock of all others nor come back every moment.
            self._watched.discard(one)
            raise

    def _arm(self, due: float) -> None:
        self.stop()
        if due == NEVER:
            return
        # Never at once: deadlines that fall due one after the other are then looked at together.
        wait = max(due - self._clock(), _LEAST)
        self._armed_for = due
        self._timer = asyncio.get_running_loop().call_later(wait, self.look)
