"""SIP2's dates, `YYYYMMDDZZZZHHMMSS`: written strictly, read leniently."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

BLANK_DATE = " " * 18
"""A date that is not given."""

NOT_SUPPORTED = "0" * 18
"""The date/time sync of an ACS that has none."""

_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)(.{4})(\d\d)(\d\d)(\d\d)", re.ASCII)

# Zone letters as in the 3M examples, Z = UTC and Q = Atlantic standard time; J is not a zone.
_ZONES = {letter: hours for hours, letter in enumerate("ABCDEFGHIKLM", 1)} | {
    letter: -hours for hours, letter in enumerate("NOPQRSTUVWXY", 1)
}


def write_date(when: datetime, *, utc: bool = False) -> str:
    """The date in 18 characters: the wall clock as it stands in `when`, or in UTC with the letter Z.

    `utc` needs an aware datetime and raises `ValueError` for a naive one.
    """
    zone = "    "
    if utc:
        if when.tzinfo is None:
            raise ValueError("a naive time cannot be turned into UTC")
        when, zone = when.astimezone(UTC), "   Z"
    return f"{when.year:04}{when.month:02}{when.day:02}{zone}{when.hour:02}{when.minute:02}{when.second:02}"


def read_date(text: str) -> datetime | None:
    """The date that is written here, or None when it cannot be read.

    Aware where the zone is a known letter, else naive: the wall clock of the peer, whatever its zone says.
    """
    parts = _DATE.fullmatch(text)
    if parts is None:
        return None
    year, month, day, zone, hour, minute, second = parts.groups()
    try:
        when = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        return None
    letter = zone.strip().upper()
    if letter == "Z":
        return when
    if letter in _ZONES:
        return when.replace(tzinfo=timezone(timedelta(hours=_ZONES[letter])))
    return when.replace(tzinfo=None)
