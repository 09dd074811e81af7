"""The tables of the pages are complete, and say nothing that they should not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.delivery.waiting import Pace, WaitingWords
from gateway.web import rows
from gateway.web.rendering import NAMES
from gateway.web.rows import CHANNELS, DENIED, HINDRANCES, LISTED, REFUSALS, STATES, denial, waiting_line
from gateway.web.speech import Speech
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from gateway.words.sentences import NUMBERS
from registry.domain.activating import Hindrance
from registry.domain.consent import Channel
from registry.domain.decisions import Refusal, Refused
from registry.domain.standing import StandingState

WEB = Path(rows.__file__).parent


def test_every_refusal_has_words() -> None:
    assert set(REFUSALS) == set(Refusal)


def test_every_hindrance_has_a_page() -> None:
    assert set(HINDRANCES) == set(Hindrance)


def test_every_state_and_channel_has_words() -> None:
    assert set(STATES) == set(LISTED) == set(StandingState)
    assert set(CHANNELS) == set(Channel)
    assert set(NAMES) == set(Language)


@pytest.mark.parametrize("reason", list(Refusal))
@pytest.mark.parametrize("card_asked", [True, False])
@pytest.mark.parametrize("proved", [True, False])
def test_every_refusal_can_be_said_in_every_language(reason: Refusal, card_asked: bool, proved: bool) -> None:
    line = denial(Refused(reason, pin_proved=proved, wait=30.0), card_asked=card_asked)
    assert all(Speech(language).say(line.key, **line.values) for language in Language)


@pytest.mark.parametrize("reason", [Refusal.CARD_LOST, Refusal.CARD_REPLACED, Refusal.LEVEL_TOO_LOW])
def test_what_tells_of_a_card_is_said_to_its_holder_alone(reason: Refusal) -> None:
    wrong = denial(Refused(Refusal.WRONG_PIN), card_asked=True)
    assert denial(Refused(reason), card_asked=True) == wrong
    assert denial(Refused(reason, pin_proved=True), card_asked=True) != wrong


@pytest.mark.parametrize("notice", [*HINDRANCES.values(), *STATES.values()])
@pytest.mark.parametrize("language", list(Language))
def test_every_notice_can_be_said_with_the_librarys_name_alone(notice: rows.Notice, language: Language) -> None:
    for key in (notice.title, *notice.body):
        assert key not in NUMBERS
        assert Speech(language).say(key, library="Storbyen")


@pytest.mark.parametrize("pace", list(Pace))
@pytest.mark.parametrize("minutes", [0, 1, 10, 100_000])
def test_every_pace_has_words(pace: Pace, minutes: int) -> None:
    line = waiting_line(WaitingWords(pace, minutes))
    assert all(Speech(language).say(line.key, **line.values) for language in Language)


def test_refusals_have_one_status() -> None:
    assert DENIED == 403


def test_every_text_is_used_on_some_page() -> None:
    sources = "".join(path.read_text() for path in [*WEB.rglob("*.py"), *WEB.rglob("*.html")])
    unused = {text for text in Text if f"Text.{text.name}" not in sources and f"T.{text.name}" not in sources}
    assert unused == set()
