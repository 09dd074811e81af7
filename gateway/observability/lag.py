"""How late the reactor comes to its timers: the first sign that something blocks it."""

from __future__ import annotations

import asyncio

from gateway.observability.instruments import Spread

INTERVAL = 0.5


class LagSampler:
    """Sets a timer again and again, and measures how late it comes."""

    def __init__(self, lag: Spread, interval: float = INTERVAL) -> None:
        """Measure into ``lag``, in seconds, every ``interval`` seconds once started."""
        self._lag = lag
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; must be called while the loop runs."""
        self._set(asyncio.get_running_loop())

    def stop(self) -> None:
        """End; harmless when never started."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(self._interval, self._measure, loop, loop.time() + self._interval)

    def _measure(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._lag.observe(max(0.0, loop.time() - due))
        self._set(loop)
