"""standings end: what an operator reads, who is told, and what stands in the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.load import load_settings
from gateway.application import open_register
from gateway.cli.ending_words import in_words
from gateway.clock import SystemClock
from registry.domain.card import CardNumber
from registry.domain.institution import CarrierKind, LendingUnitId
from registry.domain.standing import ENDS_BY, TRANSITIONS, StandingState
from registry.register import Ending
from tests.cli.commands import portvakt
from tests.registry.placing import put

STORBYEN, FJORDBY = "NO-2030000", "NO-2120100"
JONAS, RAGNHILD, GUEST = "N001000002", "N001000007", "N001000001"
REASON = "the patron's letter"


async def end(config: Path, card: str = JONAS, unit: str = STORBYEN, *words: str, given: str | None = None) -> str:
    asked = ("standings", "end", card, "--unit", unit, "--reason", REASON, *words)
    done = await portvakt(*asked, config=config, given=given)
    assert done.exit_code == 0, done.output
    return done.output


async def standing(config: Path, card: str) -> str:
    shown = await portvakt("standings", "list", card, config=config)
    assert shown.exit_code == 0, shown.output
    return shown.output


async def test_an_end_is_told_in_words_and_without_the_whole_card(config: Path) -> None:
    told = await end(config, JONAS, STORBYEN, "--yes")
    assert told.startswith(
        f"N***02 is a local patron of {STORBYEN} no more.\nThe library's system is called by the daemon"
    )
    assert f"The home library was {STORBYEN}: the patron has none" in told
    assert "is recognised anew" in told
    assert JONAS not in told
    assert f"{STORBYEN}  ended since" in await standing(config, JONAS)
    listed = await portvakt("activations", "list", "--unit", STORBYEN, config=config)
    assert f"{STORBYEN}  end N***02  pending" in listed.output


async def test_staff_of_a_library_without_a_carrier_close_the_record_and_say_so(config: Path) -> None:
    told = await end(config, RAGNHILD, FJORDBY, "--yes")
    assert f"its staff close the record by hand. It stands in `portvakt activations list --unit {FJORDBY}`." in told
    assert "home library" not in told
    listed = await portvakt("activations", "list", "--unit", FJORDBY, config=config)
    found = re.fullmatch(rf"(\d+)  {FJORDBY}  end N\*\*\*07  pending since \S+ \S+ UTC\n", listed.output)
    assert found is not None, listed.output
    sheet = await portvakt("activations", "sheet", found[1], config=config)
    assert sheet.exit_code == 0, sheet.output
    assert re.findall(r"^(\w[\w ]*): {2,}(\S+)$", sheet.output, re.MULTILINE) == [
        ("Card", RAGNHILD),
        ("Local id", RAGNHILD),
    ]
    assert "Østby" not in sheet.output
    assert f"Done? portvakt activations resolve {found[1]}\n" in sheet.output
    with_id = await portvakt("activations", "resolve", found[1], "X1", config=config)
    assert (with_id.exit_code, "an end has no local id" in with_id.output) == (1, True)
    done = await portvakt("activations", "resolve", found[1], config=config)
    assert (done.exit_code, done.output) == (0, f"delivery {found[1]} is done\n")
    nothing = await portvakt("activations", "list", config=config)
    assert "nothing is pending or stuck" in nothing.output
    shown = await portvakt("activations", "show", found[1], config=config)
    assert re.search(rf"standing_changed  operator .*  event=ended  .*reason={REASON}", shown.output)


async def test_who_says_no_ends_nothing(config: Path) -> None:
    asked = ("standings", "end", JONAS, "--unit", STORBYEN, "--reason", REASON)
    done = await portvakt(*asked, config=config, given="n\n")
    assert (done.exit_code, f"End the standing of N***02 at {STORBYEN}?" in done.output) == (1, True)
    assert f"{STORBYEN}  local" in await standing(config, JONAS)
    assert "no more" in await end(config, given="y\n")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (StandingState.AWAITING_DESK, "waits for its desk no more"),
        (StandingState.CONSENTED, "brought there no more"),
        (StandingState.NEEDS_STAFF, "The case is closed"),
    ],
)
async def test_a_wish_is_called_off_and_the_patron_a_guest_again(
    config: Path, before: StandingState, said: str
) -> None:
    await stand(config, before)
    told = await end(config, GUEST, STORBYEN, "--yes")
    assert told.startswith(f"N***01 is a guest at {STORBYEN} again.\n")
    assert said in told
    assert f"{STORBYEN}  guest" in await standing(config, GUEST)


async def stand(config: Path, state: StandingState) -> None:
    async with open_register(load_settings(config, {}), SystemClock(), command=True) as register:
        await put(register.database, CardNumber(GUEST), LendingUnitId(STORBYEN), state)


@pytest.mark.parametrize("before", [StandingState.DELIVERING, StandingState.UNKNOWN])
async def test_who_is_being_set_up_is_left_alone(config: Path, before: StandingState) -> None:
    await stand(config, before)
    asked = ("standings", "end", GUEST, "--unit", STORBYEN, "--reason", REASON, "--yes")
    done = await portvakt(*asked, config=config)
    assert (done.exit_code, f"is being set up at {STORBYEN}" in done.output) == (1, True)
    assert f"{STORBYEN}  {before}" in await standing(config, GUEST)


async def test_what_stands_in_the_way_is_said_in_one_line(config: Path) -> None:
    await end(config, JONAS, STORBYEN, "--yes")
    for card, unit, reason, told, status in (
        (JONAS, STORBYEN, REASON, "has ended already", 1),
        (GUEST, STORBYEN, REASON, "nothing to end", 1),
        (JONAS, FJORDBY, REASON, "nothing to end", 1),
        (JONAS, "NO-9999999", REASON, "no lending unit in force", 1),
        ("N001999999", STORBYEN, REASON, "no card has this number", 1),
        (JONAS, STORBYEN, " ", "a reason is one line", 2),
        (JONAS, STORBYEN, "x" * 201, "a reason is one line", 2),
        (JONAS, STORBYEN, "case 7\n2026-11-23 10:15:00 UTC  standing_changed", "a reason is one line", 2),
        (JONAS, STORBYEN, "case \x1b[2J", "a reason is one line", 2),
        ("4711", STORBYEN, REASON, "N and nine digits", 2),
    ):
        result = await portvakt("standings", "end", card, "--unit", unit, "--reason", reason, "--yes", config=config)
        assert (result.exit_code, told in result.output) == (status, True), result.output
        assert "Traceback" not in result.output
    for words in ((JONAS, "--unit", STORBYEN), (JONAS, "--reason", REASON)):
        assert (await portvakt("standings", "end", *words, "--yes", config=config)).exit_code == 2


def test_every_way_to_end_has_words() -> None:
    unit = LendingUnitId(STORBYEN)
    for before, event in ENDS_BY.items():
        after = TRANSITIONS[before][event]
        for carrier in (*CarrierKind, None):
            lines = list(in_words(Ending(before=before, state=after, carrier=carrier, lost_home=None), "N***02", unit))
            assert len(lines) == (2 if after is StandingState.GUEST else 3)
            assert not any("{" in line for line in lines)


async def test_the_help_shows_an_example() -> None:
    assert "Example:  portvakt standings end N001000002" in (await portvakt("standings", "end", "--help")).output
