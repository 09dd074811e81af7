"""Things that happened a moment ago: a bounded memory that forgets by time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Recently(Generic[K]):
    """Remembers keys for ``seconds``; when ``entries`` are kept the oldest makes room."""

    def __init__(self, monotonic: Callable[[], float], seconds: float, *, entries: int = 50_000) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._entries = entries
        self._until: dict[K, float] = {}

    def has(self, key: K) -> bool:
        """Tell whether ``key`` was noted within the time."""
        until = self._until.get(key)
        if until is None:
            return False
        if until <= self._monotonic():
            del self._until[key]
            return False
        return True

    def note(self, key: K) -> None:
        """Remember ``key`` from now on."""
        self._until.pop(key, None)
        if len(self._until) >= self._entries:
            del self._until[next(iter(self._until))]
        self._until[key] = self._monotonic() + self._seconds

    def forget(self, key: K) -> None:
        """Forget ``key`` before its time."""
        self._until.pop(key, None)
