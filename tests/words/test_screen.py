"""Saying a situation on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.words.keys import Screen
from gateway.words.languages import Language
from gateway.words.screen import LINE, UndeclaredValueError, say, waiting
from gateway.words.sentences import NAMED, NUMBERS

CHARSETS = ["utf-8", "cp850", "cp865", "latin-1", "cp1252", "iso8859_10", "ascii"]
PLAIN = [screen for screen in Screen if screen not in NUMBERS]


def values_for(screen: Screen) -> dict[str, int]:
    return {NUMBERS[screen]: 10} if screen in NUMBERS else {}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("screen", list(Screen))
def test_every_situation_can_be_said_everywhere(screen: Screen, language: Language, charset: str) -> None:
    line = say(screen, language, charset, **values_for(screen))
    assert line.encode(charset).decode(charset) == line
    assert len(line) <= LINE
    assert not set("?|{}") & set(line)


@pytest.mark.parametrize(
    ("language", "charset", "line"),
    [
        (Language.NB, "cp850", "Kortet kan ikke låses opp herfra. Ta kontakt med personalet."),
        (Language.NB, "ascii", "Kortet kan ikke laases opp herfra. Ta kontakt med personalet."),
        (Language.NN, "ascii", "Kortet kan ikkje laasast opp herifraa. Ta kontakt med personalet."),
        (Language.SE, "utf-8", "Goartta ii sáhte rahpat dáppe. Jeara bargiin."),
        (Language.SE, "cp850", "Kortet kan ikke låses opp herfra. Ta kontakt med personalet."),
        (Language.SE, "ascii", "Kortet kan ikke laases opp herfra. Ta kontakt med personalet."),
        (Language.EN, "ascii", "The card cannot be unlocked from here. Please see the staff."),
    ],
)
def test_a_sentence_is_said_in_letters_that_the_terminal_has(language: Language, charset: str, line: str) -> None:
    assert say(Screen.CANNOT_ENABLE, language, charset) == line


@pytest.mark.parametrize(
    ("library", "line"),
    [
        ("Bodø bibliotek", "Aktiver kortet ved Bodø bibliotek først. Gå til skranken."),
        ("", "Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg."),
        ("B" * 60, "Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg."),
        ("Kárášjoga girjerádju", "Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg."),
        ("A|B", "Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg."),
        ("A\rB", "Kortet må aktiveres her først. Gå til skranken, så hjelper vi deg."),
        ("{seconds}", "Aktiver kortet ved {seconds} først. Gå til skranken."),
    ],
)
def test_a_library_is_named_only_where_its_name_fits(library: str, line: str) -> None:
    assert say(Screen.ACTIVATE_AT_DESK, Language.NB, "cp850", library=library) == line


@given(library=st.text(), screen=st.sampled_from(list(NAMED)))
def test_no_name_breaks_a_line(library: str, screen: Screen) -> None:
    line = say(screen, Language.NN, "cp850", library=library)
    assert line.isprintable()
    assert "|" not in line
    assert len(line.encode("cp850")) <= LINE


@pytest.mark.parametrize("screen", PLAIN)
@pytest.mark.parametrize("name", ["pin", "seconds", "minutes", "card", "name", "patron"])
def test_a_sentence_takes_no_value_that_it_does_not_declare(screen: Screen, name: str) -> None:
    with pytest.raises(UndeclaredValueError) as refused:
        say(screen, Language.NB, "utf-8", **{name: 47})
    assert "47" not in str(refused.value)


@pytest.mark.parametrize("screen", list(NUMBERS))
@pytest.mark.parametrize("value", ["4711", "12", 4711, 1, 0, -5, 121])
def test_a_number_on_the_screen_can_be_no_pin_and_no_text(screen: Screen, value: int | str) -> None:
    with pytest.raises(UndeclaredValueError) as refused:
        say(screen, Language.NB, "utf-8", **{NUMBERS[screen]: value})
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize("screen", list(NUMBERS))
def test_a_number_that_is_needed_must_be_given(screen: Screen) -> None:
    with pytest.raises(UndeclaredValueError):
        say(screen, Language.NB, "utf-8")


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (0, "Too many tries with the PIN. Please try again in 2 seconds."),
        (29.2, "Too many tries with the PIN. Please try again in 30 seconds."),
        (90, "Too many tries with the PIN. Please try again in 90 seconds."),
        (90.1, "Too many tries with the PIN. Please try again in 2 minutes."),
        (121, "Too many tries with the PIN. Please try again in 3 minutes."),
        (3600, "Too many tries with the PIN. Please try again in 60 minutes."),
        (7200, "Too many tries with the PIN. Please try again in 120 minutes."),
        (7201, "The PIN is locked after too many tries. Please see the staff."),
    ],
)
def test_a_wait_is_never_said_shorter_than_it_is(seconds: float, line: str) -> None:
    screen, values = waiting(seconds)
    assert say(screen, Language.EN, "cp850", **values) == line


def test_an_unknown_card_is_told_apart_from_a_wrong_pin_and_tells_nothing_of_a_person() -> None:
    unknown, wrong = (say(key, Language.NB, "cp850") for key in (Screen.UNKNOWN_CARD, Screen.WRONG_PIN))
    assert unknown != wrong
    assert "du" not in unknown.lower().split()
