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
