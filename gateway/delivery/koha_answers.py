"""What Koha's answers mean, and what becomes of a delivery: two tables.

Decided by status, error code, conflict, and only then by text; and only the beginning of a text, for what follows
quotes the patron. Nothing that Koha wrote goes any further than this file.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.delivery.carriers import Duplicate, Lost, NotSent, Rejected


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: its status, and what its JSON says; ``None`` where it is something else, such as a page."""

    status: int
    body: Any = field(repr=False)


class Meaning(enum.Enum):
    """What Koha says, whatever the version; the values are words for logs and for staff."""

    UNREADABLE = "unreadable"
    KEYS_OFF = "keys_off"
    KEY_REFUSED = "key_refused"
    KEY_MAY_NOT = "key_may_not"
    PROTECTED_STAFF = "protected_staff"
    NUMBER_TAKEN = "number_taken"
    RESEMBLES_ANOTHER = "resembles_another"
    MAPPING_UNKNOWN = "mapping_unknown"
    ATTRIBUTE_TAKEN = "attribute_taken"
    ATTRIBUTE_UNFIT = "attribute_unfit"
    FIELD_UNKNOWN = "field_unknown"
    FORM_REFUSED = "form_refused"
    NOT_FOUND = "not_found"
    NO_KOHA_THERE = "no_koha_there"
    REDIRECTED = "redirected"
    BUSY = "busy"
    MAINTENANCE = "maintenance"
    REFUSED = "refused"
    FAILED = "failed"

    __hash__ = object.__hash__


Test = Callable[[Any], bool]
"""Tells whether a body is one that a row is about."""


def _any(body: Any) -> bool:
    return True


def _says(beginning: str) -> Test:
    return lambda body: isinstance(body, dict) and str(body.get("error")).startswith(beginning)


def _code(*codes: str) -> Test:
    return lambda body: isinstance(body, dict) and body.get("error_code") in codes


def _complains(beginning: str) -> Test:
    """Whether the schema is what refuses, with a message that begins like this."""
    return lambda body: (
        isinstance(body, dict)
        and isinstance(body.get("errors"), list)
        and any(isinstance(one, dict) and str(one.get("message")).startswith(beginning) for one in body["errors"])
    )


def _has(name: str) -> Test:
    return lambda body: isinstance(body, dict) and name in body


def _is_list(body: Any) -> bool:
    return isinstance(body, list)


_M = Meaning

ROWS: tuple[tuple[range, Test, Meaning], ...] = (
    # Whoever asks reads a patron first: this is a success that brought none, such as a page for logging in.
    (range(200, 300), _any, _M.UNREADABLE),
    # "See other" may follow what was done.
    (range(303, 304), _any, _M.FAILED),
    (range(300, 400), _any, _M.REDIRECTED),
    (range(400, 401), _says("Unimplemented grant type"), _M.KEYS_OFF),
    (range(403, 404), _says("unauthorized_client"), _M.KEY_REFUSED),
    (range(401, 402), _any, _M.KEY_REFUSED),
    (range(403, 404), _says("Not enough privileges"), _M.PROTECTED_STAFF),
    (range(403, 404), _any, _M.KEY_MAY_NOT),
    (range(400, 410), _code("attribute_not_unique"), _M.ATTRIBUTE_TAKEN),
    (
        range(400, 410),
        _code("missing_mandatory_attribute", "invalid_attribute_type", "non_repeatable_attribute"),
        _M.ATTRIBUTE_UNFIT,
    ),
    (range(409, 410), _has("conflict"), _M.NUMBER_TAKEN),
    # The login name is taken: 400 of the newer versions, 409 of older ones.
    (range(400, 410), _says("Problem with "), _M.NUMBER_TAKEN),
    (range(400, 410), _says("Given "), _M.MAPPING_UNKNOWN),
    (range(409, 410), _any, _M.RESEMBLES_ANOTHER),
    # A version that does not know a field refuses it in everybody's record.
    (range(400, 401), _complains("Properties not allowed"), _M.FIELD_UNKNOWN),
    (range(400, 401), _has("errors"), _M.FORM_REFUSED),
    (range(400, 401), _is_list, _M.FORM_REFUSED),
    (range(404, 405), _has("error"), _M.NOT_FOUND),
    # A page, or an interface that does not know the path: the address is wrong.
    (range(404, 406), _any, _M.NO_KOHA_THERE),
    (range(408, 409), _any, _M.BUSY),
    (range(425, 426), _any, _M.BUSY),
    (range(429, 430), _any, _M.BUSY),
    (range(400, 500), _any, _M.REFUSED),
    (range(503, 504), _says("System is under maintenance"), _M.MAINTENANCE),
    (range(1000), _any, _M.FAILED),
)
"""Status, body → meaning; the first row that fits, and the last one always does."""


