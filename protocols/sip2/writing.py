"""Message → frame body, strict: every width kept, every value clean, whatever the message holds."""

from __future__ import annotations

import unicodedata
from typing import Any

from protocols.sip2.charset import Charset
from protocols.sip2.fields import VALUE_LIMIT
from protocols.sip2.letters import cleaned
from protocols.sip2.spec import SEPARATOR, Layout, Message, said_by

# A character takes at most four bytes, so up to this length no field can exceed the limit in any charset.
_SURELY_SHORT = VALUE_LIMIT // 4 + 2


def write_message(message: Message, charset: Charset) -> bytes:
    """The body of a frame, without AY and AZ; always valid."""
    layout = message.layout
    fixed = layout.fixed_values(message)
    # The separator, which no field may hold, makes one match prove every width as well.
    head = message.number + "".join(
        fixed if layout.sendable.fullmatch(SEPARATOR.join(fixed)) else _mended(fixed, layout)
    )
    parts = _in_order(message) if message.order or message.others else _as_declared(message)
    # An empty one, so that the last field is ended by a delimiter, too.
    parts.append("")
    mark = charset.mark
    text = head + mark.join(parts)
    # Most texts are clean as they stand, and four looks at the whole prove it.
    if text.isprintable() and text.count(mark) == len(parts) - 1:
        plain = text.isascii()
        most = _SURELY_SHORT if charset.multibyte and not plain else VALUE_LIMIT + 2
        if len(text) - len(head) <= most or max(map(len, parts)) <= most:
            if plain:
                return text.encode("ascii")
            # A single-byte charset has no loose marks; in another one letters and their marks must be one character.
            if not charset.multibyte or unicodedata.is_normalized("NFC", text):
                try:
                    return charset.write(text)
                except UnicodeEncodeError:
                    pass
    fields = [cleaned(part[:2], charset) + cleaned(part[2:], charset) for part in parts]
    return head.replace(mark, " ").encode("ascii") + charset.delimiter_byte.join(fields)


def _mended(fixed: tuple[str, ...], layout: Layout) -> list[str]:
    return [told.kind.mended(value, told.width) for value, (_, told) in zip(fixed, layout.fixed, strict=True)]


def _as_declared(message: Message) -> list[str]:
    """The fields, tag and value together, in the order of the declaration."""
    parts: list[str] = []
    said = said_by(message)
    for attribute, tag in message.layout.tags:
        # Most fields of a message say nothing, which is found out first.
        if attribute in said:
            value = said[attribute]
            if isinstance(value, str):
                parts.append(tag + value)
            elif value:
                parts.extend([tag + one for one in value])
    return parts


def _in_order(message: Message) -> list[str]:
    """The fields, tag and value together, in the order of arrival."""
    return _as_arrived(message) or [tag + value for tag, value in message.fields()]


def _as_arrived(message: Message) -> list[str]:
    """The fields of a message that arrived with each of them once, and was not changed; else nothing."""
    if message.others:
        return []
    order, said = message.order, said_by(message)
    known: dict[str, Any] = {tag: said[attribute] for attribute, tag in message.layout.tags if attribute in said}
    if len(order) != len(known) or known.keys() != set(order):
        return []
    try:
        return [tag + known[tag] for tag in order]
    except TypeError:  # a field that is repeated, or was taken out
        return []
