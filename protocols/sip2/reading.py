"""Frame body → message, lenient: what kiosks and library systems really send.

The text is matched once for its fixed part and split once for the rest; only what does not fit is looked at again.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from protocols.sip2.charset import Charset
from protocols.sip2.errors import Malformed, UnknownMessage
from protocols.sip2.fields import VARIABLE, folded
from protocols.sip2.spec import MESSAGES, TRANSPORT_TAGS, Layout, Message, made_of

_TAG = re.compile("[A-Z][A-Z0-9]")


def read_message(
    body: bytes, charset: Charset, *, joins_values: bool, repeats_limit: int
) -> Message | Malformed | UnknownMessage:
    """The message in a frame's body; never raises."""
    plain = body.isascii()
    text = body.decode("ascii") if plain else charset.read(body)
    cls = MESSAGES.get(text[:2])
    if cls is None:
        return UnknownMessage(text[:2] if body[:2].isdigit() and len(body) > 1 else "??")
    layout = cls.layout
    match = layout.well_formed.match(text)
    said = match.groupdict() if match else _tolerated(layout, text, charset.mark)
    if said is None:
        return Malformed(cls.number, short=True, fields=_salvaged(layout, text, charset.mark))
    chunks = _chunks(text[layout.width + 2 :], charset.mark)
    if joins_values:
        chunks = _joined(chunks, charset.mark)
    if not plain and not unicodedata.is_normalized("NFC", text):
        chunks = [chunk[:2] + unicodedata.normalize("NFC", chunk[2:]) for chunk in chunks]
    return _assembled(cls, said, chunks, repeats_limit)


def _chunks(text: str, mark: str) -> list[str]:
    """The variable fields, tag and value together; empty ones come from stray delimiters."""
    chunks = text.split(mark)
    if not chunks[-1]:
        chunks.pop()
    return [chunk for chunk in chunks if chunk] if "" in chunks else chunks


def _joined(chunks: list[str], mark: str) -> list[str]:
    """A field starts only where a tag does; everything else belongs to the value before it."""
    if all(map(_TAG.match, chunks)):
        return chunks
    whole: list[str] = []
    for chunk in chunks:
        if whole and not _TAG.match(chunk):
            whole[-1] += mark + chunk
        else:
            whole.append(chunk)
    return whole


def _assembled(cls: type[Message], said: dict[str, Any], chunks: list[str], repeats_limit: int) -> Message | Malformed:
    """The message that says its fixed fields, by attribute, and the variable ones as they came."""
    layout = cls.layout
    singles = layout.singles
    order: list[str] = []
    surplus: list[str] = []
    # One plain loop: a comprehension is a call of its own, and this is done for every field of every message.
    for chunk in chunks:
        tag = chunk[:2]
        order.append(tag)
        attribute = singles.get(tag)
        if attribute is not None and attribute not in said:
            said[attribute] = chunk[2:]
        else:
            surplus.append(chunk)
    if len(order) > repeats_limit and (crowded := _crowded(order, repeats_limit)):
        return Malformed(cls.number, crowded=crowded, fields=_pairs(chunks))
    if surplus:
        _spread(layout, said, surplus)
    for attribute in layout.folded:
        if attribute in said:
            said[attribute] = folded(said[attribute])
    try:
        layout.required(said)
    except KeyError:
        if missing := _missing(cls, said):
            return Malformed(cls.number, missing=missing, fields=_pairs(chunks))
    said["order"] = tuple(order)
    return made_of(cls, said)


def _spread(layout: Layout, said: dict[str, Any], surplus: list[str]) -> None:
    """Puts the repeatable fields into their tuples, and what has no place of its own into `others`."""
    repeated: dict[str, list[str]] = {}
    others: list[tuple[str, str]] = []
    for chunk in surplus:
        tag = chunk[:2]
        attribute = layout.repeatables.get(tag)
        if attribute is not None:
            repeated.setdefault(attribute, []).append(chunk[2:])
        elif tag not in TRANSPORT_TAGS:
            others.append((tag, chunk[2:]))
    for attribute, several in repeated.items():
        said[attribute] = tuple(several)
    said["others"] = tuple(others)


def _crowded(tags: list[str], limit: int) -> tuple[str, ...]:
    """Tags that came too often; an unknown one is not named, for it may be anything."""
    crowded = [tag for tag, times in Counter(tags).items() if times > limit]
    return tuple(tag if tag in VARIABLE else "??" for tag in crowded)


def _missing(cls: type[Message], said: dict[str, Any]) -> tuple[str, ...]:
    """The required tags that did not come; those that may lack are filled in as empty.

    An answer may lack any of them: library systems leave out what they do not know.
    """
    missing = []
    for place in cls.layout.variable:
        if place.required and place.attribute not in said:
            if place.told.may_lack or cls.answered_by is None:
                said[place.attribute] = ""
            else:
                missing.append(place.told.tag)
    return tuple(missing)


def _tolerated(layout: Layout, text: str, mark: str) -> dict[str, Any] | None:
    """The fixed fields of a text that is odd but can be read; None when tags would be read as fixed part."""
    end = layout.width + 2
    if len(text) < end or mark in text[:end] or layout.own_tag.search(text, 2, end + 1):
        return None
    rest = text[end:]
    if layout.tags and rest and not rest.startswith(mark) and not _TAG.match(rest):
        return None
    said: dict[str, Any] = {}
    start = 2
    for attribute, told in layout.fixed:
        value = text[start : start + told.width]
        said[attribute] = folded(value) if told.kind.folds else value
        start += told.width
    return said


def _salvaged(layout: Layout, text: str, mark: str) -> tuple[tuple[str, str], ...]:
    """What can be read of a message whose fixed part is short: the fields from its first own tag on."""
    begin = layout.own_tag.search(text, 2)
    return _pairs(_chunks(text[begin.start() :], mark)) if begin else ()


def _pairs(chunks: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((chunk[:2], chunk[2:]) for chunk in chunks)
