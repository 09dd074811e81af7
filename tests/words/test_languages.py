"""Which language a patron is answered in."""

from __future__ import annotations

import pytest

from gateway.words.languages import Language, language_for

NB, NN, SE, EN = Language.NB, Language.NN, Language.SE, Language.EN


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("012", NB),
        ("001", EN),
        ("024", EN),
        (" 012", NB),
        ("000", None),
        ("003", None),
        ("006", None),
        ("   ", None),
        ("", None),
        ("abc", None),
        ("999", None),
    ],
)
def test_a_sip2_code_names_a_language_only_where_it_is_spoken_here(code: str, language: Language | None) -> None:
    assert Language.of_sip2(code) is language


@pytest.mark.parametrize(("language", "code"), [(NB, "012"), (NN, "012"), (SE, "012"), (EN, "001")])
def test_answers_carry_the_code_of_their_language(language: Language, code: str) -> None:
    assert language.sip2_code == code


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("nb", NB),
        ("nb-NO", NB),
        ("nn_NO", NN),
        ("no", NB),
        ("NNO", NN),
        ("se", SE),
        ("sme", SE),
        ("en-GB", EN),
        ("sv", None),
        ("sma", None),
        ("", None),
    ],
)
def test_a_tag_names_a_language_only_where_it_is_spoken_here(tag: str, language: Language | None) -> None:
    assert Language.of_tag(tag) is language


@pytest.mark.parametrize(
    ("explicit", "patron", "terminal", "answer"),
    [
        # Another language in the message wins over everything.
        (EN, None, NB, EN),
        (EN, SE, NB, EN),
        (EN, NN, NN, EN),
        # 012 is what kiosks send by default: the patron's own choice beats it.
        (NB, NN, NB, NN),
        (NB, SE, NB, SE),
        (NB, EN, NB, EN),
        (NB, NB, NN, NB),
        # With nobody known, 012 is any of the languages of Norway, and the terminal says which.
        (NB, None, NB, NB),
        (NB, None, NN, NN),
        (NB, None, SE, SE),
        (NB, None, EN, NB),
        # Nothing in the message: the patron, then the terminal.
        (None, SE, NB, SE),
        (None, NB, EN, NB),
        (None, None, NB, NB),
        (None, None, NN, NN),
        (None, None, SE, SE),
        (None, None, EN, EN),
    ],
)
def test_the_message_then_the_patron_then_the_terminal_choose_the_language(
    explicit: Language | None, patron: Language | None, terminal: Language, answer: Language
) -> None:
    assert language_for(explicit, patron, terminal, "utf-8") is answer


SAMI_CHARSETS = ["utf-8", "iso8859_10", "iso8859_4"]
CHARSETS_WITHOUT_SAMI = ["cp850", "cp865", "latin-1", "cp1252", "ascii"]


@pytest.mark.parametrize("charset", SAMI_CHARSETS)
def test_sami_is_spoken_where_the_charset_has_its_letters(charset: str) -> None:
    assert language_for(None, SE, NB, charset) is SE


@pytest.mark.parametrize("charset", CHARSETS_WITHOUT_SAMI)
def test_sami_becomes_bokmal_where_the_charset_lacks_its_letters(charset: str) -> None:
    assert language_for(None, SE, NN, charset) is NB
    assert language_for(NB, None, SE, charset) is NB


@pytest.mark.parametrize("charset", [*SAMI_CHARSETS, *CHARSETS_WITHOUT_SAMI])
@pytest.mark.parametrize("language", [NB, NN, EN])
def test_norwegian_and_english_are_spoken_in_every_charset(language: Language, charset: str) -> None:
    assert language_for(None, language, NB, charset) is language


def test_a_charset_that_does_not_exist_is_an_error_of_the_caller() -> None:
    with pytest.raises(LookupError):
        language_for(None, SE, NB, "no-such-charset")
