"""The table of sentences as a page for operators and translators: ``python -m gateway.words.catalogue``."""

from __future__ import annotations

import sys

from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from gateway.words.sentences import LINKED, NAMED, SENTENCES, Wording

_INTRODUCTION = """\
# What patrons read

Generated from `gateway/words/sentences.py` and `gateway/words/page_texts.py` by `python -m gateway.words.catalogue`; a
test compares them.

# On a kiosk's screen

Each sentence stands alone, says what to do next, and is at most 80 characters long. The language is the one that the
message asks for when that is not Norwegian, then the patron's own (once the PIN is right), then the terminal's.
Northern Sámi is used where the terminal's charset has its letters, else bokmål. A sentence with `{library}` or
`{link}` is used where that fits on the line.

The Northern Sámi sentences should be read by a speaker before a library turns them on.
"""

_PAGES = """\
# On the pages for patrons, and on posters

Beside these the pages use some of the sentences above. The language is the one chosen on the page, then the patron's
own (once the PIN is right), then the browser's.
"""


def as_markdown() -> str:
    """The whole page, ending with a newline."""
    pages = (f"## {text.name}\n\n{text.value}\n\n{_lines(TEXTS[text])}" for text in Text)
    return "\n".join([_INTRODUCTION, *(_section(screen) for screen in Screen), _PAGES, *pages])


def _section(screen: Screen) -> str:
    wordings = [SENTENCES[screen], *(table[screen] for table in (NAMED, LINKED) if screen in table)]
    return "\n".join([f"## {screen.name}\n", f"{screen.value}\n", *map(_lines, wordings)])


def _lines(wording: Wording) -> str:
    return "".join(f"- {language.value}: {wording.in_language(language)}\n" for language in Language)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
