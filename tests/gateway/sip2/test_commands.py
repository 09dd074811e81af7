"""What a command does to cards and patrons beside the running daemon takes effect at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.application import Register
from registry.domain.card import CardKind, CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import StandingState
from tests.gateway.kiosks import Kiosk
from tests.gateway.worlds import Served, World
from tests.registry.placing import put

CARD, PIN = "N001000001", "4817"
Act = Callable[[Register], Awaitable[object]]


async def lose(register: Register) -> None:
    await register.cards.report_lost(CardNumber(CARD), "test")


async def withdraw(register: Register) -> None:
    await register.cards.withdraw(CardNumber(CARD), "test")


async def replace(register: Register) -> None:
    await register.cards.replace(CardNumber(CARD), None, CardKind.PRINTED, "test")


async def delete(register: Register) -> None:
    await register.patrons.delete_patron(CardNumber(CARD), "test")


async def make_local(register: Register) -> None:
    await put(register.database, CardNumber(CARD), LendingUnitId("NO-2030000"), StandingState.LOCAL, "S200001")


async def heard(kiosk: Kiosk, pin: str) -> tuple[str | None, str | None, str, str]:
    answer = await kiosk.status(CARD, pin)
    return answer.valid_patron, answer.valid_patron_password, answer.patron_status.rstrip(), answer.personal_name


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lose, ("Y", "N", "YYYYY", "")),
        (withdraw, ("Y", "N", "YYYY", "")),
        (replace, ("Y", "N", "YYYY", "")),
        (delete, ("N", "N", "YYYY", "")),
        (make_local, ("Y", "Y", "", "Bjørnstad, Ågot")),
    ],
)
@pytest.mark.parametrize("warm", [True, False])
async def test_a_changed_card_is_answered_so_long_before_the_memory_of_it_would_end(
    world: World, served: Served, act: Act, expected: tuple[str, str, str, str], warm: bool
) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        for _ in range(2 if warm else 0):
            # The second answer comes from memory: the card, and the PIN that was right.
            assert await heard(kiosk, PIN) == ("Y", "Y", "", "Ågot")
        async with world.at_the_prompt() as register:
            await act(register)
        async with asyncio.timeout(10):
            while await heard(kiosk, PIN) != expected:
                await asyncio.sleep(0.005)
        assert await heard(kiosk, PIN) == expected


async def test_the_new_card_of_a_replaced_one_is_served_with_the_same_pin(world: World, served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status("N001000044")).valid_patron == "N"
        async with world.at_the_prompt() as register:
            await register.cards.replace(CardNumber(CARD), CardNumber("N001000044"), CardKind.PRINTED, "test")
        answer = await kiosk.status("N001000044", PIN)
        assert (answer.valid_patron_password, answer.personal_name) == ("Y", "Ågot")
