"""Splits the lines of a kiosk script into words, as a shell would: quotes, backslashes, comments from a `#` on."""

from __future__ import annotations

import re
import shlex

_WORD = re.compile(r"""\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)""")


class BadQuoting(Exception):
    """A quote is not closed, or a backslash stands at the end."""


def words_of(line: str) -> list[str]:
    """The words, unquoted; none for a blank line or a comment. Raises `BadQuoting`.

    A `#` begins a comment only where a word begins, so that it may stand in a password.
    """
    words: list[str] = []
    place = 0
    while (found := _WORD.match(line, place)) and not found[1].startswith("#"):
        words.append(shlex.split(found[1])[0])
        place = found.end()
    rest = line[place:].strip()
    if rest and not rest.startswith("#"):
        raise BadQuoting
    return words


def rest_of(line: str) -> str:
    """Everything behind the first word as it stands: blanks count, `#` and quotes too.

    Only quotes around the whole are taken off.
    """
    rest = line.strip().partition(" ")[2].strip()
    quoted = re.fullmatch(r"""'([^']*)'|"([^"\\]*)\"""", rest)
    return (quoted[1] or quoted[2] or "") if quoted else rest
