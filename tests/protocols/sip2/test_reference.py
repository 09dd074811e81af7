"""The page for those who connect says what the declarations say."""

from __future__ import annotations

from pathlib import Path

from protocols.sip2 import MESSAGES, VARIABLE
from protocols.sip2.reference import BEGIN, END, reference

PAGE = Path(__file__).parents[3] / "docs" / "sip2.md"


def test_the_page_holds_what_the_declarations_say() -> None:
    _, _, rest = PAGE.read_text("utf-8").partition(BEGIN + "\n")
    generated, end, _ = rest.partition(END)
    assert end
    assert generated == reference(), "write it anew: python -m protocols.sip2.reference"


def test_every_message_and_field_is_in_the_tables() -> None:
    lines = reference().splitlines()
    first_cells = {line.split(" | ")[0].removeprefix("| ") for line in lines}
    assert first_cells >= {*MESSAGES, *VARIABLE}
    assert "| AD | patron password | text | secret | 23 | 11 15 25 29 35 37 63 65 |" in lines
