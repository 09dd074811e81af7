"""The flags that travel as a row of letters, as small values that are strings and may be given to a message as is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Self

YES, NO = "Y", "N"
DONE, REFUSED = "1", "0"
"""Of the field `ok`."""


def yes(value: str | None) -> bool:
    """Whether a flag says Y (or 1); absent, blank and everything else is no."""
    return value in {"Y", "y", "1"}


def yes_or_no(condition: bool) -> str:
    """`Y` or `N`."""
    return YES if condition else NO


def count4(number: int) -> str:
    """A count in four digits, 0000 to 9999."""
    return f"{min(max(number, 0), 9999):04}"


def read_number(text: str | None) -> int | None:
    """A count or number of a peer, None where it is blank, absent or not a number."""
    stripped = (text or "").strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) < 19 else None


class PatronFlag(IntEnum):
    """The positions of the patron status: a Y means that it is so, and mostly that something is denied."""

    CHARGE_DENIED = 0
    RENEWAL_DENIED = 1
    RECALL_DENIED = 2
    HOLD_DENIED = 3
    CARD_LOST = 4
    TOO_MANY_CHARGED = 5
    TOO_MANY_OVERDUE = 6
    TOO_MANY_RENEWALS = 7
    TOO_MANY_CLAIMS_RETURNED = 8
    TOO_MANY_LOST = 9
    EXCESSIVE_FINES = 10
    EXCESSIVE_FEES = 11
    RECALL_OVERDUE = 12
    TOO_MANY_BILLED = 13


ALL_DENIED = (
    PatronFlag.CHARGE_DENIED,
    PatronFlag.RENEWAL_DENIED,
    PatronFlag.RECALL_DENIED,
    PatronFlag.HOLD_DENIED,
)
"""What is set for a card that can do nothing here: the first four."""


class PatronStatus(str):
    """Fourteen flags, `Y` or blank; made of any text, short, long or in lower case."""

    __slots__ = ()

    def __new__(cls, text: str = "") -> Self:
        return super().__new__(cls, "".join("Y" if letter in "Yy" else " " for letter in text[:14]).ljust(14))

    @classmethod
    def of(cls, *flags: PatronFlag) -> Self:
        """The status with these flags set."""
        return cls("".join("Y" if place in flags else " " for place in PatronFlag))

    @property
    def flags(self) -> frozenset[PatronFlag]:
        """The flags that are set."""
        return frozenset(place for place in PatronFlag if self[place] == "Y")

    def __or__(self, other: str) -> PatronStatus:
        """The status with the flags of either."""
        return PatronStatus.of(*self.flags, *PatronStatus(other).flags)


class SummaryList(IntEnum):
    """The positions of the summary in a 63, and so the list that is asked for."""

    HOLD = 0
    OVERDUE = 1
    CHARGED = 2
    FINE = 3
    RECALL = 4
    UNAVAILABLE_HOLDS = 5


class Summary(str):
    """Ten flags, of which the first `Y` counts."""

    __slots__ = ()

    def __new__(cls, text: str = "") -> Self:
        return super().__new__(cls, "".join("Y" if letter in "Yy" else " " for letter in text[:10]).ljust(10))

    @classmethod
    def asking(cls, wanted: SummaryList | None = None) -> Self:
        """The summary that asks for this list, or for counts alone."""
        return cls("" if wanted is None else " " * wanted + "Y")

    @property
    def wanted(self) -> SummaryList | None:
        """The list that is asked for; None when it is none of the six."""
        place = self.find("Y")
        return SummaryList(place) if 0 <= place < len(SummaryList) else None


# The number of the request that stands for each position; position 5 covers 96 as well.
_SERVICES = ("23", "11", "09", "01", "99", "97", "93", "63", "35", "37", "17", "19", "25", "15", "29", "65")
_SERVICES_OF_1_00 = ("23", "11", "09", "01", "99", "97")


class SupportedMessages(str):
    """Sixteen flags of a 98: which requests are answered.

    Made of what a peer sent: too short counts as no for the rest, nothing at all as version 1.00.
    """

    __slots__ = ()

    def __new__(cls, text: str | None = None) -> Self:
        text = (text or "").rstrip()
        if not text:
            text = "".join(yes_or_no(number in _SERVICES_OF_1_00) for number in _SERVICES)
        return super().__new__(cls, "".join("Y" if letter in "Yy" else "N" for letter in text[:16]).ljust(16, "N"))

    @classmethod
    def of(cls, numbers: Iterable[str]) -> Self:
        """The flags for these request numbers."""
        wanted = frozenset(numbers)
        return cls("".join(yes_or_no(number in wanted) for number in _SERVICES))

    @property
    def numbers(self) -> frozenset[str]:
        """The numbers of the requests that are answered."""
        return frozenset(number for number, flag in zip(_SERVICES, self, strict=True) if flag == "Y")

    def __and__(self, other: str) -> SupportedMessages:
        """What both support."""
        return SupportedMessages.of(self.numbers & SupportedMessages(other).numbers)
