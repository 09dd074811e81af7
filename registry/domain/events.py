"""What the audit trail records: who did what to whom, never with which personal data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.institution import InstitutionId
from registry.domain.patron import PatronId


class Action(enum.StrEnum):
    """Every kind of thing that is audited."""

    PATRON_ADDED = "patron_added"
    PATRON_IMPORTED = "patron_imported"
    PATRON_SHOWN = "patron_shown"
    CARD_ISSUED = "card_issued"
    CARD_LOST = "card_lost"
    CARD_REPLACED = "card_replaced"
    CARD_WITHDRAWN = "card_withdrawn"
    PIN_SET = "pin_set"
    CARD_UNLOCKED = "card_unlocked"
    PATRON_DELETED = "patron_deleted"
    STANDING_CHANGED = "standing_changed"
    STANDINGS_IMPORTED = "standings_imported"
    STANDINGS_LISTED = "standings_listed"
    PARTNERS_PUBLISHED = "partners_published"
    CAPTURE_STARTED = "capture_started"
    CAPTURE_ENDED = "capture_ended"
    LOGIN_WITHOUT_AGREEMENT = "login_without_agreement"
    PATRON_LOOKED_UP = "patron_looked_up"
    PATRON_REGISTERED = "patron_registered"
    REGISTRATION_REFUSED = "registration_refused"
    RULES_ACCEPTED = "rules_accepted"
    PATRON_CHANGED = "patron_changed"
    CHANGE_REPORTED = "change_reported"
    DELIVERY_SHOWN = "delivery_shown"
    DELIVERY_ENDED = "delivery_ended"
    GUESTS_LISTED = "guests_listed"
    TERMINAL_COMMISSIONED = "terminal_commissioned"
    TERMINAL_SWITCHED_OFF = "terminal_switched_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One audited act. ``facts`` hold states, ids and versions; personal data has no place in them."""

    action: Action
    actor: str
    at: datetime
    patron: PatronId | None = None
    institution: InstitutionId | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A row of the audit trail, read: its action as it was written, perhaps by a program that knew another list."""

    at: datetime
    action: str
    actor: str
    institution: InstitutionId | None
    facts: Mapping[str, str]
