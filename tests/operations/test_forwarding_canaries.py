"""Nothing personal leaves where it must not, with a library system behind the terminals: canaries on both sides."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.simulators.ils import Fault, Item, Kind, Patron, World, built_in_world
from gateway.simulators.ils.world import FirstFee, FirstHold, FirstLoan
from gateway.sip2.ils_system import Budgets
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Address
from registry.domain.secret import Secret
from registry.register import NewPatron
from tests.gateway.libraries import Library, library
from tests.gateway.memory import Line, line_to
from tests.gateway.worlds import World as Place
from tests.gateway.worlds import demo
from tests.operations.test_canaries import HEADS, everywhere_captured, fields, found, login, metrics_page, odd

STORBYEN = LendingUnitId("NO-2030000")
# In the register, and nowhere else.
RIGHT_PIN, PROTECTED_PIN, GUEST_PIN, WRONG_PIN = "583920174655", "294017385561", "902837465110", "660193847251"
REGISTER_PINS = (RIGHT_PIN, PROTECTED_PIN, GUEST_PIN, WRONG_PIN)
# In the library system, and nowhere else.
ILS_PIN = "448291037756"
TITLES = ("Kanarifuglens ære 90417", "Sjøkanarien 55120")
FEE_TEXT, BLOCK_TEXT, HOLD_PLACE = "Kanarigebyr for tapt bok", "Kanarisperre etter mas", "Kanarifilialen"
AMOUNT = "4711.37"
RECORDED = (*TITLES, FEE_TEXT, BLOCK_TEXT, HOLD_PLACE, AMOUNT)
NAMES = ("Kanarifugløy", "Ærlingkanari", "Lokalkanarisen", "Skjermkanarisen")
OPEN_ADDRESS, OPEN_MAIL = "Kanarigata 8471", "kanari-8842@patron.example"
HIDDEN = ("Hemmelighaugen 9315", "Kanariskjulet", "skjult-5521@patron.example", "40088421")

CARD, LOCAL_ID = "N001000088", "S200088771"
PROTECTED_CARD, PROTECTED_ID = "N001000089", "S200089772"
GUEST_CARD = "N001000087"
LOCAL_CARD = "S300090773"


def ils_world() -> World:
    """Storbyen's library system with canaries in every field."""
    world, day = built_in_world(), date(1971, 3, 29)
    items = tuple(
        Item(barcode=f"3010199000{place}", title=title, location="HOVED") for place, title in enumerate(TITLES)
    )
    known = (
        Patron(
            id=LOCAL_ID,
            cards=(CARD,),
            name="Kanarifugløy, Ærlingkanari",
            born=day,
            address=OPEN_ADDRESS,
            email=OPEN_MAIL,
        ),
        Patron(
            id=PROTECTED_ID,
            cards=(PROTECTED_CARD,),
            name="Skjermkanarisen",
            address=f"{HIDDEN[0]}, {HIDDEN[1]}",
            email=HIDDEN[2],
            phone=HIDDEN[3],
            fields={"ZZ": HIDDEN[1], "AF": HIDDEN[0]},
        ),
        Patron(id=LOCAL_CARD, name="Lokalkanarisen", pin=ILS_PIN, blocked=BLOCK_TEXT),
    )
    return dataclasses.replace(
        world,
        patrons=(*world.patrons, *known),
        items=(*world.items, *items),
        loans=(*world.loans, *(FirstLoan(patron=LOCAL_ID, item=item.barcode, due_in_days=-1) for item in items)),
        holds=(*world.holds, FirstHold(patron=PROTECTED_ID, item=items[0].barcode, pickup=HOLD_PLACE)),
        fees=(*world.fees, FirstFee(patron=LOCAL_ID, amount=Decimal(AMOUNT), text=FEE_TEXT)),
    )


def patron(card: str, pin: str, family: str, local_id: str | None, *, protected: bool = False) -> NewPatron:
    return NewPatron(
        family_name=family,
        given_name="Ærlingkanari",
        birth_date=date(1971, 3, 29),
        card=CardNumber(card),
        pin=Secret(pin),
        registered_address=Address(lines=(HIDDEN[0],), postal_code="6199", place=HIDDEN[1]) if protected else None,
        protected=protected,
        local_at={STORBYEN: local_id} if local_id else {},
    )


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    """The demo's world with three canaries in its register."""
    made = await demo(tmp_path / "world")
    async with made.at_the_prompt() as register:
        for one in (
            patron(CARD, RIGHT_PIN, "Kanarifugløy", LOCAL_ID),
            patron(PROTECTED_CARD, PROTECTED_PIN, "Skjermkanarisen", PROTECTED_ID, protected=True),
            patron(GUEST_CARD, GUEST_PIN, "Kanarifugløy", None),
        ):
            await register.patrons.add_patron(one, "test")
    return made


