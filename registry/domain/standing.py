"""How a patron stands at one lending unit."""

from __future__ import annotations

import enum
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
