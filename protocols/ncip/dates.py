"""Dates and times as NCIP systems write them: xs:dateTime, and what they send instead of it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

_WHEN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,12}))?)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_NORWAYS_LATEST = timedelta(hours=2)


def instant(text: str, zone: tzinfo = UTC) -> datetime | None:
    """The instant in UTC that a text tells; `zone` holds where the text names none; nothing where it is no date.

    A bare date is its first moment in UTC, seconds may be missing.
    """
    told = _told(text.strip())
    if told is None:
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC if "T" not in text else zone)
    try:
        return told.astimezone(UTC)
    except OverflowError:
        return None


def birth_date(text: str) -> date | None:
    """The calendar date of birth that a text tells; nothing where it is no date.

    Systems that store local midnight send 22:00 or 23:00 UTC of the day before (1990-05-16T22:00:00Z is 17 May), so
    a time other than midnight is moved to the latest that Norway's clocks have ever stood.
    """
    told = _told(text.strip())
    if told is None:
        return None
    if told.tzinfo is None or (told.hour, told.minute, told.second) == (0, 0, 0):
        return told.date()
    try:
        return told.astimezone(timezone(_NORWAYS_LATEST)).date()
    except OverflowError:
        return None


def _told(text: str) -> datetime | None:
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    # xs:dateTime knows midnight at the end of a day.
    last = (hour, minute, second or "00") == ("24", "00", "00")
    try:
        told = datetime(
            int(year), int(month), int(day), 0 if last else int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(6, "0")[:6]), tzinfo=_zone(offset),
        )  # fmt: skip
        return told + timedelta(days=1) if last else told
    except (ValueError, OverflowError):
        return None


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset == "Z":
        return UTC
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:])))


def written_instant(when: datetime) -> str:
    """An instant as xs:dateTime in UTC; raises `ValueError` for one without a zone."""
    if when.tzinfo is None:
        raise ValueError("an instant needs a zone")
    text = when.astimezone(UTC).replace(tzinfo=None).isoformat()
    return text + "Z"


def written_birth_date(born: date) -> str:
    """A date of birth as xs:dateTime: midnight, marked UTC, so that the date part is the date."""
    return f"{born.year:04}-{born.month:02}-{born.day:02}T00:00:00Z"
