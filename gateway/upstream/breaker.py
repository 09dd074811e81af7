"""Whether an ILS is asked at all: after too many failures nobody waits for it, and one request tries again.

CLOSED lets everybody through, OPEN nobody; when its wait is over the next request goes through alone (HALF_OPEN),
and its end closes the breaker or opens it for twice as long.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


class BreakerState(enum.IntEnum):
    """Where a breaker stands; the numbers are those of the metric `upstream_breaker_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When a breaker opens and when it tries again; times in seconds.

    It opens after `consecutive` failures, or when more than `share` of at least `least` requests within `window`
    failed. It tries after `first_wait`, and after twice as long each time that the try fails.
    """

    consecutive: int = 5
    share: float = 0.5
    least: int = 20
    window: float = 30.0
    first_wait: float = 10.0
    longest_wait: float = 300.0


@dataclass(slots=True)
class _Slice:
    """What ended within one slice of the window."""

    began: float
    all: int = 0
    failed: int = 0


_SLICES = 30


class Breaker:
    """One ILS's breaker. Each request takes a pass and gives it back with its end.

    A pass is of the time when it was given: what ends after the breaker has changed counts no more.
    """

    __slots__ = ("_changed", "_clock", "_era", "_in_a_row", "_retry_at", "_rules", "_slices", "_state", "_wait")

    def __init__(
        self,
        rules: BreakerRules,
        clock: Callable[[], float],
        changed: Callable[[BreakerState], object] = lambda _: None,
    ) -> None:
        """Begin closed; `changed` is told each new state, and `clock` is monotonic, in seconds."""
        self._rules = rules
        self._clock = clock
        self._changed = changed
        self._state = BreakerState.CLOSED
        self._era = 1
        self._in_a_row = 0
        self._slices: deque[_Slice] = deque()
        self._retry_at = 0.0
        self._wait = rules.first_wait

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        return self._state

    @property
    def is_closed(self) -> bool:
        """Whether everybody is let through."""
        return self._state is BreakerState.CLOSED

    @property
    def retry_at(self) -> float:
        """From when on a request may try again, on the breaker's clock; means nothing while it is closed."""
        return self._retry_at

    def admit(self) -> int:
        """Return a pass (above 0), or 0 for a request that must not be sent."""
        if self._state is BreakerState.CLOSED:
            return self._era
        if self._state is BreakerState.OPEN and self._clock() >= self._retry_at:
            self._become(BreakerState.HALF_OPEN)
            return self._era
        return 0

    def holds(self, given: int) -> bool:
        """Tell whether a pass is still good: one that waited while the breaker opened is not."""
        return given == self._era

    def succeeded(self, given: int) -> None:
        """Take a pass back from a request that was answered."""
        if given != self._era:
            return
        if self._state is BreakerState.HALF_OPEN:
            self._close()
        else:
            self._in_a_row = 0
            self._slice().all += 1

    def failed(self, given: int) -> None:
        """Take a pass back from a request that the ILS failed to answer."""
        if given != self._era:
            return
        if self._state is BreakerState.HALF_OPEN:
            self._wait = min(self._wait * 2, self._rules.longest_wait)
            self._open()
            return
        self._in_a_row += 1
        present = self._slice()
        present.all += 1
        present.failed += 1
        if self._in_a_row >= self._rules.consecutive or self._fails_too_often():
            self._wait = self._rules.first_wait
            self._open()

    def trip(self, given: int) -> None:
        """Take a pass back from a request whose failure would befall every other one too: open at once."""
        if given != self._era:
            return
        if self._state is BreakerState.CLOSED:
            self._wait = self._rules.first_wait
            self._open()
        else:
            self.failed(given)

    def withdrawn(self, given: int) -> None:
        """Take a pass back from a request that says nothing about the ILS: the next one may try instead."""
        if given == self._era and self._state is BreakerState.HALF_OPEN:
            self._become(BreakerState.OPEN)

    def _open(self) -> None:
        self._retry_at = self._clock() + self._wait
        self._become(BreakerState.OPEN)

    def _close(self) -> None:
        self._in_a_row = 0
        self._slices.clear()
        self._wait = self._rules.first_wait
        self._become(BreakerState.CLOSED)

    def _become(self, state: BreakerState) -> None:
        self._state = state
        self._era += 1
        self._changed(state)

    def _slice(self) -> _Slice:
        """The slice that is now, and none left that is older than the window."""
        now, slices, window = self._clock(), self._slices, self._rules.window
        if not slices or now - slices[-1].began >= window / _SLICES:
            while slices and now - slices[0].began >= window:
                slices.popleft()
            slices.append(_Slice(now))
        return slices[-1]

    def _fails_too_often(self) -> bool:
        every = sum(one.all for one in self._slices)
        failed = sum(one.failed for one in self._slices)
        return every >= self._rules.least and failed > every * self._rules.share
