"""The session of one connection on the answering side, as two tables: what may be asked when, and what follows.

Anything that is not in the tables is refused: `WrongTurn` for what our own side does, an event for what a peer does.
"""

from __future__ import annotations

from enum import Enum, auto

from protocols.sip2.errors import WrongTurn

LOGIN, SC_STATUS, RESEND_ANSWER, RESEND_REQUEST = "93", "99", "97", "96"


class State(Enum):
    """Where a session is. One request is under way at a time."""

    AWAITING_LOGIN = auto()
    ANSWERING_STRANGER = auto()  # a request is being answered and nobody is logged in: a 93 itself, mostly
    READY = auto()
    ANSWERING = auto()
    CLOSED = auto()

    # Each member is one object; Enum's own hash is a function in Python, and the tables are asked with every message.
    __hash__ = object.__hash__


class Step(Enum):
    """What happens to a session."""

    ASKED = auto()
    ANSWERED = auto()
    LOGGED_IN = auto()
    LOGIN_REFUSED = auto()

    __hash__ = object.__hash__


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.AWAITING_LOGIN, Step.ASKED): State.ANSWERING_STRANGER,
    (State.ANSWERING_STRANGER, Step.ANSWERED): State.AWAITING_LOGIN,
    (State.ANSWERING_STRANGER, Step.LOGGED_IN): State.ANSWERING,
    (State.ANSWERING_STRANGER, Step.LOGIN_REFUSED): State.ANSWERING_STRANGER,
    (State.READY, Step.ASKED): State.ANSWERING,
    (State.ANSWERING, Step.ANSWERED): State.READY,
    # A second 93 replaces the identity, and a refused one ends it.
    (State.ANSWERING, Step.LOGGED_IN): State.ANSWERING,
    (State.ANSWERING, Step.LOGIN_REFUSED): State.ANSWERING_STRANGER,
}

UNDER_WAY = frozenset({State.ANSWERING_STRANGER, State.ANSWERING})
"""The states in which a request is being answered and later frames wait."""


def after(state: State, step: Step) -> State:
    """The state that follows; raises `WrongTurn` for a step that the table does not hold."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise WrongTurn(f"{step.name} in {state.name}") from None


def may_ask(state: State, number: str, *, status_before_login: bool) -> bool:
    """Whether a request of this number is let through to be executed."""
    if state is State.READY:
        return True
    return number == LOGIN or (number == SC_STATUS and status_before_login)
