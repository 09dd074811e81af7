"""The table of sentences as a page for operators and translators: ``python -m gateway.words.catalogue``."""

from __future__ import annotations

import sys

from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.sentences import NAMED, SENTENCES, Wording

_INTRODUCTION = """\
# What patrons read

Generated from `gateway/words/sentences.py` by `python -m gateway.words.catalogue`; a test compares the two.

Each sentence stands alone, says what to do next, and is at most 80 characters long. The language is the one that the
message asks for when that is not Norwegian, then the patron's own (once the PIN is right), then the terminal's.
Northern Sámi is used where the terminal's charset has its letters, else bokmål. A sentence with `{library}` is used
where the name fits on the line.

The Northern Sámi sentences should be read by a speaker before a library turns them on.
"""


def as_markdown() -> str:
    """The whole page, ending with a newline."""
    return "\n".join([_INTRODUCTION, *(_section(screen) for screen in Screen)])


def _section(screen: Screen) -> str:
    wordings = [SENTENCES[screen], *([NAMED[screen]] if screen in NAMED else [])]
    return "\n".join([f"## {screen.name}\n", f"{screen.value}\n", *map(_lines, wordings)])


def _lines(wording: Wording) -> str:
    return "".join(f"- {language.value}: {wording.in_language(language)}\n" for language in Language)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
