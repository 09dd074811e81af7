"""A bounded pool of threads for hashing: so many at once, so many waiting, and no more."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class PoolFullError(Exception):
    """The queue before the pool is full; the work was not begun."""


class HashPool:
    """Runs hashing in ``threads`` threads with at most ``queue`` calls waiting."""

    def __init__(self, threads: int = 2, queue: int = 64) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="hash")
        self._threads = threads
        self._limit = threads + queue
        self._in_flight = 0

    @property
    def in_use(self) -> int:
        """Return how many threads are at work."""
        return min(self._in_flight, self._threads)

    @property
    def waiting(self) -> int:
        """Return how many calls wait for a thread."""
        return max(self._in_flight - self._threads, 0)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns, run in a thread; raises :class:`PoolFullError` instead of queueing more."""
        if self._in_flight >= self._limit:
            raise PoolFullError
        future = asyncio.get_running_loop().run_in_executor(self._executor, functools.partial(work, *args, **kwargs))
        self._in_flight += 1
        # Counted until the thread is done, even when whoever asked has gone.
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._in_flight -= 1
        if not future.cancelled():
            future.exception()

    def close(self) -> None:
        """Let go of the threads; what waits is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)
