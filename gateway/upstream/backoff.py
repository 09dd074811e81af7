"""How long to wait before the next try: doubling, and never the same for two who failed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_HIGHEST_POWER = 30


@dataclass(frozen=True, slots=True)
class BackoffRules:
    """The first and the longest wait, in seconds; half of each is left to chance."""

    first: float = 1.0
    longest: float = 60.0


class Backoff:
    """The waits of one who tries; `chance` gives a number from 0 to 1, such as `random.random`."""

    __slots__ = ("_chance", "_failures", "_rules")

    def __init__(self, rules: BackoffRules, chance: Callable[[], float]) -> None:
        """Begin as after a success."""
        self._rules = rules
        self._chance = chance
        self._failures = 0

    @property
    def failures(self) -> int:
        """How many failures there were since the last success."""
        return self._failures

    def failed(self) -> float:
        """Return the seconds to wait after one more failure: between half and all of a time that doubles."""
        # Two to the power of the failures of a week would not be a float any more.
        step = min(self._rules.longest, self._rules.first * 2.0 ** min(self._failures, _HIGHEST_POWER))
        self._failures += 1
        return step * (0.5 + 0.5 * self._chance())

    def succeeded(self) -> None:
        """Begin anew with the first wait."""
        self._failures = 0
