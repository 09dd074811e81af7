"""Matches the words of a script line against what its command takes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from gateway.simulators.kiosk_commands import Given, Grammar, Word, fits

_OPTION = re.compile(r"([a-z]+)=(.*)", re.DOTALL)


class WrongWord(Exception):
    """A word is not what was expected there; the text never repeats a word that might be secret."""

    def __init__(self, place: int, what: str) -> None:
        super().__init__(f"word {place}: {what}")


def matched(grammar: Grammar, words: Sequence[str]) -> Given:
    """The words by what they are; raises `WrongWord`. A PIN that looks like an option is given as `pin=…`."""
    given: dict[str, str] = {}
    for place, (word, text) in enumerate(zip(grammar.words, words, strict=False), 2):
        _take(given, word, text, place, word.expected or word.name.upper())
    if missing := grammar.words[len(words) :]:
        raise WrongWord(len(words) + 2, f"expected {missing[0].name.upper()} ({grammar.usage})")
    for place, text in enumerate(words[len(grammar.words) :], len(grammar.words) + 2):
        _take_more(grammar, given, text, place)
    return given


def _take_more(grammar: Grammar, given: dict[str, str], text: str, place: int) -> None:
    """Takes a word behind the required ones: a flag, an option or the PIN."""
    options = {option.name: option for option in (*grammar.options, *_PIN[: grammar.pin])}
    option = _OPTION.fullmatch(text)
    if text in grammar.flags:
        _take(given, Word(text), text, place, "")
    elif option and option[1] in options:
        told = options[option[1]]
        _take(given, told, option[2], place, f"{told.name}={told.expected}")
    elif grammar.pin and "pin" not in given and not option:
        given["pin"] = text
    else:
        raise WrongWord(place, f"expected {_what_may_follow(grammar, given)} ({grammar.usage})")


def _take(given: dict[str, str], word: Word, text: str, place: int, expected: str) -> None:
    if word.name in given:
        raise WrongWord(place, f"{word.name} stands there twice; expected it once")
    if not fits(word, text):
        raise WrongWord(place, f"expected {expected}")
    given[word.name] = text


def _what_may_follow(grammar: Grammar, given: Given) -> str:
    free = [f"{option.name}={option.expected}" for option in grammar.options if option.name not in given]
    free += [flag for flag in grammar.flags if flag not in given]
    if grammar.pin and "pin" not in given:
        free.insert(0, "PIN (one with a = in it as pin=PIN)")
    return " or ".join(free) or "nothing more"


_PIN = (Word("pin", ".*", "PIN"),)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known words that this one may have meant, or all of them."""
    names = sorted(known)
    return " or ".join(difflib.get_close_matches(word, names, n=2) or [", ".join(names)])
