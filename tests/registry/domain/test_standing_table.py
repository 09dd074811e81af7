"""The transition table of standings, row by row, and what is not in it."""

from __future__ import annotations

import pytest

from registry.domain.standing import ENDS_BY, TRANSITIONS, NotAllowedError, StandingEvent, StandingState, step

E, S = StandingEvent, StandingState

ALLOWED = [
    (None, E.UNKNOWN_THERE, S.GUEST),
    (None, E.KNOWN_THERE, S.LOCAL),
    (None, E.DOUBTFUL_THERE, S.NEEDS_STAFF),
    (None, E.REGISTERED, S.LOCAL),
    (None, E.RULES_ACCEPTED, S.CONSENTED),
    (None, E.DESK_ASKED, S.AWAITING_DESK),
    (S.GUEST, E.RULES_ACCEPTED, S.CONSENTED),
    (S.GUEST, E.DESK_ASKED, S.AWAITING_DESK),
    (S.GUEST, E.KNOWN_THERE, S.LOCAL),
    (S.GUEST, E.DOUBTFUL_THERE, S.NEEDS_STAFF),
    (S.AWAITING_DESK, E.APPROVED, S.CONSENTED),
    (S.AWAITING_DESK, E.DENIED, S.GUEST),
    (S.AWAITING_DESK, E.WITHDRAWN, S.GUEST),
    (S.AWAITING_DESK, E.LAPSED, S.GUEST),
    (S.AWAITING_DESK, E.KNOWN_THERE, S.LOCAL),
    (S.AWAITING_DESK, E.DOUBTFUL_THERE, S.NEEDS_STAFF),
    (S.CONSENTED, E.CLAIMED, S.DELIVERING),
    (S.CONSENTED, E.WITHDRAWN, S.GUEST),
    (S.DELIVERING, E.SETTLED, S.LOCAL),
    (S.DELIVERING, E.NOT_SENT, S.CONSENTED),
    (S.DELIVERING, E.ANSWER_LOST, S.UNKNOWN),
    (S.DELIVERING, E.REJECTED, S.NEEDS_STAFF),
    (S.DELIVERING, E.OUT_OF_TRIES, S.NEEDS_STAFF),
    (S.UNKNOWN, E.SETTLED, S.LOCAL),
    (S.UNKNOWN, E.ABSENT, S.CONSENTED),
    (S.UNKNOWN, E.REJECTED, S.NEEDS_STAFF),
    (S.UNKNOWN, E.OUT_OF_TRIES, S.NEEDS_STAFF),
    (S.NEEDS_STAFF, E.RETRIED, S.CONSENTED),
    (S.NEEDS_STAFF, E.RESOLVED, S.LOCAL),
    (S.NEEDS_STAFF, E.DROPPED, S.GUEST),
    (S.LOCAL, E.ENDED, S.ENDED),
    (S.LOCAL, E.FORGOTTEN, S.ENDED),
    (S.ENDED, E.KNOWN_THERE, S.LOCAL),
    (S.ENDED, E.DOUBTFUL_THERE, S.NEEDS_STAFF),
    (S.ENDED, E.UNKNOWN_THERE, S.GUEST),
    (S.ENDED, E.RULES_ACCEPTED, S.CONSENTED),
    (S.ENDED, E.DESK_ASKED, S.AWAITING_DESK),
]


@pytest.mark.parametrize(("state", "event", "after"), ALLOWED)
def test_a_standing_takes_what_the_table_says(
    state: StandingState | None, event: StandingEvent, after: StandingState
) -> None:
    assert step(state, event) is after


def test_whatever_is_not_in_the_table_is_refused() -> None:
    allowed = {(state, event) for state, event, _ in ALLOWED}
    for state in (None, *S):
        for event in E:
            if (state, event) not in allowed:
                with pytest.raises(NotAllowedError):
                    step(state, event)


def test_the_table_has_a_row_for_every_state_and_a_use_for_every_event() -> None:
    assert TRANSITIONS.keys() == {None, *S}
    assert {event for row in TRANSITIONS.values() for event in row} == set(E)


def test_every_state_can_come_to_an_end_that_everybody_sees() -> None:
    ends = {S.LOCAL, S.NEEDS_STAFF, S.GUEST}
    for state in S:
        seen, todo = set[StandingState](), [state]
        while todo:
            now = todo.pop()
            if now not in seen:
                seen.add(now)
                todo += TRANSITIONS[now].values()
        assert seen & ends


def test_whatever_can_be_ended_ends_by_the_table_and_as_nobody_local() -> None:
    assert {step(state, event) for state, event in ENDS_BY.items()} == {S.ENDED, S.GUEST}
    assert set(S) - set(ENDS_BY) == {S.GUEST, S.ENDED, S.DELIVERING, S.UNKNOWN}
