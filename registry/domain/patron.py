"""Patrons: one entry per person in the whole country (A1), with identity, contact data and language."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NewType

from registry.domain.institution import InstitutionId

PatronId = NewType("PatronId", int)
"""The register's own key of a patron: never shown to a patron, a kiosk or a library."""


class Sex(enum.StrEnum):
    """Sex as the population register writes it."""

    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "X"


class Level(enum.IntEnum):
    """How surely a patron has shown who they are: PIN is low, a password substantial, ID-porten high (A26)."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3


class Language(enum.StrEnum):
    """A language that Portvakt speaks to a patron."""

    NB = "nb"
    NN = "nn"
    SE = "se"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A postal address; ``lines`` are street and number, at most three."""

    lines: tuple[str, ...]
    postal_code: str
    place: str
    country: str = "NO"

    def __repr__(self) -> str:
        return "Address(***)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Patron:
    """The register's entry of one person; ``repr`` shows no personal data.

    ``registered_address`` comes from the population register and is never typed by anybody; ``temporary_address``
    is the patron's own. ``protected`` means that no address may leave (grades 6 and 7 alike). ``last_activity`` is
    a date and never more (A34, D7).
    """

    id: PatronId
    family_name: str
    given_name: str
    birth_date: date
    sex: Sex = Sex.UNKNOWN
    registered_address: Address | None = None
    temporary_address: Address | None = None
    mobile: str | None = None
    phone: str | None = None
    email: str | None = None
    language: Language = Language.NB
    home_library: InstitutionId | None = None
    protected: bool = False
    minimum_level: Level = Level.LOW
    identity_proved: bool = False
    created_at: datetime
    last_activity: date | None = None

    @property
    def name(self) -> str:
        """Return ``Family, Given`` as library systems and kiosks write it."""
        return f"{self.family_name}, {self.given_name}" if self.given_name else self.family_name

    @property
    def mobile_last_three(self) -> str | None:
        """Return the last three digits of the mobile number, all that is told before linkage (A23)."""
        digits = [sign for sign in self.mobile or "" if sign.isdecimal()]
        return "".join(digits[-3:]) if len(digits) >= 8 else None

    def age_on(self, day: date) -> int:
        """Return the patron's age in whole years on ``day``; who is born on 29 February ages on 1 March."""
        birthday_passed = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not birthday_passed)

    def __repr__(self) -> str:
        return f"Patron(id={self.id}, ***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """A hashed PIN or password as it lies in storage: argon2's own text and the id of the pepper it was made with."""

    hashed: str = field(repr=False)
    pepper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a patron can prove themselves with; a patron without a PIN can prove nothing at a kiosk."""

    pin: StoredSecret | None = None
    password: StoredSecret | None = None
