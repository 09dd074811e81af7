"""Invented patrons whose every field is a canary: what of them is seen where it must not be is found by searching."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from registry.domain.card import CardNumber
from registry.domain.identity_number import kind_of
from registry.domain.patron import Address
from registry.domain.secret import Secret
from registry.register import NewPatron

PIN, WRONG_PIN = "583920174655", "660193847251"
"""Twelve digits, as four would be found by chance."""
FAMILY, GIVEN = "Kanarifugløy", "Ærlingkanari"
BORN = date(1971, 3, 29)
STREET, EMAIL = "Kanarigata 8471", "kanari-8842@patron.example"


@dataclass(frozen=True, slots=True)
class Person:
    """One of them."""

    card: CardNumber
    given: str
    identity: str
    item: str
    """The barcode of the copy that they want to borrow."""

    @property
    def name(self) -> str:
        """As a library system writes it."""
        return f"{FAMILY}, {self.given}"


def people(count: int) -> Sequence[Person]:
    """Return so many, each with a card, a name, an identity number and a book of their own."""
    letters = map("".join, itertools.product(string.ascii_lowercase, repeat=3))
    rows = zip(range(count), letters, _identity_numbers(), strict=False)
    return tuple(
        Person(
            CardNumber(f"N{200_000_000 + number}"), f"{GIVEN} {word.title()}kanari", identity, f"{50_000_000 + number}"
        )
        for number, word, identity in rows
    )


def new_patron(person: Person) -> NewPatron:
    """Return what the register is told of one."""
    return NewPatron(
        family_name=FAMILY,
        given_name=person.given,
        birth_date=BORN,
        identity_number=Secret(person.identity),
        card=person.card,
        pin=Secret(PIN),
        registered_address=Address(lines=(STREET,), postal_code="6199", place="Kanarivågen"),
        mobile="+47 400 88 421",
        email=EMAIL,
    )


def _identity_numbers() -> Iterator[str]:
    """Return synthetic numbers (month + 80) of people born on the day, digit by digit as they check."""
    for tail in range(100_000):
        number = f"298371{tail:05d}"
        if kind_of(number) == "fnr+80":
            yield number
    for day, tail in itertools.product(range(1, 29), range(100_000)):
        number = f"{day:02d}8471{tail:05d}"
        if kind_of(number) == "fnr+80":
            yield number
