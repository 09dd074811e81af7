"""One line for a kiosk's screen: a situation said in the patron's language, in letters that the kiosk can show."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.sentences import LINKED, NAMED, NUMBERS, SENTENCES, Wording

__all__ = ["LINE", "Screen", "UndeclaredValueError", "say", "waiting"]

LINE = 80
"""The most characters of a screen message; even in UTF-8 this is well under SIP2's 255 bytes."""

FEWEST, MOST = 2, 120
"""The range of the numbers that a sentence may show: no singular, and nothing that could be a PIN."""

_IN_SECONDS_UP_TO = 90

_OPTIONAL: Mapping[str, Mapping[Screen, Wording]] = {"link": LINKED, "library": NAMED}
"""What a sentence may be given, and the sentences that have a place for it."""

_WITHOUT_NORWEGIAN_LETTERS = str.maketrans({"Æ": "Ae", "Ø": "Oe", "Å": "Aa", "æ": "ae", "ø": "oe", "å": "aa"})


class UndeclaredValueError(TypeError):
    """A sentence was given a value that it has no place for, or not the one it needs; the value is not repeated."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(f"the values given are not those that {screen.name} declares")


def say(screen: Screen, language: Language, charset: str, **values: int | str) -> str:
    """One printable line of at most 80 characters, encodable in the charset, without ``|``.

    Takes the number that the screen declares (``seconds`` or ``minutes``, 2 to 120), and where the table has such a
    sentence, ``library`` or ``link``: one too long or in other letters is left out. Bokmål stands in for Northern Sámi
    where the charset lacks its letters. Raises UndeclaredValueError for other values, LookupError for an unknown
    charset.
    """
    _check(screen, values)
    spoken = language if language.fits(charset) else Language.NB
    plain = SENTENCES[screen].in_language(spoken).format_map(values)
    candidates = (*(_with(name, table, screen, spoken, values) for name, table in _OPTIONAL.items()), plain)
    return next((line for line in candidates if _fits(line, charset)), _in_any_charset(plain))


def waiting(seconds: float) -> tuple[Screen, Mapping[str, int]]:
    """The screen and the values to ``say`` for too many tries, never promising an earlier time than the true one."""
    if seconds <= _IN_SECONDS_UP_TO:
        return Screen.TOO_MANY_TRIES_WAIT_SECONDS, {"seconds": max(ceil(seconds), FEWEST)}
    minutes = ceil(seconds / 60)
    if minutes > MOST:
        return Screen.TOO_MANY_TRIES_STAFF, {}
    return Screen.TOO_MANY_TRIES_WAIT, {"minutes": minutes}


def _check(screen: Screen, values: Mapping[str, int | str]) -> None:
    number = NUMBERS.get(screen)
    needed = {number} if number else set()
    optional = {name for name, table in _OPTIONAL.items() if screen in table}
    if not needed <= values.keys() <= needed | optional:
        raise UndeclaredValueError(screen)
    if number is not None and not _is_showable(values[number]):
        raise UndeclaredValueError(screen)


def _is_showable(number: int | str) -> bool:
    return isinstance(number, int) and FEWEST <= number <= MOST


def _with(
    name: str,
    table: Mapping[Screen, Wording],
    screen: Screen,
    language: Language,
    values: Mapping[str, int | str],
) -> str:
    return table[screen].in_language(language).format_map(values) if values.get(name) else ""


def _fits(line: str, charset: str) -> bool:
    if not line or len(line) > LINE or not line.isprintable() or "|" in line:
        return False
    return line.encode(charset, "replace").decode(charset) == line


def _in_any_charset(line: str) -> str:
    return line.translate(_WITHOUT_NORWEGIAN_LETTERS)
