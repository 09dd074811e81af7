"""What mail says, read as a proof-reader would."""

from __future__ import annotations

import pytest

from gateway.words.languages import Language
from gateway.words.mail_keys import Mail
from gateway.words.mail_texts import MAILS
from gateway.words.sentences import Wording
from tests.words.test_page_texts import BOKMAL_ONLY, LETTERS, NYNORSK_ONLY, PUNCTUATION, placeholders, words

ALL = [
    pytest.param(key, language, MAILS[key].in_language(language), id=f"{key.name}-{language.value}")
    for key in Mail
    for language in Language
]
KNOWN = {"library", "date", "link"}


def test_every_text_exists() -> None:
    assert set(MAILS) == set(Mail)


@pytest.mark.parametrize(("key", "language", "text"), ALL)
def test_a_text_is_one_printable_line_in_the_letters_of_its_language(key: Mail, language: Language, text: str) -> None:
    assert text.isprintable()
    assert text == text.strip() != ""
    assert set(text.format(**dict.fromkeys(KNOWN, "")).lower()) <= set(LETTERS[language] + PUNCTUATION)


@pytest.mark.parametrize("key", list(Mail))
def test_a_text_needs_the_same_in_every_language(key: Mail) -> None:
    needed = [placeholders(MAILS[key].in_language(language)) for language in Language]
    assert needed[0] <= KNOWN
    assert all(needed[0] == one for one in needed)


@pytest.mark.parametrize(("key", "language", "text"), ALL)
def test_a_link_ends_its_line_and_a_subject_is_no_sentence(key: Mail, language: Language, text: str) -> None:
    if "{link}" in text:
        assert text.endswith(" {link}")
    elif key.name.endswith("SUBJECT"):
        assert not text.endswith(".")
    else:
        assert text[-1] in ".!?"


@pytest.mark.parametrize("wording", MAILS.values())
def test_bokmal_and_nynorsk_are_not_mixed(wording: Wording) -> None:
    assert not words(wording.nb) & NYNORSK_ONLY
    assert not words(wording.nn) & BOKMAL_ONLY
