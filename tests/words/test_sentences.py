"""The table of sentences, read as a proof-reader would."""

from __future__ import annotations

import string
from collections import Counter
from pathlib import Path

import pytest

from gateway.words.catalogue import as_markdown
from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.screen import LINE, MOST
from gateway.words.sentences import LINKED, NAMED, NUMBERS, SENTENCES, Wording

ALL = [
    pytest.param(screen, language, SENTENCES[screen].in_language(language), id=f"{screen.name}-{language.value}")
    for screen in SENTENCES
    for language in Language
]
ALL_NAMED = [
    pytest.param(screen, language, NAMED[screen].in_language(language), id=f"{screen.name}-{language.value}")
    for screen in NAMED
    for language in Language
]
ALL_LINKED = [
    pytest.param(screen, language, LINKED[screen].in_language(language), id=f"{screen.name}-{language.value}")
    for screen in LINKED
    for language in Language
]
LINK = "portvakt.example.org/k/7kq2mx4pbcdf"

LETTERS = {
    Language.NB: "abcdefghijklmnopqrstuvwxyzæøå",
    Language.NN: "abcdefghijklmnopqrstuvwxyzæøå",
    Language.SE: "aábcčdđefghijklmnŋoprsštŧuvzž",
    Language.EN: "abcdefghijklmnopqrstuvwxyz",
}
PUNCTUATION = " .,:-"
BOKMAL_ONLY = {"ikke", "jeg", "et", "en", "fra", "hvis", "gjøres", "mulig", "senere", "ennå", "nå", "maskinen"}
NYNORSK_ONLY = {"ikkje", "eg", "noko", "frå", "gjerast", "mogleg", "seinare", "enno", "no", "maskina", "eit", "ein"}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def filled(text: str) -> str:
    return text.format(seconds=MOST, minutes=MOST, library="", link="")


def words(text: str) -> set[str]:
    return {word.strip(".,:-").lower() for word in text.split()}


def test_every_situation_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Screen)


@pytest.mark.parametrize(("screen", "language", "text"), ALL)
def test_a_sentence_fits_one_line_of_the_screen(screen: Screen, language: Language, text: str) -> None:
    assert 10 < len(filled(text)) <= LINE


@pytest.mark.parametrize(("screen", "language", "text"), [*ALL, *ALL_NAMED, *ALL_LINKED])
def test_a_sentence_is_printable_and_ends_with_a_full_stop(screen: Screen, language: Language, text: str) -> None:
    assert text.isprintable()
    assert "|" not in text
    assert "  " not in text
    assert text == text.strip()
    assert text.endswith(".")


@pytest.mark.parametrize(("screen", "language", "text"), [*ALL, *ALL_NAMED, *ALL_LINKED])
def test_a_sentence_uses_only_the_letters_of_its_language(screen: Screen, language: Language, text: str) -> None:
    without_values = filled(text).replace(str(MOST), "")
    assert set(without_values.lower()) <= set(LETTERS[language] + PUNCTUATION)


@pytest.mark.parametrize(("screen", "language", "text"), [*ALL, *ALL_NAMED, *ALL_LINKED])
def test_norwegian_and_english_fit_the_kiosks_charsets(screen: Screen, language: Language, text: str) -> None:
    charsets = ["iso8859_10"] if language is Language.SE else ["cp850", "cp865", "latin-1", "cp1252"]
    assert [filled(text).encode(charset).decode(charset) for charset in charsets] == [filled(text)] * len(charsets)


@pytest.mark.parametrize(("screen", "language", "text"), ALL)
def test_a_sentence_has_the_number_that_its_situation_declares(screen: Screen, language: Language, text: str) -> None:
    assert placeholders(text) == ({NUMBERS[screen]} if screen in NUMBERS else set())


@pytest.mark.parametrize(("screen", "language", "text"), ALL_NAMED)
def test_a_named_sentence_has_the_name_and_room_for_an_ordinary_one(
    screen: Screen, language: Language, text: str
) -> None:
    assert placeholders(text) == {"library"}
    assert len(text.format(library="Bodø bibliotek")) <= LINE


@pytest.mark.parametrize(("screen", "language", "text"), ALL_LINKED)
def test_a_sentence_with_a_link_sets_it_apart_and_has_room_for_an_ordinary_one(
    screen: Screen, language: Language, text: str
) -> None:
    assert placeholders(text) == {"link"}
    assert " {link} " in text
    assert len(text.format(link=LINK)) <= LINE


@pytest.mark.parametrize("language", list(Language))
def test_no_two_situations_say_the_same(language: Language) -> None:
    said = Counter(wording.in_language(language) for wording in SENTENCES.values())
    assert [text for text, times in said.items() if times > 1] == []


@pytest.mark.parametrize(("screen", "wording"), [*SENTENCES.items(), *NAMED.items(), *LINKED.items()])
def test_bokmal_and_nynorsk_are_not_mixed(screen: Screen, wording: Wording) -> None:
    assert not words(wording.nb) & NYNORSK_ONLY
    assert not words(wording.nn) & BOKMAL_ONLY


@pytest.mark.parametrize("screen", list(Screen))
def test_every_situation_is_described_for_translators(screen: Screen) -> None:
    assert screen.value.endswith(".")


def test_the_page_for_operators_is_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "words.md"
    assert page.read_text(encoding="utf-8") == as_markdown(), "run: python -m gateway.words.catalogue > docs/words.md"
