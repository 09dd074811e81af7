"""``portvakt poster``: what it draws, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import portvakt

PAGES = '\n[listeners.pages]\npublic_url = "https://kort.example.no"\n'


async def test_a_poster_leads_to_the_librarys_page(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text() + PAGES)
    out = tmp_path / "storbyen.svg"
    made = await portvakt("poster", "NO-2030000", "--out", out, config=config)
    assert made.exit_code == 0
    assert "(https://kort.example.no/NO-2030000)" in made.output
    svg = out.read_text("utf-8")
    assert "Storbyen folkebibliotek" in svg
    assert "kort.example.no/NO-2030000" in svg


async def test_another_address_may_be_said_and_the_poster_written_to_the_output(config: Path) -> None:
    made = await portvakt("poster", "NO-2120100", "--url", "https://lan.example.no/", "--out", "-", config=config)
    assert made.exit_code == 0
    assert made.output.startswith("<svg ")
    assert made.output.endswith("</svg>\n")
    assert "lan.example.no/NO-2120100" in made.output


async def test_a_poster_whose_page_is_not_there_is_drawn_with_a_warning(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "vidda.svg"
    made = await portvakt("poster", "NO-2110300", "--url", "https://kort.example.no", "--out", out, config=config)
    assert (made.exit_code, "NO-2110300 has no valid agreement" in made.stderr) == (0, True)
    assert "NO-2110300" in out.read_text("utf-8")


async def test_a_file_that_is_there_is_overwritten_only_when_that_is_asked_for(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "storbyen.svg"
    out.write_text("mine")
    words = ("poster", "NO-2030000", "--url", "https://kort.example.no", "--out", out)
    refused = await portvakt(*words, config=config)
    assert (refused.exit_code, "--force overwrites it" in refused.output) == (1, True)
    assert out.read_text() == "mine"
    made = await portvakt(*words, "--force", config=config)
    assert (made.exit_code, made.stderr) == (0, "")
    assert out.read_text("utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["NO-9999999", "--url", "https://kort.example.no"], 1, "no partner file has an institution NO-9999999"),
        (["NO-2030000"], 1, "say --url"),
        (["NO-2030000", "--url", "http://kort.example.no"], 2, "https and a host"),
        (["NO-2030000", "--url", "https://kort.example.no/pages"], 2, "https and a host"),
        (["NO-2030000", "--url", "javascript:alert(1)"], 2, "https and a host"),
        (["NO-2030000", "--url", "https://kort.example.no", "--out", "/no/such/place.svg"], 1, "No such file"),
        ([], 2, "LIBRARY"),
    ],
)
async def test_what_cannot_be_drawn_is_said(arguments: list[str], status: int, words: str, config: Path) -> None:
    made = await portvakt("poster", *arguments, config=config)
    assert made.exit_code == status
    assert words in made.output


async def test_a_library_without_rules_has_nothing_to_put_on_a_poster(config: Path) -> None:
    partners = config.parent / "partners.d" / "demo.toml"
    partners.write_text(partners.read_text() + '\n[[institutions]]\nid = "NO-1234567"\nname = "Fylket"\n')
    made = await portvakt("poster", "NO-1234567", "--url", "https://kort.example.no", config=config)
    assert made.exit_code == 1
    assert "no loan rules" in made.output
