"""Values that are good for a while: a bounded memory that forgets by time, the oldest first where it is full."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Lately(Generic[K, V]):
    """Keeps each value for ``seconds`` on the clock ``monotonic``, the last ``entries`` of them."""

    def __init__(self, monotonic: Callable[[], float], seconds: float, *, entries: int = 10_000) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._entries = entries
        self._kept: dict[K, tuple[V, float]] = {}

    def keep(self, key: K, value: V) -> V:
        """Keep a value from now on, and return it."""
        self._kept.pop(key, None)
        if len(self._kept) >= self._entries:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (value, self._monotonic() + self._seconds)
        return value

    def find(self, key: K) -> V | None:
        """Return the value, or ``None`` where there is none or its time is over."""
        value, until = self._kept.get(key, (None, 0.0))
        if value is not None and until <= self._monotonic():
            del self._kept[key]
            return None
        return value

    def forget(self, key: K) -> None:
        """Forget a value before its time."""
        self._kept.pop(key, None)
