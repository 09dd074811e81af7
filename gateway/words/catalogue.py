"""The table of sentences as a page for operators and translators: ``python -m gateway.words.catalogue``."""

from __future__ import annotations

import sys

from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.mail_keys import Mail
from gateway.words.mail_texts import MAILS
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from gateway.words.sentences import LINKED, NAMED, SENTENCES, Wording

_INTRODUCTION = """\
# What patrons read

Generated from `sentences.py`, `page_texts.py` and `mail_texts.py` in `gateway/words` by
`python -m gateway.words.catalogue`; a test compares them.

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


_MAIL = """\
# In mail to patrons

The language is the patron's own. A paragraph with `{link}` is left out where there are no pages for patrons.
"""


def as_markdown() -> str:
    """The whole page, ending with a newline."""
    pages = (f"## {text.name}\n\n{text.value}\n\n{_lines(TEXTS[text])}" for text in Text)
    mails = (f"## {mail.name}\n\n{mail.value}\n\n{_lines(MAILS[mail])}" for mail in Mail)
    screens = (_section(screen) for screen in Screen)
    return "\n".join([_INTRODUCTION, *screens, _PAGES, *pages, _MAIL, *mails])


def _section(screen: Screen) -> str:
    wordings = [SENTENCES[screen], *(table[screen] for table in (NAMED, LINKED) if screen in table)]
    return "\n".join([f"## {screen.name}\n", f"{screen.value}\n", *map(_lines, wordings)])


def _lines(wording: Wording) -> str:
    return "".join(f"- {language.value}: {wording.in_language(language)}\n" for language in Language)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
