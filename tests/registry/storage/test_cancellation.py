"""Who gives up takes nothing along: the work is rolled back and the connection given back, whenever that happens."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import AsyncAdaptedQueuePool

from registry.domain.attempts import Limits
from registry.domain.patron import Credentials, PatronId
from registry.storage.database import Database
from tests.registry.people import NOW, NUMBER, asker, patron
from tests.registry.storage.rows import query, reserve

PATRON = PatronId(77)
# More than a unit of work of this test takes.
_MOST_STEPS = 16


async def _work(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.attempts.log_of(NUMBER, NOW, Limits())
        await work.attempts.tally(asker(), NOW, Limits())
        await reserve(work)
        await work.patrons.add(patron(id=PATRON), Credentials(), None)
        work.changed(PATRON)


async def _cancelled_at(database: Database, step: int) -> None:
    """Do the work, and give up as soon as so many of its steps were begun."""
    task = asyncio.ensure_future(_work(database))
    begun: set[asyncio.Task[object]] = set()
    while len(begun) < step and not task.done():
        await asyncio.sleep(0)
        begun |= database._steps._under_way
    task.cancel()
    await asyncio.wait({task})
    await database._steps.settled()


async def _is_whole(database: Database) -> bool:
    """Both rows are there, or neither."""
    attempts = await query(database, "SELECT id FROM attempt")
    patrons = await query(database, "SELECT id FROM patron")
    assert len(attempts) == len(patrons)
    return bool(patrons)


async def _wipe(database: Database) -> None:
    async with database.unit_of_work() as work:
        if await work.patrons.find(PATRON):
            await work.patrons.delete(PATRON)
        await work.attempts.start_anew(NUMBER, NOW)
        await work.attempts.forget(NOW.replace(year=2100))


async def test_work_cancelled_at_any_moment_is_kept_whole_or_not_at_all(database: Database) -> None:
    outcomes = []
    for steps in range(_MOST_STEPS):
        await _cancelled_at(database, steps)
        outcomes.append(await _is_whole(database))
        # The next one finds the connection free and in order.
        await _wipe(database)
    # Kept from the commit on, and never before.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {True, False}


@pytest.mark.parametrize("milliseconds", [0.05, 0.2, 0.5, 1, 2, 3, 5, 8])
async def test_work_cut_off_by_a_deadline_leaves_the_database_in_order(database: Database, milliseconds: float) -> None:
    for _ in range(5):
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await _work(database)
        except TimeoutError:
            pass
        await database.probe()
        await database._steps.settled()
        await _is_whole(database)
        await _wipe(database)


async def test_many_who_give_up_while_they_wait_leave_no_connection_behind(database: Database) -> None:
    tasks = [asyncio.ensure_future(_work(database)) for _ in range(40)]
    await asyncio.sleep(0.001)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await database.probe()
    await database._steps.settled()
    pool = database._writing.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    assert pool.checkedout() == 0


async def test_a_commit_whose_asker_gave_up_is_still_told_to_the_listeners(database: Database) -> None:
    told: list[PatronId | None] = []
    database.signal.listen(told.append)
    for steps in range(_MOST_STEPS):
        told.clear()
        await _cancelled_at(database, steps)
        assert await _is_whole(database) == (PATRON in told)
        await _wipe(database)
