"""How long a patron who has accepted the rules is told to wait: a value for the doors and pages, which have the words.

A carrier that tells the library system itself is done while the patron still stands there; one that waits to be asked
is not.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Pace(enum.Enum):
    """How soon a patron is local after a yes, going by what brings them there."""

    AT_ONCE = "place the book again"
    MINUTES = "in some minutes"
    TOMORROW = "tomorrow, for staff type it in"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class WaitingWords:
    """What fits a lending unit; ``minutes`` means something where the pace is told in minutes."""

    pace: Pace
    minutes: int = 0


AT_ONCE = WaitingWords(Pace.AT_ONCE)
TOMORROW = WaitingWords(Pace.TOMORROW)
