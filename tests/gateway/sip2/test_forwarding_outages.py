"""What a kiosk reads when the library system's answer cannot be had: each failure, each message, each kind of card."""

from __future__ import annotations

import itertools

import pytest

from gateway.sip2.answers import Denied
from gateway.sip2.forward_outages import IS_DOWN, in_trouble, is_told_off_line, screen_of
from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_routes import ForwardAs, ForwardUnchanged, Recognise
from gateway.sip2.ils_outcomes import Failed, may_change
from gateway.upstream.failures import FailureKind
from gateway.words.screen import Screen
from protocols.sip2 import Codec, Message, first
from tests.gateway.sip2.forwarded import ANSWER_OF, AO, CARD, ITEM, NOW, REQUESTS, as_local, made, said

FORWARDED = [number for number in REQUESTS if number != "99"]
REFUSED = [number for number in FORWARDED if number != "35"]
LOCAL_CARD, UNRECOGNISED = ForwardUnchanged(), Recognise(CARD)
WAYS: list[ForwardUnchanged | ForwardAs | Recognise] = [
    LOCAL_CARD,
    UNRECOGNISED,
    *(as_local(proof) for proof in PinProof),
]
DENIED = "YYYY" + " " * 10
REFUSED_OUTRIGHT = {"ok": "0", "payment_accepted": "N", "item_properties_ok": "0"}


def told(number: str, way: ForwardUnchanged | ForwardAs | Recognise, *, uncertain: bool = False) -> Message:
    """The kiosk's answer."""
    failure = Failed(FailureKind.HUNG, uncertain)
    return in_trouble(failure, made(number), way, now=NOW, institution=AO, said=said)


@pytest.mark.parametrize("number", FORWARDED)
@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_valid_answer_of_the_right_kind(kind: FailureKind, number: str) -> None:
    certain, uncertain = Failed(kind), Failed(kind, may_change(made(number)))
    for way, failure in itertools.product(WAYS, (certain, uncertain)):
        answer = in_trouble(failure, made(number), way, now=NOW, institution=AO, said=said)
        assert answer.number == ANSWER_OF[number]
        assert Codec("utf-8").decode(Codec("utf-8").encode(answer)) == answer
        assert first(answer, "AF") == (f"<{screen_of(failure, number).name}>" if number in REFUSED else None)
        assert first(answer, "BL") in {None, "Y"}


@pytest.mark.parametrize("number", FORWARDED)
def test_what_may_have_happened_is_called_uncertain_and_all_else_is_not(number: str) -> None:
    expected = Screen.PAYMENT_NOT_BOOKED if number == "37" else Screen.SYSTEM_DOWN
    assert screen_of(Failed(FailureKind.REFUSED), number) is expected
    assert screen_of(Failed(FailureKind.HUNG, uncertain=True), number) is Screen.UNCERTAIN


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [number for number in REFUSED if number not in {"01", "17", "23", "25", "63", "65"}])
@pytest.mark.parametrize("uncertain", [True, False])
def test_what_was_asked_for_is_refused(
    number: str, way: ForwardUnchanged | ForwardAs | Recognise, uncertain: bool
) -> None:
    answer = told(number, way, uncertain=uncertain)
    flags = {name: getattr(answer, name) for name in REFUSED_OUTRIGHT if hasattr(answer, name)}
    assert flags
    assert flags.items() <= REFUSED_OUTRIGHT.items()


@pytest.mark.parametrize("number", ["23", "63", "25", "01"])
@pytest.mark.parametrize(
    ("way", "cq"),
    [
        (LOCAL_CARD, "N"),
        (UNRECOGNISED, "N"),
        (as_local(PinProof.REGISTER), "Y"),
        (as_local(PinProof.REGISTER_AND_PASSED), "Y"),
        (as_local(PinProof.ILS), "N"),
        (as_local(PinProof.NONE), "N"),
        (as_local(PinProof.NOT_REQUIRED), "N"),
    ],
)
def test_a_patron_may_exist_and_has_a_right_pin_only_by_the_register(
    number: str, way: ForwardUnchanged | ForwardAs | Recognise, cq: str
) -> None:
    answer = told(number, way)
    assert (first(answer, "BL"), first(answer, "CQ"), first(answer, "AE")) == ("Y", cq, "")
    assert getattr(answer, "patron_status", None) == DENIED
    assert first(answer, "AA") == CARD


@pytest.mark.parametrize("way", WAYS)
def test_a_session_ends_whatever_the_library_system_thinks_of_it(
    way: ForwardUnchanged | ForwardAs | Recognise,
) -> None:
    answer = told("35", way)
    assert getattr(answer, "end_session", None) == "Y"
    assert (first(answer, "AA"), first(answer, "AO"), first(answer, "AF")) == (CARD, AO, None)


@pytest.mark.parametrize("number", FORWARDED)
@pytest.mark.parametrize("kind", FailureKind)
def test_off_line_says_that_the_library_system_is_down_and_that_nothing_was_executed(
    kind: FailureKind, number: str
) -> None:
    # A busy library system, and one that answers wrong about one patron, are there for the others.
    is_there = {"shed", "deadline", "stopped", "too_large", "other_patron"}
    assert (kind in IS_DOWN) is (kind.value not in is_there)
    assert is_told_off_line(Failed(kind), number) is (kind in IS_DOWN and number not in {"35", "37"})
    assert not is_told_off_line(Failed(kind, uncertain=True), number)


def test_a_lost_card_stays_a_lost_card() -> None:
    answer = told("01", as_local(PinProof.NONE, denied=Denied.LENDING_CARD_LOST))
    assert getattr(answer, "patron_status", None) == "YYYYY" + " " * 9


def test_the_item_and_the_institution_are_repeated() -> None:
    answer = told("11", LOCAL_CARD)
    assert (first(answer, "AB"), first(answer, "AO")) == (ITEM, AO)
