"""Rows and what they mean: each kind of row has its columns in one order, and one function that reads that order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column

from registry.domain.attempts import Attempt, CardLog
from registry.domain.card import Card
from registry.domain.patron import Address, Credentials, Patron, StoredSecret
from registry.domain.standing import Standing
from registry.storage import tables

Row = Sequence[Any]

_CARD_NAMES = ("number", "patron", "state", "kind", "replaced_by", "issued_at")
_ATTEMPT_NAMES = ("at", "terminal", "in_a_row", "of_the_day", "under_way")
_STANDING_NAMES = ("patron", "unit", "state", "since", "origin", "local_id")
_PLAIN_NAMES = (
    "id",
    "family_name",
    "given_name",
    "birth_date",
    "sex",
    "mobile",
    "phone",
    "email",
    "language",
    "home_library",
    "protected",
    "minimum_level",
    "identity_proved",
    "created_at",
    "last_activity",
)
_REGISTERED, _TEMPORARY = (
    tuple(f"{kind}_{part}" for part in ("lines", "postal_code", "place", "country"))
    for kind in ("registered", "temporary")
)
_SECRET_NAMES = ("pin_hash", "pin_pepper", "password_hash", "password_pepper")

CARD_COLUMNS: tuple[Column[Any], ...] = tuple(tables.card.c[name] for name in _CARD_NAMES)
ATTEMPT_COLUMNS: tuple[Column[Any], ...] = tuple(tables.attempt.c[name] for name in _ATTEMPT_NAMES)
STANDING_COLUMNS: tuple[Column[Any], ...] = tuple(tables.standing.c[name] for name in _STANDING_NAMES)
PATRON_COLUMNS: tuple[Column[Any], ...] = tuple(
    tables.patron.c[name] for name in (*_PLAIN_NAMES, *_REGISTERED, *_TEMPORARY, *_SECRET_NAMES)
)
"""What a look-up reads of a patron; the identity number and the salt are not in it."""


def card_of(row: Row) -> Card:
    """Return the card of a row of ``CARD_COLUMNS``."""
    number, patron, state, kind, replaced_by, issued_at = row
    return Card(number=number, patron=patron, state=state, kind=kind, replaced_by=replaced_by, issued_at=issued_at)


def card_values(card: Card) -> dict[str, Any]:
    """Return the row of a card."""
    return {name: getattr(card, name) for name in _CARD_NAMES}


def card_log(rows: Iterable[Row], day: datetime | None = None) -> CardLog:
    """Return what rows of ``ATTEMPT_COLUMNS`` count against their card, if the day began after ``day``."""
    row_of_failures, daily = [], []
    for at, terminal, in_a_row, of_the_day, under_way in rows:
        attempt = Attempt(at, terminal, under_way)
        if in_a_row:
            row_of_failures.append(attempt)
        if of_the_day and (day is None or at > day):
            daily.append(attempt)
    return CardLog(consecutive=tuple(row_of_failures), daily=tuple(daily))


def standing_of(row: Row) -> Standing:
    """Return the standing of a row of ``STANDING_COLUMNS``."""
    patron, unit, state, since, origin, local_id = row
    return Standing(patron=patron, unit=unit, state=state, since=since, origin=origin, local_id=local_id)


def standing_values(standing: Standing) -> dict[str, Any]:
    """Return the row of a standing."""
    return {name: getattr(standing, name) for name in _STANDING_NAMES}


def patron_of(row: Row) -> tuple[Patron, Credentials]:
    """Return the patron and the credentials of a row of ``PATRON_COLUMNS``."""
    (
        key, family, given, birth, sex, mobile, phone, email, language, home, protected, level, proved, created, active,
        lines1, code1, place1, country1, lines2, code2, place2, country2, pin, pin_pepper, word, word_pepper,
    ) = row  # fmt: skip
    patron = Patron(
        id=key,
        family_name=family,
        given_name=given,
        birth_date=birth,
        sex=sex,
        registered_address=None if country1 is None else _address(lines1, code1, place1, country1),
        temporary_address=None if country2 is None else _address(lines2, code2, place2, country2),
        mobile=mobile,
        phone=phone,
        email=email,
        language=language,
        home_library=home,
        protected=protected,
        minimum_level=level,
        identity_proved=proved,
        created_at=created,
        last_activity=active,
    )
    return patron, Credentials(pin=_secret(pin, pin_pepper), password=_secret(word, word_pepper))


def patron_values(patron: Patron, credentials: Credentials) -> dict[str, Any]:
    """Return the row of a patron, without the identity number and the salt."""
    return {
        **{name: getattr(patron, name) for name in _PLAIN_NAMES},
        **dict(zip(_REGISTERED, _address_values(patron.registered_address), strict=True)),
        **dict(zip(_TEMPORARY, _address_values(patron.temporary_address), strict=True)),
        **secret_values("pin", credentials.pin),
        **secret_values("password", credentials.password),
    }


def changeable_values(patron: Patron) -> dict[str, Any]:
    """Return the part of a patron's row that library systems and patrons themselves may change."""
    return {
        **{name: getattr(patron, name) for name in ("mobile", "phone", "email", "language", "home_library")},
        **dict(zip(_TEMPORARY, _address_values(patron.temporary_address), strict=True)),
    }


def secret_values(kind: str, secret: StoredSecret | None) -> dict[str, str | None]:
    """Return the two columns of a stored secret."""
    return {
        f"{kind}_hash": None if secret is None else secret.hashed,
        f"{kind}_pepper": None if secret is None else secret.pepper,
    }


def _secret(hashed: str | None, pepper: str) -> StoredSecret | None:
    return None if hashed is None else StoredSecret(hashed=hashed, pepper=pepper)


def _address(lines: str, postal_code: str, place: str, country: str) -> Address:
    return Address(
        lines=tuple(lines.split("\n")) if lines else (), postal_code=postal_code, place=place, country=country
    )


def _address_values(address: Address | None) -> tuple[str | None, ...]:
    if address is None:
        return (None, None, None, None)
    # A line break within a line would come back as two lines.
    lines = "\n".join(" ".join(line.splitlines()) for line in address.lines)
    return (lines, address.postal_code, address.place, address.country)
