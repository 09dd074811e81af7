"""The reference page for those who connect, made from the declarations: `python -m protocols.sip2.reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from protocols.sip2 import messages
from protocols.sip2.fields import VARIABLE, Privacy
from protocols.sip2.spec import MESSAGES, Message

__all__ = ["BEGIN", "END", "messages", "reference"]

BEGIN, END = "<!-- fields: begin -->", "<!-- fields: end -->"
"""What surrounds the generated part of the page."""

_PRIVACY = {Privacy.OPEN: "", Privacy.PERSONAL: "personal", Privacy.SECRET: "secret"}


def reference() -> str:
    """The tables of messages and fields, in Markdown."""
    return "\n".join(
        [
            "## Messages",
            "",
            "In wire order. **Bold**: required. `*`: may repeat. Variable fields may come in any order.",
            "",
            *_table(("no", "message", "answered by", "fixed part", "variable fields"), _message_rows()),
            "",
            "## Fields",
            "",
            "What is personal or secret is in no log, metric or error text of the gateway.",
            "",
            *_table(("tag", "name", "kind", "privacy", "required in", "optional in"), _field_rows()),
            "",
        ]
    )


def _message_rows() -> Iterable[Sequence[str]]:
    for number, cls in MESSAGES.items():
        fixed = ", ".join(f"{told.name} {told.width}" for _, told in cls.layout.fixed)
        yield number, _title(cls), cls.answered_by or "", fixed, _variable(cls)


def _variable(cls: type[Message]) -> str:
    return " ".join(
        f"**{place.told.tag}**" if place.required else place.told.tag + r"\*" * place.repeatable
        for place in cls.layout.variable
    )


def _title(cls: type[Message]) -> str:
    """The class's name in words."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in cls.__name__).split()
    return " ".join({"Sc": "SC", "Acs": "ACS"}.get(word, word) for word in words)


def _field_rows() -> Iterable[Sequence[str]]:
    for tag in sorted(VARIABLE):
        told = VARIABLE[tag]
        yield tag, told.name, told.kind.name, _PRIVACY[told.privacy], _users(tag, True), _users(tag, False)


def _users(tag: str, required: bool) -> str:
    return " ".join(
        number
        for number, cls in sorted(MESSAGES.items())
        for place in cls.layout.variable
        if place.told.tag == tag and place.required is required
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    for row in rows:
        yield _line(row)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(reference())
