"""What is sent again, by message number: after a silence, a 96 or a damaged answer (SIP2 2.00, as an SC)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.sip2.ils_outcomes import Answered, Failed
from gateway.upstream.failures import FailureKind
from protocols import sip2
from protocols.sip2 import Frame, Message
from tests.clocks import HandClock
from tests.gateway.sip2.ils_world import LONG, Linked, linked, shortly
from tests.gateway.sip2.scripted_ils import courteous, in_kind, scripted
from tests.simulators.ils_requests import (
    LIBRARY,
    NOW,
    checkin,
    checkout,
    hold,
    information,
    renew,
    renew_all,
    status,
)

PERSON: dict[str, Any] = {"transaction_date": NOW, "institution_id": LIBRARY, "patron_identifier": "S1"}

REQUESTS: dict[str, Message] = {
    "01": sip2.BlockPatron(card_retained="N", blocked_card_message="", terminal_password="", **PERSON),
    "09": checkin("i1"),
    "11": checkout("S1", "i1"),
    "15": hold("+", "S1", "i1"),
    "17": sip2.ItemInformation(transaction_date=NOW, institution_id=LIBRARY, item_identifier="i1"),
    "19": sip2.ItemStatusUpdate(
        transaction_date=NOW, institution_id=LIBRARY, item_identifier="i1", terminal_password="", item_properties="x"
    ),
    "23": status("S1"),
    "25": sip2.PatronEnable(**PERSON),
    "29": renew("S1", "i1"),
    "35": sip2.EndPatronSession(**PERSON),
    "37": sip2.FeePaid(fee_type="04", payment_type="00", currency_type="NOK", fee_amount="1.00", **PERSON),
    "63": information("S1"),
    "65": renew_all("S1"),
    "99": sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"),
}

HARMLESS = {"17", "23", "35", "63", "99"}


def _deaf_to(number: str) -> Callable[[Frame], bytes]:
    return lambda frame: b"" if frame.number == number else courteous(frame)


def turned(world: Linked, clock: HandClock, seconds: float) -> None:
    """Let time pass for what waits for an answer."""
    clock.turn(seconds)
    world.peer.deadlines.look()


def test_every_request_but_the_login_has_its_row() -> None:
    asked = {number for number, message in sip2.MESSAGES.items() if message.answered_by is not None}
    assert REQUESTS.keys() == asked - {"93", "97"}


@pytest.mark.parametrize(
    ("profile", "resent"),
    [
        ({}, HARMLESS),
        ({"replays": True}, REQUESTS.keys()),
        ({"echo": "optional"}, set()),
        ({"error_detection": False}, set()),
        ({"retries": 0}, set()),
    ],
    ids=["as-usual", "replays", "digit-not-echoed", "no-error-detection", "no-retries"],
)
@pytest.mark.parametrize("number", sorted(REQUESTS))
async def test_after_a_silence_only_what_may_run_twice_is_sent_again(
    number: str, profile: dict[str, Any], resent: set[str]
) -> None:
    clock = HandClock()
    async with (
        scripted(_deaf_to(number)) as ils,
        linked(ils.port, clock=clock.monotonic, profile=profile, login=None, asks_status=False) as world,
    ):
        under_way = asyncio.ensure_future(world.ask(REQUESTS[number]))
        await ils.until(lambda: len(ils.frames) == 1)
        turned(world, clock, LONG.resend)
        if number in resent:
            await ils.until(lambda: len(ils.frames) == 2)
        turned(world, clock, LONG.total - LONG.resend)
        assert await under_way == Failed(FailureKind.HUNG, uncertain=number not in HARMLESS)
        await ils.until(lambda: ils.closed == 1)
        copies = [frame.raw for frame in ils.frames]
        assert len(copies) == (2 if number in resent else 1)
        assert len(set(copies)) == 1


async def test_a_repeated_look_up_that_is_answered_twice_is_answered_once() -> None:
    silent = [True]

    def say(frame: Frame) -> bytes:
        if frame.number != "63":
            return courteous(frame)
        return b"" if silent and silent.pop() else _about(frame) * 2

    budgets = shortly(total=5.0, resend=0.03)
    async with scripted(say) as ils, linked(ils.port, budgets=budgets) as world:
        assert isinstance(await world.ask(REQUESTS["63"]), Answered)
        assert isinstance(await world.ask(information("S2")), Answered)
        assert [frame.sequence for frame in ils.frames] == ["0", "1", "2", "2", "3"]


@pytest.mark.parametrize("number", sorted(REQUESTS))
async def test_a_96_asks_for_the_same_bytes_whatever_the_message(number: str) -> None:
    asked_again = [True]

    def say(frame: Frame) -> bytes:
        if frame.number == number and asked_again:
            asked_again.pop()
            return b"96AZFEF6\r"
        return b"" if frame.number == number else courteous(frame)

    clock = HandClock()
    async with scripted(say) as ils, linked(ils.port, clock=clock.monotonic, login=None, asks_status=False) as world:
        under_way = asyncio.ensure_future(world.ask(REQUESTS[number]))
        await ils.until(lambda: len(ils.frames) == 2)
        turned(world, clock, LONG.total)
        assert await under_way == Failed(FailureKind.HUNG, uncertain=number not in HARMLESS)
        assert ils.frames[0].raw == ils.frames[1].raw


async def test_a_damaged_answer_is_asked_for_by_a_97_and_the_request_is_not_sent_again() -> None:
    damaged = [True]

    def say(frame: Frame) -> bytes:
        if frame.number == "97":
            return _about(ils.frames[2])
        if frame.number == "63" and damaged.pop():
            return _about(frame).replace(b"AEAne", b"AEAnn")
        return courteous(frame)

    async with scripted(say) as ils, linked(ils.port) as world:
        answer = await world.answer(REQUESTS["63"])
        assert sip2.first(answer, "AE") == "Ane"
        assert ils.numbers == ["93", "99", "63", "97"]
        assert ils.frames[-1].raw == b"97AZFEF5"


async def test_a_97_that_is_answered_by_a_96_ends_the_connection() -> None:
    def say(frame: Frame) -> bytes:
        if frame.number == "97":
            return b"96AZFEF6\r"
        return b"121NNY" + b"AY2AZ0000\r" if frame.number == "11" else courteous(frame)

    async with scripted(say) as ils, linked(ils.port) as world:
        assert await world.ask(REQUESTS["11"]) == Failed(FailureKind.WRONG_CHECKSUM, uncertain=True)
        assert not world.link.is_connected


def _about(frame: Frame) -> bytes:
    patron = frame.body.split(b"AA", 1)[1].split(b"|", 1)[0]
    fixed = b"64" + b" " * 14 + b"01220261123    101530" + b"0000" * 6
    return in_kind(frame, fixed + b"AONO-2030000|AA" + patron + b"|AEAne|BLY|CQY|")
