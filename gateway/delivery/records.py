"""A delivery as a plain record: what a library system that fetches is given, and what staff type in.

Every value comes from the view that the release table gave; a field that was not released is absent.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.domain.delivery import FeedEntry, Parcel
from registry.domain.patron import Address
from registry.domain.release import View

Value = str | int | list[str] | dict[str, "Value"]


def record_of(parcel: Parcel) -> dict[str, Value]:
    """Return the record of a patron, the fields in the order in which they are read."""
    return {name: value for name, value in _fields(parcel) if value is not None}


def entry_of(entry: FeedEntry) -> dict[str, Value]:
    """Return an entry of the feed: a number and what happened, and no value (D8)."""
    return {"sequence": entry.sequence, "card": entry.card, "kind": entry.kind.value, "at": entry.at.isoformat()}


def _fields(parcel: Parcel) -> Iterator[tuple[str, Value | None]]:
    view = parcel.view
    family, _, given = (view.name or "").partition(", ")
    yield "card", parcel.card
    yield "former_cards", list(parcel.former_cards) or None
    yield "local_id", parcel.local_id
    yield "family_name", family or None
    yield "given_name", given or None
    yield "birth_date", view.birth_date.isoformat() if view.birth_date else None
    yield "sex", view.sex.value if view.sex else None
    yield "registered_address", _address(view.registered_address)
    yield "own_address", _address(view.temporary_address)
    yield from _contacts(view)
    yield "welcomed_at", parcel.place
    yield "rules", _rules(parcel)


def _contacts(view: View) -> Iterator[tuple[str, Value | None]]:
    yield "mobile", view.mobile
    yield "phone", view.phone
    yield "email", view.email
    yield "language", view.language.value if view.language else None
    yield "home_library", view.home_library


def _address(address: Address | None) -> Value | None:
    if address is None:
        return None
    return {
        "lines": list(address.lines),
        "postal_code": address.postal_code,
        "place": address.place,
        "country": address.country,
    }


def _rules(parcel: Parcel) -> Value | None:
    if parcel.rules_version is None:
        return None
    accepted: dict[str, Value] = {} if parcel.accepted is None else {"accepted": parcel.accepted.isoformat()}
    return {"version": parcel.rules_version, **accepted}
