"""Looks at and changes a message by field, keeping everything else as it arrived."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from protocols.sip2.fields import VARIABLE, Privacy, privacy_of, shown_tag
from protocols.sip2.spec import AnyMessage, Message, said_by


class Row(NamedTuple):
    """One field as people read it; `tag` is empty for a fixed field."""

    tag: str
    name: str
    value: str


def changed(message: AnyMessage, **values: Any) -> AnyMessage:
    """The message with these attributes replaced; every other field, known or not, keeps its value and place.

    A new value stands where the old one stood. Later duplicates of a changed field are dropped, so that no
    receiver can take one of them for the field: a card that was translated must not travel on beside it.
    """
    replaced = {place.told.tag for place in message.layout.variable if place.attribute in values}
    if "others" not in values:
        values["others"] = tuple(other for other in message.others if other[0] not in replaced)
    return type(message)(**{**said_by(message), **values})


def without(message: AnyMessage, *tags: str) -> AnyMessage:
    """The message without these variable fields; a required one stays, but empty."""
    said, values = said_by(message), dict[str, Any]()
    for place in message.layout.variable:
        if place.told.tag in tags and place.attribute in said:
            values[place.attribute] = () if place.repeatable else "" if place.required else None
    values["others"] = tuple(other for other in message.others if other[0] not in tags)
    return type(message)(**{**said, **values})


def first(message: Message, tag: str) -> str | None:
    """The first value under this tag, known or not; None where the field is absent."""
    return next((value for known, value in message.fields() if known == tag), None)


def repeated(message: Message) -> tuple[str, ...]:
    """Tags of fields that may stand once and came again; the first of each was taken."""
    extra = Counter(tag for tag, _ in message.others)
    return tuple(tag for tag in extra if tag in message.layout.singles)


def masked(message: Message) -> list[Row]:
    """The fields for logs and captures: personal and secret values are replaced by their length or by stars."""
    return _rows(message, mask)


def without_secrets(message: Message) -> list[Row]:
    """The fields for the operator who asked for them: only PINs and passwords are hidden."""
    return _rows(message, _stars)


# An open value that is longer or odder than these may hold the fields behind it, where a peer's delimiter is not ours:
# Ç is byte 0x80 of cp850, which some use as one.
_ORDINARY = re.compile(r"(?:[^\WÇ]|[ .,:/+-]){0,64}")


def mask(tag: str, value: str) -> str:
    """What may be shown of a value: an open one itself, of a personal one its length, of a secret that it is there."""
    privacy = privacy_of(tag)
    if privacy is Privacy.SECRET:
        return _stars(tag, value)
    if not value or (privacy is Privacy.OPEN and _ORDINARY.fullmatch(value)):
        return value
    return f"({len(value)})"


def _stars(tag: str, value: str) -> str:
    return "***" if value and privacy_of(tag) is Privacy.SECRET else value


def _rows(message: Message, shown: Callable[[str, str], str]) -> list[Row]:
    layout = message.layout
    fixed = zip(layout.fixed, layout.fixed_values(message), strict=True)
    rows = [Row("", told.name, value) for (_, told), value in fixed]
    for tag, value in message.fields():
        name = VARIABLE[tag].name if tag in VARIABLE else "unknown"
        rows.append(Row(shown_tag(tag), name, shown(tag, value)))
    return rows
