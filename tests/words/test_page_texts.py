"""What the pages say, read as a proof-reader would."""

from __future__ import annotations

import string
from collections import Counter

import pytest

from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.page_texts import TEXTS
from gateway.words.sentences import Wording

ALL = [
    pytest.param(text, language, TEXTS[text].in_language(language), id=f"{text.name}-{language.value}")
    for text in Text
    for language in Language
]
LETTERS = {
    Language.NB: "abcdefghijklmnopqrstuvwxyzæøå",
    Language.NN: "abcdefghijklmnopqrstuvwxyzæøå",
    Language.SE: "aábcčdđefghijklmnŋoprsštŧuvzž",
    Language.EN: "abcdefghijklmnopqrstuvwxyz",
}
PUNCTUATION = " .,:-!?'0123456789\u00a0"
# PIN is a name, and so is the letter that numbers begin with; other letters are none of the language's.
NAMES = {"PIN-kode", "PIN-koda", "PIN"}
KNOWN = {"library", "name", "version", "date"}
BOKMAL_ONLY = {"ikke", "jeg", "fra", "hvis", "gjøre", "senere", "ennå", "nå", "noe", "hvordan", "ble", "flere", "være"}
NYNORSK_ONLY = {
    "ikkje",
    "eg",
    "noko",
    "frå",
    "gjere",
    "seinare",
    "enno",
    "no",
    "korleis",
    "vart",
    "fleire",
    "eit",
    "ein",
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def words(text: str) -> set[str]:
    return {word.strip(".,:-!?").lower() for word in text.split()}


def test_every_text_exists() -> None:
    assert set(TEXTS) == set(Text)
    assert len({text.value for text in Text}) == len(Text)


@pytest.mark.parametrize(("key", "language", "text"), ALL)
def test_a_text_is_one_printable_line(key: Text, language: Language, text: str) -> None:
    assert text.replace("\u00a0", " ").isprintable()
    assert text == text.strip() != ""
    assert "  " not in text
    assert len(text) <= 240


@pytest.mark.parametrize(("key", "language", "text"), ALL)
def test_a_text_uses_only_the_letters_of_its_language(key: Text, language: Language, text: str) -> None:
    filled = text.format(**dict.fromkeys(KNOWN, ""))
    assert set(filled.lower()) <= set(LETTERS[language] + PUNCTUATION)


@pytest.mark.parametrize("key", list(Text))
def test_a_text_needs_the_same_in_every_language(key: Text) -> None:
    needed = [placeholders(TEXTS[key].in_language(language)) for language in Language]
    assert needed[0] <= KNOWN
    # A title may name the library in one language and say "there" in another; nothing else may be left out.
    assert all(needed[0] == one for one in needed)


@pytest.mark.parametrize(("key", "language", "text"), ALL)
def test_headings_buttons_and_links_are_no_sentences_and_the_rest_are(key: Text, language: Language, text: str) -> None:
    labels = {
        *(Text.SERVICE, Text.SKIP, Text.LANGUAGES, Text.PROBLEM, Text.CARD, Text.PIN, Text.PASSWORD, Text.ENTER),
        *(Text.HAVE_PASSWORD, Text.HAVE_PIN, Text.ACCEPT, Text.TELL_DESK, Text.AGAIN, Text.WITHDRAW, Text.LEAVE),
        *(Text.RENEW, Text.RULES_READ, Text.LIBRARIES, Text.BACK, Text.HOME, Text.SINCE, Text.SHOW, Text.RULES_VERSION),
        *(Text.BY_KIOSK, Text.BY_PAGE, Text.BY_DESK, Text.BY_ILS),
    }
    if key is Text.PROBLEM_MARK:
        assert text.endswith(":")
    elif key.name.endswith("TITLE") or key in labels:
        assert not text.endswith(".")
    else:
        assert text[-1] in ".!?"


@pytest.mark.parametrize("wording", TEXTS.values())
def test_bokmal_and_nynorsk_are_not_mixed(wording: Wording) -> None:
    assert not words(wording.nb) & NYNORSK_ONLY
    assert not words(wording.nn) & BOKMAL_ONLY


@pytest.mark.parametrize(
    ("language", "condition"),
    [(Language.NB, "hvis"), (Language.NN, "om"), (Language.SE, "jus"), (Language.EN, "if")],
)
def test_whoever_is_not_logged_in_reads_of_an_answer_only_under_a_condition(language: Language, condition: str) -> None:
    _, *sentences = TEXTS[Text.EXPIRED].in_language(language).split(". ")
    assert [sentence.split()[0].lower() for sentence in sentences] == [condition]


@pytest.mark.parametrize("language", list(Language))
def test_no_two_headings_say_the_same(language: Language) -> None:
    said = Counter(TEXTS[key].in_language(language) for key in Text if key.name.endswith("TITLE"))
    assert [text for text, times in said.items() if times > 1] == []


@pytest.mark.parametrize("key", list(Text))
def test_every_text_is_described_for_translators(key: Text) -> None:
    assert key.value.endswith(".")
