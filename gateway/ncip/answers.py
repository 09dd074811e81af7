"""From a decision to NCIP's words: a row for every refusal, situation, objection, stranger and outage.

A new one without a row fails a test before a library system can ask for it. No problem tells whether a card exists
or whose it is: what is answered to an unknown card and to a wrong PIN is the same, byte for byte.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.ncip.callers import Stranger
from protocols.ncip import Problem, Trouble, problem
from registry.domain.decisions import Refusal, Refused, Situation
from registry.domain.initiating import Objected, Objection, Part


class Outage(enum.Enum):
    """What can keep this door from answering by a decision."""

    REGISTER = "register"
    DEFECT = "defect"
    OVERLOAD = "overload"
    OTHER_LIBRARY = "other_library"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of answers: the problem, the element that it is about, a fixed text.

    ``alike`` is told of several reasons that nobody may tell apart, by the bytes or by the time that they took.
    """

    trouble: Trouble
    about: str | None = None
    detail: str | None = None
    alike: bool = False


_CARD, _INPUT, _PRIVILEGE = "UserIdentifierValue", "AuthenticationInput", "UserPrivilege"
_FAILED = Row(Trouble.USER_AUTHENTICATION_FAILED, _INPUT, alike=True)
_DENIED = Row(Trouble.USER_ACCESS_DENIED, _CARD)
_NOT_TOGETHER = Row(Trouble.UNAUTHORIZED_COMBINATION, _INPUT)
_LATER = Row(Trouble.TEMPORARY_PROCESSING_FAILURE)

REFUSALS: Mapping[Refusal, Row] = {
    Refusal.NO_PIN: _FAILED,
    Refusal.WRONG_PIN: _FAILED,
    Refusal.WAIT: _FAILED,
    Refusal.LOCKED: _FAILED,
    Refusal.UNKNOWN_CARD: _FAILED,
    Refusal.CARD_LOST: _FAILED,
    Refusal.CARD_WITHDRAWN: _FAILED,
    Refusal.CARD_REPLACED: _FAILED,
    Refusal.PIN_NOT_ENOUGH: _FAILED,
    # The patron's own library system judges this PIN: it cannot ask us instead.
    Refusal.ILS_JUDGES: _NOT_TOGETHER,
    Refusal.NATIONAL_CARD_NEEDED: Row(Trouble.ELEMENT_RULE_VIOLATED, _CARD, "A national card number is needed"),
    # A right PIN behind each of these.
    Refusal.LEVEL_TOO_LOW: _DENIED,
    Refusal.ACTIVATE_FIRST: _DENIED,
    Refusal.ACTIVATE_AT_DESK: _DENIED,
    Refusal.NO_AGREEMENT: Row(Trouble.UNAUTHORIZED_SERVICE, "FromAgencyId"),
}

PROVED: Mapping[Refusal, Row] = {
    Refusal.CARD_LOST: _DENIED,
    Refusal.CARD_WITHDRAWN: _DENIED,
    Refusal.CARD_REPLACED: _DENIED,
}
"""What is told instead to who has given the right PIN."""

GRANTED: Mapping[Refusal, Row] = {**PROVED, Refusal.UNKNOWN_CARD: Row(Trouble.UNKNOWN_USER, _CARD)}
"""What is told instead to who may look patrons up without a PIN."""

