"""Rows of an import: CSV or JSON lines in, patrons out, and for a wrong row what was expected, never what it held."""

from __future__ import annotations

import csv
import enum
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO, TypeVar

from registry.domain.card import CardKind, CardNumber, national
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.local_id import is_local_id
from registry.domain.patron import Address, Language, Level, Sex
from registry.domain.secret import Secret
from registry.register import NewPatron

E = TypeVar("E", bound=enum.Enum)

Row = Mapping[str, str]


class RowError(Exception):
    """A row that is no patron: ``column`` and what was expected there."""

    def __init__(self, column: str, expected: str) -> None:
        super().__init__(f"{column}: expected {expected}" if column else f"expected {expected}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it may hold, for the reader and for the help text."""

    expected: str
    required: bool = False


COLUMNS: Mapping[str, Column] = {
    "family_name": Column("text", required=True),
    "given_name": Column("text"),
    "birth_date": Column("a date such as 1990-01-31", required=True),
    "sex": Column("F, M or X"),
    "identity_number": Column("eleven digits"),
    "card": Column("N and nine digits; empty for the next free number"),
    "card_kind": Column("digital or printed"),
    "pin": Column("digits, not easy to guess"),
    "password": Column("at least twelve signs"),
    "minimum_level": Column("low, substantial or high"),
    "street": Column("text"),
    "postal_code": Column("text"),
    "place": Column("text"),
    "country": Column("two letters"),
    "mobile": Column("a telephone number"),
    "phone": Column("a telephone number"),
    "email": Column("an e-mail address"),
    "language": Column("nb, nn, se or en"),
    "home_library": Column("an institution such as NO-2030000"),
    "protected": Column("yes or no"),
    "local_at": Column("lending units with local ids, such as NO-2030000=S1;NO-2120100"),
}
"""Every column of an import, in the order of the help text."""

LAYOUTS = ("csv", "jsonl")


def layout_of(path: Path) -> str:
    """Return ``csv`` or ``jsonl`` by the file's ending; JSON lines where it tells nothing."""
    return "csv" if path.suffix.lower() == ".csv" else "jsonl"


def rows_of(stream: TextIO, layout: str) -> Iterator[tuple[int, Row | RowError]]:
    """Yield each row with the number of its line; a line that cannot be read as a row comes as an error."""
    return _csv_rows(stream) if layout == "csv" else _json_rows(stream)


def _csv_rows(stream: TextIO) -> Iterator[tuple[int, Row | RowError]]:
    reader = csv.DictReader(stream, restkey="", strict=True)
    try:
        for row in reader:
            if "" in row or None in row.values():
                yield reader.line_num, RowError("", "as many values as the first line has columns")
            else:
                yield reader.line_num, row
    except csv.Error:
        yield reader.line_num, RowError("", "a line of comma-separated values, quotes closed")


def _json_rows(stream: TextIO) -> Iterator[tuple[int, Row | RowError]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            told: Any = json.loads(line)
        except ValueError:
            told = None
        if isinstance(told, dict):
            yield number, {str(name): _as_text(value) for name, value in told.items()}
        else:
            yield number, RowError("", "one JSON object on a line")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)


def patron_of(row: Row) -> NewPatron:
    """Return the patron that a row tells of; raises :class:`RowError` naming the column, never its value."""
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown:
        raise RowError("", f"only these columns: {', '.join(COLUMNS)}")
    text = {name: row.get(name, "").strip() for name in COLUMNS}
    for name, column in COLUMNS.items():
        if column.required and not text[name]:
            raise RowError(name, column.expected)
    return NewPatron(
        family_name=text["family_name"],
        given_name=text["given_name"],
        birth_date=_read(text, "birth_date", date.fromisoformat),
        sex=_read(text, "sex", Sex, Sex.UNKNOWN),
        identity_number=Secret(text["identity_number"]) if text["identity_number"] else None,
        card=_read(text, "card", _card, None),
        card_kind=_read(text, "card_kind", CardKind, CardKind.DIGITAL),
        pin=Secret(text["pin"]) if text["pin"] else None,
        password=Secret(text["password"]) if text["password"] else None,
        minimum_level=_read(text, "minimum_level", lambda word: Level[word.upper()], Level.LOW),
        registered_address=_address(text),
        mobile=text["mobile"] or None,
        phone=text["phone"] or None,
        email=_read(text, "email", _email, None),
        language=_read(text, "language", Language, Language.NB),
        home_library=_read(text, "home_library", InstitutionId, None),
        protected=_read(text, "protected", _yes_or_no, False),
        local_at=_read(text, "local_at", _standings, {}),
    )


T = TypeVar("T")
D = TypeVar("D")


def _read(text: Mapping[str, str], name: str, reader: Callable[[str], T], *otherwise: D) -> T | D:
    if not text[name] and otherwise:
        return otherwise[0]
    try:
        return reader(text[name])
    except (ValueError, KeyError):
        raise RowError(name, COLUMNS[name].expected) from None


def _card(text: str) -> CardNumber:
    number = national(text)
    if number is None:
        raise ValueError
    return number


def _email(text: str) -> str:
    name, at, host = text.partition("@")
    if not (name and at and "." in host and text.isprintable()) or " " in text:
        raise ValueError
    return text


def _yes_or_no(text: str) -> bool:
    return {"yes": True, "no": False, "1": True, "0": False, "true": True, "false": False}[text.lower()]


def _standings(text: str) -> dict[LendingUnitId, str]:
    pairs = (part.strip().partition("=") for part in text.split(";") if part.strip())
    told = {LendingUnitId(unit.strip()): local_id.strip() for unit, _, local_id in pairs}
    if not all(is_local_id(local_id) for local_id in told.values() if local_id):
        raise ValueError
    return told


def _address(text: Mapping[str, str]) -> Address | None:
    if not (text["street"] or text["place"]):
        return None
    return Address(
        lines=(text["street"],) if text["street"] else (),
        postal_code=text["postal_code"],
        place=text["place"],
        country=text["country"].upper() or "NO",
    )
