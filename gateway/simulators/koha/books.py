"""What happens in a simulated Koha: its patrons, as they are stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gateway.simulators.koha.world import FirstPatron, KohaWorld

FIRST_ID = 4711


@dataclass(slots=True, kw_only=True)
class StoredPatron:
    """One row of the patrons: `fields` as the interface names them, attributes as pairs of type and value."""

    id: int
    fields: dict[str, Any] = field(repr=False)
    attributes: list[tuple[str, str]] = field(default_factory=list, repr=False)
    password: str = field(default="!", repr=False)
    hindrances: list[str] = field(default_factory=list)
    superlibrarian: bool = False

    def set_password(self, text: str) -> None:
        """Keep what a password is checked by."""
        self.password = _hashed(text)

    def is_password(self, text: str) -> bool:
        """Whether it is the password; nothing is, of an account without one."""
        return hmac.compare_digest(self.password, _hashed(text))


@dataclass(slots=True, kw_only=True)
class Books:
    """All patrons, by Koha's own key."""

    patrons: dict[int, StoredPatron] = field(default_factory=dict)
    next_id: int = FIRST_ID

    def add(self, fields: dict[str, Any], attributes: list[tuple[str, str]]) -> StoredPatron:
        """Store a new patron, and return them."""
        patron = StoredPatron(id=self.next_id, fields=fields, attributes=attributes)
        self.patrons[patron.id] = patron
        self.next_id += 1
        return patron

    def holder(self, name: str, value: object) -> StoredPatron | None:
        """Return who has a value in a field, compared as the database does: without regard to case."""
        wanted = folded(value)
        return next((one for one in self if wanted is not None and folded(one.fields.get(name)) == wanted), None)

    def __iter__(self) -> Iterator[StoredPatron]:
        """Go through the patrons."""
        return iter(self.patrons.values())


def first_books(world: KohaWorld) -> Books:
    """Return the books as they are when the Koha is opened."""
    books = Books()
    for first in world.patrons:
        stored = books.add(_fields(first), list(first.attributes.items()))
        stored.hindrances = list(first.hindrances)
        stored.superlibrarian = first.superlibrarian
    return books


def folded(value: object) -> str | None:
    """A text as the database compares it."""
    return None if value is None else str(value).casefold()


def _fields(first: FirstPatron) -> dict[str, Any]:
    names = ("cardnumber", "userid", "surname", "firstname", "email", "library_id", "category_id")
    dates = {"date_of_birth": first.date_of_birth, "expiry_date": first.expiry_date}
    return {name: getattr(first, name) for name in names} | {name: _iso(day) for name, day in dates.items()}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _hashed(text: str) -> str:
    return hashlib.scrypt(text.encode(), salt=b"simulated", n=1024, r=8, p=1).hex()
