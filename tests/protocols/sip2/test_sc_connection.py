"""The asking side of a connection: digits, pairs, resends, and when to give up."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from protocols.sip2 import (
    CLOSED,
    MESSAGES,
    NEED_DATA,
    AcsConnection,
    AcsProfile,
    Answered,
    Asked,
    Because,
    Discarded,
    Failed,
    Message,
    Outcome,
    PatronInformationResponse,
    Resend,
    ScConnection,
    ScProfile,
    WrongTurn,
    seal,
)
from protocols.sip2.sc_connection import HARMLESS, Echo
from tests.protocols.sip2.samples import SAMPLES, Sample

BY_LABEL = {sample.label: sample for sample in SAMPLES}
STATUS, CHECKOUT, PATRON = (BY_LABEL[label].says for label in ("status", "checkout", "patron information"))
ANSWERED = BY_LABEL["patron information answered"]
LENT = BY_LABEL["lent"]
ACS = BY_LABEL["status answered"]
PLAIN = ScProfile(error_detection=False)


def answer(sample: Sample, digit: str | None = "0", *, with_checksum: bool = True) -> bytes:
    return seal(sample.body("cp850"), digit, with_checksum)


def asking(message: Message, profile: ScProfile | None = None) -> tuple[ScConnection, bytes]:
    connection = ScConnection(profile or ScProfile())
    return connection, connection.ask(message)


def outcome(connection: ScConnection, raw: bytes) -> Outcome:
    connection.receive(raw)
    return connection.next_event()


def test_digits_step_from_0_to_9_and_start_again() -> None:
    connection = ScConnection(ScProfile())
    digits = []
    for _ in range(12):
        raw = connection.ask(STATUS)
        digit = chr(raw[raw.index(b"AY") + 2])
        digits.append(digit)
        assert outcome(connection, answer(ACS, digit)) == Answered(ACS.says)
    assert "".join(digits) == "012345678901"


def test_an_answer_in_pieces_is_one_answer() -> None:
    connection, _ = asking(PATRON)
    raw = answer(ANSWERED).replace(b"\r", b"\r\n")
    for at in range(len(raw) - 2):
        assert outcome(connection, raw[at : at + 1]) is NEED_DATA
    assert outcome(connection, raw[-2:]) == Answered(ANSWERED.says)
    assert connection.next_event() is NEED_DATA
    assert connection.outstanding is None


def test_an_answer_with_another_digit_is_discarded_and_waited_on() -> None:
    connection, _ = asking(PATRON)
    assert outcome(connection, answer(ANSWERED, "9")) == Discarded(Because.OTHER_SEQUENCE)
    assert outcome(connection, answer(ANSWERED, None)) == Discarded(Because.OTHER_SEQUENCE)
    assert outcome(connection, answer(ANSWERED)) == Answered(ANSWERED.says)


@pytest.mark.parametrize(
    ("echo", "digit", "taken"),
    [("required", None, False), ("optional", None, True), ("optional", "5", False), ("ignored", "5", True)],
)
def test_how_a_digit_is_echoed_is_a_trait_of_the_server(echo: Echo, digit: str | None, taken: bool) -> None:
    connection, _ = asking(PATRON, ScProfile(echo=echo))
    assert isinstance(outcome(connection, answer(ANSWERED, digit)), Answered) is taken


def test_a_98_may_stand_for_any_answer_and_nothing_else_may() -> None:
    connection, _ = asking(PATRON)
    assert outcome(connection, answer(ACS)) == Answered(ACS.says)
    connection, _ = asking(PATRON)
    assert outcome(connection, answer(LENT)) == Failed(Because.UNEXPECTED_ANSWER)
    connection, _ = asking(CHECKOUT)
    assert outcome(connection, answer(ANSWERED)) == Failed(Because.UNEXPECTED_ANSWER, uncertain=True)


@pytest.mark.parametrize("junk", [b"None\r", b"Traceback (most recent call last):\n", b"<html>\r", b"02\r"])
@pytest.mark.parametrize("profile", [ScProfile(), PLAIN])
def test_what_is_no_message_is_a_failure_and_never_an_answer(junk: bytes, profile: ScProfile) -> None:
    connection, _ = asking(PATRON, profile)
    assert outcome(connection, junk) == Failed(Because.UNREADABLE)


def test_a_short_answer_is_a_failure() -> None:
    connection, _ = asking(CHECKOUT, PLAIN)
    assert outcome(connection, b"120NNN2026AOx|AAy|\r") == Failed(Because.UNREADABLE, uncertain=True)


def test_a_damaged_answer_is_asked_for_again_with_a_97() -> None:
    connection, _ = asking(PATRON)
    damaged = answer(ANSWERED).replace(b"N001234567", b"N001234568")
    assert outcome(connection, damaged) == Resend(b"97AZFEF5\r", Because.BAD_CHECKSUM)
    assert outcome(connection, answer(ANSWERED)) == Answered(ANSWERED.says)


def test_damaged_answers_are_asked_for_only_so_often() -> None:
    connection, _ = asking(PATRON)
    damaged = answer(ANSWERED).replace(b"N001234567", b"N001234568")
    got = [outcome(connection, damaged) for _ in range(4)]
    assert [type(one) for one in got] == [Resend, Resend, Resend, Failed]
    assert got[-1] == Failed(Because.RETRIES_USED_UP)
    assert connection.next_event() is CLOSED


def test_a_checksum_may_be_left_unproved() -> None:
    connection, _ = asking(PATRON, ScProfile(proves_checksum=False))
    assert outcome(connection, answer(ANSWERED)[:-5] + b"0000\r") == Answered(ANSWERED.says)


def test_a_96_is_answered_with_the_same_bytes() -> None:
    connection, raw = asking(CHECKOUT)
    assert outcome(connection, b"96AZFEF6\r") == Resend(raw, Because.RESEND_ASKED)
    assert outcome(connection, answer(LENT)) == Answered(LENT.says)


def test_a_96_to_a_97_is_the_end_of_the_link() -> None:
    connection, _ = asking(CHECKOUT)
    assert isinstance(outcome(connection, answer(LENT)[:-5] + b"0000\r"), Resend)
    assert outcome(connection, b"96AZFEF6\r") == Failed(Because.RESEND_REFUSED, uncertain=True)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.says.answered_by], ids=lambda s: s.label)
@pytest.mark.parametrize("replays", [True, False])
def test_after_a_timeout_only_the_harmless_is_sent_again(sample: Sample, replays: bool) -> None:
    connection, raw = asking(sample.says, ScProfile(replays=replays))
    number = sample.says.number
    if number in HARMLESS or replays:
        assert connection.timed_out() == Resend(raw, Because.TIMED_OUT)
        assert connection.timed_out() == Resend(raw, Because.TIMED_OUT)
        assert connection.timed_out() == Resend(raw, Because.TIMED_OUT)
        assert connection.timed_out().__class__ is Failed
    else:
        assert connection.timed_out() == Failed(Because.TIMED_OUT, uncertain=number != "93")
    assert connection.next_event() is CLOSED


@pytest.mark.parametrize("profile", [PLAIN, ScProfile(echo="ignored"), ScProfile(echo="optional")])
def test_where_a_late_answer_cannot_be_told_a_timeout_is_the_end(profile: ScProfile) -> None:
    connection, _ = asking(PATRON, profile)
    assert connection.timed_out() == Failed(Because.TIMED_OUT)


def test_only_one_request_at_a_time_and_no_answers() -> None:
    connection, _ = asking(PATRON)
    with pytest.raises(WrongTurn):
        connection.ask(PATRON)
    with pytest.raises(WrongTurn):
        ScConnection(ScProfile()).ask(ANSWERED.says)
    with pytest.raises(WrongTurn):
        ScConnection(ScProfile()).timed_out()


def test_what_comes_unasked_is_discarded_and_never_taken_for_an_answer() -> None:
    connection = ScConnection(PLAIN)
    assert outcome(connection, answer(ANSWERED, None, with_checksum=False)) == Discarded(Because.UNASKED)
    connection.receive(answer(ANSWERED, None, with_checksum=False))
    connection.ask(PATRON)
    assert connection.next_event() is NEED_DATA


def test_a_lost_connection_says_whether_the_request_may_have_been_done() -> None:
    assert ScConnection(ScProfile()).lost() is None
    assert asking(PATRON)[0].lost() == Failed(Because.LOST)
    assert asking(CHECKOUT)[0].lost() == Failed(Because.LOST, uncertain=True)


def test_an_answer_over_the_limit_is_a_failure() -> None:
    connection, _ = asking(PATRON, ScProfile(frame_limit=1000))
    assert outcome(connection, b"64" + b"x" * 1001) == Failed(Because.FRAME_TOO_LONG)


def test_a_long_list_is_taken_from_a_library_system() -> None:
    assert isinstance(ANSWERED.says, PatronInformationResponse)
    many = replace(ANSWERED.says, charged_items=tuple(str(item) for item in range(2000)))
    connection, _ = asking(PATRON)
    assert outcome(connection, seal(ScProfile().codec.encode(many), "0", True)) == Answered(many)


@pytest.mark.parametrize("error_detection", [True, False])
def test_our_two_ends_understand_each_other(error_detection: bool) -> None:
    sc = ScConnection(ScProfile(error_detection=error_detection))
    acs = AcsConnection(AcsProfile(login_required=False))
    for request, expected in pairwise(SAMPLES):
        if request.says.answered_by is None or request.says.number == "97":
            continue
        acs.receive(sc.ask(request.says))
        event = acs.next_event()
        assert isinstance(event, Asked)
        assert event.message == request.says
        assert MESSAGES[expected.says.number].answered_by is None
        assert outcome(sc, acs.answer(expected.says)) == Answered(expected.says)
