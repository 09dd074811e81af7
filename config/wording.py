"""Turns what a model says of a wrong value into plain English, without telling any secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.fields import UNFIT
from config.lines import Place

_SECRET_KEYS: Final = frozenset({"secret", "login", "password", "url"})

# Types of pydantic's errors; {…} is from the error's own context.
_EXPECTED: Final = {
    "missing": "a value",
    "literal_error": "{expected}",
    "string_type": "text",
    "path_type": "a path",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "greater_than_equal": "a number of at least {ge}",
    "less_than_equal": "a number of at most {le}",
    "date_type": "a date such as 2026-01-31, without quotation marks",
    "tuple_type": "a list",
    "mapping_type": "a table",
    "dict_type": "a table",
    "model_type": "a table",
    "too_short": "at least {min_length} in the list",
}
_NUMBERS: Final = frozenset(
    {"int_type", "int_from_float", "float_type", "finite_number", "greater_than_equal", "less_than_equal"}
)
# Where text was right but not this text, the text itself helps.
_SHOWING_TEXT: Final = frozenset({"literal_error", UNFIT})
_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    ((date, time), "a date or time"),
    ((list, tuple), "a list"),
    (Mapping, "a table"),
)


def worth_telling(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """The errors without those that follow from others: a list is not too short when its entries were thrown out."""
    for error in errors:
        depth = len(error["loc"])
        inside = (other for other in errors if len(other["loc"]) > depth and other["loc"][:depth] == error["loc"])
        if error["type"] != "too_short" or next(inside, None) is None:
            yield error


def place_of(error: ErrorDetails) -> Place:
    """Where the error is: the place of the table judged, and the key inside it that a rule of ours names."""
    named = error.get("ctx", {}).get("key") if error["type"] == UNFIT else ""
    # A model tells a wrong key of a mapping with a mark behind it.
    place = tuple(part for part in error["loc"] if part != "[key]")
    return (*place, named) if named else place


def expected_of(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What should have stood there, as the end of "expected …"."""
    context = error.get("ctx", {})
    match error["type"]:
        case "unfit":
            return str(context["expected"])
        case "extra_forbidden":
            return _known_keys(error, model)
        case kind if kind in _NUMBERS:
            return _number(error["loc"], model) or _EXPECTED[kind].format(**context)
        case kind:
            return _EXPECTED.get(kind, "another value").format(**context).replace("'", "")


def found_of(error: ErrorDetails) -> str:
    """What stood there, as the end of "found …": its kind, and the value only where it can be no secret."""
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "nothing"
        case "extra_forbidden":
            return "an unknown one"
        case "unfit" if context["found"] is not None:
            return str(context["found"])
    value: object = error["input"]
    if any(part in _SECRET_KEYS for part in error["loc"]):
        return kind_of(value)
    if isinstance(value, int | float):
        return str(value).lower()
    if isinstance(value, str) and error["type"] in _SHOWING_TEXT:
        return f'"{value}"' if value.isprintable() and len(value) <= 60 else "another text"
    return kind_of(value)


def kind_of(value: object) -> str:
    """The kind of a TOML value in words."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something else")


def spelled(place: Place, document: Mapping[str, Any]) -> str:
    """A place as an operator reads it: `terminals[hall-1].class`; a list's entry by its id or name, else from 1."""
    spelling = ""
    value: object = document
    for part in place:
        value = _inside(value, part)
        if isinstance(part, int):
            spelling += f"[{_name_of(value) or part + 1}]"
        else:
            spelling += f".{part}" if spelling else part
    return spelling


def _inside(value: object, part: str | int) -> object:
    if isinstance(value, Mapping):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _name_of(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return ""
    name = entry.get("id", entry.get("name"))
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,63}", name) else ""


def _number(place: Place, model: type[BaseModel]) -> str:
    """Kind, unit and bounds of a number in words, as its declaration tells them; empty when it tells none."""
    _, field = _walk(place, model)
    extra = field.json_schema_extra if field else None
    return str(extra.get("expected", "")) if isinstance(extra, dict) else ""


def _known_keys(error: ErrorDetails, model: type[BaseModel]) -> str:
    *table, wrong = error["loc"]
    within, _ = _walk(tuple(table), model)
    if not (isinstance(within, type) and issubclass(within, BaseModel)):
        return "a known key"
    known = [field.alias or name for name, field in within.model_fields.items()]
    near = difflib.get_close_matches(str(wrong), known, n=1)
    return f"a known key, such as {near[0]}" if near else f"a known key: {', '.join(known)}"


def _walk(place: Place, model: type[BaseModel]) -> tuple[object, FieldInfo | None]:
    """The type that a place leads to, and the last field on the way."""
    within: object = model
    field: FieldInfo | None = None
    for part in place:
        if isinstance(within, type) and issubclass(within, BaseModel):
            fields = {one.alias or name: one for name, one in within.model_fields.items()}
            field = fields.get(str(part))
            within = _bare(field.annotation) if field else None
        else:
            within = _element_of(within)
    return within, field


def _element_of(collection: object) -> object:
    """The type of what a list or a mapping holds."""
    held = [one for one in get_args(collection) if one is not Ellipsis]
    return _bare(held[-1]) if held else None


def _bare(annotation: object) -> object:
    """A type without its checks and without None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return next((_bare(one) for one in get_args(annotation) if one is not NoneType), None)
    return annotation
