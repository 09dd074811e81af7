"""guests: who waits for a desk, approved and denied at the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import portvakt

FJORDBY = "NO-2120100"


async def test_a_guest_is_approved_at_the_desk_and_only_once(config: Path) -> None:
    nobody = await portvakt("guests", "list", "--unit", FJORDBY, config=config)
    assert (nobody.exit_code, "nobody waits" in nobody.output) == (0, True)
    approved = await portvakt("guests", "approve", "N001000001", "--unit", FJORDBY, config=config)
    assert (approved.exit_code, approved.output) == (0, f"N001000001 is approved at {FJORDBY}\n")
    shown = await portvakt("standings", "list", "N001000001", config=config)
    assert f"{FJORDBY}  consented" in shown.output
    again = await portvakt("guests", "approve", "N001000001", "--unit", FJORDBY, config=config)
    assert (again.exit_code, "library's system is being told" in again.output) == (1, True)


async def test_what_stands_in_the_way_is_said_in_one_line(config: Path) -> None:
    for words, told, status in (
        (("approve", "N001999999", "--unit", FJORDBY), "no card has this number", 1),
        (("approve", "N001000003", "--unit", FJORDBY), "the card cannot be used: lost", 1),
        (("approve", "N001000001", "--unit", "NO-9999999"), "NO-9999999 is no lending unit in force", 1),
        (("approve", "N001000001", "--unit", "NO-2110300"), "NO-2110300 has no valid agreement", 1),
        (("approve", "N001000001", "--unit", FJORDBY, "--branch", "NO-2030000"), "no branch of", 2),
        (("deny", "N001000001", "--unit", FJORDBY), "the patron does not wait for this desk", 1),
        (("approve", "4711", "--unit", FJORDBY), "N and nine digits", 2),
    ):
        result = await portvakt("guests", *words, config=config)
        assert (result.exit_code, told in result.output) == (status, True), result.output
