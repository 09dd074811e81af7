from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.attempts import (
    Attempt,
    CardLog,
    Clear,
    Cleared,
    Limits,
    Locked,
    Scope,
    Tally,
    Undecided,
    Verdict,
    Wait,
    judge_card,
    judge_strangers,
    judge_terminal,
    weigh,
)
from tests.registry.people import NOW, asker

LIMITS = Limits()


def log(*seconds_ago: float, terminal: str = "kiosk-1", daily: int = 0) -> CardLog:
    return CardLog(
        consecutive=tuple(Attempt(NOW - timedelta(seconds=ago), terminal) for ago in seconds_ago),
        daily=(Attempt(NOW, terminal),) * daily,
    )


@pytest.mark.parametrize(
    ("seconds_ago", "left"),
    [
        ((), None),
        ((2, 1), None),
        ((3, 2, 1), 29),
        ((3, 2, 29), 1),
        ((3, 2, 30), None),
        ((4, 3, 2, 1), 59),
        ((9, 8, 7, 6, 5, 4, 3, 2, 1), 1919),
    ],
)
def test_the_third_wrong_pin_at_a_terminal_waits_and_each_more_waits_twice_as_long(
    seconds_ago: tuple[float, ...], left: float | None
) -> None:
    verdict = judge_card(log(*seconds_ago), "kiosk-1", NOW, LIMITS)
    assert verdict == (Clear() if left is None else Wait(left, Scope.CARD))


def test_wrong_pins_at_one_terminal_do_not_delay_the_patron_at_another() -> None:
    assert judge_card(log(3, 2, 1, terminal="kiosk-2"), "kiosk-1", NOW, LIMITS) == Clear()


def test_five_in_a_day_lock_the_card_everywhere_until_the_window_clears() -> None:
    assert judge_card(log(daily=4), "kiosk-1", NOW, LIMITS) == Clear()
    assert judge_card(log(daily=5), "kiosk-1", NOW, LIMITS) == Locked(disabled=False)
    assert judge_card(log(daily=5), "kiosk-1", NOW + timedelta(days=1), LIMITS) == Clear()


def test_ten_in_a_row_disable_the_card_however_slowly_they_came() -> None:
    years = [days * 86_400.0 for days in range(300, 0, -30)]
    assert judge_card(log(*years), "kiosk-9", NOW, LIMITS) == Locked(disabled=True)


def test_a_clock_set_back_a_day_locks_nobody_for_longer_than_the_wait() -> None:
    verdict = judge_card(log(3, 2, 1), "kiosk-1", NOW - timedelta(days=1), LIMITS)
    assert verdict == Wait(30.0, Scope.CARD)


@given(st.lists(st.floats(0, 1e6), max_size=9), st.floats(0, 1e6))
def test_no_wait_is_longer_than_an_hour_and_one_more_failure_never_shortens_it(ages: list[float], more: float) -> None:
    ages = sorted(ages, reverse=True)
    limits = Limits(card_consecutive_failures=100)
    fewer, one_more = (judge_card(log(*row), "kiosk-1", NOW, limits) for row in (ages, [*ages, min([more, *ages])]))
    assert not isinstance(fewer, Wait) or fewer.seconds <= limits.longest_wait
    if isinstance(fewer, Wait):
        assert isinstance(one_more, Wait)
        assert one_more.seconds >= fewer.seconds


def test_a_check_under_way_is_no_failure_until_no_check_can_take_so_long() -> None:
    begun = Attempt(NOW, "kiosk-1", under_way=True)
    for seconds, has_failed in ((-5, False), (0, False), (9.9, False), (10, True), (9999, True)):
        assert begun.has_failed(NOW + timedelta(seconds=seconds), LIMITS) is has_failed
    assert Attempt(NOW, "kiosk-1").has_failed(NOW, LIMITS)


def test_a_log_of_failures_has_nothing_in_it_that_is_under_way() -> None:
    failed, begun = Attempt(NOW, "kiosk-1"), Attempt(NOW, "kiosk-1", under_way=True)
    both = CardLog(consecutive=(failed, begun), daily=(begun, failed, begun))
    assert both.failed(NOW, LIMITS) == CardLog(consecutive=(failed,), daily=(failed,))


SLOWED, WAIT = Clear(2.0, (Scope.TERMINAL,)), Wait(590, Scope.TERMINAL)


