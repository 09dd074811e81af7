"""Norwegian identity numbers (fødselsnummer and D-number): which kind a text is, and which kinds are accepted.

Check digits by the rules in force from 2032 (the first check digit leaves a residue of 0 to 3); sex and birth date
are never derived from a number. Sources: A11, A25, D3.
"""

from __future__ import annotations

import enum
from datetime import date

from registry.domain.secret import Secret

_WEIGHTS_1 = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_WEIGHTS_2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_RESIDUES_1 = frozenset(range(4))
# Months are shifted in synthetic numbers and help numbers; the largest first.
_MONTH_SHIFTS = (80, 65, 40)
_DAY_SHIFT = 40
_FIRST_HELP_DAY = 80


class NumberPolicy(enum.StrEnum):
    """Which kinds a daemon accepts: real ones in production, synthetic ones in test, never both."""

    PRODUCTION = "production"
    TEST = "test"


_ACCEPTED = {
    NumberPolicy.PRODUCTION: frozenset({"fnr", "dnr"}),
    NumberPolicy.TEST: frozenset({"fnr+80", "dnr+80"}),
}


def kind_of(number: str) -> str | None:
    """Return ``fnr`` or ``dnr``, with ``+40``, ``+65`` or ``+80`` where the month is shifted, ``fh`` for a help
    number, and ``None`` where the digits, the check digits or the date are wrong."""
    if len(number) != 11 or not (number.isascii() and number.isdigit()):
        return None
    digits = [int(sign) for sign in number]
    if sum(w * d for w, d in zip(_WEIGHTS_1, digits, strict=False)) % 11 not in _RESIDUES_1:
        return None
    if sum(w * d for w, d in zip(_WEIGHTS_2, digits, strict=True)) % 11:
        return None
    return _kind_by_date(int(number[:2]), int(number[2:4]), int(number[4:6]))


def _kind_by_date(day: int, month: int, year: int) -> str | None:
    if day >= _FIRST_HELP_DAY:
        return "fh"
    base = "dnr" if day > _DAY_SHIFT else "fnr"
    shift = next((shift for shift in _MONTH_SHIFTS if month > shift), 0)
    try:
        # Any century will do, but 2000 has a 29 February whenever the two digits are divisible by four.
        date(2000 + year, month - shift, day - (_DAY_SHIFT if base == "dnr" else 0))
    except ValueError:
        return None
    return f"{base}+{shift}" if shift else base


def is_accepted(number: Secret, policy: NumberPolicy) -> bool:
    """Tell whether ``number`` is a correct identity number of a kind that ``policy`` accepts."""
    return kind_of(number.reveal()) in _ACCEPTED[policy]
