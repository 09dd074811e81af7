"""Institutions, lending units, agreements and loan rules."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NewType

InstitutionId = NewType("InstitutionId", str)
"""A library's ISIL, ``NO-`` and seven digits, or a national service's own id: an opaque text, never an int."""

LendingUnitId = NewType("LendingUnitId", str)
"""The institution that has rules, an agreement, a library system and patrons of its own."""

_ISIL = re.compile(r"NO-[0-9]{7}")


def is_library(institution: InstitutionId) -> bool:
    """Tell whether the id is a Norwegian library's; anything else names a national service."""
    return _ISIL.fullmatch(institution) is not None


class Acceptance(enum.StrEnum):
    """Where a lending unit lets a guest accept its loan rules (A19)."""

    DIGITAL = "digital"
    IN_PERSON = "in_person"


class PinAuthority(enum.StrEnum):
    """Who judges the PIN of a local patron at a lending unit."""

    REGISTER = "register"
    ILS = "ils"
    REGISTER_THEN_ILS = "register_then_ils"


class CarrierKind(enum.StrEnum):
    """How a lending unit's library system learns of an activated patron."""

    MANUAL = "manual"
    """Staff type a sheet in and tell the local id."""
    NCIP = "ncip"
    KOHA = "koha"
    FEED = "feed"
    """The library system fetches changes and acknowledges them."""

    @property
    def is_called(self) -> bool:
        """Tell whether a courier calls the library system; of the others somebody comes to fetch."""
        return self in {CarrierKind.NCIP, CarrierKind.KOHA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A processor agreement between a party and the register's owner; without a valid one nobody gets anything."""

    reference: str
    valid_from: date
    valid_until: date

    def is_valid_on(self, day: date) -> bool:
        """Tell whether the agreement is in force on ``day``, both of its dates included."""
        return self.valid_from <= day <= self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesText:
    """The loan rules in one language: a line for a screen and the whole text."""

    short: str
    full: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanRules:
    """One version of a lending unit's loan rules; its texts never change once published (A18)."""

    version: str
    texts: Mapping[str, RulesText]
    renew_acceptance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """A library or branch, or a national service (``unit`` is then ``None``)."""

    id: InstitutionId
    name: str
    parent: InstitutionId | None = None
    unit: LendingUnitId | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingUnit:
    """What accepts patrons: its agreement, its rules in force, where and from which age they may be accepted.

    ``carrier`` is how its library system learns of them.
    """

    id: LendingUnitId
    agreement: Agreement | None
    rules: LoanRules | None
    acceptance: Acceptance = Acceptance.IN_PERSON
    minimum_age: int = 15
    pin_authority: PinAuthority = PinAuthority.REGISTER
    carrier: CarrierKind = CarrierKind.MANUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything that the partner files tell the register, put into force as one generation."""

    institutions: tuple[Institution, ...] = ()
    units: tuple[LendingUnit, ...] = ()
