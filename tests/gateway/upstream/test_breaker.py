"""When a breaker opens, whom it lets try, and how long it waits."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.upstream.breaker import Breaker, BreakerRules, BreakerState
from tests.clocks import HandClock

CLOSED, HALF_OPEN, OPEN = BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN


@dataclass
class Kept:
    """A breaker with a clock turned by hand, and the states that it told."""

    rules: BreakerRules = field(default_factory=BreakerRules)
    clock: HandClock = field(default_factory=HandClock)
    told: list[BreakerState] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(self.rules, self.clock.monotonic, self.told.append)

    def ask(self, *, well: bool) -> None:
        given = self.breaker.admit()
        assert given
        (self.breaker.succeeded if well else self.breaker.failed)(given)

    def story(self, told: str) -> None:
        """`+` is a success, `-` a failure, `.` a second."""
        for step in told:
            if step == ".":
                self.clock.turn(1.0)
            else:
                self.ask(well=step == "+")


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("", CLOSED),
        ("----", CLOSED),
        ("-----", OPEN),
        ("----+----", CLOSED),
        ("----+-----", OPEN),
        ("-.-.-.-.-", OPEN),
        # Half of twenty is not more than half; eleven of twenty-one is.
        ("-+" * 10, CLOSED),
        ("-+" * 10 + "-", OPEN),
        # Too few to judge by: nineteen.
        ("--+" * 6 + "-", CLOSED),
        ("--+" * 6 + "--", OPEN),
        # What is older than half a minute no longer counts.
        ("-+" * 10 + "." * 31 + "-", CLOSED),
        ("--+" * 5 + "." * 31 + "--+", CLOSED),
        ("--+" * 5 + "." * 20 + "--+--", OPEN),
    ],
)
def test_a_breaker_opens_after_five_in_a_row_or_more_than_half_of_twenty(told: str, state: BreakerState) -> None:
    kept = Kept()
    kept.story(told)
    assert kept.breaker.state is state
    assert kept.told == ([] if state is CLOSED else [OPEN])


def opened() -> Kept:
    kept = Kept()
    kept.story("-----")
    return kept


def test_an_open_breaker_lets_nobody_through_for_ten_seconds_and_then_one() -> None:
    kept = opened()
    kept.clock.turn(9.9)
    assert kept.breaker.admit() == 0
    kept.clock.turn(0.1)
    assert kept.breaker.admit()
    assert kept.breaker.state is HALF_OPEN
    assert kept.breaker.admit() == 0


def test_a_try_that_succeeds_closes_it_and_all_is_forgotten() -> None:
    kept = opened()
    kept.story("." * 10 + "+----")
    assert kept.breaker.state is CLOSED
    assert kept.told == [OPEN, HALF_OPEN, CLOSED]


def test_each_try_that_fails_doubles_the_wait_up_to_five_minutes() -> None:
    kept, waits = opened(), []
    for _ in range(7):
        waits.append(kept.breaker.retry_at - kept.clock.monotonic())
        kept.clock.turn(waits[-1])
        kept.ask(well=False)
    assert waits == [10, 20, 40, 80, 160, 300, 300]


def test_after_a_recovery_the_wait_begins_at_ten_seconds_again() -> None:
    kept = opened()
    kept.story("." * 10 + "-" + "." * 20 + "+-----")
    assert kept.breaker.retry_at - kept.clock.monotonic() == 10


def test_a_try_that_says_nothing_leaves_the_next_one_its_turn_at_once() -> None:
    kept = opened()
    kept.clock.turn(10.0)
    kept.breaker.withdrawn(kept.breaker.admit())
    assert kept.breaker.state is OPEN
    assert kept.breaker.admit()


def test_what_was_sent_before_the_breaker_opened_neither_closes_nor_extends_it() -> None:
    kept = Kept()
    early = [kept.breaker.admit() for _ in range(3)]
    kept.story("-----")
    kept.clock.turn(10.0)
    given = kept.breaker.admit()
    kept.breaker.failed(early[0])
    kept.breaker.succeeded(early[1])
    kept.breaker.withdrawn(early[2])
    assert kept.breaker.state is HALF_OPEN
    assert [kept.breaker.holds(one) for one in (*early, given)] == [False, False, False, True]


class BreakerMachine(RuleBasedStateMachine):
    """Requests begin and end in any order while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = Kept()
        self.out: list[int] = []

    @initialize(consecutive=st.integers(1, 4), least=st.integers(1, 6))
    def begin(self, consecutive: int, least: int) -> None:
        self.kept = Kept(BreakerRules(consecutive=consecutive, least=least, window=5.0, longest_wait=40.0))

    @rule(seconds=st.floats(0, 50))
    def wait(self, seconds: float) -> None:
        self.kept.clock.turn(seconds)

    @rule()
    def ask(self) -> None:
        before, given = self.kept.breaker.state, self.kept.breaker.admit()
        may_try = self.kept.clock.monotonic() >= self.kept.breaker.retry_at
        assert bool(given) == (before is CLOSED or (before is OPEN and may_try))
        if given:
            self.out.append(given)

    @precondition(lambda self: self.out)
    @rule(chosen=st.randoms(use_true_random=False), end=st.sampled_from(["succeeded", "failed", "withdrawn"]))
    def finish(self, chosen: object, end: str) -> None:
        given = self.out.pop(len(self.out) // 2)
        before, held = self.kept.breaker.state, self.kept.breaker.holds(given)
        ends = {
            "succeeded": self.kept.breaker.succeeded,
            "failed": self.kept.breaker.failed,
            "withdrawn": self.kept.breaker.withdrawn,
        }
        ends[end](given)
        after = self.kept.breaker.state
        if not held:
            assert after is before
        elif before is HALF_OPEN:
            assert after is (CLOSED if end == "succeeded" else OPEN)
        elif end != "failed":
            assert after is before

    @invariant()
    def at_most_one_tries(self) -> None:
        if self.kept.breaker.state is HALF_OPEN:
            assert sum(map(self.kept.breaker.holds, self.out)) == 1
        if self.kept.breaker.state is OPEN:
            assert not any(map(self.kept.breaker.holds, self.out))
            assert self.kept.breaker.retry_at - self.kept.clock.monotonic() <= 40.0

    @invariant()
    def every_change_is_told(self) -> None:
        assert (self.kept.told or [CLOSED])[-1] is self.kept.breaker.state
        assert all(one is not other for one, other in zip(self.kept.told, self.kept.told[1:], strict=False))


TestBreaker = BreakerMachine.TestCase