def meaning_of(reply: Reply) -> Meaning:
    """Return what an answer means that brought nothing readable."""
    return next(meaning for statuses, test, meaning in ROWS if reply.status in statuses and test(reply.body))


class Step(enum.Enum):
    """What was asked when the answer came."""

    LOOK_UP = "look_up"
    CREATE = "create"
    CHANGE = "change"

    __hash__ = object.__hash__


Ending = NotSent | Lost | Rejected | Duplicate


def _later(meaning: Meaning) -> NotSent:
    return NotSent(meaning.value)


def _alarm(meaning: Meaning) -> NotSent:
    return NotSent(meaning.value, whole_unit=True)


def _staff(meaning: Meaning) -> Rejected:
    return Rejected(meaning.value)


def _look(meaning: Meaning) -> Duplicate:
    return Duplicate(meaning.value)


def _in_doubt(meaning: Meaning) -> Lost:
    return Lost(meaning.value)


_L, _C, _P = Step.LOOK_UP, Step.CREATE, Step.CHANGE

_OUTCOMES: Mapping[Meaning, Mapping[Step, Callable[[Meaning], Ending]]] = {
    _M.UNREADABLE: {_L: _later, _C: _in_doubt, _P: _in_doubt},
    _M.KEYS_OFF: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.KEY_REFUSED: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.KEY_MAY_NOT: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.PROTECTED_STAFF: {_L: _alarm, _C: _alarm, _P: _staff},
    _M.NUMBER_TAKEN: {_L: _alarm, _C: _look, _P: _staff},
    _M.RESEMBLES_ANOTHER: {_L: _alarm, _C: _staff, _P: _staff},
    _M.MAPPING_UNKNOWN: {_L: _alarm, _C: _alarm, _P: _staff},
    _M.ATTRIBUTE_TAKEN: {_L: _alarm, _C: _look, _P: _staff},
    _M.ATTRIBUTE_UNFIT: {_L: _alarm, _C: _alarm, _P: _staff},
    _M.FIELD_UNKNOWN: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.FORM_REFUSED: {_L: _alarm, _C: _staff, _P: _staff},
    # Koha answers a list without patrons with 200; and nobody is missed where one is created.
    _M.NOT_FOUND: {_L: _alarm, _C: _alarm, _P: _staff},
    _M.NO_KOHA_THERE: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.REDIRECTED: {_L: _alarm, _C: _alarm, _P: _alarm},
    _M.BUSY: {_L: _later, _C: _later, _P: _later},
    _M.MAINTENANCE: {_L: _later, _C: _later, _P: _later},
    _M.REFUSED: {_L: _alarm, _C: _staff, _P: _staff},
    # Koha may have written before it failed, and a proxy may have failed after Koha had written.
    _M.FAILED: {_L: _later, _C: _in_doubt, _P: _in_doubt},
}
"""Meaning × what was asked → what becomes of the delivery."""


def ending(reply: Reply, step: Step) -> Ending:
    """Return what becomes of a delivery whose answer brought nothing readable."""
    meaning = meaning_of(reply)
    return _OUTCOMES[meaning][step](meaning)
