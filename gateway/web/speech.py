"""What a page says, in one language: sentences with what belongs in them, escaped and kept apart; dates."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup, escape

from gateway.clock import LIBRARY_TIME
from gateway.words.dates import in_words
from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from gateway.words.sentences import SENTENCES

Key = Text | Screen
_MOST = 200
_ISOLATED = "\u2068{}\u2069"


class Speech:
    """Says keys in one language; values come from outside and are never trusted."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, key: Key, **values: str | int) -> Markup:
        """Return a sentence as HTML, each value in an element that keeps its direction of writing to itself."""
        shown = {name: isolated(str(value)) for name, value in values.items()}
        return Markup(escape(self._sentence(key))).format(**shown)  # noqa: S704 - escaped right here

    def plain(self, key: Key, **values: str | int) -> str:
        """Return a sentence as text, for a place where no elements are allowed."""
        return self._sentence(key).format(**{name: _ISOLATED.format(clean(str(one))) for name, one in values.items()})

    def date(self, at: datetime) -> str:
        """Return a day in the libraries' time zone."""
        return in_words(at.astimezone(LIBRARY_TIME).date(), self.language)

    def _sentence(self, key: Key) -> str:
        return (TEXTS[key] if isinstance(key, Text) else SENTENCES[key]).in_language(self.language)


def isolated(text: str) -> Markup:
    """Return a text from outside as HTML, in an element that keeps its direction of writing to itself."""
    return Markup("<bdi>{}</bdi>").format(clean(text))


def clean(text: str) -> str:
    """Return one line of a text from outside without signs that cannot be seen, those that turn writing included."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown if len(shown) <= _MOST else shown[: _MOST - 1] + "…"


def paragraphs(text: str) -> list[list[str]]:
    """Return a long text as paragraphs of lines, cleaned: blank lines part paragraphs."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        shown = "".join(sign for sign in line if sign.isprintable() or sign == "\t").strip()
        if shown:
            found[-1].append(shown)
        elif found[-1]:
            found.append([])
    return [lines for lines in found if lines]
