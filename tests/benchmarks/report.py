"""What a benchmark tells: rows of a table, some with a target, all with what was measured."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_HEADINGS = ("benchmark", "measured", "target", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; without a target it is there to be known. ``met`` is ``None`` then."""

    name: str
    measured: str
    target: str = ""
    met: bool | None = None


def at_least(name: str, ratio: float, least: float, said: str) -> Row:
    """Return the row of a ratio that shall be ``least`` or more; ``said`` tells what stands behind it."""
    return Row(name, f"{ratio:.1f} × ({said})", f"at least {least:g} ×", ratio >= least)


def at_most(name: str, value: float, most: float, unit: str, said: str = "") -> Row:
    """Return the row of a value that shall be ``most`` or less."""
    behind = f" ({said})" if said else ""
    return Row(name, f"{value:.2f} {unit}{behind}", f"at most {most:g} {unit}", value <= most)


def missed(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose target was missed."""
    return [row for row in rows if row.met is False]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table that is Markdown as well."""
    cells = [(row.name, row.measured, row.target, _MET[row.met]) for row in rows]
    widths = [max(map(_width, column)) for column in zip(_HEADINGS, *cells, strict=True)]
    lines = [_line(_HEADINGS, widths), _line(tuple("-" * width for width in widths), widths)]
    return "\n".join([*lines, *(_line(line, widths) for line in cells)])


_MET = {True: "yes", False: "NO", None: ""}


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _width(text: str) -> int:
    return len(unicodedata.normalize("NFC", text))
