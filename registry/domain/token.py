"""Things that prove something for minutes by being known: one-time codes and the tickets of pages."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId


class TokenPurpose(enum.StrEnum):
    """What a token is good for, and for nothing else."""

    CODE = "code"
    """Leads to a library's page for one card; the PIN is still asked."""
    TICKET = "ticket"
    """Somebody gave the right PIN on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is kept: by a keyed hash, bound to a card and an institution, until a time."""

    mark: bytes = field(repr=False)
    purpose: TokenPurpose
    card: CardNumber = field(repr=False)
    institution: InstitutionId
    until: datetime
