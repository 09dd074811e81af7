"""How one of the tortures ended."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether it was borne, and a line that tells what was done and how often."""

    borne: bool
    told: str
