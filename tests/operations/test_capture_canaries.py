"""A capture is given away: canaries on both sides of the gateway, and none of them in what was captured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.simulators.ils import Fault, Kind
from gateway.sip2.capture import Recorder
from tests.gateway.libraries import library
from tests.gateway.memory import line_to
from tests.gateway.worlds import World, demo
from tests.operations.test_canaries import IDENTITY, PRIVATE, STRAY_CARD, STRAY_PIN, found
from tests.operations.test_forwarding_canaries import (
    CARD,
    GUEST_CARD,
    GUEST_PIN,
    HIDDEN,
    ILS_PIN,
    LOCAL_CARD,
    LOCAL_ID,
    NAMES,
    OPEN_ADDRESS,
    OPEN_MAIL,
    PROTECTED_CARD,
    PROTECTED_ID,
    PROTECTED_PIN,
    RECORDED,
    REGISTER_PINS,
    RIGHT_PIN,
    ils_world,
    patron,
    say_all,
)

SECRET = (*REGISTER_PINS, ILS_PIN, STRAY_PIN, IDENTITY, "demo-storbyen", "demo-storbyen-sip2")
PERSONAL = (*NAMES, *HIDDEN, *RECORDED, *PRIVATE, OPEN_ADDRESS, OPEN_MAIL, STRAY_CARD)
CARDS = (CARD, PROTECTED_CARD, GUEST_CARD, LOCAL_CARD, LOCAL_ID, PROTECTED_ID, "N001777777")


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """The demo's world with three canaries in its register."""
    made = await demo(tmp_path / "world")
    async with made.at_the_prompt() as register:
        for one in (
            patron(CARD, RIGHT_PIN, "Kanarifugløy", LOCAL_ID),
            patron(PROTECTED_CARD, PROTECTED_PIN, "Skjermkanarisen", PROTECTED_ID, protected=True),
            patron(GUEST_CARD, GUEST_PIN, "Kanarifugløy", None),
        ):
            await register.patrons.add_patron(one, "test")
    return made


async def test_nothing_secret_or_personal_and_no_card_is_in_a_capture(world: World) -> None:
    async with library(world, world=ils_world()) as storbyen:
        served = storbyen.served
        recorder = Recorder(served.clock.now, served.logs.card_reference, limit=64 * 1024 * 1024)
        served.door.record("storbyen-1", recorder)
        with line_to(served.door) as kiosk:
            await say_all(kiosk)
        for kind in (Kind.PLAIN_TEXT, Kind.OTHER_CHARSET, Kind.WRONG_MESSAGE, Kind.UNASKED_BEFORE):
            storbyen.ils.faults.add(Fault(kind=kind))
            with line_to(served.door) as kiosk:
                await say_all(kiosk)
            storbyen.ils.faults.clear(kind)
        captured = recorder.take()
    assert recorder.ended is None
    said = [json.loads(line) for line in captured.splitlines()]
    assert {(line["side"], line["message"]) for line in said if "message" in line} >= {
        ("kiosk", "63"),
        ("kiosk", "64"),
        ("ils", "93"),
        ("ils", "63"),
        ("ils", "64"),
        ("ils", "12"),
    }
    for text in (*SECRET, *PERSONAL, *CARDS):
        assert not found(text, captured), text
