"""How a patron stands at one lending unit, and what may become of it: the table stands at the foot of this file."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId


class StandingState(enum.StrEnum):
    """The states between a stranger and a local patron and back (A17)."""

    GUEST = "guest"
    AWAITING_DESK = "awaiting_desk"
    CONSENTED = "consented"
    DELIVERING = "delivering"
    UNKNOWN = "unknown"
    NEEDS_STAFF = "needs_staff"
    LOCAL = "local"
    ENDED = "ended"


class StandingEvent(enum.Enum):
    """What can happen to a standing."""

    UNKNOWN_THERE = "the library system does not know the patron"
    KNOWN_THERE = "the library system, or its list, knows the patron"
    DOUBTFUL_THERE = "the library system knows somebody by this card who may be another"
    REGISTERED = "a desk has registered a new patron"
    RULES_ACCEPTED = "the patron has accepted the loan rules"
    DESK_ASKED = "the patron has asked for the desk, or must come to it"
    APPROVED = "staff have approved, rules accepted"
    DENIED = "staff have denied"
    WITHDRAWN = "the patron has withdrawn"
    LAPSED = "nobody came for 14 days"
    CLAIMED = "a courier, a library system or a desk has taken the patron's record"
    SETTLED = "the patron is there: created, found, or a duplicate of the same person"
    NOT_SENT = "nothing has reached the library system, for sure"
    ANSWER_LOST = "nobody knows what the library system did"
    ABSENT = "looked up, and not there"
    REJECTED = "refused for good, or another person is there"
    OUT_OF_TRIES = "too long without an end"
    RETRIED = "staff have it tried again"
    RESOLVED = "staff have told the local id"
    DROPPED = "staff have given it up"
    ENDED = "ended by patron or library"
    FORGOTTEN = "the library system no longer knows a local patron"

    __hash__ = object.__hash__


class NotAllowedError(Exception):
    """An event that a standing in this state cannot take; nothing has changed."""

    def __init__(self, state: StandingState | None, event: StandingEvent) -> None:
        super().__init__(f"{event.name.lower()} is nothing that a standing can take: {state or 'none'}")
        self.state = state
        self.event = event


class Origin(enum.StrEnum):
    """How a standing came to be."""

    ACTIVATED = "activated"
    DISCOVERED = "discovered"
    IMPORTED = "imported"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One patron at one lending unit; ``local_id`` is the ILS's patron id, kept even where it equals the card."""

    patron: PatronId
    unit: LendingUnitId
    state: StandingState
    since: datetime
    origin: Origin
    local_id: str | None = None

    @property
    def is_local(self) -> bool:
        """Tell whether the patron is a local patron there, and so has accepted its rules."""
        return self.state is StandingState.LOCAL


DESK_WAITS_DAYS = 14
"""How long a guest stays in a lending unit's queue."""

_S, _E = StandingState, StandingEvent

# How recognising ends; also for whom it was done before: an ended standing that is seen again, a guest found at last.
_RECOGNISED = {_E.KNOWN_THERE: _S.LOCAL, _E.DOUBTFUL_THERE: _S.NEEDS_STAFF}
# What a guest can do. A stranger whom no library system knows is a guest of whom nothing was written down.
_WELCOMED = {_E.RULES_ACCEPTED: _S.CONSENTED, _E.DESK_ASKED: _S.AWAITING_DESK}

TRANSITIONS: Mapping[StandingState | None, Mapping[StandingEvent, StandingState]] = {
    None: {**_RECOGNISED, _E.UNKNOWN_THERE: _S.GUEST, **_WELCOMED, _E.REGISTERED: _S.LOCAL},
    _S.GUEST: {**_RECOGNISED, **_WELCOMED},
    _S.AWAITING_DESK: {
        **_RECOGNISED,
        _E.APPROVED: _S.CONSENTED,
        _E.DENIED: _S.GUEST,
        _E.WITHDRAWN: _S.GUEST,
        _E.LAPSED: _S.GUEST,
    },
    # A card that was blocked meanwhile stays here, and is not claimed.
    _S.CONSENTED: {_E.CLAIMED: _S.DELIVERING, _E.WITHDRAWN: _S.GUEST},
    _S.DELIVERING: {
        _E.SETTLED: _S.LOCAL,
        _E.NOT_SENT: _S.CONSENTED,
        _E.ANSWER_LOST: _S.UNKNOWN,
        _E.REJECTED: _S.NEEDS_STAFF,
        _E.OUT_OF_TRIES: _S.NEEDS_STAFF,
    },
    _S.UNKNOWN: {
        _E.SETTLED: _S.LOCAL,
        _E.ABSENT: _S.CONSENTED,
        _E.REJECTED: _S.NEEDS_STAFF,
        _E.OUT_OF_TRIES: _S.NEEDS_STAFF,
    },
    _S.NEEDS_STAFF: {_E.RETRIED: _S.CONSENTED, _E.RESOLVED: _S.LOCAL, _E.DROPPED: _S.GUEST},
    _S.LOCAL: {_E.ENDED: _S.ENDED, _E.FORGOTTEN: _S.ENDED},
    _S.ENDED: {**_RECOGNISED, _E.UNKNOWN_THERE: _S.GUEST, **_WELCOMED},
}
"""State × event → next state; what is not in it is refused. ``None`` is no standing at all."""

# One that is being delivered is the courier's until it settles: nobody knows yet what would have to be ended.
ENDS_BY: Mapping[StandingState, StandingEvent] = {
    _S.LOCAL: _E.ENDED,
    _S.AWAITING_DESK: _E.WITHDRAWN,
    _S.CONSENTED: _E.WITHDRAWN,
    _S.NEEDS_STAFF: _E.DROPPED,
}
"""By which event a standing ends when its library, or an operator, ends it; the other states cannot be ended."""


def step(state: StandingState | None, event: StandingEvent) -> StandingState:
    """Return what a standing in ``state`` becomes by ``event``; raises :class:`NotAllowedError`."""
    after = TRANSITIONS[state].get(event)
    if after is None:
        raise NotAllowedError(state, event)
    return after
