"""On which line of a TOML text a key stands; the standard library's reader does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a document, as an error of a model tells them."""

_TOKEN: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])"
    r"|(?P<end>\n)"
    r"""|[^"'\#\[\]{}\n]+|.""",
    re.DOTALL,
)
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER: Final = re.compile(rf"(?P<open>\[\[?)[ \t]*(?P<key>{_KEY})[ \t]*\]")
_ASSIGNMENT: Final = re.compile(rf"(?P<key>{_KEY})[ \t]*=")


def key_lines(text: str) -> Mapping[Place, int]:
    """The line of each table and key of a TOML text that reads without error; of what is nested in a value, not."""
    found: dict[Place, int] = {}
    sizes: dict[Place, int] = {}
    table: Place = ()
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            table = _table(_parts(header["key"]), header["open"] == "[[", sizes)
            path = table
        elif assignment := _ASSIGNMENT.match(statement):
            path = table + _parts(assignment["key"])
        else:
            continue
        for length in range(1, len(path) + 1):
            found.setdefault(path[:length], line)
    return found


def line_of(path: Place, lines: Mapping[Place, int]) -> int | None:
    """The line of a key, or of the nearest table or value around it; None when nothing around it is written."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header or assignment without its comments, with the line on which it begins."""
    line, begin, depth, kept = 1, 1, 0, ""
    for token in _TOKEN.finditer(text):
        line += token[0].count("\n")
        depth += (token["open"] is not None) - (token["close"] is not None)
        if token["end"] and depth <= 0:
            if kept.strip():
                yield begin, kept.strip()
            begin, depth, kept = line, 0, ""
        elif not token["comment"]:
            kept += token[0]
    if kept.strip():
        yield begin, kept.strip()


def _parts(key: str) -> Place:
    parts: list[str | int] = []
    table: Any = tomllib.loads(f"{key} = 0")
    while isinstance(table, dict):
        (part, table), *_ = table.items()
        parts.append(part)
    return tuple(parts)


def _table(names: Place, repeated: bool, sizes: dict[Place, int]) -> Place:
    """The place of a header's table, with the position in each list of tables on the way to it."""
    path: Place = ()
    for position, name in enumerate(names):
        path += (name,)
        if repeated and position == len(names) - 1:
            sizes[path] = sizes.get(path, 0) + 1
        if path in sizes:
            path += (sizes[path] - 1,)
    return path
