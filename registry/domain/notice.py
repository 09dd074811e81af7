"""Notices: what a patron is told by mail when something has happened to how they stand at a library.

A notice holds no personal data: the address is looked up when it is sent, and released by the table like any field.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.release import View
from registry.domain.standing import StandingEvent

NoticeId = NewType("NoticeId", int)


class NoticeKind(enum.StrEnum):
    """What a patron is told."""

    TAKEN_IN = "taken_in"
    """A library has made them a local patron on its own authority: without their PIN, and without their waiting."""
    APPROVED = "approved"
    """The desk where they waited has approved (B7)."""
    DENIED = "denied"
    """The desk where they waited has not."""


class NoticeState(enum.StrEnum):
    """Whether anybody has to do anything about it."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """It will not be sent: there is no address any more, the mail server refused it for good, or it is too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice; ``fence`` grows with every claim, and who settles with an older one has lost its lease."""

    id: NoticeId
    patron: PatronId
    unit: LendingUnitId
    kind: NoticeKind
    state: NoticeState
    since: datetime
    due: datetime
    lease_until: datetime | None = None
    fence: int = 0
    tries: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Letter:
    """A notice to be sent now by whoever has claimed it, and whom to; ``repr`` shows no personal data.

    ``since`` is when it happened. ``view`` holds the address and the language, and nothing else.
    """

    notice: NoticeId
    kind: NoticeKind
    unit: LendingUnitId
    since: datetime
    fence: int
    tries: int
    view: View

    def __repr__(self) -> str:
        return f"Letter({self.notice}, {self.kind}, {self.unit})"


class Posting(enum.StrEnum):
    """What came of one try to send a letter."""

    SENT = "sent"
    """The mail server has taken it."""
    LATER = "later"
    """Not now: to be tried again."""
    REFUSED = "refused"
    """The mail server will never take it."""


TOLD: Mapping[StandingEvent, NoticeKind] = {
    StandingEvent.APPROVED: NoticeKind.APPROVED,
    StandingEvent.DENIED: NoticeKind.DENIED,
}
"""What a patron is told of, wherever it happens; of what they have done themselves they need not be told."""
