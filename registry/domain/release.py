"""The release table: which field may leave the register for whom. This is the privacy policy of the whole system.

Everything outside receives the :class:`View` that :func:`release` returns, so that a forgotten field cannot leak.
``docs/privacy.md`` is generated from this table. Sources: A23, A24, A26, A27, register rules on protected addresses.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from registry.domain.card import Card
from registry.domain.institution import InstitutionId
from registry.domain.patron import Address, Language, Patron, Sex


class Audience(enum.Enum):
    """Who receives, and in which situation."""

    # Each member is one object; Enum's own hash is a function in Python, and one is looked up with every message.
    __hash__ = object.__hash__

    TERMINAL_UNPROVED = "terminal, no PIN or wrong PIN"
    TERMINAL_GUEST = "terminal, PIN right, guest"
    TERMINAL_LOCAL = "terminal, PIN right, local"
    TERMINAL_SERVICE = "national service, PIN right"
    INITIATOR_GUEST = "initiator, guest, PIN right or granted look-up"
    INITIATOR_LOCAL = "initiator, local"
    DELIVERY = "delivery to the lending unit's library system, after consent"
    PAGE = "the library's page on the patron's device, PIN right"
    MAIL = "a notice to the patron, by mail"
    OPERATOR = "operator, no reason given"
    OPERATOR_WITH_REASON = "operator, reason audited"
    PATRON_LOW = "the patron, card and PIN"
    PATRON_SUBSTANTIAL = "the patron, password or one-time code"
    PATRON_HIGH = "the patron, ID-porten"


class Release(enum.Enum):
    """How a field leaves."""

    NO = "no"
    YES = "yes"
    UNPROTECTED = "unless the address is protected"
    PLACEHOLDER = "a neutral placeholder where the address is protected"
    MASKED = "masked"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class View:
    """What may leave, and nothing else: a field that was not released is ``None``. ``repr`` shows no values."""

    card_number: str | None = None
    given_name: str | None = None
    name: str | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    mobile_last_three: str | None = None
    registered_address: Address | None = None
    temporary_address: Address | None = None
    mobile: str | None = None
    phone: str | None = None
    email: str | None = None
    language: Language | None = None
    home_library: InstitutionId | None = None

    def __repr__(self) -> str:
        shown = [item.name for item in fields(self) if getattr(self, item.name) is not None]
        return f"View({', '.join(shown)})"


_N, _Y, _U, _P, _M = Release.NO, Release.YES, Release.UNPROTECTED, Release.PLACEHOLDER, Release.MASKED
_COLUMNS = tuple(Audience)

# One row per field of View, one column per Audience in the order of that class.
_ROWS: Mapping[str, tuple[Release, ...]] = {
    #               unproved guest local service | i.guest i.local delivery | page mail | op. op.reason | low sub. high
    "card_number": (_N, _N, _N, _N, _Y, _Y, _Y, _N, _N, _M, _Y, _Y, _Y, _Y),
    "given_name": (_N, _Y, _N, _N, _N, _N, _N, _Y, _N, _N, _N, _N, _N, _N),
    "name": (_N, _N, _Y, _N, _Y, _Y, _Y, _N, _N, _M, _Y, _Y, _Y, _Y),
    "birth_date": (_N, _N, _N, _N, _Y, _Y, _Y, _N, _N, _N, _Y, _N, _N, _Y),
    "sex": (_N, _N, _N, _N, _Y, _Y, _Y, _N, _N, _N, _Y, _N, _N, _Y),
    "mobile_last_three": (_N, _N, _N, _N, _Y, _N, _N, _N, _N, _N, _N, _N, _N, _N),
    "registered_address": (_N, _N, _N, _N, _N, _U, _P, _N, _N, _N, _U, _N, _N, _Y),
    "temporary_address": (_N, _N, _N, _N, _N, _U, _P, _N, _N, _N, _U, _N, _Y, _Y),
    "mobile": (_N, _N, _N, _N, _N, _Y, _Y, _N, _N, _N, _Y, _M, _Y, _Y),
    "phone": (_N, _N, _N, _N, _N, _Y, _Y, _N, _N, _N, _Y, _M, _Y, _Y),
    "email": (_N, _N, _N, _N, _N, _Y, _Y, _N, _Y, _N, _Y, _M, _Y, _Y),
    "language": (_N, _Y, _Y, _Y, _N, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y),
    "home_library": (_N, _N, _N, _N, _N, _Y, _Y, _N, _N, _Y, _Y, _Y, _Y, _Y),
}  # fmt: skip

TABLE: Mapping[str, Mapping[Audience, Release]] = {
    name: dict(zip(_COLUMNS, row, strict=True)) for name, row in _ROWS.items()
}
"""Field of :class:`View` × :class:`Audience` → :class:`Release`: complete, as the tests assert."""

NEUTRAL_ADDRESS = Address(lines=("Adresse ikke oppgitt",), postal_code="0000", place="-")
"""Stands where a library system insists on an address that is protected."""

WIRES: Mapping[str, tuple[str, str]] = {
    "card_number": ("AA", "UserId"),
    "given_name": ("AE", "cannot be carried alone"),
    "name": ("AE", "NameInformation"),
    "birth_date": ("not sent", "DateOfBirth"),
    "sex": ("not sent", "cannot be carried: NCIP has no element for it"),
    "mobile_last_three": ("not sent", "UserAddressInformation (tel)"),
    "registered_address": ("not sent", "UserAddressInformation"),
    "temporary_address": ("not sent", "UserAddressInformation"),
    "mobile": ("not sent", "UserAddressInformation (tel)"),
    "phone": ("not sent", "UserAddressInformation (tel)"),
    "email": ("not sent", "UserAddressInformation (mailto)"),
    "language": ("language of the answer", "UserLanguage"),
    "home_library": ("not sent", "UserPrivilege"),
}
"""Field → what carries it in SIP2, and in NCIP."""

NEVER = (
    "identity number (but to the patron at the high level, on a page of its own)",
    "PIN",
    "password",
    "loans, reminders, fees and claims: the register has none (A24)",
)
"""What leaves for nobody; no :class:`View` has a place for it."""


def release(patron: Patron, card: Card, audience: Audience) -> View:
    """Return what ``audience`` may know of this patron and card: the only way personal data leaves the register."""
    return View(**{name: reader(patron, card) for name, reader in _READERS[audience]})


_Reader = Callable[[Patron, Card], Any]


def _masked_text(text: str | None) -> str | None:
    return None if text is None else text[:1] + "***" + text[-2:] if len(text) > 4 else "***"


def _reader(name: str, how: Release) -> _Reader:
    def plain(patron: Patron, card: Card) -> Any:
        return card.number if name == "card_number" else getattr(patron, name)

    def unless_protected(patron: Patron, card: Card) -> Any:
        return None if patron.protected else plain(patron, card)

    def placeholder(patron: Patron, card: Card) -> Any:
        return NEUTRAL_ADDRESS if patron.protected else plain(patron, card)

    def masked(patron: Patron, card: Card) -> Any:
        return _masked_text(plain(patron, card))

    return {
        Release.YES: plain,
        Release.UNPROTECTED: unless_protected,
        Release.PLACEHOLDER: placeholder,
        Release.MASKED: masked,
    }[how]


_READERS: Mapping[Audience, tuple[tuple[str, _Reader], ...]] = {
    audience: tuple(
        (name, _reader(name, row[audience])) for name, row in TABLE.items() if row[audience] is not Release.NO
    )
    for audience in Audience
}
