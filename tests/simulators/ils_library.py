"""A small library with one of each, and a clock turned by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from gateway.clock import LIBRARY_TIME
from gateway.simulators.ils import Item, LibrarySystem, Login, Patron, Rules, World
from gateway.simulators.ils.world import FirstFee, FirstHold, FirstLoan
from protocols.sip2 import Message

ANE, BO, CAT, DEAD, GONE = "S1", "S2", "S3", "S4", "S5"
FREE, LENT, OVERDUE, WORN, RENTAL, HOUSE, SHELVED, AWAY, COPY = "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"

WORLD = World(
    rules=Rules(branches=("HOVED", "NORD"), renewals_limit=2, loans_limit=4),
    logins=(Login(user="automat", password="hemmelig"),),
    patrons=(
        Patron(
            id=ANE,
            name="Ane Ås",
            pin="4711",
            cards=("N001234567",),
            born=date(1990, 2, 3),
            address="Veien 1",
            email="ane@example.org",
            phone="+4740000000",
            home="HOVED",
        ),
        Patron(id=BO, name="Bo Bø", pin="1234"),
        Patron(id=CAT, name="Cat Sæther", address="Skjult 1", address_protected=True),
        Patron(id=DEAD, name="Dag Moe", pin="1234", blocked="tapt kort"),
        Patron(id=GONE, name="Geir Foss", pin="1234", expires=date(2026, 11, 22)),
    ),
    items=(
        Item(barcode=FREE, title="Fri", location="HOVED", call_number="839", collection="ROMAN"),
        Item(barcode=LENT, title="Ute", location="HOVED"),
        Item(barcode=OVERDUE, title="Sen", location="HOVED"),
        Item(barcode=WORN, title="Fornyet", location="HOVED"),
        Item(barcode=RENTAL, title="Film", location="HOVED", fee=Decimal(20), loan_days=7, media_type="005"),
        Item(barcode=HOUSE, title="Oppslag", location="HOVED", reference_only=True),
        Item(barcode=SHELVED, title="Hentes", location="HOVED"),
        Item(barcode=AWAY, title="Borte", location="NORD", magnetic=True),
        Item(barcode=COPY, title="Ute", location="HOVED"),
    ),
    loans=(
        FirstLoan(patron=BO, item=LENT, due_in_days=10),
        FirstLoan(patron=BO, item=OVERDUE, due_in_days=-2),
        FirstLoan(patron=BO, item=WORN, due_in_days=5, renewals=2),
    ),
    holds=(FirstHold(patron=CAT, item=SHELVED, on_shelf=True, pickup="HOVED"),),
    fees=(FirstFee(patron=BO, amount=Decimal(50), text="Purregebyr"), FirstFee(patron=BO, amount=Decimal(30))),
)


class Clock:
    """The library's time, which stands still until it is turned."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 15, 30, tzinfo=LIBRARY_TIME)

    def __call__(self) -> datetime:
        return self.time

    def turn(self, days: int) -> None:
        self.time += timedelta(days=days)


Answer = TypeVar("Answer", bound=Message)


class Library:
    """The library of a test."""

    def __init__(self, world: World = WORLD, **rules: Any) -> None:
        self.clock = Clock()
        self.system = LibrarySystem(replace(world, rules=replace(world.rules, **rules)), self.clock)
        self.ledger = self.system.ledger

    def ask(self, kind: type[Answer], asked: Message) -> Answer:
        """The answer, which must be of this kind."""
        answer = self.system.answer(asked)
        assert isinstance(answer, kind)
        return answer
