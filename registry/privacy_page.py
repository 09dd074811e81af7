"""``docs/privacy.md``: the release table as a page, so that policy and program cannot part ways.

Made anew by ``python -m registry.privacy_page > docs/privacy.md``; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from registry.domain.release import NEVER, TABLE, WIRES, Audience, Release

_MARKS = {
    Release.NO: "",
    Release.YES: "yes",
    Release.UNPROTECTED: "yes, unless protected",
    Release.PLACEHOLDER: "yes; a placeholder where protected",
    Release.MASKED: "masked",
}

_PROSE = """\
# What leaves the register, and for whom

This page is the release table of `registry/domain/release.py`, the one place through which personal data leaves.
What is empty here leaves for nobody in that column, whatever the situation; a new field is empty everywhere until
somebody writes a *yes* into that table. `protected` is an address that the population register protects.

Without a valid agreement nobody gets anything at all. A library is told no more about a guest than it needs to see
who stands there, until the guest has accepted its loan rules.
"""


def as_markdown() -> str:
    """Return the page."""
    return "\n".join([_PROSE, *_columns(), "## What carries each field", "", *_carriers(), "## What never leaves", "",
                      *(f"* {what}" for what in NEVER), ""])  # fmt: skip


def _columns() -> Iterator[str]:
    for audience in Audience:
        released = [(name, row[audience]) for name, row in TABLE.items() if row[audience] is not Release.NO]
        yield f"## {audience.value[0].upper()}{audience.value[1:]}"
        yield ""
        if not released:
            yield "Nothing about the person: known or not known, and the state of the card (lost, replaced, withdrawn)."
        for name, how in released:
            yield f"* {name.replace('_', ' ')}" + ("" if how is Release.YES else f" ({_MARKS[how]})")
        yield ""


def _carriers() -> Iterator[str]:
    yield "| field | SIP2 | NCIP |"
    yield "|---|---|---|"
    for name, (sip2, ncip) in WIRES.items():
        yield f"| {name.replace('_', ' ')} | {sip2} | {ncip} |"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
