"""How much is asked of one ILS at once: so many requests, so many that wait, and no more.

Without it one slow library would take the patience, and the memory, that belong to all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Wake = Callable[[bool], None]
"""Told True when whoever waits is in (and must leave), False when it is turned away."""


class Bulkhead:
    """Counts requests in and out; those that wait come in in the order of their arrival."""

    __slots__ = ("_in_flight", "_room", "_seats", "_waiting")

    def __init__(self, in_flight: int, queued: int) -> None:
        """Let `in_flight` in at once, and let `queued` more wait."""
        self._room = in_flight
        self._seats = queued
        self._in_flight = 0
        self._waiting: deque[Wake] = deque()

    @property
    def in_flight(self) -> int:
        """How many are in."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self) -> bool:
        """Go in, if there is room."""
        if self._in_flight >= self._room:
            return False
        self._in_flight += 1
        return True

    def wait(self, wake: Wake) -> bool:
        """Take a seat and wait for `wake` to be called, once; False where all seats are taken."""
        if len(self._waiting) >= self._seats:
            return False
        self._waiting.append(wake)
        return True

    def leave(self) -> None:
        """Go out; the place goes to the first that waits."""
        if self._waiting:
            self._waiting.popleft()(True)
        else:
            self._in_flight -= 1

    def withdraw(self, wake: Wake) -> bool:
        """Wait no more; False for one that was woken already, which must leave if it was told True."""
        try:
            self._waiting.remove(wake)
        except ValueError:
            return False
        return True

    def turn_away(self) -> None:
        """Turn away all that wait, at once."""
        waiting, self._waiting = self._waiting, deque()
        for wake in waiting:
            wake(False)
