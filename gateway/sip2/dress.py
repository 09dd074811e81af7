"""An answer as one terminal's dialect wants it: fields hidden, fixed texts added."""

from __future__ import annotations

from gateway.sip2.dialects import Dialect
from protocols import sip2
from protocols.sip2 import Message

_PATRON_ANSWERS = frozenset({"24", "64", "26"})


def dressed(message: Message, dialect: Dialect) -> Message:
    """Return ``message`` without the fields that ``dialect`` hides and, for patrons, with those that it adds."""
    if dialect.hide:
        message = sip2.without(message, *dialect.hide)
    if dialect.add and message.number in _PATRON_ANSWERS:
        message = sip2.changed(message, others=(*message.others, *dialect.add.items()))
    return message
