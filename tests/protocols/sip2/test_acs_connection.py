"""The answering side of a connection: one answer a request, resends, retries, login, and its limits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import pytest

from protocols.sip2 import (
    CLOSED,
    NEED_DATA,
    PAUSED,
    AcsConnection,
    AcsProfile,
    Asked,
    Because,
    Broken,
    EndSessionResponse,
    Event,
    Ignored,
    Login,
    LoginResponse,
    NotLoggedIn,
    Reply,
    Signal,
    State,
    Unreadable,
    WrongTurn,
    read_frame,
    seal,
)
from protocols.sip2.connection import FLOOD_LIMIT
from protocols.sip2.frame import Terminator
from tests.protocols.sip2.samples import SAMPLES

BY_LABEL = {sample.label: sample for sample in SAMPLES}
LOGIN = BY_LABEL["login"].wire("cp850") + b"\r"
STATUS = BY_LABEL["status"].wire("cp850") + b"\r"
PATRON = BY_LABEL["patron information"].wire("cp850") + b"\r"
CHECKOUT = BY_LABEL["checkout"].wire("cp850") + b"\r"
ENDED = BY_LABEL["session ended"].says
LENT = BY_LABEL["lent"].says
ASK_AGAIN = b"96AZFEF6\r"
OPEN = AcsProfile(login_required=False)


def plain(sealed: bytes) -> bytes:
    """The same request without error detection."""
    return read_frame(sealed.rstrip(b"\r")).body + b"\r"


def events(connection: AcsConnection, *received: bytes) -> list[Event]:
    """What follows from these bytes, up to the first request or the end."""
    return list(_events(connection, b"".join(received)))


def _events(connection: AcsConnection, received: bytes) -> Iterator[Event]:
    connection.receive(received)
    while not isinstance(event := connection.next_event(), Signal):
        yield event


def asked(connection: AcsConnection, received: bytes) -> Asked:
    """The one request in these bytes."""
    [event] = events(connection, received)
    assert isinstance(event, Asked), event
    return event


def reply(connection: AcsConnection, received: bytes) -> tuple[bytes, Because]:
    """What the connection itself answers to these bytes."""
    [event] = events(connection, received)
    assert isinstance(event, Reply), event
    return event.raw, event.because


def test_a_request_is_asked_once_and_answered_in_its_style() -> None:
    connection = AcsConnection(OPEN)
    event = asked(connection, PATRON)
    assert event.message == BY_LABEL["patron information"].says
    assert connection.next_event() is PAUSED
    answer = BY_LABEL["patron information answered"]
    assert connection.answer(answer.says) == answer.wire("cp850") + b"\r"
    assert connection.next_event() is NEED_DATA


@pytest.mark.parametrize(
    ("request_line", "answer"),
    [
        (plain(STATUS), b"36Y20261123    102200AONO-2030000|AAN001234567|\r"),
        (b"9900802.00AY7\r", b"36Y20261123    102200AONO-2030000|AAN001234567|AY7\r"),
        (seal(b"9900802.00", None, True), seal(b"36Y20261123    102200AONO-2030000|AAN001234567|", None, True)),
        (seal(b"9900802.00", "7", True), seal(b"36Y20261123    102200AONO-2030000|AAN001234567|", "7", True)),
    ],
)
def test_an_answer_carries_what_the_request_carried(request_line: bytes, answer: bytes) -> None:
    connection = AcsConnection(OPEN)
    asked(connection, request_line)
    assert connection.answer(ENDED) == answer


@pytest.mark.parametrize("terminator", get_args(Terminator))
def test_the_terminator_is_the_profiles(terminator: Terminator) -> None:
    connection = AcsConnection(replace(OPEN, terminator=terminator))
    asked(connection, PATRON)
    assert connection.answer(ENDED).endswith(b"AY3AZF45D" + terminator.encode())


def test_several_frames_in_one_segment_are_answered_in_order() -> None:
    connection = AcsConnection(OPEN)
    connection.receive(PATRON + CHECKOUT + STATUS)
    order = []
    while isinstance(event := connection.next_event(), Asked):
        order.append(event.message.number)
        assert connection.next_event() is PAUSED
        connection.answer(ENDED)
    assert order == ["63", "11", "99"]


def test_a_bad_checksum_is_asked_for_again_and_changes_nothing() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    answer = connection.answer(LENT)
    assert reply(connection, PATRON.replace(b"4711", b"4712")) == (ASK_AGAIN, Because.BAD_CHECKSUM)
    assert reply(connection, CHECKOUT) == (answer, Because.RETRANSMITTED)
    assert connection.state is State.READY


@pytest.mark.parametrize("resend", [b"97\r", b"97AZFEF5\r", b"97AZfef5\r"])
def test_a_97_repeats_the_last_answer_even_if_that_was_a_96(resend: bytes) -> None:
    connection = AcsConnection(OPEN)
    assert reply(connection, resend) == (ASK_AGAIN, Because.RESEND_ASKED)
    asked(connection, CHECKOUT)
    answer = connection.answer(LENT)
    assert reply(connection, resend) == (answer, Because.RESEND_ASKED)
    assert reply(connection, resend) == (answer, Because.RESEND_ASKED)
    reply(connection, CHECKOUT[:-5] + b"0000\r")
    assert reply(connection, resend) == (ASK_AGAIN, Because.RESEND_ASKED)
    assert reply(connection, CHECKOUT) == (answer, Because.RETRANSMITTED)
    assert reply(connection, resend) == (answer, Because.RESEND_ASKED)


def test_a_retransmitted_request_gets_the_stored_answer_and_is_not_executed() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    answer = connection.answer(LENT)
    assert reply(connection, CHECKOUT) == (answer, Because.RETRANSMITTED)
    asked(connection, PATRON)
    connection.answer(ENDED)
    assert asked(connection, CHECKOUT).message.number == "11"


def test_a_request_repeated_while_it_is_answered_gets_the_same_answer() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    assert events(connection, CHECKOUT, CHECKOUT) == []
    answer = connection.answer(LENT)
    assert events(connection) == [Reply(answer, Because.RETRANSMITTED)] * 2


def test_two_requests_with_the_same_digit_and_checksum_are_two_requests() -> None:
    first = b"17" + b"20261123    101930AOx|AB0312|"
    other = b"17" + b"20261123    101930AOx|AB0321|"
    sealed = [seal(body, "0", True) for body in (first, other)]
    assert sealed[0][-10:] == sealed[1][-10:]
    connection = AcsConnection(OPEN)
    for raw in sealed:
        asked(connection, raw)
        connection.answer(ENDED)


def test_without_error_detection_the_same_request_is_executed_again() -> None:
    connection = AcsConnection(OPEN)
    for raw in (plain(CHECKOUT), plain(CHECKOUT), b"9900802.00AY1\r", b"9900802.00AY1\r"):
        asked(connection, raw)
        connection.answer(LENT)


@pytest.mark.parametrize("label", ["login", "status"])
def test_a_login_or_status_is_executed_each_time_it_comes(label: str) -> None:
    connection = AcsConnection(OPEN)
    for _ in range(2):
        asked(connection, BY_LABEL[label].wire("cp850") + b"\r")
        connection.answer(ENDED)


def test_a_request_that_was_passed_over_still_parts_two_equal_ones() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    connection.answer(LENT)
    asked(connection, PATRON)
    connection.pass_over()
    asked(connection, CHECKOUT)


def test_an_answer_that_was_never_given_is_not_repeated() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    connection.pass_over()
    asked(connection, CHECKOUT)


def test_nothing_is_kept_over_a_login() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    connection.answer(LENT)
    asked(connection, LOGIN)
    connection.logged_in()
    assert connection.answer(LoginResponse(ok="1")) == b"941AY0AZFDFD\r"
    assert reply(connection, b"97\r") == (b"941AY0AZFDFD\r", Because.RESEND_ASKED)
    asked(connection, CHECKOUT)


def test_two_connections_share_nothing() -> None:
    first, second = AcsConnection(OPEN), AcsConnection(OPEN)
    asked(first, PATRON)
    first.answer(ENDED)
    assert reply(second, b"97\r") == (ASK_AGAIN, Because.RESEND_ASKED)
    asked(second, PATRON)


def test_required_error_detection_asks_again_for_a_frame_without_it() -> None:
    connection = AcsConnection(replace(OPEN, error_detection="required"))
    assert reply(connection, plain(PATRON)) == (ASK_AGAIN, Because.NO_CHECKSUM)
    assert reply(connection, b"9900802.00AY1\r") == (ASK_AGAIN, Because.NO_CHECKSUM)
    assert reply(connection, b"97\r") == (ASK_AGAIN, Because.RESEND_ASKED)
    asked(connection, PATRON)


@pytest.mark.parametrize(
    ("raw", "ignored"),
    [
        (b"96AZFEF6\r", Ignored(Because.NOT_A_REQUEST, "96")),
        (BY_LABEL["lent"].wire("cp850") + b"\r", Ignored(Because.NOT_A_REQUEST, "12")),
        (b"02whatever|\r", Ignored(Because.UNKNOWN_NUMBER, "02")),
        (b"hello\r", Ignored(Because.UNKNOWN_NUMBER, "??")),
    ],
)
def test_what_is_no_request_is_ignored_and_the_connection_stays(raw: bytes, ignored: Ignored) -> None:
    connection = AcsConnection(OPEN)
    assert events(connection, raw) == [ignored]
    asked(connection, PATRON)


def test_a_short_request_is_to_be_answered_and_the_connection_stays() -> None:
    connection = AcsConnection(OPEN)
    [event] = events(connection, b"63012AOx|AAcard|\r")
    assert isinstance(event, Unreadable)
    assert (event.number, event.what, event.malformed.first("AA")) == ("63", "short fixed part", "card")
    assert connection.next_event() is PAUSED
    connection.answer(ENDED)
    asked(connection, PATRON)


def test_a_digit_out_of_step_is_told() -> None:
    connection = AcsConnection(OPEN)
    jumps = []
    for digit in ("3", "4", "5", "0", "9", "0", "0", "2", None, "7"):
        event = asked(connection, seal(b"9900802.00", digit, False))
        jumps.append(event.jumped)
        connection.answer(ENDED)
    assert jumps == [False, False, False, False, True, False, False, True, False, False]


# Login.


def test_before_login_a_patron_is_not_asked_about() -> None:
    connection = AcsConnection(AcsProfile())
    [event] = events(connection, PATRON)
    assert isinstance(event, NotLoggedIn)
    connection.answer(ENDED)
    assert connection.state is State.AWAITING_LOGIN


@pytest.mark.parametrize(("allowed", "kind"), [(True, Asked), (False, NotLoggedIn)])
def test_a_status_before_login_is_a_choice(allowed: bool, kind: type) -> None:
    connection = AcsConnection(AcsProfile(status_before_login=allowed))
    [event] = events(connection, STATUS)
    assert isinstance(event, kind)
    connection.pass_over()
    assert connection.state is State.AWAITING_LOGIN


def log_in(connection: AcsConnection, *, right: bool = True) -> None:
    event = asked(connection, LOGIN)
    assert isinstance(event.message, Login)
    if right:
        connection.logged_in()
    else:
        connection.refused_login()
    connection.answer(LoginResponse(ok="1" if right else "0"))


def test_a_login_opens_the_session_and_a_refused_one_does_not() -> None:
    connection = AcsConnection(AcsProfile())
    log_in(connection, right=False)
    [event] = events(connection, PATRON)
    assert isinstance(event, NotLoggedIn)
    connection.pass_over()
    log_in(connection)
    asked(connection, PATRON)


def test_a_second_login_that_is_refused_ends_the_first() -> None:
    connection = AcsConnection(AcsProfile())
    log_in(connection)
    asked(connection, PATRON)
    connection.answer(ENDED)
    log_in(connection, right=False)
    assert isinstance(events(connection, PATRON)[0], NotLoggedIn)


def test_where_no_login_is_needed_a_refused_one_takes_nothing_away() -> None:
    connection = AcsConnection(OPEN)
    log_in(connection, right=False)
    assert connection.state is State.READY


def test_after_login_the_terminals_own_dialect_takes_over() -> None:
    connection = AcsConnection(AcsProfile())
    asked(connection, LOGIN)
    connection.logged_in()
    raw = connection.answer(LoginResponse(ok="1"))
    assert raw == b"941AY0AZFDFD\r"
    connection.adopt(AcsProfile(encoding="utf-8", delimiter="^", terminator="\r\n"))
    body = b"6301220261123    101530  Y       AOBod\xc3\xb8^AAcard^"
    assert asked(connection, body + b"\r").message.fields() == [("AO", "Bodø"), ("AA", "card")]
    answer = EndSessionResponse(
        end_session="Y", transaction_date=" " * 18, institution_id="Bodø", patron_identifier="x"
    )
    assert connection.answer(answer) == b"36Y" + b" " * 18 + b"AOBod\xc3\xb8^AAx^\r\n"


@pytest.mark.parametrize("turn", ["answer", "pass_over", "logged_in", "refused_login"])
def test_our_own_side_cannot_act_out_of_turn(turn: str) -> None:
    connection = AcsConnection(AcsProfile())
    turns = {
        "answer": lambda: connection.answer(ENDED),
        "pass_over": connection.pass_over,
        "logged_in": connection.logged_in,
        "refused_login": connection.refused_login,
    }
    with pytest.raises(WrongTurn):
        turns[turn]()


# Limits.


def test_a_frame_over_the_limit_ends_the_connection_after_what_came_before() -> None:
    connection = AcsConnection(replace(OPEN, frame_limit=200))
    asked(connection, PATRON + b"63" + b"x" * 300)
    connection.answer(ENDED)
    assert connection.next_event() == Broken(Because.FRAME_TOO_LONG)
    assert connection.next_event() is CLOSED
    assert events(connection, PATRON) == []


@pytest.mark.parametrize(
    ("waiting", "wanted"), [(b"", False), (CHECKOUT, False), (CHECKOUT + STATUS[:-1], False), (STATUS * 50, True)]
)
def test_a_pause_is_wanted_while_enough_requests_wait(waiting: bytes, wanted: bool) -> None:
    connection = AcsConnection(replace(OPEN, queue_limit=2))
    asked(connection, PATRON)
    connection.receive(waiting)
    assert connection.wants_pause is wanted


def test_every_request_that_waited_is_answered_and_then_no_pause_is_wanted() -> None:
    connection = AcsConnection(replace(OPEN, queue_limit=2))
    asked(connection, PATRON + STATUS * 50)
    answered = 0
    while connection.next_event() is PAUSED:
        connection.answer(ENDED)
        answered += 1
        connection.next_event()
    assert answered == 51
    assert not connection.wants_pause


def test_a_flood_while_paused_ends_the_connection() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, PATRON)
    for _ in range(3 * FLOOD_LIMIT // len(STATUS) // 100):
        connection.receive(STATUS * 100)
    assert len(connection._frames) == 0
    connection.answer(ENDED)
    while isinstance(event := connection.next_event(), Asked | Reply):
        if isinstance(event, Asked):
            connection.answer(ENDED)
    assert event == Broken(Because.FLOODED)


def test_a_closed_connection_forgets_everything() -> None:
    connection = AcsConnection(OPEN)
    asked(connection, CHECKOUT)
    connection.answer(LENT)
    connection.close()
    assert connection.next_event() is CLOSED
    assert events(connection, b"97\r") == []
    assert _size(connection) < 512


def _size(connection: AcsConnection) -> int:
    """Bytes of a connection and what it alone holds."""
    total = sys.getsizeof(connection)
    for slot in connection.__slots__:
        value = getattr(connection, slot)
        if not isinstance(value, AcsProfile | State | Because | None):
            total += sys.getsizeof(value)
    return total + sys.getsizeof(connection._frames.pending)


def test_an_idle_connection_is_small_even_after_a_burst() -> None:
    connection = AcsConnection(OPEN)
    connection.receive(PATRON * 300 + PATRON[:-2])
    while isinstance(event := connection.next_event(), Asked | Reply):
        if isinstance(event, Asked):
            connection.answer(LENT)
    assert _size(connection) < 1024


def test_nothing_that_is_told_shows_a_value() -> None:
    connection = AcsConnection(AcsProfile())
    shown = []
    for raw in (LOGIN, PATRON, b"63012AOx|AAN001234567|AD4711|\r", PATRON):
        connection.receive(raw)
        shown += [repr(event := connection.next_event())]
        if not isinstance(event, Reply):
            connection.answer(LENT)
        connection.receive(b"97\r")
        shown += [repr(connection.next_event())]
    for value in ("4711", "N001234567", "hemmelig", "Lærdal", "03010012345678"):
        assert value not in " ".join(shown)
