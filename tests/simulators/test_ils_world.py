"""The built-in world, and world files: what they may hold, and how they are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.simulators.ils import LibrarySystem, WorldFileError, built_in_world, read_world
from protocols import sip2
from protocols.sip2 import first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import Clock, Library

PIN = "8421"
PATRON = f'[[patrons]]\nid = "S1"\nname = "Ane"\npin = "{PIN}"\n'


@pytest.mark.parametrize(("patron", "pin"), [("S100001", "6417"), ("S100002", "3852"), ("S100003", "7906")])
def test_the_patrons_of_storbyen_borrow_and_return_with_their_pins(patron: str, pin: str) -> None:
    library = Library(built_in_world())
    lent = library.ask(sip2.CheckoutResponse, asking.checkout(patron, "30101000001", patron_password=pin))
    assert (lent.ok, lent.title_identifier) == ("1", "Vinter i Lærdal")
    assert library.ask(sip2.CheckinResponse, asking.checkin("30101000001")).patron_identifier == patron


@pytest.mark.parametrize(
    ("card", "local", "name", "born"),
    [
        ("N001000002", "S200002", "Jonas Lie Hætta", "19941109"),
        ("N001000007", "S200007", "Ragnhild Østby", "19581212"),
        ("N001000010", "S200010", "Eira Myklebust", "19960608"),
    ],
)
def test_national_cards_that_storbyen_knows_are_recognised_and_have_no_pin(
    card: str, local: str, name: str, born: str
) -> None:
    library = Library(built_in_world())
    answer = library.ask(sip2.PatronInformationResponse, asking.information(card))
    assert [first(answer, tag) for tag in ("AA", "AE", "PB", "XI", "BL", "CQ")] == [card, name, born, local, "Y", "N"]
    assert library.ask(sip2.PatronStatusResponse, asking.status(card, "5048")).valid_patron_password == "N"


def test_the_items_of_storbyen_are_twenty_with_one_of_each_kind() -> None:
    library = Library(built_in_world())
    said = {
        item.barcode: library.ask(sip2.CheckoutResponse, asking.checkout("S100001", item.barcode)).screen_messages
        for item in library.system.world.items
    }
    assert sorted(said) == [f"301010000{number:02}" for number in range(1, 21)]
    assert {code: no for code, no in said.items() if no} == {
        "30101000011": ("Utlånt til en annen",),
        "30101000012": ("Utlånt til en annen",),
        "30101000016": ("Gebyr må godtas",),
        "30101000017": ("Kan ikke lånes ut",),
        "30101000018": ("Reservert av en annen",),
    }


def test_storbyen_has_an_address_on_file_that_is_protected() -> None:
    answer = Library(built_in_world()).ask(sip2.PatronInformationResponse, asking.information("S200007"))
    assert answer.home_address == "Hemmelig gate 1, 9990 Storbyen"


def test_a_world_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(
        PATRON + 'cards = ["N1"]\nborn = 1990-02-03\nfields = { XA = "1" }\n'
        '[[items]]\nbarcode = "i1"\ntitle = "En"\nfee = 12.5\n'
        '[[loans]]\npatron = "S1"\nitem = "i1"\ndue_in_days = 3\n'
        '[rules]\nquirks = ["no-cq"]\nextensions = []\n[line]\nencoding = "cp850"\n',
        "utf-8",
    )
    world = read_world(tmp_path / "world.toml")
    system = LibrarySystem(world, Clock())
    answer = system.answer(asking.information("N1"))
    assert (world.patrons[0].born, world.line.encoding, str(world.items[0].fee)) == (date(1990, 2, 3), "cp850", "12.5")
    assert (system.ledger.loans["i1"].due, first(answer, "XA")) == (date(2026, 11, 26), "1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[patrons", "world.toml: "),
        (PATRON + "colour = 3\n", "world.toml: patrons.1.colour: "),
        ('[[patrons]]\nid = "S1"\n', "world.toml: patrons.1.name: Field required"),
        ('[line]\nterminator = "NUL"\n', "world.toml: line.terminator: "),
        (PATRON + PATRON, "world.toml: file: Value error, patron id or card told twice: S1"),
        (PATRON + '[[patrons]]\nid = "S2"\nname = "B"\ncards = ["s1"]\n', "told twice: S1"),
        ('[[items]]\nbarcode = "i"\ntitle = "t"\n' * 2, "item told twice: i"),
        ('[[loans]]\npatron = "S9"\nitem = "i9"\n', "no such patron: S9"),
        (PATRON + '[[holds]]\npatron = "S1"\nitem = "i9"\n', "no such item: i9"),
        ("[rules]\nfee_limit = true\n", "world.toml: rules.fee_limit: "),
    ],
)
def test_a_world_file_that_cannot_be_is_refused_with_place_and_reason(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "world.toml").write_text(text, "utf-8")
    with pytest.raises(WorldFileError) as refused:
        read_world(tmp_path / "world.toml")
    assert said in str(refused.value)
    assert PIN not in str(refused.value)


def test_a_pin_of_the_wrong_type_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(f'[[patrons]]\nid = "S1"\nname = "A"\npin = {PIN}\n', "utf-8")
    with pytest.raises(WorldFileError, match=r"patrons\.1\.pin") as refused:
        read_world(tmp_path / "world.toml")
    assert PIN not in str(refused.value)


@pytest.mark.parametrize("raw", [None, b"\xff\xfe"])
def test_a_world_file_that_cannot_be_read_is_said_so(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "world.toml"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(WorldFileError, match=r"world\.toml: (No such file|not UTF-8)"):
        read_world(path)


def test_nothing_personal_is_in_a_repr() -> None:
    shown = repr(built_in_world())
    for secret in ("6417", "demo-storbyen", "Hætta", "N001000002", "Hemmelig gate", "+4740000002", "1984"):
        assert secret not in shown
