"""Fields beyond SIP2 2.00, a row each: which answers carry it and what it says. Sent where the rules name the tag.

Their meanings collide between vendors; these are the ones of Koha, Evergreen, FOLIO, Polaris and Atriuum, and 3M's
extension of 2005.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from gateway.simulators.ils.desk import Desk
from gateway.simulators.ils.world import Item, Patron
from protocols.sip2 import write_date

Others = tuple[tuple[str, str], ...]


def _day(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _moment(day: date | None) -> str:
    return write_date(datetime.combine(day, time.min)) if day else ""


def _is_expired(desk: Desk, patron: Patron) -> str:
    return "Y" if patron.expires is not None and patron.expires < desk.today else "N"


OF_PATRON: Mapping[str, Callable[[Desk, Patron], str]] = {
    "AQ": lambda desk, patron: patron.home,
    "BC": lambda desk, patron: _moment(patron.born),
    "PA": lambda desk, patron: _day(patron.expires),
    "PB": lambda desk, patron: _day(patron.born),
    "PC": lambda desk, patron: patron.category,
    "PD": lambda desk, patron: _day(patron.born),
    "PI": lambda desk, patron: "N",
    "PX": lambda desk, patron: _moment(patron.expires),
    "PY": _is_expired,
    "XI": lambda desk, patron: patron.id,
}
"""In a 64."""

OF_ITEM: Mapping[str, Callable[[Desk, Item], str]] = {
    "CR": lambda desk, item: item.collection,
    "CS": lambda desk, item: item.call_number,
}
"""In a 10 and an 18."""

OF_LIBRARY: Mapping[str, str] = {"GG": "SIMULATOR"}
"""In a 98."""

ELSEWHERE = frozenset({"CT", "CV", "CY", "DA", "BF", "CM"})
"""In a 10 when an item must go somewhere: see `checkin`."""

KNOWN = ELSEWHERE | OF_PATRON.keys() | OF_ITEM.keys() | OF_LIBRARY.keys()
"""Every tag that the rules may name."""


def of_patron(desk: Desk, patron: Patron) -> Others:
    """Return the further fields of a 64; those that say nothing are left out."""
    rows = [(tag, say(desk, patron)) for tag, say in OF_PATRON.items() if tag in desk.rules.extensions]
    return (*((tag, value) for tag, value in rows if value), *patron.fields.items())


def of_item(desk: Desk, item: Item) -> Others:
    """Return the further fields of an item."""
    rows = [(tag, say(desk, item)) for tag, say in OF_ITEM.items() if tag in desk.rules.extensions]
    return tuple((tag, value) for tag, value in rows if value)


def of_library(desk: Desk) -> Others:
    """Return the further fields of a 98."""
    return tuple(row for row in OF_LIBRARY.items() if row[0] in desk.rules.extensions)


def chosen(desk: Desk, fields: Others) -> Others:
    """Return those of the fields whose tags the rules name."""
    return tuple(field for field in fields if field[0] in desk.rules.extensions and field[1])
