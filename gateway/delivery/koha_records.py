"""Patrons as Koha's REST interface writes them: read from its answers, and made from what a delivery brings.

Only fields that every version accepts are sent: one unknown property, and Koha refuses the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from gateway.delivery.mapping import RecordMapping
from registry.domain.delivery import Parcel
from registry.domain.patron import Address
from registry.domain.recognition import Recognition, Sighting, recognise
from registry.domain.release import View

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KohaPatron:
    """What is read of a patron in an answer; ``repr`` shows nothing of it.

    ``born`` is the text that Koha gave, ``attributes`` are pairs of type and value.
    """

    id: int = field(repr=False)
    branch: str = field(repr=False)
    category: str = field(repr=False)
    card: str | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    surname: str = field(default="", repr=False)
    firstname: str = field(default="", repr=False)
    born: str | None = field(default=None, repr=False)
    expires: str | None = field(default=None, repr=False)
    attributes: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def local_id(self) -> str | None:
        """What kiosks and NCIP know the patron by at this library: Koha finds by these two, and not by its own key."""
        return self.card or self.user

    def is_under(self, number: str) -> bool:
        """Tell whether the patron has exactly this number; Koha itself compares without regard to case."""
        return number in (self.card, self.user)


def read_patron(body: object) -> KohaPatron | None:
    """Return the patron in an answer, or ``None`` where there is none."""
    if not isinstance(body, dict):
        return None
    key = body.get("patron_id")
    if not isinstance(key, int) or isinstance(key, bool) or key <= 0:
        return None
    return KohaPatron(
        id=key,
        branch=_text(body, "library_id") or "",
        category=_text(body, "category_id") or "",
        card=_text(body, "cardnumber"),
        user=_text(body, "userid"),
        surname=_text(body, "surname") or "",
        firstname=_text(body, "firstname") or "",
        born=_text(body, "date_of_birth"),
        expires=_text(body, "expiry_date"),
        attributes=_attributes(body.get("extended_attributes")),
    )


def fits(found: KohaPatron, view: View) -> bool:
    """Tell whether who was found is who is brought, by name and birth date; in doubt not."""
    names = names_of(view)
    birth_date = _day(found.born)
    if names is None or view.birth_date is None or (found.born is not None and birth_date is None):
        return False
    name = f"{found.surname}, {found.firstname}".strip(", ")
    if not name:  # a number alone is no person
        return False
    sighting = Sighting(known=True, name=name, birth_date=birth_date)
    family, given = names
    recognised = recognise(sighting, family_name=family, given_name=given, birth_date=view.birth_date)
    return recognised is Recognition.KNOWN


def is_still(found: KohaPatron, view: View) -> bool:
    """Tell whether who was adopted once may be who is brought: a name may have changed, a birth date does not."""
    return found.born is None or view.birth_date is None or _day(found.born) == view.birth_date


def new_record(parcel: Parcel, mapping: RecordMapping, today: date, attribute_type: str | None) -> Record | None:
    """Return what creates a patron, or ``None`` without a name.

    Both numbers are set, so that a second creation is refused. There is no password: Koha then makes one that nobody
    has.
    """
    person = _person(parcel, mapping)
    if person is None:
        return None
    record: Record = {"cardnumber": parcel.card, "userid": parcel.card}
    record |= {name: value for name, value in person.items() if value is not None}
    record |= {"library_id": mapping.branch_for(parcel.place), "category_id": mapping.category_for(parcel.age)}
    expiry = mapping.expiry_from(today)
    if expiry is not None:
        record["expiry_date"] = expiry.isoformat()
    if attribute_type is not None:
        record["extended_attributes"] = [{"type": attribute_type, "value": parcel.card}]
    return record


def changed_record(found: KohaPatron, parcel: Parcel, mapping: RecordMapping) -> Record | None:
    """Return what brings a patron up to date, or ``None`` without a name.

    What is given up is cleared by ``null``; what stays out stays as it is. Branch and category are the library's own
    by now, and go along only because they must.
    """
    person = _person(parcel, mapping)
    if person is None:
        return None
    unknown = _NO_ADDRESS if _address_of(parcel.view) is None else frozenset()
    record = {name: value for name, value in person.items() if name not in unknown and not _is_unsaid(name, value)}
    record["library_id"] = found.branch or mapping.branch_for(parcel.place)
    record["category_id"] = found.category or mapping.category_for(parcel.age)
    return record | _renumbered(found, parcel)


def ended_record(found: KohaPatron, view: View, today: date) -> Record | None:
    """Return what lets a patron expire yesterday, or ``None`` who has expired already."""
    yesterday = today - timedelta(days=1)
    expires = _day(found.expires)
    if expires is not None and expires <= yesterday:
        return None
    names = names_of(view)
    return {
        "surname": found.surname or (names[0] if names else "-"),
        "library_id": found.branch,
        "category_id": found.category,
        "expiry_date": yesterday.isoformat(),
    }


def names_of(view: View) -> tuple[str, str] | None:
    """Return family and given names, or ``None`` where there are none."""
    family, _, given = (view.name or "").partition(",")
    return (family.strip(), given.strip()) if family.strip() else None


_NO_ADDRESS = frozenset({"address", "address2", "postal_code", "city", "country"})


def _person(parcel: Parcel, mapping: RecordMapping) -> Record | None:
    view = parcel.view
    names = names_of(view)
    if names is None:
        return None
    return {
        "surname": names[0],
        "firstname": names[1] or None,
        "date_of_birth": view.birth_date.isoformat() if view.birth_date else None,
        **_address(_address_of(view)),
        "email": view.email or None,
        "phone": view.phone or None,
        "mobile": view.mobile or None,
        "lang": mapping.language_for(view.language),
        **({"sms_number": view.mobile or None} if mapping.text_messages else {}),
    }


def _is_unsaid(name: str, value: object) -> bool:
    """Whether an absence is none that a patron has chosen, and must not clear what the library has."""
    return value is None and name in ("date_of_birth", "lang")


def _address_of(view: View) -> Address | None:
    """Return where letters reach the patron: Koha has one address, and the patron's own is the one in use."""
    return view.temporary_address or view.registered_address


def _address(address: Address | None) -> Record:
    if address is None:
        return dict.fromkeys(sorted(_NO_ADDRESS))
    return {
        "address": address.lines[0] if address.lines else None,
        "address2": ", ".join(address.lines[1:]) or None,
        "postal_code": address.postal_code or None,
        "city": address.place or None,
        # Koha prints it on letters, so it stands only where letters go abroad.
        "country": None if address.country == "NO" else address.country,
    }


def _renumbered(found: KohaPatron, parcel: Parcel) -> Record:
    """Where a card was replaced, the new one becomes the login name, by which Koha finds as well.

    The card number stays: it is the local id by which kiosks are forwarded, also while this is under way.
    """
    is_replaced = found.card is not None and found.user in parcel.former_cards
    return {"userid": parcel.card} if is_replaced else {}


def _attributes(told: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(told, list):
        return ()
    pairs = ((_text(one, "type"), _text(one, "value")) for one in told if isinstance(one, dict))
    return tuple((kind, value) for kind, value in pairs if kind is not None and value is not None)


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
