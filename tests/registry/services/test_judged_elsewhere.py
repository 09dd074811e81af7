"""PINs that a library system judges: its word is counted as the register's own is, and for its own library alone."""

from __future__ import annotations

import dataclasses

import pytest

from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.decisions import Question, Refusal, Refused
from registry.domain.institution import InstitutionId
from registry.domain.secret import Secret
from registry.services.witness import PinResult
from tests.registry.services.houses import CARD, House, kiosk

UNKNOWN = CardNumber("N009999999")
IN_TIME = 1e12


async def judge(register: House, *, right: bool, card: CardNumber = CARD, asker: Asker | None = None) -> None:
    await register.door.judged_by_ils(asker or kiosk(), card, IN_TIME, right=right)


async def attempts(register: House, card: CardNumber = CARD) -> tuple[int, int]:
    """How many count in a row, and for the day."""
    async with register.database.unit_of_work() as work:
        log = await work.attempts.log_of(card, register.clock.steady(), register.door._limits)
    return len(log.consecutive), len(log.daily)


async def test_a_librarys_no_is_counted(register: House) -> None:
    for _ in range(3):
        await judge(register, right=False)
    assert await attempts(register) == (3, 3)
    decision = await register.ask()
    assert isinstance(decision, Refused)
    assert decision.reason is Refusal.WAIT


async def test_a_librarys_yes_forgives_what_was_tried_there_and_nowhere_else(register: House) -> None:
    elsewhere = dataclasses.replace(kiosk("kiosk-9"), institution=InstitutionId("NO-9999999"))
    await judge(register, right=False)
    await judge(register, right=False, asker=elsewhere)
    await judge(register, right=True)
    assert await attempts(register) == (1, 1)


async def test_a_yes_with_nothing_to_forgive_writes_nothing(register: House) -> None:
    await register.ask()
    await register.ask()
    before = register.database.signal
    changes: list[object] = []
    before.listen(changes.append)
    await judge(register, right=True)
    assert changes == []


async def test_a_no_to_a_number_that_nobody_has_counts_against_the_terminal(register: House) -> None:
    await judge(register, right=False, card=UNKNOWN)
    await judge(register, right=True, card=UNKNOWN)
    assert await attempts(register, UNKNOWN) == (1, 1)


@pytest.mark.parametrize("pin", [None, "4817"])
async def test_a_number_that_nobody_has_is_never_held_off_where_a_library_system_judges_it(
    register: House, pin: str | None
) -> None:
    question = Question(card=UNKNOWN, pin=Secret(pin) if pin else None, asker=kiosk(), ils_knows_strangers=True)
    for _ in range(12):
        assert await register.door.answer(question, IN_TIME) == Refused(Refusal.UNKNOWN_CARD)
    assert register.hasher.checks == 0
    assert PinResult.REJECTED not in register.counts.pins
    assert await attempts(register, UNKNOWN) == (0, 0)
