"""How long to wait before the next try: doubling, and never the same for two who failed together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_HIGHEST_POWER = 30


@dataclass(frozen=True, slots=True)
class BackoffRules:
    """The first and the longest wait, in seconds; between which parts of it a wait falls is left to chance."""

    first: float = 1.0
    longest: float = 60.0
    least: float = 0.5
    most: float = 1.0


def wait_after(failures: int, rules: BackoffRules, chance: float) -> float:
    """Return the seconds to wait after so many failures before: a time that doubles; `chance` is from 0 to 1."""
    # Two to the power of the failures of a week would not be a float any more.
    step = min(rules.longest, rules.first * 2.0 ** min(failures, _HIGHEST_POWER))
    return step * (rules.least + (rules.most - rules.least) * chance)


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
        """Return the seconds to wait after one more failure."""
        wait = wait_after(self._failures, self._rules, self._chance())
        self._failures += 1
        return wait

    def succeeded(self) -> None:
        """Begin anew with the first wait."""
        self._failures = 0
