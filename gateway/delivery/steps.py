"""What a courier does next, and what it tells in the end: a table over values, without a clock or a wire.

A try begins with :data:`FIRST`, does what it is told, and asks :func:`after` what follows from the value that came of
it: another step, or the end. Look up first, create only what is not there, never blindly again.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

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
from gateway.upstream.backoff import BackoffRules, wait_after
from registry.domain.delivery import Claim, DeliveryKind, Result, Settled


class Step(enum.Enum):
    """What a carrier is asked for."""

    LOOK_UP = "look_up"
    CREATE = "create"
    LOOK_UP_DUPLICATE = "look_up_duplicate"
    """The library system has them already, it says: who is it?"""
    LOOK_UP_LOST = "look_up_lost"
    """An answer was lost: perhaps they are there by now. That they are not there yet proves nothing so soon."""
    UPDATE = "update"
    END = "end"

    __hash__ = object.__hash__

    @property
    def changes(self) -> bool:
        """Tell whether it may change anything at the library system."""
        return self in _CHANGES


_CHANGES = frozenset({Step.CREATE, Step.UPDATE, Step.END})

FIRST: Mapping[DeliveryKind, Step] = {
    DeliveryKind.ACTIVATE: Step.LOOK_UP,
    DeliveryKind.UPDATE: Step.UPDATE,
    DeliveryKind.END: Step.END,
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a try has ended: the result, and a word for it."""

    result: Result
    local_id: str | None = field(default=None, repr=False)
    reason: str = ""


Next = Step | Ended
_Row = Callable[[Any, bool], Next]

_R = Result


def _then(step: Step) -> _Row:
    return lambda value, sent: step


def _there(value: Any, sent: bool) -> Next:
    return Ended(_R.BROUGHT, value.local_id)


def _ends(result: Result, otherwise: Result | None = None) -> _Row:
    """An end with the value's own word; ``otherwise`` where an earlier try may have reached the library system."""
    return lambda value, sent: Ended(otherwise if sent and otherwise else result, reason=getattr(value, "reason", ""))


def _says(result: Result, reason: str) -> _Row:
    return lambda value, sent: Ended(result, reason=reason)


# A look-up that brings nothing leaves things as they were: known not to be done, or not known.
_NOTHING_LEARNT = _ends(_R.NOT_SENT, _R.ANSWER_LOST)
_STAFF = _ends(_R.REJECTED)

TABLE: Mapping[Step, Mapping[type[object], _Row]] = {
    Step.LOOK_UP: {
        There: _there,
        NotThere: _then(Step.CREATE),
        SomebodyElse: _STAFF,
        NotSent: _NOTHING_LEARNT,
        Lost: _NOTHING_LEARNT,
    },
    Step.CREATE: {
        Brought: _there,
        Duplicate: _then(Step.LOOK_UP_DUPLICATE),
        # It was looked up a moment ago, and nothing has been sent since: nobody is there.
        NotSent: _ends(_R.NOT_SENT, _R.ABSENT),
        Lost: _then(Step.LOOK_UP_LOST),
        Rejected: _STAFF,
    },
    Step.LOOK_UP_DUPLICATE: {
        There: _there,
        # It has them, and does not show them: to another library's staff, perhaps.
        NotThere: _says(_R.REJECTED, "duplicate_unseen"),
        SomebodyElse: _STAFF,
        NotSent: _NOTHING_LEARNT,
        Lost: _NOTHING_LEARNT,
    },
    Step.LOOK_UP_LOST: {
        There: _there,
        NotThere: _says(_R.ANSWER_LOST, "not_there_yet"),
        SomebodyElse: _STAFF,
        NotSent: _ends(_R.ANSWER_LOST),
        Lost: _ends(_R.ANSWER_LOST),
    },
    # These may be repeated: the same data twice are the same data.
    Step.UPDATE: {
        Brought: _there,
        Duplicate: _STAFF,
        NotSent: _ends(_R.NOT_SENT),
        Lost: _ends(_R.ANSWER_LOST),
        Rejected: _STAFF,
    },
    Step.END: {
        Brought: _there,
        Duplicate: _STAFF,
        NotSent: _ends(_R.NOT_SENT),
        Lost: _ends(_R.ANSWER_LOST),
        Rejected: _STAFF,
    },
}
"""Step × what came of it → the next step, or the end; complete, as a test asserts."""


def after(step: Step, value: LookedUp | Tried, *, sent: bool) -> Next:
    """Return what follows; ``sent`` tells that an earlier try may have reached the library system."""
    return TABLE[step][type(value)](value, sent)


def unfinished(step: Step, *, sent: bool) -> Next:
    """Return the end of a try whose next step would outlast its lease: as if the step had reached nobody."""
    return after(step, _NO_TIME, sent=sent)


_NO_TIME = NotSent("no_time")


_WAITS = BackoffRules(first=5.0, longest=900.0, least=0.8, most=1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long between tries, and for how long at all."""

    waits: BackoffRules = _WAITS
    after_loss: timedelta = timedelta(seconds=30)
    """At least this long after a lost answer: a slow library system may still be at it."""
    at_all: timedelta = timedelta(hours=72)


_AGAIN = frozenset({_R.NOT_SENT, _R.ABSENT, _R.ANSWER_LOST})


def settled(claim: Claim, ended: Ended, age: timedelta, patience: Patience, chance: float) -> Settled:
    """Return what to tell the register: when to try again, or that it was tried for long enough.

    ``age`` is how long ago the delivery was first due, and ``chance`` a number from 0 to 1.
    """
    if ended.result not in _AGAIN:
        return Settled(result=ended.result, local_id=ended.local_id, reason=ended.reason)
    if age >= patience.at_all:
        return Settled(result=_R.OUT_OF_TRIES, reason=ended.reason)
    wait = timedelta(seconds=wait_after(claim.tries, patience.waits, chance))
    if ended.result is _R.ANSWER_LOST:
        wait = max(wait, patience.after_loss)
    return Settled(result=ended.result, reason=ended.reason, retry_after=wait)