def conversation() -> Iterator[bytes]:
    """All that a kiosk says of these patrons, with every list of a 63, and what the wire makes of it."""
    for card, pin in (
        (CARD, RIGHT_PIN),
        (PROTECTED_CARD, PROTECTED_PIN),
        (GUEST_CARD, GUEST_PIN),
        (LOCAL_CARD, ILS_PIN),
    ):
        for head in HEADS.values():
            yield head + fields(card, pin)
        for place in range(6):
            summary = b" " * place + b"Y" + b" " * (9 - place)
            yield HEADS["63"][:-10] + summary + f"AONO-2030000|AA{card}|AD{pin}|".encode()
    for head in HEADS.values():
        yield from odd(head + fields(CARD, WRONG_PIN))
        yield head + fields(LOCAL_ID, RIGHT_PIN)
    for place in range(len(TITLES)):
        yield HEADS["17"] + f"AONO-2030000|AB3010199000{place}|AC|".encode()
    yield b"97"
    yield b"9900802.00"


async def say_all(line: Line) -> bytes:
    assert await line.hear(login("storbyen-1", "demo-storbyen") + b"\r") == b"941\r"
    for raw in conversation():
        await line.hear(raw + b"\r")
    return await line.settle()


FAULTS = (
    Kind.PLAIN_TEXT,
    Kind.CLOSE_IN_THE_MIDDLE,
    Kind.OTHER_CHARSET,
    Kind.WRONG_MESSAGE,
    Kind.UNASKED_BEFORE,
    Kind.OFF_LINE,
)


async def failures(storbyen: Library) -> bytes:
    """The same patrons while the library system fails, and while the register does."""
    storbyen.tune(budgets=Budgets(total=0.3, connect=0.3, resend=0.2, least_for_change=0.0))
    heard = b""
    for kind in FAULTS:
        storbyen.ils.faults.add(Fault(kind=kind))
        with line_to(storbyen.served.door) as kiosk:
            await kiosk.hear(login("storbyen-1", "demo-storbyen") + b"\r")
            for head in (HEADS["63"], HEADS["23"], HEADS["11"]):
                for card, pin in ((CARD, RIGHT_PIN), (PROTECTED_CARD, PROTECTED_PIN), (LOCAL_CARD, ILS_PIN)):
                    heard += await kiosk.hear(head + fields(card, pin) + b"\r")
        storbyen.ils.faults.clear()
    return heard


def at_the_ils(storbyen: Library) -> bytes:
    """Every value that the library system has got."""
    values = (value for asked in storbyen.ils.requests for _, value in asked.fields())
    return "\n".join(values).encode()


async def test_no_secret_of_either_side_leaves_where_it_must_not(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    async with library(place, world=ils_world(), level="debug") as storbyen:
        served = storbyen.served
        with everywhere_captured(served), line_to(served.door) as kiosk:
            heard = await say_all(kiosk)
            heard += await failures(storbyen)
            page = await metrics_page(served)
        got = at_the_ils(storbyen)
        on_disk = b"".join(path.read_bytes() for path in sorted(place.directory.glob("portvakt.db*")))
    log, printed = served.stream.getvalue().encode(), "".join(capfd.readouterr()).encode()

    # What is looked for was there to be found.
    assert b"upstream_failed" in log
    for told in (TITLES[0], FEE_TEXT, AMOUNT, OPEN_ADDRESS, "Lokalkanarisen", "Skjermkanarisen"):
        assert found(told, heard), told
    assert found(ILS_PIN, got)

    # Where the register judges, its PINs stay with it, right or wrong; and nobody writes any PIN down.
    for pin in REGISTER_PINS:
        assert not found(pin, got, log, page, printed, on_disk, heard), pin[:2]
    assert not found(ILS_PIN, log, page, printed, on_disk, heard)
    # What the library system knows of its patrons is the kiosk's to show, and nobody's to keep.
    for text in RECORDED:
        assert not found(text, log, page, printed, on_disk), text
    for text in (*NAMES, OPEN_ADDRESS, OPEN_MAIL, *HIDDEN, CARD, PROTECTED_CARD, GUEST_CARD, LOCAL_ID, LOCAL_CARD):
        assert not found(text, log, page, printed), text
    for text in HIDDEN:
        assert not found(text, heard), text


async def test_a_protected_address_is_no_kiosks_by_whatever_number_it_is_asked_for(place: Place) -> None:
    async with library(place, world=ils_world()) as storbyen, storbyen.kiosk() as kiosk:
        for number in (PROTECTED_CARD, PROTECTED_ID):
            told = await kiosk.information(number, PROTECTED_PIN)
            assert (told.valid_patron_password, told.personal_name) == ("Y", "Skjermkanarisen")
            said = " ".join(value for _, value in told.fields())
            assert not any(secret in said for secret in HIDDEN)
        assert sip2.first(storbyen.got("63"), "AA") == PROTECTED_ID
