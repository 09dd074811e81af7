"""Creating and changing patrons: what Koha checks, in its order, and what it fills in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gateway.simulators.koha.books import Books, StoredPatron, folded
from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.schema import check
from gateway.simulators.koha.wire import KohaRequest, misshapen, refuse
from gateway.simulators.koha.world import KohaWorld

_TWINS = ("surname", "firstname", "date_of_birth")


def sent_record(request: KohaRequest, habits: Habits) -> dict[str, Any]:
    """Return the body of a request, trimmed; raises the refusal of one that does not fit the schema."""
    try:
        body = request.json
    except ValueError:
        raise misshapen(("/body", "Expected object - got string.")) from None
    record = {name: _trimmed(value) for name, value in check(body, is_new=habits.is_new).items()}
    if habits.uppercase_surnames:
        record["surname"] = record["surname"].upper()
    return record


def create(books: Books, world: KohaWorld, habits: Habits, request: KohaRequest, today: date) -> StoredPatron:
    """Store a new patron, and return them; raises the refusal."""
    record = sent_record(request, habits)
    if habits.is_new and habits.duplicate_match and request.headers.get("x-confirm-not-duplicate") != "1":
        _refuse_twin(books, record)
    pairs = _attributes(record.pop("extended_attributes", None), books, world, None)
    _check_codes(record, world, habits)
    record.setdefault("userid", None)
    record["userid"] = record["userid"] or _login(record)
    _check_numbers(books, record, habits, None)
    record["date_enrolled"] = record.get("date_enrolled") or today.isoformat()
    record["expiry_date"] = record.get("expiry_date") or _later(today, world.categories[record["category_id"]])
    if habits.is_new:
        record["preferred_name"] = record.get("preferred_name") or record.get("firstname")
    return books.add(record, pairs)


def change(books: Books, world: KohaWorld, habits: Habits, request: KohaRequest, patron: StoredPatron) -> bool:
    """Change a patron, and return whether anything is different; raises the refusal.

    What is left out stays, null clears, and attributes replace all that there were.
    """
    record = sent_record(request, habits)
    if patron.superlibrarian and "email" in record and record["email"] != patron.fields.get("email"):
        raise refuse(403, "Not enough privileges to change a superlibrarian's email")
    told = record.pop("extended_attributes", None)
    pairs = patron.attributes if told is None else _attributes(told, books, world, patron)
    _check_codes(record, world, habits)
    _check_numbers(books, record, habits, patron)
    after = {**patron.fields, **record}
    differs = (after, pairs) != (patron.fields, patron.attributes)
    patron.fields, patron.attributes = after, pairs
    return differs


def _refuse_twin(books: Books, record: Mapping[str, Any]) -> None:
    wanted = [folded(record.get(name)) for name in _TWINS]
    if any([folded(one.fields.get(name)) for name in _TWINS] == wanted for one in books):
        raise refuse(409, "A patron record matching these details already exists")


def _check_codes(record: Mapping[str, Any], world: KohaWorld, habits: Habits) -> None:
    if record["category_id"] not in world.categories:
        raise refuse(400, "Given category_id does not exist")
    if record["library_id"] not in world.libraries:
        raise refuse(400, "Given library_id does not exist")


def _check_numbers(books: Books, record: Mapping[str, Any], habits: Habits, own: StoredPatron | None) -> None:
    if _is_taken(books, "userid", record, own):
        if habits.is_new:
            raise refuse(400, f"Problem with {record['userid']}")
        raise refuse(409, f"Problem with {record['userid']}", conflict="userid")
    if _is_taken(books, "cardnumber", record, own):
        conflict = "borrowers.cardnumber" if habits.is_new else "cardnumber"
        raise refuse(409, "Your action breaks a unique constraint on the attribute.", conflict=conflict)


def _is_taken(books: Books, name: str, record: Mapping[str, Any], own: StoredPatron | None) -> bool:
    holder = books.holder(name, record.get(name))
    return holder is not None and holder is not own


def _attributes(
    told: list[Mapping[str, str]] | None, books: Books, world: KohaWorld, own: StoredPatron | None
) -> list[tuple[str, str]]:
    pairs = [(one["type"], one["value"]) for one in told or []]
    kinds = {kind.code: kind for kind in world.attribute_types}
    for code, value in pairs:
        if code not in kinds:
            raise refuse(400, "Tried to use an invalid attribute type.", error_code="invalid_attribute_type")
        if not kinds[code].repeatable and sum(code == other for other, _ in pairs) > 1:
            text = "Tried to add more than one non-repeatable attributes."
            raise refuse(400, text, error_code="non_repeatable_attribute")
        if kinds[code].unique and any((code, value) in one.attributes for one in books if one is not own):
            raise refuse(400, "Your action breaks a unique constraint.", error_code="attribute_not_unique")
    missing = [code for code, kind in kinds.items() if kind.mandatory and code not in dict(pairs)]
    if missing:
        text = "Missing mandatory extended attribute"
        raise refuse(400, text, error_code="missing_mandatory_attribute")
    return pairs


def _login(record: Mapping[str, Any]) -> str:
    return f"{record.get('firstname') or ''}.{record['surname']}".strip(".").lower()


def _later(today: date, months: int) -> str:
    years, month = divmod(today.month - 1 + months, 12)
    return date(today.year + years, month + 1, min(today.day, 28)).isoformat()


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
