"""Where coroutines and Twisted meet: the only place in which a coroutine becomes a Deferred."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from gateway.carrier import HandshakeError, KnowsEndOfInput, UvloopCarrier
from gateway.listening import Listening, listen

__all__ = [
    "HandshakeError",
    "KnowsEndOfInput",
    "Listening",
    "UvloopCarrier",
    "as_deferred",
    "listen",
    "outlived",
    "spawn",
]

T = TypeVar("T")

# The loop itself holds its tasks weakly: without this set a task that only waits may be collected half-way.
_spawned: set[asyncio.Task[Any]] = set()


def as_deferred(coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
    """Return a Deferred that fires with the coroutine's result; cancelling it cancels the coroutine.

    Not ``ensureDeferred``: that drives the coroutine outside any asyncio task, where SQLAlchemy cannot await.
    """
    return Deferred.fromFuture(asyncio.ensure_future(coroutine))


def spawn(coroutine: Coroutine[Any, Any, T], on_failure: Callable[[BaseException], object]) -> asyncio.Task[T]:
    """Run a coroutine in the background; what it raises goes to ``on_failure``, being cancelled does not.

    The task lives until it ends, whoever keeps the returned reference; cancel that to stop it.
    """

    def settle(ended: asyncio.Task[T]) -> None:
        _spawned.discard(ended)
        if not ended.cancelled() and (failure := ended.exception()) is not None:
            on_failure(failure)

    task = asyncio.ensure_future(coroutine)
    _spawned.add(task)
    task.add_done_callback(settle)
    return task


def outlived(task: asyncio.Task[T]) -> Deferred[T]:
    """Return a Deferred that fires as the task ends; cancelling it gives up waiting, and the task goes on."""
    awaited: Deferred[T] = Deferred()

    def tell(ended: asyncio.Task[T]) -> None:
        failure = asyncio.CancelledError() if ended.cancelled() else ended.exception()
        awaited.callback(ended.result()) if failure is None else awaited.errback(failure)

    task.add_done_callback(tell)
    return awaited
