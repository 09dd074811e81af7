"""Back-off, held logins, and deadlines that share a timer."""

from __future__ import annotations

import asyncio

import pytest

from gateway.upstream.backoff import Backoff, BackoffRules
from gateway.upstream.deadlines import NEVER, Deadlines
from gateway.upstream.failures import READINGS, FailureKind
from gateway.upstream.strikes import StrikeRules, Strikes
from gateway.upstream.turns import take
from tests.clocks import HandClock


@pytest.mark.parametrize(
    ("chance", "waits"), [(0.0, [0.5, 1.0, 2.0, 2.5, 2.5]), (1.0, [1.0, 2.0, 4.0, 5.0, 5.0])], ids=["least", "most"]
)
def test_waits_double_up_to_the_longest_and_half_of_each_is_chance(chance: float, waits: list[float]) -> None:
    backoff = Backoff(BackoffRules(1.0, 5.0), lambda: chance)
    assert [backoff.failed() for _ in waits] == waits
    backoff.succeeded()
    assert (backoff.failed(), backoff.failures) == (waits[0], 1)


def test_a_year_of_failures_is_still_a_number() -> None:
    backoff = Backoff(BackoffRules(1.0, 60.0), lambda: 1.0)
    assert {backoff.failed() for _ in range(5000)} == {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0}


def test_a_login_is_held_after_three_refusals_in_a_row_and_longer_after_each_more() -> None:
    clock = HandClock()
    strikes = Strikes(StrikeRules(hold=BackoffRules(100.0, 300.0)), clock.monotonic, lambda: 1.0)
    held = []
    for _ in range(3):
        held.append(strikes.is_held("automat"))
        strikes.refused("automat")
    assert held == [False, False, False]
    assert strikes.is_held("automat")
    assert not strikes.is_held("another")
    clock.turn(100.0)
    assert not strikes.is_held("automat")
    strikes.refused("automat")
    clock.turn(199.0)
    assert strikes.is_held("automat")
    clock.turn(1.0)
    strikes.accepted("automat")
    strikes.refused("automat")
    strikes.refused("automat")
    assert not strikes.is_held("automat")


def test_a_login_is_tried_one_at_a_time_until_it_is_known_to_be_right() -> None:
    strikes = Strikes(StrikeRules(), HandClock().monotonic, lambda: 0.0)
    turn = strikes.turn("automat")
    assert turn is not None
    assert strikes.turn("automat") is turn
    strikes.accepted("automat")
    assert strikes.turn("automat") is None
    strikes.refused("automat")
    assert strikes.turn("automat") is turn


class Told:
    """Something with a deadline that writes down when it was told, and has another one afterwards."""

    def __init__(self, due: float, *later: float) -> None:
        self.due = due
        self._later = list(later)
        self.times: list[float] = []

    def overdue(self, now: float) -> None:
        self.times.append(now)
        self.due = self._later.pop(0) if self._later else NEVER


async def test_each_is_told_when_it_is_due_and_not_before() -> None:
    clock = HandClock()
    deadlines, start = Deadlines(clock.monotonic), clock.monotonic()
    early, late, never = Told(start + 1, start + 3), Told(start + 2), Told(NEVER)
    for one in (late, early, never):
        deadlines.watch(one)
    for _ in range(4):
        deadlines.look()
        clock.turn(1.0)
    assert (early.times, late.times, never.times) == ([start + 1, start + 3], [start + 2], [])
    deadlines.stop()


async def test_a_defect_of_one_stops_neither_the_others_nor_their_timer() -> None:
    class Broken(Told):
        def overdue(self, now: float) -> None:
            raise LookupError

    clock = HandClock()
    deadlines, broken, whole = Deadlines(clock.monotonic), Broken(clock.monotonic()), Told(clock.monotonic())
    deadlines.watch(broken)
    deadlines.watch(whole)
    with pytest.raises(LookupError):
        deadlines.look()
    deadlines.look()
    assert (len(whole.times), len(deadlines)) == (1, 1)
    deadlines.stop()


async def test_one_that_is_forgotten_is_not_told() -> None:
    clock = HandClock()
    deadlines, one = Deadlines(clock.monotonic), Told(clock.monotonic())
    deadlines.watch(one)
    deadlines.forget(one)
    deadlines.forget(one)
    deadlines.look()
    assert (one.times, len(deadlines)) == ([], 0)


async def test_a_deadline_that_was_moved_forward_is_met_by_the_loop() -> None:
    loop = asyncio.get_running_loop()
    met = asyncio.Event()

    class Soon(Told):
        def overdue(self, now: float) -> None:
            super().overdue(now)
            met.set()

    deadlines, one = Deadlines(loop.time), Soon(loop.time() + 3600.0)
    deadlines.watch(one)
    one.due = loop.time() + 0.01
    deadlines.sooner(one.due)
    async with asyncio.timeout(5):
        await met.wait()
    deadlines.stop()


async def test_a_turn_that_is_not_had_in_time_is_not_taken() -> None:
    clock, turn = HandClock(), asyncio.Lock()
    assert await take(turn, clock.monotonic(), clock.monotonic)
    assert not await take(turn, clock.monotonic() + 0.01, clock.monotonic)
    turn.release()
    assert await take(turn, clock.monotonic() - 1.0, clock.monotonic)


def test_every_failure_has_its_reading() -> None:
    assert READINGS.keys() == set(FailureKind)
