"""The addresses of one ILS: the preferred one first, and those that failed last until they have rested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gateway.upstream.backoff import Backoff, BackoffRules

RESTS = BackoffRules(first=5.0, longest=60.0)


class Address(NamedTuple):
    """Where an ILS listens."""

    host: str
    port: int


class Addresses:
    """The order in which addresses are tried, shared by all that connect to one ILS."""

    __slots__ = ("_backoffs", "_clock", "_rests_until", "_told")

    def __init__(
        self,
        told: Sequence[Address],
        clock: Callable[[], float],
        chance: Callable[[], float],
        rests: BackoffRules = RESTS,
    ) -> None:
        """Prefer them in the order told; raises `ValueError` for none."""
        if not told:
            raise ValueError("an ILS has an address")
        self._told = tuple(told)
        self._clock = clock
        self._rests_until = dict.fromkeys(self._told, 0.0)
        self._backoffs = {address: Backoff(rests, chance) for address in self._told}

    def in_order(self) -> tuple[Address, ...]:
        """Return all of them as they should be tried now: resting ones last, the longest rested first."""
        now = self._clock()
        return tuple(sorted(self._told, key=lambda one: max(self._rests_until[one] - now, 0.0)))

    def failed(self, address: Address) -> None:
        """Let an address rest: for a time that grows with each failure, and is tried last meanwhile."""
        self._rests_until[address] = self._clock() + self._backoffs[address].failed()

    def succeeded(self, address: Address) -> None:
        """Let an address be tried in its turn again."""
        self._rests_until[address] = 0.0
        self._backoffs[address].succeeded()
