"""Which properties a patron may be sent with, by version; any other one is refused, with the whole request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.simulators.koha.wire import misshapen

_TEXTS = (
    *("cardnumber", "userid", "surname", "firstname", "title", "other_name", "initials", "relationship_type"),
    *("gender", "address", "address2", "street_number", "street_type", "postal_code", "city", "state", "country"),
    *("email", "secondary_email", "phone", "secondary_phone", "mobile", "fax", "sms_number"),
    *("library_id", "category_id", "lang", "opac_notes", "staff_notes", "statistics_1", "statistics_2"),
)
_DATES = ("date_of_birth", "date_enrolled", "expiry_date")
_SWITCHES = ("incorrect_address", "patron_card_lost")
_NEW_TEXTS = ("preferred_name", "middle_name", "pronouns", "primary_contact_method")
_NEW_SWITCHES = ("protected",)
_REQUIRED = ("surname", "library_id", "category_id")
_NEVER_NULL = frozenset({*_REQUIRED, "lang"})

TEXTS = frozenset(_TEXTS)
"""What a list can be searched by."""


def fields(*, is_new: bool) -> tuple[str, ...]:
    """The fields that a patron of this version has, the ones that are only read left out."""
    return (*_TEXTS, *_DATES, *_SWITCHES, *((*_NEW_TEXTS, *_NEW_SWITCHES) if is_new else ()))


def check(body: Any, *, is_new: bool) -> dict[str, Any]:
    """Return the body of a creation or change; raises its refusal."""
    if not isinstance(body, dict):
        raise misshapen(("/body", f"Expected object - got {_kind(body)}."))
    known = {*fields(is_new=is_new), *(("extended_attributes",) if is_new else ())}
    strange = sorted(set(body) - known)
    if strange:
        raise misshapen(("/body", f"Properties not allowed: {', '.join(strange)}."))
    faults = [(f"/body/{name}", "Missing property.") for name in _REQUIRED if name not in body]
    faults += [(f"/body/{name}", fault) for name, value in body.items() if (fault := _fault(name, value))]
    if faults:
        raise misshapen(*faults)
    return body


def _fault(name: str, value: object) -> str | None:
    if value is None:
        return "Expected string - got null." if name in _NEVER_NULL else None
    if name == "extended_attributes":
        return None if _are_attributes(value) else "Expected array of type and value."
    if name in (*_SWITCHES, *_NEW_SWITCHES):
        return None if isinstance(value, bool) else f"Expected boolean - got {_kind(value)}."
    if not isinstance(value, str):
        return f"Expected string - got {_kind(value)}."
    if name in _DATES and not _is_day(value):
        return "Does not match date format."
    return "String is too short: 0/1." if name == "surname" and not value else None


def _are_attributes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and set(one) == {"type", "value"} and all(isinstance(text, str) for text in one.values())
        for one in value
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


_KINDS: Mapping[type, str] = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "number")
