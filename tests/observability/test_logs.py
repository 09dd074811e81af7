"""What reaches the log, and above all what does not."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observability.events import COMMON, EVENTS
from gateway.observability.log_writer import LogWriter
from gateway.observability.logs import EventLog, Logs, UnlistedEventError, card_reference
from gateway.observability.metrics import Metrics

# Twelve digits, because four would be found by chance.
CANARY = "830174629518"
MOMENT = 1_767_225_599.9876  # the last second of 2025


def logged(act: Callable[[EventLog], object], **settings: Any) -> list[dict[str, Any]]:
    """Return the lines that ``act`` left."""
    return [json.loads(line) for line in raw(act, **settings).splitlines()]


def raw(act: Callable[[EventLog], object], **settings: Any) -> str:
    stream = io.StringIO()
    logs = Logs(stream, key=b"log key", build="1.2.3", clock=lambda: MOMENT, **settings)
    act(logs.log)
    assert logs.stop()
    return stream.getvalue()


def test_a_line_tells_when_what_and_who_in_that_order() -> None:
    line = raw(lambda log: log.event("login_accepted", conn=7, terminal="oslo-1", institution="NO-2030000"))
    assert line == (
        '{"ts":"2025-12-31T23:59:59.987Z","level":"info","event":"login_accepted",'
        '"conn":7,"terminal":"oslo-1","institution":"NO-2030000","build":"1.2.3"}\n'
    )


def test_a_field_that_the_event_may_not_carry_is_dropped_and_counted() -> None:
    metrics = Metrics(version="1", listeners=())
    (line,) = logged(lambda log: log.event("pin_check", outcome="rejected", pin=CANARY, frame=CANARY), metrics=metrics)
    assert CANARY not in str(line)
    assert line["outcome"] == "rejected"
    assert metrics.log_redactions.read() == 2


def test_an_event_that_is_not_listed_leaves_its_place_and_neither_name_nor_fields() -> None:
    (line,) = logged(lambda log: log.event(f"card_{CANARY}", card=CANARY))
    assert CANARY not in str(line)
    assert (line["event"], line["level"]) == ("unlisted", "error")
    assert line["at"].startswith("tests/observability/test_logs.py:")


@pytest.mark.parametrize(
    "act",
    [lambda log: log.event("no_such_event"), lambda log: log.event("daemon_ready", pin="1234")],
)
def test_a_strict_log_does_not_let_a_mistake_pass(act: Callable[[EventLog], object]) -> None:
    with pytest.raises(UnlistedEventError):
        logged(act, strict=True)


def test_no_field_exists_for_a_secret_or_a_person() -> None:
    allowed = COMMON.union(*(event.fields for event in EVENTS.values()))
    forbidden = {"pin", "password", "card", "patron", "name", "given_name", "fnr", "identity_number", "frame"}
    forbidden |= {"raw", "text", "detail", "args", "exc_info", "address_line", "email", "phone", "birth_date"}
    assert allowed & forbidden == set()


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_can_be_logged_with_all_its_fields(event: str) -> None:
    fields = dict.fromkeys(EVENTS[event].fields, "word")
    (line,) = logged(lambda log: log.event(event, **fields), level="debug", strict=True)
    assert fields.items() <= line.items()


class Reason(StrEnum):
    """A word from a list."""

    WRONG_PIN = "wrong_pin"


class Secret:
    """A thing whose text must not be asked for."""

    def __str__(self) -> str:
        return CANARY

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (Reason.WRONG_PIN, "wrong_pin"),
        ("idle", "idle"),
        ("1234", "***"),
        ("Kari Nordmann", "***"),
        (1234, "***"),
        (Secret(), "***"),
    ],
)
def test_a_reason_is_a_word_of_ours_or_withheld(value: object, seen: str | None) -> None:
    (line,) = logged(lambda log: log.event("throttled", reason=value))
    assert line["reason"] == seen


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("Tromsø", "Tromsø"),
        ("a\nb\r\x1b[2J\x7f", "a\\nb\\r\\x1b[2J\\x7f"),
        ("\u202etxt.exe\u2028", "\\u202etxt.exe\\u2028"),
        ("\ud800", "\\ud800"),
        ("x" * 500, "x" * 199 + "…"),
        (["a", 1, "b\n"], ["a", 1, "b\\n"]),
        (("a", "b"), ["a", "b"]),
        (list(range(100)), list(range(20))),
        ([Secret()], "***"),
        ({"pin": CANARY}, "***"),
        (CANARY.encode(), "***"),
        (Secret(), "***"),
        (2.5, 2.5),
        (True, True),
    ],
)
def test_values_are_short_printable_and_plain(value: object, seen: object) -> None:
    (line,) = logged(lambda log: log.event("listener_open", address=value))
    assert line["address"] == seen


@given(st.text())
def test_no_text_can_begin_a_line_of_its_own(text: str) -> None:
    lines = raw(lambda log: log.event("listener_open", address=text))
    assert len(lines.splitlines()) == 1
    assert lines.rstrip("\n").isprintable()


def test_an_exception_is_its_type_and_place_and_not_a_word_more() -> None:
    def act(log: EventLog) -> None:
        try:
            try:
                raise ValueError(CANARY)
            except ValueError as cause:
                raise ConnectionError(CANARY, {"pin": CANARY}) from cause
        except ConnectionError as error:
            log.unexpected(error, conn=3)

    (line,) = logged(act)
    assert CANARY not in str(line)
    assert (line["event"], line["level"], line["error"]) == ("unexpected", "error", "ConnectionError")
    assert line["causes"] == ["ValueError"]
    assert line["conn"] == 3
    assert line["at"][-1].startswith("tests/observability/test_logs.py:")


def test_an_exception_with_a_secret_in_its_type_name_or_a_group_is_bounded() -> None:
    group = ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)])
    (line,) = logged(lambda log: log.unexpected(group))
    assert CANARY not in str(line)
    assert line["causes"] == ["ValueError", "KeyError"]


def test_what_is_not_known_takes_no_room() -> None:
    (line,) = logged(lambda log: log.event("login_refused", terminal=None, reason=None))
    assert line.keys() == {"ts", "level", "event", "build"}


@pytest.mark.parametrize(
    ("level", "seen"),
    [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)],
)
def test_what_is_below_the_level_is_not_logged(level: str, seen: int) -> None:
    def act(log: EventLog) -> None:
        log.event("request")
        log.event("daemon_ready")
        log.event("throttled")

    assert len(logged(act, level=level)) == seen


def test_the_level_can_be_changed_while_running() -> None:
    stream = io.StringIO()
    logs = Logs(stream, key=b"k")
    logs.event("request")
    logs.set_level("debug")
    logs.event("request")
    logs.stop()
    assert len(stream.getvalue().splitlines()) == 1


def test_a_bound_log_carries_its_fields_into_each_line() -> None:
    def act(log: EventLog) -> None:
        bound = log.bind(conn=7, listener="sip2")
        bound.event("connection_opened")
        bound.bind(terminal="oslo-1").event("login_accepted", conn=8)
        log.event("daemon_ready")

    opened, accepted, ready = logged(act)
    assert (opened["conn"], opened["listener"]) == (7, "sip2")
    assert (accepted["conn"], accepted["terminal"]) == (8, "oslo-1")
    assert "conn" not in ready


def test_a_card_is_a_reference_that_only_the_key_explains() -> None:
    reference = card_reference(b"log key", "N001234567")
    assert len(reference) == 12
    assert int(reference, 16) >= 0
    assert reference == card_reference(b"log key", "N001234567")
    assert reference != card_reference(b"another key", "N001234567")
    assert reference != card_reference(b"log key", "N001234568")
    assert Logs(io.StringIO(), key=b"log key").card_reference("N001234567") == reference


def test_people_get_lines_that_they_can_read() -> None:
    shown = raw(lambda log: log.event("login_accepted", terminal="oslo-1"), pretty=True)
    assert "login_accepted" in shown
    assert "terminal=oslo-1" in shown
    assert "{" not in shown


class Stuck(io.StringIO):
    """A stream whose reader has stopped reading."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.free = threading.Event()

    def write(self, text: str) -> int:
        """Wait for the reader."""
        self.reached.set()
        self.free.wait(20)
        return super().write(text)


