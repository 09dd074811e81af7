"""Coroutines as Deferreds, and in the background."""

from __future__ import annotations

import asyncio
import gc

import pytest
from twisted.internet.defer import Deferred

from gateway.bridge import as_deferred, spawn


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    if value == 0:
        raise ZeroDivisionError
    return 60 // value


async def test_a_deferred_fires_with_what_the_coroutine_returns() -> None:
    assert await as_deferred(answer(5)).asFuture(asyncio.get_running_loop()) == 12


async def test_a_deferred_fails_with_what_the_coroutine_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        await as_deferred(answer(0)).asFuture(asyncio.get_running_loop())


async def test_cancelling_the_deferred_cancels_the_coroutine() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting: Deferred[None] = as_deferred(endless())
    waiting.addErrback(lambda _: None)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait_for(ended.wait(), 5)


async def test_what_a_background_task_raises_reaches_its_owner() -> None:
    failures: list[BaseException] = []
    await asyncio.wait([spawn(answer(0), failures.append)])
    assert [type(failure) for failure in failures] == [ZeroDivisionError]


async def test_a_background_task_that_ends_well_or_is_cancelled_is_no_failure() -> None:
    failures: list[BaseException] = []
    well = spawn(answer(5), failures.append)
    cancelled = spawn(asyncio.Event().wait(), failures.append)
    cancelled.cancel()
    await asyncio.wait([well, cancelled])
    assert (well.result(), cancelled.cancelled(), failures) == (12, True, [])


async def test_a_background_task_that_nobody_holds_is_not_collected() -> None:
    seen: list[str] = []

    async def waits_on_what_only_it_knows() -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        seen.append("begun")
        try:
            await waiter
        finally:
            seen.append("ended")

    spawn(waits_on_what_only_it_knows(), lambda failure: seen.append(repr(failure))).set_name("lonely")
    await asyncio.sleep(0)
    gc.collect()
    assert seen == ["begun"]
    (lonely,) = [task for task in asyncio.all_tasks() if task.get_name() == "lonely"]
    lonely.cancel()
