"""The desk: what every service of the library asks first. Who is this, which item, may they, since when, until when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum, auto

from gateway.simulators.ils.ledger import Fee, Hold, Ledger, Loan
from gateway.simulators.ils.world import Item, Patron, World, normal
from protocols.sip2 import ALL_DENIED, PatronFlag, PatronStatus, write_date


class No(StrEnum):
    """Why something is refused, in the words that the library shows."""

    UNKNOWN_PATRON = "Ukjent lånekort"
    WRONG_PIN = "Feil PIN"
    PIN_NEEDED = "PIN kreves"
    BLOCKED = "Kortet er sperret"
    EXPIRED = "Kortet er utløpt"
    TOO_MANY_LOANS = "For mange lån"
    TOO_MANY_OVERDUE = "For mange lån over fristen"
    FEES = "Gebyrer må betales først"
    UNKNOWN_ITEM = "Ukjent eksemplar"
    REFERENCE_ONLY = "Kan ikke lånes ut"
    HELD = "Reservert av en annen"
    WITH_ANOTHER = "Utlånt til en annen"
    HAS_IT = "Allerede lånt av deg"
    NOT_LENT = "Ikke utlånt"
    NOT_YOURS = "Lånt av en annen"
    RENEWED_TOO_OFTEN = "Kan ikke fornyes flere ganger"
    NO_RENEWALS = "Fornying er ikke mulig her"
    FEE = "Gebyr må godtas"
    NOTHING_TO_UNDO = "Ingenting å angre"
    NO_HOLD = "Ingen slik reservering"
    HAS_HOLD = "Allerede reservert"
    TOO_MANY_HOLDS = "For mange reserveringer"
    NO_SUCH_FEE = "Ingen slik betaling"
    UNSUPPORTED = "Tjenesten finnes ikke her"
    INCOMPLETE = "Meldingen er ufullstendig"
    NOT_LOGGED_IN = "Ikke innlogget"


class Pin(Enum):
    """What a PIN that came, or did not come, proved."""

    ABSENT = auto()
    RIGHT = auto()
    WRONG = auto()


class Desk:
    """A world, its books and a clock; looks things up and decides nothing but who may what."""

    def __init__(self, world: World, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        """Open the desk; `clock` tells the library's own time."""
        self.world = world
        self.rules = world.rules
        self.ledger = ledger
        self.clock = clock
        self._patrons: dict[str, Patron] = {}
        self._by_id: dict[str, Patron] = {}
        self._index()
        self._items = {item.barcode: item for item in world.items}

    @property
    def today(self) -> date:
        """The library's date."""
        return self.clock().date()

    def now(self) -> str:
        """The library's time as it stands in a message."""
        return write_date(self.clock())

    def patron(self, number: str) -> Patron | None:
        """The patron whose local id or card this is."""
        return self._patrons.get(normal(number))

    def new_id(self) -> str:
        """Return a local id that nobody has or ever had, the numbers of the world's own patrons included."""
        while True:
            self.ledger.last_patron += 1
            local_id = f"S{self.ledger.last_patron}"
            if local_id not in self._by_id and self.patron(local_id) is None:
                return local_id

    def enrol(self, patron: Patron) -> None:
        """Take a new patron in, or a known one as changed."""
        self.ledger.enrolled[patron.id] = patron
        self.ledger.dismissed = [gone for gone in self.ledger.dismissed if gone != patron.id]
        self._index()

    def dismiss(self, patron: Patron) -> None:
        """Have a patron be unknown from now on."""
        self.ledger.dismissed.append(patron.id)
        self._index()

    def _index(self) -> None:
        self._by_id = {patron.id: patron for patron in self.world.patrons} | self.ledger.enrolled
        known = [patron for patron in self._by_id.values() if patron.id not in self.ledger.dismissed]
        self._patrons = {normal(number): patron for patron in known for number in (patron.id, *patron.cards)}

    def patron_of(self, local_id: str) -> Patron:
        """The patron of a local id out of the books."""
        return self._by_id[local_id]

    def item(self, barcode: str) -> Item | None:
        """The item of a barcode."""
        return self._items.get(barcode.strip())

    def lent_item(self, loan: Loan) -> Item:
        """The item of a loan out of the books."""
        return self._items[loan.item]

    def wanted(self, barcode: str | None, title: str | None) -> Item | None:
        """The item that a request means, by its barcode or else by its title or title id."""
        if barcode:
            return self.item(barcode)
        return next((item for item in self.world.items if title and title in (item.title, item.title_id)), None)

    def place(self, item: Item) -> str:
        """Where an item is now."""
        return self.ledger.places.get(item.barcode, item.location)

    def institution(self, asked: str) -> str:
        """The institution id of an answer: the asker's, or our own where none came."""
        return asked or self.rules.institution

    def shown_due(self, due: date) -> str:
        """A due date as this library writes it."""
        return due.strftime(self.rules.due_date_format)

    def due(self, item: Item) -> date:
        """When an item that is lent or renewed today must be back."""
        return self.today + timedelta(days=item.loan_days)

    def loans_of(self, patron: Patron) -> list[Loan]:
        """A patron's loans."""
        return [loan for loan in self.ledger.loans.values() if loan.patron == patron.id]

    def overdue_of(self, patron: Patron) -> list[Loan]:
        """A patron's loans whose time is over."""
        return [loan for loan in self.loans_of(patron) if loan.due < self.today]

    def holds_of(self, patron: Patron) -> list[Hold]:
        """A patron's holds, on the shelf or not."""
        return [hold for hold in self.ledger.holds if hold.patron == patron.id]

    def fees_of(self, patron: Patron) -> list[Fee]:
        """What a patron owes, piece by piece."""
        return [fee for fee in self.ledger.fees if fee.patron == patron.id]

    def owed(self, patron: Patron) -> Decimal:
        """What a patron owes in all."""
        return sum((fee.amount for fee in self.fees_of(patron)), Decimal(0))

    def pin(self, patron: Patron, given: str | None) -> Pin:
        """What the PIN of a request proves; with no PIN on file none is right."""
        if not given:
            return Pin.ABSENT
        return Pin.RIGHT if patron.pin == given else Pin.WRONG

    def admitted(self, number: str, pin: str | None) -> Patron | No:
        """The patron who asks for a service, or why they are not admitted."""
        patron = self.patron(number)
        if patron is None:
            return No.UNKNOWN_PATRON
        match self.pin(patron, pin):
            case Pin.WRONG:
                return No.WRONG_PIN
            case Pin.ABSENT if self.rules.pin_for_loans:
                return No.PIN_NEEDED
            case _:
                return patron

    def status(self, patron: Patron) -> PatronStatus:
        """The flags of a patron."""
        return PatronStatus.of(*(flag for found in CONDITIONS if found.holds(self, patron) for flag in found.flags))

    def denial(self, patron: Patron, flag: PatronFlag) -> No | None:
        """Why this is denied to a patron, or None when it is not."""
        return next((found.no for found in CONDITIONS if flag in found.flags and found.holds(self, patron)), None)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may be so with a patron, the flags that it sets, and what is said of it."""

    holds: Callable[[Desk, Patron], bool]
    flags: tuple[PatronFlag, ...]
    no: No


_CHARGE, _RENEWAL, _HOLD = PatronFlag.CHARGE_DENIED, PatronFlag.RENEWAL_DENIED, PatronFlag.HOLD_DENIED

CONDITIONS = (
    Condition(lambda desk, patron: patron.id in desk.ledger.blocked, ALL_DENIED, No.BLOCKED),
    Condition(
        lambda desk, patron: patron.expires is not None and patron.expires < desk.today,
        ALL_DENIED,
        No.EXPIRED,
    ),
    Condition(
        lambda desk, patron: len(desk.overdue_of(patron)) > desk.rules.overdue_limit,
        (_CHARGE, _RENEWAL, _HOLD, PatronFlag.TOO_MANY_OVERDUE),
        No.TOO_MANY_OVERDUE,
    ),
    Condition(
        lambda desk, patron: desk.owed(patron) > desk.rules.fee_limit,
        (_CHARGE, _RENEWAL, _HOLD, PatronFlag.EXCESSIVE_FEES),
        No.FEES,
    ),
    Condition(
        lambda desk, patron: len(desk.loans_of(patron)) >= desk.rules.loans_limit,
        (_CHARGE, PatronFlag.TOO_MANY_CHARGED),
        No.TOO_MANY_LOANS,
    ),
)
"""What stands against a patron, the gravest first."""
