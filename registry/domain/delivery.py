"""Bringing an activation or a change to a library system: what is brought, and what can come of a try."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NewType

from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.release import View
from registry.domain.standing import StandingEvent

DeliveryId = NewType("DeliveryId", int)


class DeliveryKind(enum.StrEnum):
    """What a delivery is for."""

    ACTIVATE = "activate"
    """The patron is to be there: found, or created."""
    UPDATE = "update"
    """The record of a patron who is there has changed."""
    END = "end"
    """The standing has ended; the library keeps its own record, and closes it as it sees fit (A30)."""


class DeliveryState(enum.StrEnum):
    """Whether anybody has to do anything about it."""

    PENDING = "pending"
    """Due at a time; claimed while its lease runs."""
    DONE = "done"
    STUCK = "stuck"
    """For staff: an end that everybody can see, and that staff alone can leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One row of the outbox: there is one for each patron, lending unit and kind.

    ``place`` is the institution where the patron was welcomed, a branch perhaps. ``fence`` grows with every claim: who
    settles with an older one has lost its lease. ``wanted`` grows with every wish that it be brought: a change that
    comes while an earlier one is under way is not lost. ``sent`` tells that a try may have reached the library system.
    """

    id: DeliveryId
    patron: PatronId
    unit: LendingUnitId
    kind: DeliveryKind
    place: InstitutionId
    state: DeliveryState
    due: datetime
    since: datetime
    lease_until: datetime | None = None
    fence: int = 0
    wanted: int = 1
    tries: int = 0
    sent: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Parcel:
    """What a carrier brings: the record that the release table gives for a delivery, and what a mapping needs.

    ``repr`` shows no personal data. ``local_id`` is known for updates and ends. ``age`` is in whole years, today.
    ``accepted`` is when the loan rules in ``rules_version`` were.
    """

    delivery: DeliveryId
    kind: DeliveryKind
    unit: LendingUnitId
    place: InstitutionId
    card: CardNumber
    view: View
    age: int
    former_cards: tuple[CardNumber, ...] = ()
    local_id: str | None = None
    rules_version: str | None = None
    accepted: datetime | None = None

    def __repr__(self) -> str:
        return f"Parcel({self.delivery}, {self.kind}, {self.unit})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery that somebody has taken, for as long as the lease runs.

    ``since`` is when it was first due, by which a courier can tell how long it has been tried. ``sent`` tells that an
    earlier try may have reached the library system: its answer was lost, or its lease ran out in the middle.
    """

    parcel: Parcel
    fence: int
    wanted: int
    tries: int
    since: datetime
    lease_until: datetime
    sent: bool = False


class Result(enum.Enum):
    """What came of one try; the courier tells it, the register draws the conclusion."""

    BROUGHT = "brought"
    """The patron is there now: created, found and the same, updated or ended."""
    NOT_SENT = "not_sent"
    """Nothing reached the library system, for sure: later again."""
    ABSENT = "absent"
    """Looked up after an answer was lost, and not there: nothing was done."""
    ANSWER_LOST = "answer_lost"
    """It may have been done or not: look up before anything else."""
    REJECTED = "rejected"
    """Refused for good, or another person is there: for staff."""
    OUT_OF_TRIES = "out_of_tries"
    """Too long without an end: for staff."""

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a courier tells of a try. ``reason`` is one of the carrier's own words, never what a library system wrote.

    ``retry_after`` is how long to wait before the next try, where there is one.
    """

    result: Result
    local_id: str | None = field(default=None, repr=False)
    reason: str = ""
    retry_after: timedelta = timedelta(0)


EVENTS: Mapping[Result, StandingEvent] = {
    Result.BROUGHT: StandingEvent.SETTLED,
    Result.NOT_SENT: StandingEvent.NOT_SENT,
    Result.ABSENT: StandingEvent.ABSENT,
    Result.ANSWER_LOST: StandingEvent.ANSWER_LOST,
    Result.REJECTED: StandingEvent.REJECTED,
    Result.OUT_OF_TRIES: StandingEvent.OUT_OF_TRIES,
}
"""What a result means for the standing of an activation."""


class ChangeKind(enum.StrEnum):
    """What the change feed tells of a card: never values (D8)."""

    ACTIVATED = "activated"
    UPDATED = "updated"
    CARD_REPLACED = "card_replaced"
    ENDED = "ended"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One entry of a lending unit's change feed; ``sequence`` grows by one within the unit, in order of commits."""

    unit: LendingUnitId
    sequence: int
    card: str
    kind: ChangeKind
    at: datetime
