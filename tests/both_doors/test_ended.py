"""A standing that an operator ends beside the running daemon has ended at both doors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.demo_world import STORBYEN
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from tests.cli.commands import portvakt
from tests.gateway.kiosks import Kiosk, information
from tests.gateway.ncip.vendors import HttpVendor, card_and_pin, create, http, look_up, standing_of
from tests.gateway.worlds import Served, demo, running

JONAS, PIN = "N001000002", "5926"


async def told(kiosk: Kiosk, vendor: HttpVendor) -> tuple[bool, str]:
    """Whether a kiosk takes the patron for a local one, and the standing that a library system is told."""
    answer = await kiosk.asked(information(JONAS, PIN), sip2.PatronInformationResponse)
    return not answer.screen_messages, standing_of(await vendor.ask(look_up(card_and_pin(JONAS, PIN))))


async def end_at_the_prompt(settings: Path) -> None:
    words = ("standings", "end", JONAS, "--unit", STORBYEN, "--reason", "letter", "--yes")
    done = await portvakt(*words, config=settings)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("warm", [True, False])
async def test_what_a_command_ends_is_ended_at_both_doors_long_before_the_memory_of_it_would_end(
    tmp_path: Path, warm: bool
) -> None:
    world = await demo(tmp_path / "world")
    async with running(world) as served, served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        for _ in range(2 if warm else 0):
            assert await told(kiosk, vendor) == (True, "Active")
        await end_at_the_prompt(world.settings)
        async with asyncio.timeout(10):
            while await told(kiosk, vendor) != (False, "Ended"):
                await asyncio.sleep(0.005)
        # The way back is open: accepted anew, and local at both doors.
        assert await vendor.problem(create(card_and_pin(JONAS, PIN))) == ""
        assert await told(kiosk, vendor) == (True, "Active")


async def test_what_the_daemon_ends_itself_is_ended_with_the_next_question(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk, http(served) as vendor:
        assert await told(kiosk, vendor) == (True, "Active")
        await served.register.endings.end_standing(LendingUnitId(STORBYEN), CardNumber(JONAS), "test", "letter")
        assert await told(kiosk, vendor) == (False, "Ended")
