"""What an NCIP message means by a number: the national card, or a library's own."""

from __future__ import annotations

import re

from registry.domain.card import CardNumber, national

# Systems that keep numbers as integers lose every leading zero, not only the first.
_SHORT = re.compile(r"N([0-9]{1,9})")


def card_in(number: str) -> CardNumber | None:
    """Return the national card that a number means, or ``None`` where it is a library's own."""
    short = _SHORT.fullmatch(number.strip().upper())
    return national(number) if short is None else CardNumber(f"N{short[1]:0>9}")