@pytest.mark.parametrize(
    ("certain", "at_worst", "decided"),
    [
        (Clear(), Clear(), Cleared(Clear(), Clear())),
        (Clear(), SLOWED, Cleared(Clear(), SLOWED)),
        (SLOWED, SLOWED, Cleared(SLOWED, SLOWED)),
        (Clear(), WAIT, Undecided(Scope.TERMINAL)),
        (SLOWED, WAIT, Undecided(Scope.TERMINAL)),
        (Clear(), Locked(disabled=False), Undecided(Scope.CARD)),
        (WAIT, WAIT, WAIT),
        (WAIT, Locked(disabled=True), WAIT),
        (Locked(disabled=False), Locked(disabled=True), Locked(disabled=False)),
    ],
)
def test_what_holds_either_way_is_decided_and_nothing_else(
    certain: Verdict, at_worst: Verdict, decided: Cleared | Verdict | Undecided
) -> None:
    assert weigh(certain, at_worst) == decided


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.booleans(), st.sampled_from(["kiosk-1", "kiosk-2"])), max_size=11),
)
def test_no_more_is_allowed_than_if_all_that_is_under_way_had_failed(rows: list[tuple[float, bool, str]]) -> None:
    limits = Limits(longest_check=1e6)
    attempts = tuple(
        Attempt(NOW - timedelta(seconds=ago), terminal, under_way)
        for ago, under_way, terminal in sorted(rows, reverse=True)
    )
    found = CardLog(consecutive=attempts, daily=attempts)
    certain, at_worst = (judge_card(one, "kiosk-1", NOW, limits) for one in (found.failed(NOW, limits), found))
    decided = weigh(certain, at_worst)
    assert isinstance(decided, Cleared) == isinstance(at_worst, Clear)
    if not any(attempt.under_way for attempt in attempts):
        assert decided == (at_worst if not isinstance(at_worst, Clear) else Cleared(at_worst, at_worst))


@pytest.mark.parametrize(
    ("tally", "verdict"),
    [
        (Tally(), Clear()),
        (Tally(terminal_failures=9, terminal_quiet=0), Clear()),
        (Tally(terminal_failures=10, terminal_quiet=0), Clear(2.0, (Scope.TERMINAL,))),
        (Tally(terminal_cards=8, terminal_quiet=0), Clear(2.0, (Scope.TERMINAL,))),
        (Tally(terminal_failures=10, terminal_quiet=600), Clear()),
        (Tally(terminal_failures=30, terminal_quiet=10), Wait(590, Scope.TERMINAL)),
        (Tally(terminal_cards=24, terminal_quiet=10), Wait(590, Scope.TERMINAL)),
        (Tally(terminal_failures=30, terminal_quiet=600), Clear()),
        (Tally(institution_failures=60, institution_quiet=0), Clear(0.0, (Scope.INSTITUTION,))),
        (Tally(institution_failures=200, institution_quiet=1), Wait(599, Scope.INSTITUTION)),
        (Tally(guest_failures=2000), Clear(0.0, (Scope.GLOBAL,))),
    ],
)
def test_limits_of_a_terminal_delay_and_alert_before_they_refuse(tally: Tally, verdict: Clear | Wait) -> None:
    assert judge_terminal(tally, asker(), guest=True, limits=LIMITS) == verdict


def test_limits_grow_with_the_kiosks_that_share_a_login() -> None:
    tally = Tally(terminal_failures=29, terminal_cards=23, terminal_quiet=0)
    assert judge_terminal(tally, asker(kiosks=3), guest=True, limits=LIMITS) == Clear()


def test_the_limit_for_guests_everywhere_refuses_only_where_it_was_told_to_and_only_guests() -> None:
    limits, tally = Limits(guests_refused=True), Tally(guest_failures=2000)
    assert isinstance(judge_terminal(tally, asker(), guest=True, limits=limits), Wait)
    assert judge_terminal(tally, asker(), guest=False, limits=limits) == Clear()


@pytest.mark.parametrize(
    ("looked_at", "verdict"),
    [
        (119, Clear()),
        (120, Clear(2.0, (Scope.TERMINAL,))),
        (359, Clear(2.0, (Scope.TERMINAL,))),
        (360, Wait(600.0, Scope.TERMINAL)),
    ],
)
def test_looking_at_strangers_is_slowed_and_then_refused(looked_at: int, verdict: Clear | Wait) -> None:
    assert judge_strangers(looked_at, asker(), LIMITS) == verdict


def test_nobody_quiet_for_ever_is_held_off() -> None:
    tally = Tally(terminal_failures=999, terminal_quiet=math.inf, institution_failures=999, institution_quiet=math.inf)
    assert judge_terminal(tally, asker(), guest=False, limits=LIMITS) == Clear()
