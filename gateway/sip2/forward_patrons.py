"""The asker's own id in an answer, turned back into what the kiosk showed; nobody else's is touched."""

from __future__ import annotations

from typing import Any

from gateway.sip2.forward_routes import ForwardAs
from protocols.sip2 import VARIABLE, Message, changed

ABOUT_THE_ASKER = frozenset({"24", "26", "64", "12", "16", "30", "36", "38"})
"""Answers whose AA repeats the request's; the AA of a 10 is whoever had the item."""

_TEXTS = ("screen_messages", "print_lines")

_UNMISTAKABLE = 6
"""Shorter ids are looked for in AA alone: a patron number such as 50 is an amount, a class or a shelf as well."""


def with_their_card(answer: Message, shown: str, way: ForwardAs) -> Message:
    """Return the answer with the patron's own id as the kiosk showed it.

    AA repeats exactly what was asked. In texts and extension fields the id counts only as the whole value: the same
    characters inside a sentence may be an item's number, and in a field of another meaning (AB, BV) they are no
    patron at all.
    """
    values: dict[str, Any] = {"patron_identifier": shown} if answer.number in ABOUT_THE_ASKER else {}
    for text in _TEXTS:
        if lines := getattr(answer, text, ()):
            values[text] = tuple(shown if _is_own(line, way) else line for line in lines)
    # A second AA is dropped: no receiver may take one of two for the patron.
    values["others"] = tuple(
        (tag, shown if tag not in VARIABLE and _is_own(value, way) else value)
        for tag, value in answer.others
        if not (tag == "AA" and "patron_identifier" in values)
    )
    return changed(answer, **values)


def _is_own(value: str, way: ForwardAs) -> bool:
    own = way.local_id.strip()
    return len(own) >= _UNMISTAKABLE and value.strip(" *").casefold() == own.casefold()
