"""What an initiator (a library system) asks to be done with a patron, and why it may not be done.

Values alone: who may ask, and what becomes of it, is decided by the services.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import date, datetime

from registry.domain.card import CardNumber
from registry.domain.decisions import Refused
from registry.domain.institution import InstitutionId
from registry.domain.patron import Address, Language
from registry.domain.secret import Secret


class Part(enum.Enum):
    """A part of a patron's entry that a request may name."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    REGISTERED_ADDRESS = "registered_address"
    ADDRESS = "address"
    TELEPHONE = "telephone"
    EMAIL = "email"
    LANGUAGE = "language"
    PIN = "pin"
    HOME_LIBRARY = "home_library"
    PRIVILEGE = "privilege"
    BLOCK = "block"

    __hash__ = object.__hash__


class Objection(enum.Enum):
    """Why a request of an initiator is not performed, where its PIN and its agreement are not what is wrong."""

    NO_GRANT = "no_grant"
    """A look-up without PIN by an initiator that may not."""
    BUDGET_SPENT = "budget_spent"
    """A look-up without PIN beyond the day's budget."""
    NO_AUTHORITY = "no_authority"
    """Nobody who could has approved: no PIN was given, and the patron does not wait at this desk."""
    NOT_LOCAL = "not_local"
    """No such patron at this institution, whether or not there is one elsewhere."""
    ALREADY_LOCAL = "already_local"
    CARD_TAKEN = "card_taken"
    CARD_UNFIT = "card_unfit"
    """A number that is no national card number cannot be issued."""
    PERSON_KNOWN = "person_known"
    RULES_NOT_ACCEPTED = "rules_not_accepted"
    RULES_ENDED = "rules_ended"
    """An acceptance from before the standing ended: whoever has left accepts the rules anew."""
    RULES_OUTDATED = "rules_outdated"
    """Another version of the loan rules than the one in force, or the library has published none."""
    TOO_YOUNG = "too_young"
    NAME_MISSING = "name_missing"
    BIRTH_DATE_MISSING = "birth_date_missing"
    BIRTH_DATE_UNFIT = "birth_date_unfit"
    BEING_SET_UP = "being_set_up"
    """A delivery to the library's system is under way; the same request may succeed later."""
    NEEDS_STAFF = "needs_staff"
    NOT_THERE = "not_there"
    """What is to be taken away is not there, or may not be taken away."""
    NOT_ALLOWED = "not_allowed"
    """What is to be added may not be added from here."""

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, now or by an equal request before; ``card`` is the patron's."""

    card: CardNumber = field(repr=False)


@dataclass(frozen=True, slots=True)
class Objected:
    """It is not done, and nothing has changed; ``part`` tells which part of the request stands in the way."""

    why: Objection
    part: Part | None = None


Outcome = Done | Objected | Refused


@dataclass(frozen=True, slots=True)
class AcceptedRules:
    """A patron has accepted this version of the loan rules at ``at``, as the initiator tells it."""

    version: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Telephone:
    """A telephone number; ``takes_texts`` where it is told to be a mobile one."""

    number: str = field(repr=False)
    takes_texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fields:
    """What is to be taken away from, or added to, a patron's entry; ``foreign`` are parts that are told of, and that
    no initiator may touch."""

    address: Address | None = None
    telephones: tuple[Telephone, ...] = ()
    emails: tuple[str, ...] = ()
    language: Language | None = None
    home_library: InstitutionId | None = None
    pin: Secret | None = None
    foreign: tuple[Part, ...] = ()


NO_FIELDS = Fields()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Person:
    """Somebody who stands at a desk and has no entry yet, as staff have written them down."""

    family_name: str
    given_name: str
    birth_date: date
    contacts: Fields = NO_FIELDS
    identity_number: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Order:
    """A wish that a patron be a local one: a known card with its PIN, or a new person, or a card alone.

    ``card`` is ``None`` where a number is to be allocated. ``birth_date`` is what was told of a known card's patron
    without a name.
    """

    card: CardNumber | None
    accepted: AcceptedRules | None
    pin: Secret | None = None
    person: Person | None = None
    birth_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Change:
    """Changes to the entry of a local patron: first what goes, then what comes, all or nothing."""

    card: CardNumber
    pin: Secret | None = None
    taken: Fields = NO_FIELDS
    added: Fields = NO_FIELDS
