"""Hypothesis strategies for messages: any of the 31 classes, with values that a strict writer leaves alone."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from protocols.sip2 import MESSAGES, Message
from protocols.sip2.fields import Fixed

# Letters of cp850, ISO-8859-1 and UTF-8 alike, precomposed; no delimiter.
LETTERS = (string.ascii_letters + string.digits + " .,-+/:;()&%'\"=*æøåÆØÅéüößñ").replace("|", "")
values = st.text(LETTERS, max_size=60)
UNKNOWN_TAGS = ("CR", "CS", "CT", "CV", "CY", "DA", "PA", "XZ", "U1")


def fixed_value(told: Fixed) -> st.SearchStrategy[str]:
    """A well-formed value of a fixed field."""
    return st.from_regex(told.kind.read, fullmatch=True, alphabet=string.ascii_letters + string.digits + " +:.-*")


@st.composite
def messages(draw: st.DrawFn, numbers: tuple[str, ...] = tuple(sorted(MESSAGES))) -> Message:
    """A message of one of these numbers, with required, optional, repeated and unknown fields."""
    cls = MESSAGES[draw(st.sampled_from(numbers))]
    made: dict[str, Any] = {name: draw(fixed_value(told)) for name, told in cls.layout.fixed}
    for place in cls.layout.variable:
        value = values.map(str.upper) if place.told.kind.folds else values
        if place.repeatable:
            made[place.attribute] = tuple(draw(st.lists(value, max_size=3)))
        else:
            made[place.attribute] = draw(value if place.required else st.none() | value)
    made["others"] = tuple(draw(st.lists(st.tuples(st.sampled_from(UNKNOWN_TAGS), values), max_size=3)))
    return cls(**made)
