"""What a courier needs of a carrier: look up, create, update, end; and the values that come of it.

A carrier talks to one lending unit's library system. It never raises for what a peer does or says: everything is one
of these values, whose ``reason`` is a word of the carrier's own, fit for logs and for staff. A carrier never repeats a
request by itself; that is the courier's to decide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from registry.domain.delivery import Parcel


@dataclass(frozen=True, slots=True)
class There:
    """The patron is there, and is the same person: ``local_id`` is the library system's own id."""

    local_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotThere:
    """The library system has nobody by this card."""


@dataclass(frozen=True, slots=True)
class SomebodyElse:
    """The library system has another person, or several, by this card: staff must look."""

    reason: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """It was not created, for the library system says that it is there already: look it up."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing has been done there, for sure: try later. ``whole_unit`` tells that every parcel would fare alike (a
    refused key, a wrong mapping), so that the unit's deliveries wait and an alarm is raised."""

    reason: str
    whole_unit: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have been done: an answer that was cut off, late or unreadable. Look up before anything else."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Brought:
    """Done; ``local_id`` where the answer told it."""

    local_id: str | None = field(default=None, repr=False)


LookedUp = There | NotThere | SomebodyElse | NotSent | Lost
Tried = Brought | Duplicate | NotSent | Lost | Rejected


class Carrier(Protocol):
    """Speaks to one lending unit's library system; ``seconds`` bounds each call, connecting included."""

    async def look_up(self, parcel: Parcel, seconds: float) -> LookedUp:
        """Return whether the patron is there: by card, and by whatever else the library system keeps it under."""

    async def create(self, parcel: Parcel, seconds: float) -> Tried:
        """Create the patron, who was looked up and not there."""

    async def update(self, parcel: Parcel, seconds: float) -> Tried:
        """Bring changed data of a patron who is there under ``parcel.local_id``."""

    async def end(self, parcel: Parcel, seconds: float) -> Tried:
        """Tell that the standing has ended: the library closes its own record as it sees fit, and keeps it."""

    async def close(self) -> None:
        """Give every connection back."""
