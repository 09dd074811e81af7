"""What has happened in a simulated library: loans, holds, fees, blocks. Everything that must outlive a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from gateway.simulators.ils.world import Item, Patron, World, normal


@dataclass(frozen=True, slots=True)
class Loan:
    """An item that a patron (by local id) has until `due`."""

    item: str
    patron: str
    due: date
    renewals: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A patron's wish for any copy of a work, or for one `item`; `shelved` is the copy that waits for them."""

    patron: str
    work: str
    item: str | None = None
    pickup: str = ""
    expires: date | None = None
    shelved: str | None = None
    until: date | None = None

    def wants(self, item: Item) -> bool:
        """Tell whether this copy would do."""
        return self.item == item.barcode if self.item else self.work == item.work


@dataclass(frozen=True, slots=True)
class Fee:
    """What a patron owes for one thing."""

    id: str
    patron: str
    amount: Decimal
    text: str
    type: str = "01"


@dataclass(frozen=True, slots=True)
class Lent:
    """What a lending replaced, so that a failed one can be undone."""

    before: Loan | None
    fee: str | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """An NCIP message that the library took note of: its service, and the numbers that stood in it."""

    service: str
    numbers: tuple[str, ...] = field(default=(), repr=False)


NOTICES_KEPT = 1000


@dataclass(slots=True)
class Ledger:
    """The books, by item where a thing can be but once; holds stand in the order of their queue."""

    loans: dict[str, Loan] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    blocked: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    lent: dict[str, Lent] = field(default_factory=dict)
    returned: dict[str, Loan] = field(default_factory=dict)
    paid: list[Fee] = field(default_factory=list)
    last_fee: int = 1000
    enrolled: dict[str, Patron] = field(default_factory=dict)
    dismissed: list[str] = field(default_factory=list)
    last_patron: int = 200000
    notices: list[Notice] = field(default_factory=list)

    def queue(self, item: Item) -> Iterator[Hold]:
        """The holds that this copy would satisfy, first come first."""
        return (hold for hold in self.holds if hold.wants(item))

    def shelved(self, item: Item) -> Hold | None:
        """The hold that this copy waits on the shelf for."""
        return next((hold for hold in self.holds if hold.shelved == item.barcode), None)

    def put(self, old: Hold, new: Hold) -> None:
        """Replace a hold where it stands in the queue."""
        self.holds[self.holds.index(old)] = new

    def shelve(self, hold: Hold, item: Item, until: date) -> None:
        """Have a copy wait for a patron."""
        self.put(hold, replace(hold, shelved=item.barcode, until=until))

    def charge(self, patron: str, amount: Decimal, text: str, kind: str) -> str:
        """Write a fee down and return its id."""
        self.last_fee += 1
        fee = Fee(f"F{self.last_fee}", patron, amount, text, kind)
        self.fees.append(fee)
        return fee.id

    def strike(self, fee_id: str | None) -> None:
        """Take a fee out as if it had never been."""
        self.fees = [fee for fee in self.fees if fee.id != fee_id]

    def note(self, notice: Notice) -> None:
        """Write down that a message came; the oldest are forgotten."""
        self.notices = [*self.notices, notice][-NOTICES_KEPT:]

    def forget_expired(self, today: date) -> None:
        """Drop the holds whose time is over, waiting or on the shelf."""
        if any(_is_over(hold, today) for hold in self.holds):
            self.holds = [hold for hold in self.holds if not _is_over(hold, today)]

    def fit(self, world: World) -> int:
        """Drop what concerns nobody and nothing in this world any more; return how many entries that were."""
        items = {item.barcode for item in world.items}
        before = self._size()
        taken = {normal(number): one.id for one in world.patrons for number in (one.id, *one.cards)}
        self.enrolled = {key: one for key, one in self.enrolled.items() if _is_free(one, taken)}
        patrons = {patron.id for patron in world.patrons} | self.enrolled.keys()
        self.dismissed = [gone for gone in self.dismissed if gone in patrons]
        self.loans = {key: loan for key, loan in self.loans.items() if key in items and loan.patron in patrons}
        self.holds = [hold for hold in self.holds if hold.patron in patrons]
        self.fees = [fee for fee in self.fees if fee.patron in patrons]
        self.blocked = {key: text for key, text in self.blocked.items() if key in patrons}
        for by_item in (self.properties, self.places, self.lent, self.returned):
            for gone in by_item.keys() - items:
                del by_item[gone]
        return before - self._size()

    def _size(self) -> int:
        return len(self.loans) + len(self.holds) + len(self.fees) + len(self.blocked) + len(self.enrolled)


def first_day(world: World, today: date) -> Ledger:
    """Return the books of a library that opens today."""
    ledger = Ledger()
    items = {item.barcode: item for item in world.items}
    for loan in world.loans:
        due = today + timedelta(days=loan.due_in_days)
        ledger.loans[loan.item] = Loan(loan.item, loan.patron, due, loan.renewals)
    for first in world.holds:
        hold = Hold(first.patron, items[first.item].work, first.item, first.pickup)
        ledger.holds.append(hold)
        if first.on_shelf:
            ledger.shelve(hold, items[first.item], today + timedelta(days=world.rules.hold_shelf_days))
    for fee in world.fees:
        ledger.charge(fee.patron, fee.amount, fee.text, fee.type)
    ledger.blocked = {patron.id: patron.blocked for patron in world.patrons if patron.blocked}
    return ledger


def _is_over(hold: Hold, today: date) -> bool:
    last = hold.until if hold.shelved else hold.expires
    return last is not None and last < today


def _is_free(patron: Patron, taken: dict[str, str]) -> bool:
    """Whether none of a patron's numbers is another's."""
    return all(taken.get(normal(number), patron.id) == patron.id for number in (patron.id, *patron.cards))