def test_a_slow_reader_costs_lines_and_never_time() -> None:
    stream, metrics = Stuck(), Metrics(version="1", listeners=())
    logs = Logs(stream, key=b"k", capacity=10, metrics=metrics)
    logs.start()
    logs.event("daemon_starting")
    assert stream.reached.wait(20)
    for _ in range(15):
        logs.event("daemon_ready")
    assert metrics.log_dropped.read() == logs.dropped == 5
    stream.free.set()
    assert logs.stop(20)
    assert len(stream.getvalue().splitlines()) == 11


def test_a_reader_that_never_comes_back_does_not_keep_the_daemon() -> None:
    stream = Stuck()
    writer = LogWriter(stream, capacity=1)
    writer.start()
    writer.line("one")
    assert stream.reached.wait(20)
    writer.line("two")
    assert not writer.stop(timeout=0.01)
    stream.free.set()


class Broken(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, text: str) -> int:
        """Fail."""
        raise BrokenPipeError


def test_a_reader_that_is_gone_costs_lines_and_never_the_daemon() -> None:
    logs = Logs(Broken(), key=b"k")
    logs.start()
    logs.event("daemon_ready")
    assert logs.stop(20)
    assert logs.dropped == 1


def test_a_letter_that_the_locale_lacks_is_escaped() -> None:
    beneath = io.BytesIO()
    logs = Logs(io.TextIOWrapper(beneath, encoding="ascii"), key=b"k")
    logs.event("listener_open", address="Tromsø")
    logs.stop()
    assert b"Troms\\xf8" in beneath.getvalue()


def test_lines_from_many_threads_are_whole() -> None:
    stream = io.StringIO()
    logs = Logs(stream, key=b"k")
    logs.start()

    def talk() -> None:
        for _ in range(50):
            logs.event("daemon_ready")

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.stop(20)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert len(lines) == 200
