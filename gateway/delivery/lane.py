"""One lending unit's deliveries: how many may be under way, and whether its library system is asked at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.delivery.carriers import LookedUp, Lost, NotSent, Tried
from gateway.delivery.routes import Route
from gateway.upstream.breaker import Breaker, BreakerRules, BreakerState


class Lane:
    """What is under way to one library system, behind a breaker and a bulkhead of its own."""

    def __init__(
        self, route: Route, rules: BreakerRules, clock: Callable[[], float], changed: Callable[[BreakerState], object]
    ) -> None:
        """Begin with nothing under way; ``clock`` is monotonic, in seconds."""
        self.route = route
        self.breaker = Breaker(rules, clock, changed)
        self.under_way: set[asyncio.Task[None]] = set()
        self._clock = clock
        self._rests_until = float("-inf")

    def room(self) -> int:
        """Return how many more may begin now: one alone where the breaker lets somebody try."""
        now = self._clock()
        if now < self._rests_until:
            return 0
        if self.breaker.is_closed:
            return max(self.route.at_once - len(self.under_way), 0)
        is_due = self.breaker.state is BreakerState.OPEN and now >= self.breaker.retry_at
        return int(is_due and not self.under_way)

    def rest(self, seconds: float) -> None:
        """Let nobody begin for a while: what seemed due could not be claimed."""
        self._rests_until = self._clock() + seconds

    def opens_in(self) -> float | None:
        """Return after how many seconds the breaker lets somebody try, or ``None`` where it does so already."""
        left = self.breaker.retry_at - self._clock()
        return left if self.breaker.state is BreakerState.OPEN and left > 0 else None

    def heard(self, given: int, values: list[LookedUp | Tried]) -> bool:
        """Take a pass back with what a try brought; return whether it showed that no other would fare better."""
        if any(isinstance(value, NotSent) and value.whole_unit for value in values):
            self.breaker.trip(given)
            return True
        if any(isinstance(value, NotSent | Lost) for value in values):
            self.breaker.failed(given)
        elif values:
            self.breaker.succeeded(given)
        else:
            self.breaker.withdrawn(given)
        return False
