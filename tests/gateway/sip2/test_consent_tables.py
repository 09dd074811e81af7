"""The tables of consenting, and the pieces that are pure."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from gateway.delivery.waiting import Pace
from gateway.sip2 import offers
from gateway.sip2.answers import Stand
from gateway.sip2.consenting import WORDS
from gateway.sip2.lately import Lately
from gateway.sip2.rules_shown import acknowledged, amount_of, asks_fee, is_token, lines_of, unacknowledged
from gateway.words.languages import Language as Spoken
from gateway.words.screen import LINE, Screen, say
from gateway.words.sentences import NUMBERS
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.activating import Hindrance, Offer
from registry.domain.patron import Language
from tests.clocks import HandClock
from tests.gateway.sip2.consent_world import loan
from tests.gateway.sip2.forwarded import made

LIBRARY = "Storbyen folkebibliotek"


def offer(short: str, language: Language = Language.NB) -> Offer:
    return Offer(version="1", language=language, short=short, full="")


def test_every_hindrance_has_words_that_need_no_number() -> None:
    assert set(WORDS) == set(Hindrance)
    assert not {screen for screen in WORDS.values() if screen in NUMBERS}


def test_every_pace_has_words() -> None:
    assert set(offers._PACES) == set(Pace)


@pytest.mark.parametrize("screen", list(offers._PACES.values()))
def test_how_long_to_wait_is_said_in_every_language(screen: Screen) -> None:
    told = Stand(" " * 14, "Y", "Y").by(screen, None, 10)
    for language in Spoken:
        (line,) = told.line(language, "utf-8", LIBRARY)
        assert ("10" in line) is (screen is Screen.BEING_SET_UP_MINUTES)


@pytest.mark.parametrize(
    ("written", "said"),
    [("Y", True), ("y", True), ("N", False), ("n", False), (" ", None), ("", None), (None, None), ("U", None)],
)
def test_only_an_explicit_yes_or_no_says_something_of_a_fee(written: str | None, said: bool | None) -> None:
    assert acknowledged(loan(fee=written)) is said


def test_a_yes_becomes_a_no_and_all_else_stays_as_it_came() -> None:
    assert unacknowledged(loan(fee="Y")).fee_acknowledged == "N"
    for fee in (None, "N", " "):
        assert unacknowledged(loan(fee=fee)) == loan(fee=fee)


@pytest.mark.parametrize(
    ("fields", "asks"),
    [
        ({"ok": "0", "fee_amount": "20.00"}, True),
        ({"ok": "0", "fee_amount": "20,00"}, True),
        ({"ok": "0", "fee_amount": "0.00"}, False),
        ({"ok": "0", "fee_amount": None}, False),
        ({"ok": "0", "fee_amount": "kr 20"}, False),
        ({"ok": "1", "fee_amount": "20.00"}, False),
    ],
)
def test_a_refusal_with_an_amount_asks_for_a_fee(fields: dict[str, str | None], asks: bool) -> None:
    assert asks_fee(made("12", **fields)) is asks


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", None])
def test_what_is_no_amount_is_nothing(text: str | None) -> None:
    assert amount_of(text) == 0


@pytest.mark.parametrize(
    ("kind", "amount", "token"),
    [("01", "0.01", True), ("01", "0,010", True), ("01", "0.02", False), ("06", "0.01", False), ("01", "", False)],
)
def test_a_payment_of_the_token_is_known_by_type_and_amount(kind: str, amount: str, token: bool) -> None:
    paid = made("37", fee_type=kind, fee_amount=amount)
    assert is_token(paid, "0.01") is token  # type: ignore[arg-type]


def test_rules_of_one_line_are_the_last_line_for_many_kiosks_show_no_other() -> None:
    yes, rules = lines_of(offer("Lånetid 28 dager."), "utf-8", LIBRARY)
    assert rules == "Lånetid 28 dager."
    assert yes == say(Screen.YES_ACCEPTS, Spoken.NB, "utf-8", library=LIBRARY)


@pytest.mark.parametrize("length", [90, 120, 160])
@pytest.mark.parametrize("language", list(Language))
def test_longer_rules_are_whole_and_the_last_line_says_what_a_yes_means(length: int, language: Language) -> None:
    short = textwrap.shorten("Du erstatter det du mister eller ødelegger. " * 9, length, placeholder="")
    *rules, yes = lines_of(offer(short, language), "utf-8", LIBRARY)
    assert " ".join(rules) == short
    assert max(map(len, (*rules, yes))) <= LINE
    assert yes == say(Screen.YES_ACCEPTS, Spoken(language.value), "utf-8", library=LIBRARY)


def test_what_is_remembered_is_forgotten_by_time_by_wish_and_the_oldest_for_room() -> None:
    clock = HandClock()
    lately = Lately[str, str](clock.monotonic, 60.0, entries=2)
    assert lately.keep("a", "1") == "1"
    clock.turn(59)
    lately.keep("b", "2")
    assert (lately.find("a"), lately.find("c")) == ("1", None)
    clock.turn(1)
    assert (lately.find("a"), lately.find("b")) == (None, "2")
    lately.keep("c", "3")
    lately.keep("d", "4")
    assert (lately.find("b"), lately.find("c"), lately.find("d")) == (None, "3", "4")
    lately.forget("c")
    lately.forget("c")
    assert lately.find("c") is None


def test_a_link_is_in_no_repr() -> None:
    told = Stand(" " * 14, "Y", "Y").by(Screen.ACCEPT_ON_PHONE, "https://example.org/k/abc")
    assert "abc" not in repr([told, offers.Way(Screen.ACCEPT_ON_PHONE, "https://example.org/k/abc")])


def test_the_dialogue_in_the_document_is_written_as_it_is_spoken() -> None:
    page = (Path(__file__).parents[3] / "docs" / "sip2.md").read_text("utf-8")
    frames = page.partition("### A guest becomes a patron")[2].split("```")[1].split("\n")[1:-1]
    codec = sip2.Codec("utf-8")
    read = [codec.decode(frame.encode()) for frame in frames]
    assert [getattr(message, "number", None) for message in read] == ["63", "64", "11", "12", "11", "12"]
    for frame, message in zip(frames, read, strict=True):
        assert isinstance(message, Message)
        assert sorted(codec.encode(message).decode().split("|")) == sorted(frame.split("|"))
        assert message.others == ()
    shown = read[3]
    assert isinstance(shown, sip2.CheckoutResponse)
    assert shown.screen_messages == lines_of(offer("Lånetid 28 dager. Du erstatter det du mister."), "utf-8", LIBRARY)
