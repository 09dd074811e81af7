"""What becomes of a patron's entry when contact data, language or home library are changed: all of it or nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from registry.domain.initiating import Fields, Objected, Objection, Part, Telephone
from registry.domain.institution import InstitutionId
from registry.domain.patron import Address, Language, Patron

_EMAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,190}")
_NUMBER = re.compile(r"\+?[0-9 ()/-]{3,24}")
_NORWAY = re.compile(r"(?:\+|00)47(?=[0-9]{8}$)")
_LONGEST_LINE = 120
_MOST_LINES = 3


def changed(
    patron: Patron, taken: Fields, added: Fields, is_local_at: Callable[[InstitutionId], bool]
) -> Patron | Objected:
    """Return the entry after the change, or what stands in the way; ``patron`` itself where nothing changes.

    Only what is there can be taken away; what comes replaces its like. A home library is exchanged, never taken away
    alone, and only for one at which ``is_local_at`` tells that the patron is local.
    """
    for fields, why in ((taken, Objection.NOT_THERE), (added, Objection.NOT_ALLOWED)):
        if fields.foreign:
            return Objected(why, fields.foreign[0])
    lessened = _without(patron, taken, added)
    return lessened if isinstance(lessened, Objected) else _with(lessened, added, is_local_at)


def with_contacts(patron: Patron, contacts: Fields) -> Patron | Objected:
    """Return a new entry with its first contact data, or which of them cannot be one."""
    return _with(patron, contacts, lambda _: False)


def _without(patron: Patron, taken: Fields, added: Fields) -> Patron | Objected:
    changes: dict[str, Any] = {}
    for telephone in taken.telephones:
        names = [name for name in ("mobile", "phone") if _is_number(getattr(patron, name), telephone.number)]
        if not names:
            return Objected(Objection.NOT_THERE, Part.TELEPHONE)
        changes |= dict.fromkeys(names)
    for email in taken.emails:
        if (patron.email or "").casefold() != email.casefold():
            return Objected(Objection.NOT_THERE, Part.EMAIL)
        changes["email"] = None
    if taken.address is not None:
        if patron.temporary_address is None or _plain(patron.temporary_address) != _plain(taken.address):
            return Objected(Objection.NOT_THERE, Part.ADDRESS)
        changes["temporary_address"] = None
    if taken.language is not None:
        if patron.language is not taken.language:
            return Objected(Objection.NOT_THERE, Part.LANGUAGE)
        changes["language"] = Language.NB
    if taken.home_library is not None and (taken.home_library != patron.home_library or added.home_library is None):
        return Objected(Objection.NOT_THERE, Part.HOME_LIBRARY)
    return _replaced(patron, changes)


def _with(patron: Patron, added: Fields, is_local_at: Callable[[InstitutionId], bool]) -> Patron | Objected:
    changes: dict[str, Any] = {}
    for telephone in added.telephones:
        if not _NUMBER.fullmatch(telephone.number):
            return Objected(Objection.NOT_ALLOWED, Part.TELEPHONE)
        changes["mobile" if is_mobile(telephone) else "phone"] = telephone.number
    for email in added.emails:
        if not (_EMAIL.fullmatch(email) and email.isprintable()):
            return Objected(Objection.NOT_ALLOWED, Part.EMAIL)
        changes["email"] = email
    if added.address is not None:
        if not _is_fit(added.address):
            return Objected(Objection.NOT_ALLOWED, Part.ADDRESS)
        changes["temporary_address"] = added.address
    if added.language is not None:
        changes["language"] = added.language
    if added.home_library is not None:
        if not is_local_at(added.home_library):
            return Objected(Objection.NOT_ALLOWED, Part.HOME_LIBRARY)
        changes["home_library"] = added.home_library
    return _replaced(patron, changes)


def is_mobile(telephone: Telephone) -> bool:
    """Tell whether a number is a mobile one: told so, or by Norway's numbering plan (8 digits that begin 4 or 9)."""
    number = _bare(telephone.number)
    return telephone.takes_texts or (len(number) == 8 and number[0] in "49")


def _bare(number: str) -> str:
    return _NORWAY.sub("", re.sub(r"[^+0-9]", "", number))


def _is_number(known: str | None, told: str) -> bool:
    return known is not None and _bare(known) == _bare(told)


def _plain(address: Address) -> tuple[str, ...]:
    words = (*address.lines, address.postal_code, address.place)
    return tuple(" ".join(word.split()).casefold() for word in words if word.strip())


def _is_fit(address: Address) -> bool:
    words = (*address.lines, address.postal_code, address.place, address.country)
    return (
        len(address.lines) <= _MOST_LINES
        and bool("".join(address.lines).strip() or address.place.strip())
        and all(word.isprintable() and len(word) <= _LONGEST_LINE for word in words)
    )


def _replaced(patron: Patron, changes: dict[str, Any]) -> Patron:
    fresh = {name: value for name, value in changes.items() if getattr(patron, name) != value}
    return dataclasses.replace(patron, **fresh) if fresh else patron
