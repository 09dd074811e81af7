from __future__ import annotations

from pathlib import Path

from registry.domain.release import TABLE, Release
from registry.privacy_page import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"


def test_the_privacy_page_is_the_release_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == as_markdown()


def test_every_release_stands_on_the_page() -> None:
    lines = as_markdown().splitlines()
    released = sum(how is not Release.NO for row in TABLE.values() for how in row.values())
    named = [line for line in lines if line.startswith("* ") and line[2:].split(" (")[0].replace(" ", "_") in TABLE]
    assert len(named) == released
