"""Storbyen's library system: a Koha that is brought patrons, a SIP2 server that lends, and what both were told."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

from gateway.simulators.ils import Item, Patron, built_in_world
from gateway.simulators.koha import Fault, KohaAnswer, KohaRequest, KohaSimulator, built_in_koha
from registry.domain.card import CardNumber
from tests.gateway.libraries import WatchedIls
from tests.operations.activating.people import FAMILY
from tests.operations.activating.place import Place
from tests.operations.activating.stored import ConsentWatch

LAST_LOOK_UP, CREATION = 2, 3
"""Which of an activation's requests these are: by card number, by login name, and then the patron is created."""
_CARD = re.compile(r"N\d{9}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the library system got in one request, and whether consent had been stored for all of it by then."""

    cards: tuple[CardNumber, ...]
    raw: bytes = field(repr=False)
    after_consent: bool
    creates: bool


class LibrarySystem:
    """Both faces of one library system."""

    def __init__(self, place: Place, watch: ConsentWatch) -> None:
        self._place = place
        self._watch = watch
        self.receipts: list[Receipt] = []
        self._moments: dict[int, Callable[[], object]] = {}
        world = built_in_world()
        items = tuple(Item(barcode=one.item, title=f"Bok {one.item}") for one in place.people)
        self.ils = WatchedIls.open(dataclasses.replace(world, items=world.items + items))
        self.koha = KohaSimulator.open(built_in_koha(), observer=self._heard)

    async def start(self) -> None:
        """Listen."""
        await self.ils.start(port=self._place.ports.ils)
        await self.koha.start(port=self._place.ports.koha)

    async def stop(self) -> None:
        """Stop listening; raises where one of them has a defect of its own."""
        await self.koha.stop()
        await self.ils.stop()
        assert (self.koha.failures, self.ils.failures) == ([], [])

    def breaks(self, kind: Any, **more: Any) -> None:
        """Have Koha fail in this way."""
        self.koha.faults.add(Fault(kind=kind, **more))

    def at(self, number: int, then: Callable[[], object]) -> None:
        """Do something when the ``number``-th request from now that names a patron is done, and not answered yet."""
        self._moments[self._named() + number] = then

    def holds(self, card: CardNumber) -> int:
        """How many patrons Koha has under a card: by card number, login name or attribute."""
        return sum(
            card in (one.fields.get("cardnumber"), one.fields.get("userid")) or card in dict(one.attributes).values()
            for one in self.koha.books
        )

    def namesakes(self, given: str) -> int:
        """How many patrons Koha has of this name."""
        names = ((one.fields.get("surname"), one.fields.get("firstname")) for one in self.koha.books)
        return sum(name == (FAMILY, given) for name in names)

    def created(self) -> int:
        """How many creations Koha was asked for."""
        return sum(receipt.creates for receipt in self.receipts)

    def borrower(self, item: str) -> str | None:
        """Who has a copy on loan, by local id."""
        loan = self.ils.ledger.loans.get(item)
        return loan.patron if loan else None

    def told_by_sip2(self) -> bytes:
        """Everything that the SIP2 side was told, as text."""
        return "\n".join(map(str, map(dataclasses.asdict, self.ils.requests))).encode()

    def _heard(self, asked: KohaRequest, told: KohaAnswer | None) -> None:
        # A client may escape every letter of JSON; what is searched for is not.
        raw = " ".join((asked.path, *(f"{name}={value}" for name, value in asked.query))).encode() + _plain(asked.body)
        cards = tuple(map(CardNumber, sorted(set(_CARD.findall(raw.decode())))))
        creates = asked.method == "POST" and asked.path == "/patrons"
        self.receipts.append(Receipt(cards, raw, self._watch.has_consented(cards), creates))
        if creates and told is not None and told.status == 201:
            # The same library system has a SIP2 side, which knows whom the other one was told of.
            (card,) = cards
            self.ils.system._desk.enrol(Patron(id=card, name=FAMILY))
        if cards:
            self._moments.pop(self._named(), _nothing)()

    def _named(self) -> int:
        return sum(bool(receipt.cards) for receipt in self.receipts)


def _nothing() -> None:
    """Is done at all other moments."""


def _plain(body: bytes) -> bytes:
    return body.decode("unicode_escape").encode("utf-8", "replace") if b"\\u" in body else body


@asynccontextmanager
async def library_system(place: Place) -> AsyncIterator[LibrarySystem]:
    """Run the library system of a place until the block ends."""
    with closing(ConsentWatch(place)) as watch:
        library = LibrarySystem(place, watch)
        await library.start()
        try:
            yield library
        finally:
            await library.stop()
