"""Problem types: the words that we send with their schemes, and what a peer's words mean for us."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from protocols.ncip.elements import Problem
from protocols.ncip.schemes import MESSAGING_ERROR, Coded, folded, processing_error

_MESSAGING, _GENERAL, _OWN = "messaging", "general", "service"


class Trouble(Enum):
    """A problem type that we send: its word, and which list it stands in."""

    INVALID_MESSAGE_SYNTAX = ("Invalid Message Syntax Error", _MESSAGING)
    PROTOCOL_ERROR = ("Protocol Error", _MESSAGING)
    UNKNOWN_ELEMENT = ("Unknown Element", _MESSAGING)
    UNKNOWN_SERVICE = ("Unknown Service", _MESSAGING)
    UNKNOWN_VALUE = ("Unknown Value From Known Scheme", _MESSAGING)

    AGENCY_AUTHENTICATION_FAILED = ("Agency Authentication Failed", _GENERAL)
    INVALID_DATE = ("Invalid Date", _GENERAL)
    NEEDED_DATA_MISSING = ("Needed Data Missing", _GENERAL)
    SYSTEM_AUTHENTICATION_FAILED = ("System Authentication Failed", _GENERAL)
    TEMPORARY_PROCESSING_FAILURE = ("Temporary Processing Failure", _GENERAL)
    UNAUTHORIZED_COMBINATION = ("Unauthorized Combination Of Element Values For Agency", _GENERAL)
    UNAUTHORIZED_SERVICE = ("Unauthorized Service For Agency", _GENERAL)
    UNKNOWN_AGENCY = ("Unknown Agency", _GENERAL)
    UNKNOWN_SYSTEM = ("Unknown System", _GENERAL)
    UNSUPPORTED_SERVICE = ("Unsupported Service", _GENERAL)

    DUPLICATE_USER = ("Duplicate User", _OWN)
    ELEMENT_RULE_VIOLATED = ("Element Rule Violated", _OWN)
    NON_UNIQUE_USER = ("Non-Unique User", _OWN)
    UNABLE_TO_ADD_ELEMENT = ("Unable To Add Element", _OWN)
    UNABLE_TO_DELETE_ELEMENT = ("Unable To Delete Element", _OWN)
    UNKNOWN_USER = ("Unknown User", _OWN)
    USER_ACCESS_DENIED = ("User Access Denied", _OWN)
    USER_AUTHENTICATION_FAILED = ("User Authentication Failed", _OWN)
    USER_INELIGIBLE_TO_REQUEST = ("User Ineligible To Request This Item", "requestitem")

    def __init__(self, word: str, listed: str) -> None:
        self.word = word
        self.listed = listed

    def typed(self, service: str) -> Coded:
        """The problem type as it is sent in an answer to this service."""
        if self.listed == _MESSAGING:
            return Coded(self.word, MESSAGING_ERROR)
        return Coded(self.word, processing_error(_family(service) if self.listed == _OWN else self.listed))


_FAMILIES: Final = {
    "UserCreated": "createuser",
    "UserUpdated": "updateuser",
    "ItemRequested": "requestitem",
    "ItemShipped": "requestitem",
    "ItemReceived": "requestitem",
}
"""Services without a list of their own, and the list that their problems are taken from."""


def _family(service: str) -> str:
    return _FAMILIES.get(service) or service.lower() or _GENERAL


def problem(trouble: Trouble, service: str = "", *, about: str | None = None, detail: str | None = None) -> Problem:
    """A problem in the answer to this service; `about` names an element and `detail` is a fixed text.

    Neither may hold a card, a PIN, a name or an identity number: a problem is seen by more than the asker.
    """
    return Problem(problem_type=trouble.typed(service), problem_detail=detail, problem_element=about)


class Verdict(Enum):
    """What a peer's problem means for the message that we sent, the gravest last."""

    RETRYABLE = auto()
    """Later, the same message may succeed."""
    ABSENT = auto()
    """The peer does not know the user."""
    DUPLICATE = auto()
    """The peer knows the user already."""
    PERMANENT = auto()
    """The same message will never succeed."""


_VERDICTS: Final = {
    folded(word): verdict
    for verdict, words in {
        Verdict.RETRYABLE: ("Temporary Processing Failure",),
        Verdict.ABSENT: ("Unknown User", "User Not Found"),
        Verdict.DUPLICATE: ("Duplicate User", "User Already Exists"),
    }.items()
    for word in words
}


def verdict_on(problems: Iterable[Problem]) -> Verdict:
    """The gravest verdict on a peer's problems; words that nobody knows, empty ones too, are permanent."""
    verdicts = [_VERDICTS.get(folded(one.problem_type.value), Verdict.PERMANENT) for one in problems]
    return max(verdicts, key=lambda one: one.value, default=Verdict.PERMANENT)
