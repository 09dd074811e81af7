"""The way in: breaker and bulkhead together, and that no place is ever lost."""

from __future__ import annotations

import asyncio

import pytest

from gateway.upstream.breaker import BreakerRules, BreakerState
from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.failures import FailureKind, Verdict
from gateway.upstream.gate import Gate
from tests.clocks import HandClock

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


class Guarded:
    """A gate with one place and one seat, whose breaker opens at the first failure."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.bulkhead = Bulkhead(1, 1)
        self.states: list[BreakerState] = []
        self.gate = Gate(BreakerRules(consecutive=1), self.bulkhead, self.clock.monotonic, self.states.append)

    async def enter(self, seconds: float = 60.0) -> int:
        given = await self.gate.enter(self.clock.monotonic() + seconds)
        assert not isinstance(given, FailureKind)
        return given

    def waits(self, seconds: float = 60.0) -> asyncio.Task[int | FailureKind]:
        return asyncio.ensure_future(self.gate.enter(self.clock.monotonic() + seconds))

    @property
    def counts(self) -> tuple[int, int]:
        return self.bulkhead.in_flight, self.bulkhead.waiting


async def begun(task: asyncio.Task[int | FailureKind]) -> asyncio.Task[int | FailureKind]:
    await asyncio.sleep(0)
    assert not task.done()
    return task


async def test_a_place_that_is_left_goes_to_the_one_who_waits() -> None:
    guarded = Guarded()
    first = await guarded.enter()
    second = await begun(guarded.waits())
    assert await guarded.gate.enter(guarded.clock.monotonic() + 60.0) is FailureKind.SHED
    guarded.gate.leave(first, Verdict.WELL)
    given = await second
    assert isinstance(given, int)
    guarded.gate.leave(given, Verdict.WELL)
    assert guarded.counts == (0, 0)


async def test_one_whose_deadline_passes_while_waiting_waits_no_more() -> None:
    guarded = Guarded()
    first = await guarded.enter()
    assert await guarded.waits(0.01) is FailureKind.DEADLINE
    guarded.gate.leave(first, Verdict.NOTHING)
    assert guarded.counts == (0, 0)


async def test_a_failure_that_opens_the_breaker_turns_away_all_who_wait() -> None:
    guarded = Guarded()
    first = await guarded.enter()
    second = await begun(guarded.waits())
    guarded.gate.leave(first, Verdict.ILL)
    assert await second is FailureKind.BREAKER_OPEN
    assert guarded.counts == (0, 0)


async def test_one_who_was_let_in_just_before_the_breaker_opened_is_turned_away_and_takes_no_place() -> None:
    guarded = Guarded()
    first = await guarded.enter()
    second = await begun(guarded.waits())
    guarded.gate.leave(first, Verdict.WELL)
    guarded.gate.failed_unasked()
    assert await second is FailureKind.BREAKER_OPEN
    assert guarded.counts == (0, 0)


@pytest.mark.parametrize("called", [False, True])
async def test_one_who_is_cancelled_while_waiting_takes_no_place(called: bool) -> None:
    guarded = Guarded()
    first = await guarded.enter()
    second = await begun(guarded.waits())
    if called:
        guarded.gate.leave(first, Verdict.WELL)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert guarded.counts == (0 if called else 1, 0)


async def test_a_try_that_finds_no_room_leaves_the_try_to_another() -> None:
    guarded = Guarded()
    held = await guarded.enter()
    guarded.gate.failed_unasked()
    guarded.clock.turn(10.0)
    await begun(first := guarded.waits())
    assert not guarded.gate.breaker.is_closed
    first.cancel()
    await asyncio.wait((first,))
    guarded.gate.leave(held, Verdict.ILL)
    guarded.gate.leave(await guarded.enter(), Verdict.WELL)
    assert guarded.states == [OPEN, HALF_OPEN, OPEN, HALF_OPEN, CLOSED]


async def test_what_fails_unasked_is_never_the_try_of_an_open_breaker() -> None:
    guarded = Guarded()
    guarded.gate.failed_unasked()
    guarded.clock.turn(10.0)
    guarded.gate.failed_unasked()
    assert guarded.gate.breaker.state is BreakerState.OPEN
    assert await guarded.enter()
