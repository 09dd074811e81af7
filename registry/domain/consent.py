"""Accepted loan rules, and what is known of a card at a terminal for a few minutes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Language, PatronId


class Channel(enum.StrEnum):
    """Where a patron said yes."""

    KIOSK = "kiosk"
    PHONE = "phone"
    DESK = "desk"
    ILS = "ils"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A patron's acceptance of one version of a lending unit's loan rules: what, when, where and how (A18)."""

    patron: PatronId
    unit: LendingUnitId
    rules_version: str
    language: Language
    channel: Channel
    at: datetime
    text: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class AcceptedVersion:
    """Which version of loan rules a patron accepted, and when: what their library may be told of it."""

    version: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """A card at a terminal of a lending unit, PIN proved, until ``until``; it never by itself makes a PIN right.

    Kept by (unit, terminal, card), because kiosks reconnect, pool connections and leave the PIN out of a checkout. What
    was offered holds until ``offered_until``: proving the PIN again makes it neither longer nor forgotten.
    """

    unit: LendingUnitId
    terminal: str
    card: CardNumber
    pin_proved_at: datetime
    until: datetime
    rules_offered: str | None = None
    offered_language: Language | None = None
    offered_until: datetime | None = None
