"""The way into one ILS, past its breaker and its bulkhead.

given = await gate.enter(deadline)
if not isinstance(given, FailureKind):
    ...  # ask
    gate.leave(given, verdict)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

from gateway.upstream.breaker import Breaker, BreakerRules, BreakerState
from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.failures import FailureKind, Verdict


class Gate:
    """Lets requests to one ILS through, or says why not; `changed` is told each new state of the breaker."""

    __slots__ = ("_breaker", "_bulkhead", "_changed", "_clock")

    def __init__(
        self,
        rules: BreakerRules,
        bulkhead: Bulkhead,
        clock: Callable[[], float],
        changed: Callable[[BreakerState], object] = lambda _: None,
    ) -> None:
        """Begin open for all; `clock` is that of the deadlines."""
        self._breaker = Breaker(rules, clock, self._became)
        self._bulkhead = bulkhead
        self._clock = clock
        self._changed = changed

    @property
    def breaker(self) -> Breaker:
        """The breaker."""
        return self._breaker

    async def enter(self, deadline: float) -> int | FailureKind:
        """Return a pass to give to `leave`, or why there is none: at once, or when no place was had in time."""
        given = self._breaker.admit()
        if not given:
            return FailureKind.BREAKER_OPEN
        if self._bulkhead.enter():
            return given
        refusal = await self._wait(given, deadline)
        if refusal is None and not self._breaker.holds(given) and not self._breaker.is_closed:
            self._bulkhead.leave()
            refusal = FailureKind.BREAKER_OPEN
        if refusal is None:
            return given
        self._breaker.withdrawn(given)
        return refusal

    def leave(self, given: int, verdict: Verdict) -> None:
        """Give a pass back, with what the request said of the ILS."""
        match verdict:
            case Verdict.WELL:
                self._breaker.succeeded(given)
            case Verdict.ILL:
                self._breaker.failed(given)
            case Verdict.NOTHING:
                self._breaker.withdrawn(given)
            case _:
                assert_never(verdict)
        # After the breaker: where it opens now, nobody who waits is let in first.
        self._bulkhead.leave()

    def failed_unasked(self) -> None:
        """Count a failure that nobody waited for: it may open the breaker, but is never the one try of an open one."""
        if self._breaker.is_closed:
            self._breaker.failed(self._breaker.admit())

    async def _wait(self, given: int, deadline: float) -> FailureKind | None:
        """Return None once in, or why not."""
        called: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._bulkhead.wait(called.set_result):
            return FailureKind.SHED
        try:
            # Not awaited itself: cancelling would cancel it, and then it could not be called.
            await asyncio.wait((called,), timeout=max(deadline - self._clock(), 0.0))
        except asyncio.CancelledError:
            if self._is_in(called):
                self._bulkhead.leave()
            self._breaker.withdrawn(given)
            raise
        if self._is_in(called):
            return None
        return FailureKind.BREAKER_OPEN if called.done() else FailureKind.DEADLINE

    def _is_in(self, called: asyncio.Future[bool]) -> bool:
        if called.done():
            return called.result()
        self._bulkhead.withdraw(called.set_result)
        return False

    def _became(self, state: BreakerState) -> None:
        if state is BreakerState.OPEN:
            # Nobody waits any longer for a library that is not there.
            self._bulkhead.turn_away()
        self._changed(state)
