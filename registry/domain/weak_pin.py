"""Which PINs may not be chosen. Checked on every path that sets a PIN; a weak PIN that exists still works."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from registry.domain.secret import Secret

# Completes the hundred most used four-digit codes of public frequency lists; the rest fall to the rules below.
_COMMON = frozenset(
    [
        "0001", "0007", "0070", "0907", "1000", "1004", "1011", "1020", "1023", "1024", "1029", "1112",
        "1121", "1123", "1124", "1211", "1213", "1223", "1224", "1225", "1230", "1231", "1233", "1235",
        "1245", "1318", "1324", "2580", "4200", "5150", "7410", "8520",
    ]
)  # fmt: skip
_GROUPS = re.compile(r"(\d+?)\1+|(\d)(\d)\3\2|(\d)\4(\d)\5")


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRules:
    """What a library system's owner may set: ``refuse_all_dates`` refuses every day of the year as DDMM and MMDD."""

    minimum_length: int = 4
    maximum_length: int = 12
    refuse_all_dates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PinOwner:
    """What a PIN must not repeat of its owner: ``numbers`` are the card, identity and telephone numbers."""

    birth_date: date
    numbers: tuple[str, ...] = ()


def is_weak(pin: Secret, owner: PinOwner, today: date, rules: PinRules) -> bool:
    """Tell whether ``pin`` may not be chosen by ``owner``: too short, too common, or guessable from a lost wallet.

    The reason is not told, so that refusals do not narrow the search.
    """
    text = pin.reveal()
    if not (rules.minimum_length <= len(text) <= rules.maximum_length and text.isascii() and text.isdigit()):
        return True
    return (
        _has_constant_step(text)
        or _GROUPS.fullmatch(text) is not None
        or _is_year(text, today)
        or text in _COMMON
        or text in set(_dates_of(owner.birth_date))
        or (rules.refuse_all_dates and _is_any_date(text))
        or _repeats_a_number(text, owner.numbers)
    )


def _has_constant_step(text: str) -> bool:
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(text)}
    return len(steps) == 1 and steps <= {0, 1, 2, 8, 9}


def _is_year(text: str, today: date) -> bool:
    return len(text) == 4 and 1920 <= int(text) <= today.year + 10


def _dates_of(birth: date) -> Iterator[str]:
    return (
        birth.strftime(form) for form in ("%Y", "%d%m", "%m%d", "%d%y", "%m%y", "%y%m", "%d%m%y", "%y%m%d", "%d%m%Y")
    )


def _is_any_date(text: str) -> bool:
    if len(text) != 4:
        return False
    first, second = int(text[:2]), int(text[2:])
    return _is_day(first, second) or _is_day(second, first)


def _is_day(day: int, month: int) -> bool:
    try:
        date(2000, month, day)
    except ValueError:
        return False
    return True


def _repeats_a_number(text: str, numbers: tuple[str, ...]) -> bool:
    rows = ("".join(filter(str.isdecimal, number)) for number in numbers)
    return any(text in row or text[::-1] in row for row in rows)
