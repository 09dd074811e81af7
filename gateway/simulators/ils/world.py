"""What a simulated library is made of, before anything has happened in it: rules, patrons, items, and a start.

What happens later is in the ledger. Every class is read from a table of the world file, key by key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import ConfigDict

_STRICT = ConfigDict(extra="forbid")

USUAL_EXTENSIONS = frozenset({"AQ", "CT", "CV", "PB", "PC", "XI"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patron:
    """A patron of this library; `id` is the local patron id, `cards` are the other numbers that find them.

    Without a `pin` no PIN is ever right. `fields` are further variable fields of a 64, by tag.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: str
    name: str = field(repr=False)
    pin: str | None = field(default=None, repr=False)
    cards: tuple[str, ...] = field(default=(), repr=False)
    born: date | None = field(default=None, repr=False)
    address: str = field(default="", repr=False)
    address_protected: bool = False
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    category: str = "VOKSEN"
    home: str = ""
    expires: date | None = None
    blocked: str = field(default="", repr=False)
    fields: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A copy with a barcode; copies with the same `title_id` (by default the title) serve the same holds."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    barcode: str
    title: str
    title_id: str = ""
    location: str = ""
    loan_days: int = 28
    fee: Decimal = Decimal(0)
    reference_only: bool = False
    media_type: str = "001"
    magnetic: bool = False
    call_number: str = ""
    collection: str = ""
    sort_bin: str = ""

    @property
    def work(self) -> str:
        """What a hold on any copy is for."""
        return self.title_id or self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstLoan:
    """A loan that exists when the library opens; a negative `due_in_days` makes it overdue."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    patron: str
    item: str
    due_in_days: int = 28
    renewals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstHold:
    """A hold that exists when the library opens; `on_shelf` has the item wait for this patron."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    patron: str
    item: str
    on_shelf: bool = False
    pickup: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFee:
    """A fee that is owed when the library opens."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    patron: str
    amount: Decimal
    text: str = "Gebyr"
    type: str = "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that the library admits."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How this library lends and how its system answers; `quirks` are names out of `gateway.simulators.ils.quirks`.

    `answers_with` says which number stands in AA of a 24, 64 or 26: by the protocol the one that was asked with,
    yet some systems answer with the patron's own number here. `extensions` are the tags beyond SIP2 2.00 to send.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    institution: str = "NO-2030000"
    name: str = "Storbyen folkebibliotek"
    branches: tuple[str, ...] = ()
    currency: str = "NOK"
    loans_limit: int = 20
    overdue_limit: int = 5
    holds_limit: int = 10
    fee_limit: Decimal = Decimal(200)
    renewals_limit: int = 2
    renews: bool = True
    hold_shelf_days: int = 7
    pin_for_loans: bool = False
    answers_with: Literal["card", "local id"] = "card"
    tells_borrower: bool = True
    sends_protected_addresses: bool = True
    full_record_for_wrong_pin: bool = False
    yes_to_no_pin: bool = False
    extensions: frozenset[str] = USUAL_EXTENSIONS
    unsupported: frozenset[str] = frozenset()
    insists_on: frozenset[str] = frozenset()
    due_date_format: str = "%d.%m.%Y"
    timeout_tenths: int = 30
    retries: int = 3
    version: str = "2.00"
    quirks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How the library's system speaks on a connection; `idle` in seconds, 0 for no limit."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    encoding: str = "utf-8"
    delimiter: str = "|"
    terminator: Literal["CR", "LF", "CRLF"] = "CR"
    error_detection: Literal["as asked", "required"] = "as asked"
    lenient_checksum: bool = True
    login_required: bool = True
    status_before_login: bool = True
    strangers: Literal["close", "refuse"] = "close"
    login_tries: int = 3
    idle: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ncip:
    """How the library's system answers NCIP; with a `secret`, only to those who send it with their agency.

    `answers_with` says whether a new patron is answered with the local id or with the number that was sent.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    secret: str | None = field(default=None, repr=False)
    answers_with: Literal["card", "local id"] = "local id"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A whole library on its first day; raises `ValueError` where its parts do not fit together.

    With no logins told, every login is admitted. `faults` are written as for the control port.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    rules: Rules = Rules()
    line: Line = Line()
    ncip: Ncip = Ncip()
    logins: tuple[Login, ...] = ()
    patrons: tuple[Patron, ...] = ()
    items: tuple[Item, ...] = ()
    loans: tuple[FirstLoan, ...] = ()
    holds: tuple[FirstHold, ...] = ()
    fees: tuple[FirstFee, ...] = ()
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        patrons = {patron.id for patron in self.patrons}
        items = {item.barcode for item in self.items}
        _once("patron id or card", (normal(number) for patron in self.patrons for number in (patron.id, *patron.cards)))
        _once("item", (item.barcode for item in self.items))
        _once("loan of item", (loan.item for loan in self.loans))
        firsts: tuple[FirstLoan | FirstHold, ...] = (*self.loans, *self.holds)
        _known("patron", [*(first.patron for first in firsts), *(fee.patron for fee in self.fees)], patrons)
        _known("item", (first.item for first in firsts), items)


def normal(number: str) -> str:
    """A card number or barcode as it is looked up: without blanks around it and in upper case."""
    return number.strip(" *").upper()


def _once(what: str, values: Iterable[str]) -> None:
    twice = sorted(value for value, times in Counter(values).items() if times > 1)
    if twice:
        raise ValueError(f"{what} told twice: {', '.join(twice)}")


def _known(what: str, wanted: Iterable[str], known: set[str]) -> None:
    strange = sorted(set(wanted) - known)
    if strange:
        raise ValueError(f"no such {what}: {', '.join(strange)}")
