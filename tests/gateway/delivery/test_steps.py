"""The table of a courier's next step, whole; and when it tries again, or gives up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from gateway.delivery.carriers import (
    Brought,
    Duplicate,
    LookedUp,
    Lost,
    NotSent,
    NotThere,
    Rejected,
    SomebodyElse,
    There,
    Tried,
)
from gateway.delivery.steps import FIRST, TABLE, Ended, Patience, Step, after, settled, unfinished
from registry.domain.delivery import EVENTS, Claim, DeliveryKind, Result, Settled
from registry.domain.standing import TRANSITIONS, StandingState
from tests.clocks import START
from tests.gateway.delivery.outbox import parcel

R = Result
PATIENCE = Patience()
LOOK_UPS = (Step.LOOK_UP, Step.LOOK_UP_DUPLICATE, Step.LOOK_UP_LOST)
THERE, GONE = There("S1"), NotThere()
OTHER, DOWN, LOST = SomebodyElse("other_person"), NotSent("refused"), Lost("hung")
DONE, TWICE, NO = Brought("S1"), Duplicate("duplicate_user"), Rejected("invalid_date")
_VALUES: dict[type[object], LookedUp | Tried] = {
    type(one): one for one in (THERE, GONE, OTHER, DOWN, LOST, DONE, TWICE, NO)
}


@pytest.mark.parametrize(
    ("step", "value", "first", "later"),
    [
        # What came of it; what follows; and what follows where an earlier try may have reached the library system.
        (Step.LOOK_UP, THERE, R.BROUGHT, R.BROUGHT),
        (Step.LOOK_UP, GONE, Step.CREATE, Step.CREATE),
        (Step.LOOK_UP, OTHER, R.REJECTED, R.REJECTED),
        (Step.LOOK_UP, DOWN, R.NOT_SENT, R.ANSWER_LOST),
        (Step.LOOK_UP, LOST, R.NOT_SENT, R.ANSWER_LOST),
        (Step.CREATE, DONE, R.BROUGHT, R.BROUGHT),
        (Step.CREATE, TWICE, Step.LOOK_UP_DUPLICATE, Step.LOOK_UP_DUPLICATE),
        (Step.CREATE, DOWN, R.NOT_SENT, R.ABSENT),
        (Step.CREATE, LOST, Step.LOOK_UP_LOST, Step.LOOK_UP_LOST),
        (Step.CREATE, NO, R.REJECTED, R.REJECTED),
        (Step.LOOK_UP_DUPLICATE, THERE, R.BROUGHT, R.BROUGHT),
        (Step.LOOK_UP_DUPLICATE, GONE, R.REJECTED, R.REJECTED),
        (Step.LOOK_UP_DUPLICATE, OTHER, R.REJECTED, R.REJECTED),
        (Step.LOOK_UP_DUPLICATE, DOWN, R.NOT_SENT, R.ANSWER_LOST),
        (Step.LOOK_UP_DUPLICATE, LOST, R.NOT_SENT, R.ANSWER_LOST),
        (Step.LOOK_UP_LOST, THERE, R.BROUGHT, R.BROUGHT),
        (Step.LOOK_UP_LOST, GONE, R.ANSWER_LOST, R.ANSWER_LOST),
        (Step.LOOK_UP_LOST, OTHER, R.REJECTED, R.REJECTED),
        (Step.LOOK_UP_LOST, DOWN, R.ANSWER_LOST, R.ANSWER_LOST),
        (Step.LOOK_UP_LOST, LOST, R.ANSWER_LOST, R.ANSWER_LOST),
        *(
            (step, value, result, result)
            for step in (Step.UPDATE, Step.END)
            for value, result in (
                (DONE, R.BROUGHT),
                (TWICE, R.REJECTED),
                (DOWN, R.NOT_SENT),
                (LOST, R.ANSWER_LOST),
                (NO, R.REJECTED),
            )
        ),
    ],
)
def test_each_step_leads_to_another_or_to_an_end(
    step: Step, value: LookedUp | Tried, first: Step | Result, later: Step | Result
) -> None:
    for sent, expected in ((False, first), (True, later)):
        following = after(step, value, sent=sent)
        assert (following.result if isinstance(following, Ended) else following) is expected


@pytest.mark.parametrize("step", Step)
def test_the_table_knows_every_value_that_a_step_can_bring(step: Step) -> None:
    assert set(TABLE[step]) == set(get_args(LookedUp if step in LOOK_UPS else Tried))


def test_every_kind_of_delivery_has_a_first_step() -> None:
    assert set(FIRST) == set(DeliveryKind)
    assert FIRST[DeliveryKind.ACTIVATE] is Step.LOOK_UP


def test_a_patron_is_created_only_after_a_look_up_that_found_nobody() -> None:
    for sent in (False, True):
        ways = {
            (step, value)
            for step, rows in TABLE.items()
            for value in rows
            if after(step, _VALUES[value], sent=sent) is Step.CREATE
        }
        assert ways == {(Step.LOOK_UP, NotThere)}


def test_words_go_along_and_the_local_id_with_what_was_brought() -> None:
    assert after(Step.LOOK_UP, OTHER, sent=False) == Ended(R.REJECTED, reason="other_person")
    assert after(Step.LOOK_UP_DUPLICATE, GONE, sent=False) == Ended(R.REJECTED, reason="duplicate_unseen")
    assert after(Step.CREATE, DONE, sent=False) == Ended(R.BROUGHT, "S1")
    assert "S1" not in repr(after(Step.CREATE, DONE, sent=False))


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("sent", [False, True])
def test_a_step_for_which_there_is_no_time_is_as_one_that_reached_nobody(step: Step, sent: bool) -> None:
    assert unfinished(step, sent=sent) == after(step, NotSent("no_time"), sent=sent)
    assert isinstance(unfinished(step, sent=sent), Ended)


@pytest.mark.parametrize("sent", [False, True])
def test_whatever_ends_an_activation_its_standing_can_take(sent: bool) -> None:
    """DELIVERING for a first try, UNKNOWN after one that may have been sent; there, nothing learnt changes nothing."""
    stays = {R.NOT_SENT, R.ANSWER_LOST} if sent else set()
    state = StandingState.UNKNOWN if sent else StandingState.DELIVERING
    for step in (*LOOK_UPS, Step.CREATE):
        for value in TABLE[step]:
            following = after(step, _VALUES[value], sent=sent)
            if isinstance(following, Ended) and following.result not in stays:
                assert EVENTS[following.result] in TRANSITIONS[state], (step, value)


def claim(tries: int = 0) -> Claim:
    return Claim(parcel=parcel(), fence=1, wanted=1, tries=tries, since=START, lease_until=START)


def told(ended: Ended, tries: int = 0, age: timedelta = timedelta(0), chance: float = 0.5) -> Settled:
    return settled(claim(tries), ended, age, PATIENCE, chance)


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 5), (1, 10), (2, 20), (6, 320), (7, 640), (8, 900), (50, 900), (5000, 900)]
)
def test_waits_double_from_five_seconds_to_a_quarter_of_an_hour(tries: int, seconds: float) -> None:
    assert told(Ended(R.NOT_SENT), tries).retry_after == timedelta(seconds=seconds)
    low, high = (told(Ended(R.NOT_SENT), tries, chance=chance).retry_after for chance in (0.0, 1.0))
    assert (low, high) == (timedelta(seconds=seconds * 0.8), timedelta(seconds=seconds * 1.2))


def test_after_a_lost_answer_a_slow_library_system_is_given_time() -> None:
    assert told(Ended(R.ANSWER_LOST)).retry_after == timedelta(seconds=30)
    assert told(Ended(R.ANSWER_LOST), 5).retry_after == timedelta(seconds=160)


@pytest.mark.parametrize("result", Result)
def test_after_three_days_what_has_no_end_is_left_to_staff(result: Result) -> None:
    for age, is_late in ((timedelta(hours=71, minutes=59), False), (timedelta(hours=72), True)):
        again = result in {R.NOT_SENT, R.ABSENT, R.ANSWER_LOST}
        expected = R.OUT_OF_TRIES if is_late and again else result
        assert told(Ended(result, reason="word"), age=age) == replace(
            told(Ended(result, reason="word")),
            result=expected,
            retry_after=timedelta(0) if expected is not result else told(Ended(result)).retry_after,
        )
