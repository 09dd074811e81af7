"""activations: what waits for a library's system, the sheet that staff type in, and how each is ended."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.load import load_settings
from gateway.application import open_register
from gateway.cli.activation_screen import _event
from gateway.cli.activations import _LABELS
from gateway.clock import SystemClock
from gateway.delivery.records import record_of
from registry.domain.delivery import DeliveryId, Result, Settled
from registry.domain.events import Recorded
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.release import View
from tests.cli.commands import portvakt
from tests.gateway.delivery.outbox import parcel
from tests.gateway.delivery.test_ncip_carrier import ACCEPTED, VIEW

FJORDBY = "NO-2120100"
CARD = "N001000001"


async def approved(config: Path, card: str = CARD) -> str:
    """Have a guest accepted at the desk; return the number of the delivery."""
    done = await portvakt("guests", "approve", card, "--unit", FJORDBY, config=config)
    assert done.exit_code == 0, done.output
    listed = await portvakt("activations", "list", "--unit", FJORDBY, config=config)
    number = re.findall(r"^(\d+)  NO-2120100  activate ", listed.output, re.MULTILINE)[-1]
    assert isinstance(number, str)
    return number


async def stuck(config: Path) -> str:
    """Have a delivery refused for good; return its number."""
    number = await approved(config)
    async with open_register(load_settings(config, {}), SystemClock(), command=True) as register:
        (claim,) = await register.courier.claim([LendingUnitId(FJORDBY)], 5, timedelta(seconds=60))
        assert claim.parcel.delivery == DeliveryId(int(number))
        await register.courier.settle(claim, Settled(result=Result.REJECTED, reason="needed_data_missing"))
    return number


async def test_a_patron_is_typed_in_from_the_sheet_and_local_under_the_id_that_staff_tell(config: Path) -> None:
    number = await approved(config)
    sheet = await portvakt("activations", "sheet", number, config=config)
    assert sheet.exit_code == 0, sheet.output
    told = dict(re.findall(r"^([^:]+):\s+(.*)$", sheet.output, re.MULTILINE))
    assert told["Card"] == CARD
    assert told["Welcomed at"] == FJORDBY
    assert {"Family name", "Given name", "Born", "Loan rules accepted"} <= told.keys()
    assert re.fullmatch(r"\S+, \d{4}-\d\d-\d\d \d\d:\d\d UTC", told["Loan rules accepted"])
    assert "PIN" not in told
    done = await portvakt("activations", "resolve", number, "F4711", config=config)
    assert (done.exit_code, done.output) == (0, f"delivery {number} is done\n")
    shown = await portvakt("standings", "list", CARD, config=config)
    assert f"{FJORDBY}  local" in shown.output
    assert "as F4711" in shown.output
    nothing = await portvakt("activations", "list", config=config)
    assert (nothing.exit_code, "nothing is pending" in nothing.output) == (0, True)


async def test_a_list_shows_neither_names_nor_whole_cards(config: Path) -> None:
    number = await approved(config)
    listed = await portvakt("activations", "list", config=config)
    assert re.fullmatch(rf"{number}  {FJORDBY}  activate N\*\*\*01  pending since \S+ \S+ UTC\n", listed.output), (
        listed.output
    )
    assert CARD not in listed.output


async def test_whose_card_is_lost_can_be_told_from_the_list(config: Path) -> None:
    number = await approved(config)
    assert (await portvakt("card", "lost", CARD, config=config)).exit_code == 0
    listed = await portvakt("activations", "list", config=config)
    assert listed.output.startswith(f"{number}  {FJORDBY}  activate N***01 (lost)  pending since ")


def test_an_old_reason_with_line_breaks_stays_on_its_line() -> None:
    facts = {"reason": "letter\n2026-11-23 10:15:00 UTC  standing_changed\x1b[2J"}
    shown = _event(Recorded(action="delivery_shown", actor="x", at=ACCEPTED, institution=None, facts=facts))
    assert shown.isprintable()


async def test_the_codes_of_the_librarys_system_stand_at_the_end_of_the_sheet(config: Path) -> None:
    partners = config.parent / "partners.d" / "demo.toml"
    text = partners.read_text("utf-8")
    unit = f'[[lending_units]]\nid = "{FJORDBY}"\n'
    assert unit in text
    mapping = (
        'delivery = { mapping = { default_branch = "HOVED", expiry_years = 3, languages = { nb = "nb-NO" },'
        ' categories = [{ from_age = 0, category = "BARN" }, { from_age = 15, category = "VOKSEN" }] } }\n'
    )
    partners.write_text(text.replace(unit, unit + mapping), "utf-8")
    sheet = await portvakt("activations", "sheet", await approved(config), config=config)
    assert sheet.exit_code == 0, sheet.output
    told = dict(re.findall(r"^([^:]+):\s+(.*)$", sheet.output, re.MULTILINE))
    assert (told["Category"], told["Branch"]) == ("VOKSEN", "HOVED")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", told["Expires"])


TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


async def test_everything_about_one_activation_is_on_one_screen_without_name_or_whole_card(config: Path) -> None:
    number = await stuck(config)
    shown = await portvakt("activations", "show", number, config=config)
    assert shown.exit_code == 0, shown.output
    head, consents, trail = re.split(r"\n\n(?:Consents|Audit trail):\n", re.sub(TIME, "TIME", shown.output))
    assert head.splitlines() == [
        f"Delivery: {number}, activate at {FJORDBY}, by manual",
        "Card:     N***01",
        "Standing: needs_staff since TIME, activated",
        "State:    stuck, ordered TIME, 1 try",
        "Reason:   needed_data_missing: the library system wants data that were not sent",
    ]
    assert re.fullmatch(r"  TIME  version \S+, desk, \w+.*", consents)
    rows = [re.fullmatch(r"  TIME  (\w+)  (.*?)(?:  \w+=.*)?", row) for row in trail.splitlines()]
    assert [row and row[1] for row in rows] == ["rules_accepted", *["standing_changed"] * (len(rows) - 1)]
    assert rows[-1] is not None
    assert rows[-1][2] == "courier"
    assert "reason=needed_data_missing" in trail
    assert not re.search("Nordmann|" + CARD, shown.output)


async def test_who_tells_why_sees_the_whole_card_and_the_look_is_on_the_next_screen(config: Path) -> None:
    number = await approved(config)
    told = await portvakt("activations", "show", number, "--reason", "case 4711", config=config)
    assert f"Card:     {CARD}\n" in told.output
    assert re.search(f"^Due: +{TIME}$", told.output, re.MULTILINE)
    again = await portvakt("activations", "show", number, config=config)
    assert re.search(
        f"{TIME}  delivery_shown  operator .*  reason=case 4711  shown=history$", again.output, re.MULTILINE
    )
    done = await portvakt("activations", "resolve", number, "F4711", config=config)
    assert done.exit_code == 0
    ended = await portvakt("activations", "show", number, config=config)
    assert re.search(f"^Standing: local since {TIME}, activated$", ended.output, re.MULTILINE)
    # When it was ordered, and nothing that looks like the end; that is in the trail.
    assert re.search(f"^State: +done, ordered {TIME}, 1 try$", ended.output, re.MULTILINE)
    assert re.search(f"^  {TIME}  delivery_ended  ", ended.output, re.MULTILINE)


@pytest.mark.parametrize(
    ("command", "said", "after"),
    [("retry", "is tried again", "consented"), ("drop", "is given up", "guest")],
)
async def test_what_is_stuck_is_tried_again_or_given_up(config: Path, command: str, said: str, after: str) -> None:
    number = await stuck(config)
    listed = await portvakt("activations", "list", "--stuck", config=config)
    assert listed.output.rstrip().endswith("1 try, needed_data_missing")
    done = await portvakt("activations", command, number, config=config)
    assert (done.exit_code, done.output) == (0, f"delivery {number} {said}\n")
    shown = await portvakt("standings", "list", CARD, config=config)
    assert f"{FJORDBY}  {after}" in shown.output
    nothing = await portvakt("activations", "list", "--stuck", config=config)
    assert "nothing is stuck" in nothing.output


async def test_what_stands_in_the_way_is_said_in_one_line(config: Path) -> None:
    number = await approved(config)
    for words, told, status in (
        (("show", "999"), "no delivery has this number", 1),
        (("sheet", "999"), "no open delivery has this number", 1),
        (("resolve", "999", "F1"), "no open delivery has this number", 1),
        (("resolve", number, " "), "local id", 1),
        (("resolve", number, "a|b"), "1 to 64 printable signs, no |", 1),
        (("resolve", number, "x" * 65), "1 to 64 printable signs, no |", 1),
        (("list", "--unit", "NO-9"), "NO-9 is no lending unit of the partner files", 1),
        (("list", "--unit", ""), "no lending unit", 1),
        (("show", number, "--reason", "a\nb"), "a reason is one line", 2),
        *(
            ((command, str(2**63)), "is not in the range", 2)
            for command in ("show", "sheet", "resolve", "retry", "drop")
        ),
        (("show", str(2**63 - 1)), "no delivery has this number", 1),
        (("retry", number), "the delivery is not stuck", 1),
        (("drop", number), "the delivery is not stuck", 1),
        (("sheet", "seventeen"), "'seventeen' is not a valid integer", 2),
        (("sheet", "0"), "0 is not in the range", 2),
        (("list", "--config", "nowhere.toml"), "no settings file", 3),
    ):
        result = await portvakt("activations", *words, config=None if "--config" in words else config)
        assert (result.exit_code, told in result.output) == (status, True), result.output
        assert "Traceback" not in result.output


def test_every_field_of_a_record_has_a_label() -> None:
    everything = replace(
        parcel(local_id="S1", former_cards=("N000000077",), rules_version="1", accepted=ACCEPTED),
        view=replace(
            VIEW, phone="+47 22000000", temporary_address=VIEW.registered_address, home_library=InstitutionId(FJORDBY)
        ),
    )
    record = record_of(everything)
    assert set(record) == set(_LABELS) - {"sex"}
    assert len(fields(View)) == 13, "a new field of the view needs a place in the record"


@pytest.mark.parametrize("command", ["list", "show", "sheet", "resolve", "retry", "drop"])
async def test_every_command_shows_an_example(command: str) -> None:
    shown = await portvakt("activations", command, "--help")
    assert "Example:  portvakt activations " + command in shown.output
