"""patron and card: what an operator types, and what is never shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.commands import portvakt

ROW = {
    "family_name": "Kvæl",
    "given_name": "Åse",
    "birth_date": "1979-04-02",
    "card": "N001000050",
    "pin": "4817",
    "mobile": "+47 400 55 999",
}


def csv_of(path: Path, *rows: dict[str, str]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


async def known(config: Path, card: str) -> bool:
    return (await portvakt("patron", "show", card, config=config)).exit_code == 0


async def test_a_patron_is_added_from_standard_input_and_shown_masked(config: Path) -> None:
    added = await portvakt("patron", "add", given=json.dumps(ROW), config=config)
    assert (added.exit_code, added.output.strip()) == (0, "N001000050")
    shown = await portvakt("patron", "show", "N001000050", config=config)
    assert shown.exit_code == 0
    assert "Kvæl" not in shown.output
    assert "400 55 999" not in shown.output
    whole = await portvakt("patron", "show", "n01000050", "--reason", "case 4711", "--json", config=config)
    assert json.loads(whole.output)["name"] == "Kvæl, Åse"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"birth_date": "2.4.1979"}, "birth_date: expected a date such as 1990-01-31"),
        ({"family_name": ""}, "family_name: expected text"),
        ({"pin": "1234"}, "the PIN is too easy to guess"),
        ({"card": "4711"}, "card: expected N and nine digits"),
        ({"sex": "female"}, "sex: expected F, M or X"),
        ({"email": "aase at example"}, "email: expected an e-mail address"),
        ({"local_at": "NO-9999999=1"}, "NO-9999999 is no lending unit"),
        ({"local_at": "NO-2030000=a|b"}, "local_at: expected lending units with local ids"),
        ({"home_library": "NO-9999999"}, "NO-9999999 is no institution"),
        ({"adress": "Lia 1"}, "expected only these columns"),
        ({"card": "N001000001"}, "in use"),
    ],
)
async def test_a_wrong_row_is_told_by_column_and_adds_nobody(config: Path, change: dict[str, str], why: str) -> None:
    result = await portvakt("patron", "add", given=json.dumps(ROW | change), config=config)
    assert result.exit_code == 1
    assert why in result.output
    assert not await known(config, "N001000050")


@pytest.mark.parametrize("given", ["", "[]", "{", '"x"', "{}"])
async def test_what_is_no_patron_at_all_is_said_in_one_line(config: Path, given: str) -> None:
    result = await portvakt("patron", "add", given=given, config=config)
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1


async def test_rows_are_imported_from_csv_and_json_lines(config: Path, tmp_path: Path) -> None:
    table = csv_of(tmp_path / "patrons.csv", ROW, ROW | {"card": "N001000051", "local_at": "NO-2030000=S51"})
    result = await portvakt("patron", "import", table, config=config)
    assert result.exit_code == 0, result.output
    assert "2 patrons imported, 0 rows refused" in result.output
    lines = tmp_path / "patrons.jsonl"
    lines.write_text("\n".join(json.dumps(ROW | {"card": f"N00100006{n}", "protected": True}) for n in range(3)))
    assert (await portvakt("patron", "import", lines, config=config)).exit_code == 0
    assert "local" in (await portvakt("patron", "show", "N001000051", config=config)).output
    assert await known(config, "N001000062")


async def test_one_refused_row_stops_the_whole_import(config: Path, tmp_path: Path) -> None:
    table = csv_of(tmp_path / "patrons.csv", ROW, ROW | {"card": "N001000051", "pin": "1111"})
    result = await portvakt("patron", "import", table, config=config)
    assert result.exit_code == 1
    assert "line 3: the PIN is too easy to guess" in result.output
    assert "nothing imported" in result.output
    assert not await known(config, "N001000050")


async def test_right_rows_are_imported_beside_refused_ones_when_asked_and_a_report_is_written(
    config: Path, tmp_path: Path
) -> None:
    rows = (ROW, ROW | {"card": "N001000051", "birth_date": "never"}, ROW | {"card": "N001000001"})
    table, report = csv_of(tmp_path / "patrons.csv", *rows), tmp_path / "refused.csv"
    result = await portvakt("patron", "import", table, "--skip-refused", "--report", report, config=config)
    assert result.exit_code == 1
    assert "1 patrons imported, 2 rows refused" in result.output
    with report.open(encoding="utf-8") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["3", "4"]
    assert "never" not in report.read_text(encoding="utf-8")
    assert await known(config, "N001000050")


async def test_a_report_that_cannot_be_written_is_noticed_before_anything_is_imported(
    config: Path, tmp_path: Path
) -> None:
    table = csv_of(tmp_path / "patrons.csv", ROW)
    whole = table.read_bytes()
    for report, why in ((tmp_path / "nowhere" / "refused.csv", "No such file"), (table, "is the list itself")):
        result = await portvakt("patron", "import", table, "--report", report, config=config)
        assert result.exit_code == 1
        assert (why in result.output, "Traceback" in result.output) == (True, False)
    assert table.read_bytes() == whole
    assert not await known(config, "N001000050")


async def test_a_dry_run_judges_and_imports_nothing(config: Path, tmp_path: Path) -> None:
    result = await portvakt("patron", "import", csv_of(tmp_path / "p.csv", ROW), "--dry-run", config=config)
    assert (result.exit_code, "1 patrons would be imported" in result.output) == (0, True)
    assert not await known(config, "N001000050")


@pytest.mark.parametrize(
    "content",
    [b"family_name,birth_date\nKv\xe6l,1979-04-02\n", b'family_name,birth_date\n"Kv,1979\n', b"family_name\nA,B,C\n"],
)
async def test_a_file_that_is_no_table_imports_nothing(config: Path, tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "patrons.csv"
    table.write_bytes(content)
    result = await portvakt("patron", "import", table, config=config)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize("content", ["", "family_name,birth_date\n", "\n\n"])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_a_list_without_rows_is_the_wrong_file(config: Path, tmp_path: Path, content: str, ending: str) -> None:
    path = tmp_path / f"patrons.{ending}"
    path.write_text("" if ending == "jsonl" and content.strip() else content, encoding="utf-8")
    result = await portvakt("patron", "import", path, config=config)
    assert (result.exit_code, "no rows" in result.output) == (1, True), result.output


async def test_no_secret_is_repeated_by_any_refusal(config: Path, tmp_path: Path) -> None:
    secrets = {"pin": "1234", "identity_number": "17858610045", "password": "hemmelig"}
    table = csv_of(tmp_path / "patrons.csv", ROW | secrets, ROW | {"pin": "48a7"})
    report = tmp_path / "refused.csv"
    result = await portvakt("patron", "import", table, "--report", report, config=config)
    told = result.output + report.read_text(encoding="utf-8")
    assert result.exit_code == 1
    assert not any(secret in told for secret in [*secrets.values(), "48a7", "Kvæl"])


async def test_a_card_is_lost_replaced_withdrawn_and_unlocked(config: Path) -> None:
    for words in (
        ("lost", "N001000001"),
        ("replace", "N001000001", "--by", "N001000070"),
        ("unlock", "N001000070"),
        ("withdraw", "N001000070"),
    ):
        result = await portvakt("card", *words, config=config)
        assert result.exit_code == 0, result.output
    shown = (await portvakt("patron", "show", "N001000070", config=config)).output
    assert "withdrawn" in shown
    assert "replaced by N001000070" in shown


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("card", "lost", "N001000003"), 1, "lost already"),
        (("card", "lost", "N009999999"), 1, "no card has the number"),
        (("card", "replace", "N001000001", "--by", "N001000002"), 1, "in use"),
        (("card", "replace", "N001000001", "--by", "N001000009"), 1, "deleted"),
        (("card", "lost", "S100001"), 2, "N and nine digits"),
        (
            ("patron", "show", "N001000001", "--reason", "x" * 201),
            2,
            "a reason is one line of 1 to 200 printable signs",
        ),
        (("patron", "show", "N001000001", "--reason", "a\nb"), 2, "a reason is one line"),
        (("patron", "show", "N001000009"), 1, "no card has the number"),
    ],
)
async def test_what_cannot_be_done_is_said_so(config: Path, words: tuple[str, ...], status: int, why: str) -> None:
    result = await portvakt(*words, config=config)
    assert (result.exit_code, why in result.output) == (status, True), result.output


async def test_a_patron_is_deleted_only_when_it_is_confirmed(config: Path) -> None:
    assert (await portvakt("patron", "delete", "N001000001", given="n\n", config=config)).exit_code == 1
    assert await known(config, "N001000001")
    assert (await portvakt("patron", "delete", "N001000001", "--yes", config=config)).exit_code == 0
    assert not await known(config, "N001000001")


async def test_the_audit_trail_of_what_operators_did_verifies_and_a_change_is_found(config: Path, state: Path) -> None:
    import sqlite3

    await portvakt("card", "lost", "N001000001", config=config)
    assert (await portvakt("audit", "verify", config=config)).exit_code == 0
    database = sqlite3.connect(next(state.glob("*.db")))
    database.execute("UPDATE audit SET actor = 'somebody else' WHERE seq = (SELECT max(seq) FROM audit)")
    database.commit()
    database.close()
    result = await portvakt("audit", "verify", config=config)
    assert (result.exit_code, "row " in result.output) == (1, True)
