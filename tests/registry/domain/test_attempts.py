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
    Limits,
    Locked,
    Scope,
    Tally,
    Wait,
    judge_card,
    judge_strangers,
    judge_terminal,
)
from tests.registry.people import NOW, asker

LIMITS = Limits()


def log(*seconds_ago: float, terminal: str = "kiosk-1", daily: int = 0) -> CardLog:
    return CardLog(
        consecutive=tuple(Attempt(NOW - timedelta(seconds=ago), terminal) for ago in seconds_ago),
        daily=(NOW,) * daily,
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
