"""standings: a library's list of who is local there, imported and read again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gateway.cli.standings import COLUMNS
from tests.cli.commands import portvakt

STORBYEN = "NO-2030000"
HEAD = "card,local_id,since\n"


def listed(path: Path, *rows: str) -> Path:
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


async def local_id(config: Path, card: str) -> str:
    shown = await portvakt("standings", "list", card, config=config)
    assert shown.exit_code == 0, shown.output
    return "".join(line.partition(" as ")[2] for line in shown.output.splitlines() if line.startswith(STORBYEN))


@pytest.mark.parametrize("layout", ["csv", "jsonl"])
async def test_a_list_is_imported_and_again_without_effect(config: Path, tmp_path: Path, layout: str) -> None:
    rows = [("N001000001", "S200001", "2019-08-31"), ("n01000008", "", "")]
    path = tmp_path / f"local.{layout}"
    if layout == "csv":
        listed(path, *(",".join(row) for row in rows))
    else:
        path.write_text("\n".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) for row in rows))
    first = await portvakt("standings", "import", path, "--unit", STORBYEN, config=config)
    assert first.exit_code == 0, first.output
    assert "2 patrons are local now, 0 were already, 0 rows refused" in first.output
    again = await portvakt("standings", "import", path, "--unit", STORBYEN, config=config)
    assert (again.exit_code, "0 patrons are local now, 2 were already" in again.output) == (0, True)
    assert await local_id(config, "N001000001") == "S200001"
    assert await local_id(config, "N001000008") == "N001000008"


async def test_refused_rows_are_told_by_line_and_nothing_is_imported(config: Path, tmp_path: Path) -> None:
    path = listed(
        tmp_path / "local.csv",
        "N001000001,S200001,2019-08-31",
        "4711,S1,",
        "N001000008,S2,31.8.2019",
        "N001000003,S3,",
        "N001000004,S4,",
        "N001000010,S200002,",
        "N009999999,hemmelig,",
    )
    result = await portvakt("standings", "import", path, "--unit", STORBYEN, config=config)
    assert result.exit_code == 1
    for told in (
        "line 3: card: expected N and nine digits",
        "line 4: since: expected a date such as 2019-08-31",
        "line 5: card: lost",
        "line 6: card: replaced by N001000005",
        "line 7: local_id: another patron has it here",
        "line 8: card: no card has this number",
        "6 rows refused, nothing imported",
    ):
        assert told in result.output
    assert not any(held in result.output for held in ("4711", "31.8.2019", "hemmelig"))
    assert await local_id(config, "N001000001") == ""


async def test_right_rows_are_imported_beside_refused_ones_when_asked_and_a_report_is_written(
    config: Path, tmp_path: Path
) -> None:
    path = listed(tmp_path / "local.csv", "4711,S1,", "N001000003,S3,", "N001000001,S200001,")
    report = tmp_path / "refused.csv"
    words = ("standings", "import", path, "--unit", STORBYEN, "--skip-refused", "--report", report)
    dry = await portvakt(*words, "--dry-run", config=config)
    assert (dry.exit_code, "1 patrons would become local, 0 were already, 2 rows refused" in dry.output) == (1, True)
    assert await local_id(config, "N001000001") == ""
    result = await portvakt(*words, config=config)
    assert (result.exit_code, "1 patrons are local now" in result.output) == (1, True)
    with report.open(encoding="utf-8") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["2", "3"]
    assert await local_id(config, "N001000001") == "S200001"


@pytest.mark.parametrize(
    ("content", "unit", "status", "why"),
    [
        (b"card,local_id\nN001000001,S1\n", "NO-9999999", 1, "no lending unit"),
        (b"card,name\nN001000001,S1\n", STORBYEN, 1, "only these columns"),
        (b"card,local_id\nN001000001\n", STORBYEN, 1, "as many values"),
        (b"card,local_id\nN001000001,a|b\n", STORBYEN, 1, "local_id: expected 1 to 64 printable signs, no |"),
        (b"card,local_id\n", STORBYEN, 1, "no rows"),
        (b"", STORBYEN, 1, "no rows"),
        (b"card,local_id\nN001000001,\xe6\n", STORBYEN, 1, "expected UTF-8"),
    ],
)
async def test_what_is_no_list_of_this_unit_is_said_in_one_line(
    config: Path, tmp_path: Path, content: bytes, unit: str, status: int, why: str
) -> None:
    path = tmp_path / "local.csv"
    path.write_bytes(content)
    result = await portvakt("standings", "import", path, "--unit", unit, config=config)
    assert (result.exit_code, why in result.output) == (status, True), result.output
    assert "Traceback" not in result.output


async def test_a_list_that_was_read_can_be_imported_elsewhere(config: Path, tmp_path: Path) -> None:
    read = await portvakt("standings", "list", "--unit", STORBYEN, config=config)
    assert read.exit_code == 0
    rows = {row["card"]: row for row in csv.DictReader(read.output.splitlines())}
    assert (rows["N001000002"]["local_id"], rows["N001000002"]["state"]) == ("S200002", "local")
    assert rows["N001000007"]["local_id"] == "S200007"
    path = listed(tmp_path / "local.csv", *(f"{row['card']},{row['local_id']},{row['since']}" for row in rows.values()))
    result = await portvakt("standings", "import", path, "--unit", STORBYEN, config=config)
    assert f"{len(rows)} were already" in result.output


async def test_of_a_patron_without_a_standing_that_is_said(config: Path) -> None:
    shown = await portvakt("standings", "list", "N001000001", config=config)
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "", "no standing anywhere\n")


@pytest.mark.parametrize("words", [(), ("N001000002", "--unit", STORBYEN)])
async def test_a_card_or_a_unit_is_named_and_not_both(config: Path, words: tuple[str, ...]) -> None:
    assert (await portvakt("standings", "list", *words, config=config)).exit_code == 2
