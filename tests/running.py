"""Runs coroutines to their end on the reactor's loop, from code that is not a coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

Outcome = TypeVar("Outcome")


def run(coroutine: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Return what ``coroutine`` returns, having run it as a task on the asyncio reactor; its exception is raised."""
    done: Deferred[Outcome] = Deferred()

    def start() -> None:
        Deferred.fromFuture(asyncio.ensure_future(coroutine)).chainDeferred(done)

    # Only what the reactor itself calls finds asyncio's loop running.
    IReactorTime(reactor).callLater(0, start)
    return cast(Outcome, pytest_twisted.blockon(done))