OBJECTIONS: Mapping[Objection, Row] = {
    Objection.NO_GRANT: _NOT_TOGETHER,
    Objection.BUDGET_SPENT: _NOT_TOGETHER,
    Objection.NO_AUTHORITY: _NOT_TOGETHER,
    Objection.NOT_LOCAL: Row(Trouble.UNKNOWN_USER, _CARD),
    Objection.ALREADY_LOCAL: Row(Trouble.DUPLICATE_USER, _CARD, "The patron is activated here already"),
    Objection.CARD_TAKEN: Row(Trouble.DUPLICATE_USER, _CARD, "The card number is in use"),
    Objection.PERSON_KNOWN: Row(
        Trouble.DUPLICATE_USER, "NameInformation", "The person may be registered already: find their card first"
    ),
    Objection.CARD_UNFIT: Row(Trouble.ELEMENT_RULE_VIOLATED, _CARD, "A national card number is needed"),
    Objection.RULES_NOT_ACCEPTED: Row(Trouble.NEEDED_DATA_MISSING, _PRIVILEGE, "The loan rules have not been accepted"),
    Objection.RULES_OUTDATED: Row(
        Trouble.ELEMENT_RULE_VIOLATED, _PRIVILEGE, "Another version of the loan rules is in force"
    ),
    Objection.RULES_ENDED: Row(
        Trouble.ELEMENT_RULE_VIOLATED, _PRIVILEGE, "The patron has left since: the loan rules are to be accepted anew"
    ),
    Objection.TOO_YOUNG: Row(
        Trouble.ELEMENT_RULE_VIOLATED, _PRIVILEGE, "Too young to accept alone: a guardian accepts at the desk"
    ),
    Objection.NAME_MISSING: Row(Trouble.NEEDED_DATA_MISSING, "NameInformation"),
    Objection.BIRTH_DATE_MISSING: Row(Trouble.NEEDED_DATA_MISSING, "DateOfBirth"),
    Objection.BIRTH_DATE_UNFIT: Row(Trouble.INVALID_DATE, "DateOfBirth"),
    Objection.BEING_SET_UP: Row(Trouble.TEMPORARY_PROCESSING_FAILURE, _CARD),
    Objection.NEEDS_STAFF: _DENIED,
    Objection.NOT_THERE: Row(Trouble.UNABLE_TO_DELETE_ELEMENT),
    Objection.NOT_ALLOWED: Row(Trouble.UNABLE_TO_ADD_ELEMENT),
}

PARTS: Mapping[Part, str] = {
    Part.NAME: "NameInformation",
    Part.BIRTH_DATE: "DateOfBirth",
    Part.REGISTERED_ADDRESS: "UserAddressInformation",
    Part.ADDRESS: "UserAddressInformation",
    Part.TELEPHONE: "UserAddressInformation",
    Part.EMAIL: "UserAddressInformation",
    Part.LANGUAGE: "UserLanguage",
    Part.PIN: _INPUT,
    Part.HOME_LIBRARY: _PRIVILEGE,
    Part.PRIVILEGE: _PRIVILEGE,
    Part.BLOCK: "BlockOrTrap",
}
"""The element that carries each part of an entry."""

STRANGERS: Mapping[Stranger, Row] = {
    Stranger.AGENCY_UNKNOWN: Row(Trouble.UNKNOWN_AGENCY, "FromAgencyId"),
    Stranger.AGENCY_MISSING: Row(Trouble.NEEDED_DATA_MISSING, "FromAgencyId"),
    **dict.fromkeys(
        (Stranger.PLACE, Stranger.AGENCY, Stranger.UNPROVED, Stranger.WRONGLY_PROVED),
        Row(Trouble.AGENCY_AUTHENTICATION_FAILED, "FromAgencyAuthentication"),
    ),
    Stranger.BUSY: _LATER,
}

OUTAGES: Mapping[Outage, Row] = dict.fromkeys(Outage, _LATER)

STANDINGS: Mapping[Situation, str | None] = {
    Situation.LOCAL: "Active",
    Situation.GUEST: "Guest",
    Situation.GUEST_TOO_YOUNG: "Guest",
    Situation.AWAITING_DESK: "Pending",
    Situation.BEING_SET_UP: "Pending",
    Situation.NEEDS_STAFF: "Pending",
    # A service is told that the patron is valid, and no standing anywhere.
    Situation.SERVICE: None,
}
"""How a standing is called in a UserPrivilege row of ours."""

ENDED = "Ended"
"""The same, for a guest who was local here once."""


def row_of(refused: Refused, *, by_grant: bool = False) -> Row:
    """Return the row of a refusal."""
    instead = GRANTED if by_grant else PROVED if refused.pin_proved else {}
    return instead.get(refused.reason) or REFUSALS[refused.reason]


def of_objection(objected: Objected, service: str) -> Problem:
    """Return the problem that tells of an objection, in the answer to a service."""
    row = OBJECTIONS[objected.why]
    about = row.about if objected.part is None else PARTS[objected.part]
    return of_row(Row(row.trouble, about, row.detail), service)


def of_row(row: Row, service: str) -> Problem:
    """Return the problem of a row, in the answer to a service."""
    return problem(row.trouble, service, about=row.about, detail=row.detail)
