"""One lending unit's deliveries: how many may be under way, and whether its library system is asked at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.delivery.carriers import LookedUp, Lost, NotSent, Tried
from gateway.delivery.routes import Route
from gateway.upstream.breaker import Breaker, BreakerRules, BreakerState
from registry.domain.delivery import DeliveryId

_FIRST_REST = 0.05


class Lane:
    """What is under way to one library system, behind a breaker and a bulkhead of its own."""

    def __init__(
        self, route: Route, rules: BreakerRules, clock: Callable[[], float], changed: Callable[[BreakerState], object]
    ) -> None:
        """Begin with nothing under way; ``clock`` is monotonic, in seconds."""
        self.route = route
        self.breaker = Breaker(rules, clock, changed)
        self.under_way: dict[asyncio.Task[None], DeliveryId] = {}
        self._clock = clock
        self._rest = 0.0
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

    def rest(self, longest: float) -> None:
        """Let nobody begin for a while, each time twice as long, up to so many seconds: what was due was not to be had.

        Mostly somebody holds it for a moment, as a kiosk does that says the same yes again.
        """
        self._rest = min(max(self._rest * 2, _FIRST_REST), longest)
        self._rests_until = self._clock() + self._rest

    def found(self) -> None:
        """Rest shortly again the next time: what was due was to be had."""
        self._rest = 0.0

    def opens_in(self) -> float | None:
        """Return after how many seconds somebody may begin, by the breaker and after a rest; ``None`` for now."""
        is_open = self.breaker.state is BreakerState.OPEN
        left = max(self._rests_until, self.breaker.retry_at if is_open else float("-inf")) - self._clock()
        return left if left > 0 else None

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
