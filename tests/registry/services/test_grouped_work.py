"""Steps that share transactions: which together, in which order, and what becomes of them when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from registry.domain.attempts import Limits
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.services.grouped_work import GroupedWork, NotYet
from registry.services.ports import OpenUnitOfWork, UnitOfWork
from tests.registry.people import NOW, asker
from tests.registry.services.houses import House
from tests.registry.storage.databases import opened
from tests.registry.storage.rows import reserve


class Door:
    """Opens units of work, each at a word; counts them, and breaks their commits where told to."""

    def __init__(self, work: OpenUnitOfWork) -> None:
        self._work = work
        self.opened = 0
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.breaks = False

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        self.opened += 1
        async with self._work() as work:
            yield work
            await self.may_commit.wait()
            if self.breaks:
                raise RegisterUnavailable("the disk is full")


@pytest.fixture
def door(empty: House) -> Door:
    return Door(empty.database.unit_of_work)


@pytest.fixture
async def grouped(door: Door) -> AsyncIterator[GroupedWork]:
    grouped = GroupedWork(door)
    yield grouped
    await grouped.close()


def card(key: int) -> CardNumber:
    return CardNumber(f"N{key:09d}")


def adding(key: int = 1) -> Callable[[UnitOfWork], Awaitable[int]]:
    """A step that adds an attempt at a card, and returns how many there were before."""

    async def step(work: UnitOfWork) -> int:
        before = len((await work.attempts.log_of(card(key), NOW, Limits())).consecutive)
        await reserve(work, number=card(key), who=asker(terminal=f"kiosk-{before}"))
        return before

    return step


async def begun(door: Door, times: int) -> None:
    """Return when so many units of work have been opened."""
    async with asyncio.timeout(5):
        while door.opened < times:
            await asyncio.sleep(0.001)


async def test_what_queues_while_one_is_under_way_shares_the_next_and_sees_what_came_before(
    door: Door, grouped: GroupedWork
) -> None:
    door.may_commit.clear()
    first = asyncio.ensure_future(grouped.do(adding()))
    await begun(door, 1)
    others = [asyncio.ensure_future(grouped.do(adding())) for _ in range(20)]
    await asyncio.sleep(0)
    door.may_commit.set()
    assert await first == 0
    assert await asyncio.gather(*others) == list(range(1, 21))
    assert door.opened == 2


async def test_nobody_is_told_before_it_is_durable(door: Door, grouped: GroupedWork) -> None:
    door.may_commit.clear()
    ran = asyncio.Event()

    async def step(work: UnitOfWork) -> str:
        ran.set()
        return "done"

    asked = asyncio.ensure_future(grouped.do(step))
    await ran.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asked.done()
    door.may_commit.set()
    assert await asked == "done"


async def test_a_step_that_breaks_does_so_alone_and_leaves_nothing(door: Door, grouped: GroupedWork) -> None:
    async def breaking(work: UnitOfWork) -> None:
        await reserve(work, number=card(1))
        raise LookupError("no such thing")

    asked = [grouped.do(adding()), grouped.do(breaking), grouped.do(adding())]
    before, broken, after = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(broken, LookupError)
    assert (before, after) == (0, 1)


async def test_a_step_that_the_database_fails_does_not_fail_the_others_at_once(grouped: GroupedWork) -> None:
    async def locked(work: UnitOfWork) -> None:
        raise RegisterUnavailable("the row is locked")

    ended = await asyncio.gather(grouped.do(adding()), grouped.do(locked), grouped.do(adding()), return_exceptions=True)
    assert (ended[0], type(ended[1]), ended[2]) == (0, RegisterUnavailable, 1)


async def test_a_database_that_fails_again_and_again_is_not_asked_for_each_of_them(
    door: Door, grouped: GroupedWork
) -> None:
    async def failing(work: UnitOfWork) -> None:
        raise RegisterUnavailable("the server hangs")

    ended = await asyncio.gather(*(grouped.do(failing) for _ in range(50)), return_exceptions=True)
    assert [type(one) for one in ended] == [RegisterUnavailable] * 50
    assert door.opened == 2


async def test_an_outage_is_told_to_all_who_shared_it_and_not_to_those_after(door: Door, grouped: GroupedWork) -> None:
    door.breaks = True
    failed = await asyncio.gather(*(grouped.do(adding()) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [RegisterUnavailable] * 3
    assert len(set(map(id, failed))) == 3
    door.breaks = False
    assert await grouped.do(adding()) == 0


async def test_a_step_whose_asker_has_gone_is_left_out(door: Door, grouped: GroupedWork) -> None:
    door.may_commit.clear()
    first = asyncio.ensure_future(grouped.do(adding()))
    await begun(door, 1)
    gone = asyncio.ensure_future(grouped.do(adding()))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(RegisterUnavailable, match="did not end in time"):
        await grouped.do(adding(), within=0.01)
    door.may_commit.set()
    assert await first == 0
    assert await grouped.do(adding()) == 1


class Gate:
    """Steps that cannot be decided before it is opened."""

    def __init__(self) -> None:
        self.is_open = False
        self.passed: list[int] = []
        self.tried = 0

    def step(self, place: int) -> Callable[[UnitOfWork], Awaitable[int | NotYet]]:
        async def step(work: UnitOfWork) -> int | NotYet:
            self.tried += 1
            if not self.is_open:
                return NotYet("gate")
            self.passed.append(place)
            return place

        return step

    async def open(self, work: UnitOfWork) -> None:
        self.is_open = True


async def test_who_cannot_be_decided_waits_in_line_and_is_tried_again_when_another_ends(
    door: Door, grouped: GroupedWork
) -> None:
    gate = Gate()
    line = [asyncio.ensure_future(grouped.do(gate.step(place), keys=("gate",))) for place in range(100)]
    await begun(door, 1)
    late = asyncio.ensure_future(grouped.do(gate.step(100), keys=("other", "gate")))
    assert await grouped.do(adding(), keys=("another",)) == 0
    assert gate.passed == []
    # Who stands behind the first is not tried again and again.
    assert gate.tried <= door.opened
    grouped.soon(gate.open)
    assert await asyncio.gather(*line, late) == gate.passed == list(range(101))


async def test_what_another_process_ends_is_noticed_without_being_told(grouped: GroupedWork) -> None:
    gate = Gate()
    asked = asyncio.ensure_future(grouped.do(gate.step(1), keys=("gate",)))
    async with asyncio.timeout(5):
        while not gate.tried:
            await asyncio.sleep(0.001)
        gate.is_open = True
        assert await asked == 1


async def test_a_close_ends_what_can_be_ended_and_refuses_the_rest(door: Door, grouped: GroupedWork) -> None:
    door.may_commit.clear()
    first = asyncio.ensure_future(grouped.do(adding()))
    await begun(door, 1)
    last = asyncio.ensure_future(grouped.do(adding()))
    waiting = asyncio.ensure_future(grouped.do(Gate().step(1), keys=("gate",)))
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(grouped.close())
    await asyncio.sleep(0)
    door.may_commit.set()
    await closing
    assert (await first, await last) == (0, 1)
    for late in (waiting, grouped.do(adding())):
        with pytest.raises(RegisterUnavailable):
            await late


async def test_two_processes_that_write_of_the_same_cards_in_opposite_orders_never_hold_each_other_up(
    empty: House,
) -> None:
    database = await opened(empty.database._url, timeout=2.0)
    here, there = GroupedWork(empty.database.unit_of_work), GroupedWork(database.unit_of_work)
    keys = range(1, 30)
    try:
        for _ in range(5):
            upward = [here.do(adding(key), card=card(key), terminal=f"t{key}") for key in keys]
            downward = [there.do(adding(key), card=card(key), terminal=f"t{key}") for key in reversed(keys)]
            await asyncio.gather(*upward, *downward)
        assert {await here.do(adding(key)) for key in keys} == {10}
    finally:
        await here.close()
        await there.close()
        await database.close()
