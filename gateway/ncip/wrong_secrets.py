"""How many wrong secrets came from an address of late: hashing each would let anybody keep the pool busy."""

from __future__ import annotations

from collections.abc import Callable

_WINDOW = 60.0
_MOST_ADDRESSES = 10_000


class WrongSecrets:
    """Counts by address, for a minute; bounded, the oldest address makes room."""

    def __init__(self, monotonic: Callable[[], float], most: Callable[[], int]) -> None:
        """Bear as many as ``most`` says, in a minute that begins with the first."""
        self._monotonic = monotonic
        self._most = most
        self._counted: dict[str, tuple[int, float]] = {}

    def count(self, host: str) -> None:
        """Count a wrong secret."""
        count, since = self._of(host)
        self._counted.pop(host, None)
        if len(self._counted) >= _MOST_ADDRESSES:
            del self._counted[next(iter(self._counted))]
        self._counted[host] = (count + 1, since)

    def are_too_many(self, host: str) -> bool:
        """Tell whether no other secret from there should be hashed now."""
        return self._of(host)[0] >= self._most()

    def _of(self, host: str) -> tuple[int, float]:
        now = self._monotonic()
        count, since = self._counted.get(host, (0, now))
        return (count, since) if now - since < _WINDOW else (0, now)
