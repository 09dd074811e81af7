"""Counting attempts: by card, by terminal, by institution; in a row, by the day, by window."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta

import pytest

from registry.domain.asker import Asker
from registry.domain.attempts import Attempt, CardLog, Limits, Tally
from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId
from registry.services.ports import AttemptId
from registry.storage.database import Database
from tests.registry.people import NOW, NUMBER, asker
from tests.registry.storage.rows import query, reserve

LIMITS = Limits()
ELSEWHERE = asker(terminal="kiosk-2")
OTHER_TOWN = asker(terminal="kiosk-9", institution=InstitutionId("NO-9"))


def ago(seconds: float) -> datetime:
    """A time so many seconds before now."""
    return NOW - timedelta(seconds=seconds)


async def log(database: Database, number: str = NUMBER, now: datetime = NOW) -> CardLog:
    """What counts against a card."""
    async with database.unit_of_work() as work:
        return await work.attempts.log_of(CardNumber(number), now, LIMITS)


async def test_nothing_counts_against_a_card_that_was_never_tried(database: Database) -> None:
    assert await log(database) == CardLog()


async def test_attempts_of_one_card_are_told_the_oldest_first(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(10), who=ELSEWHERE)
        await reserve(work, ago(30))
        await reserve(work, ago(20), number="N000000002")
    both = (Attempt(ago(30), "kiosk-1"), Attempt(ago(10), "kiosk-2"))
    assert await log(database) == CardLog(consecutive=both, daily=both)


async def test_a_success_ends_the_row_and_leaves_the_day(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(30))
        await reserve(work, ago(10))
        await work.attempts.start_anew(NUMBER, ago(20))
    earlier, later = Attempt(ago(30), "kiosk-1"), Attempt(ago(10), "kiosk-1")
    assert await log(database) == CardLog(consecutive=(later,), daily=(earlier, later))


async def test_staff_who_saw_the_patron_clear_the_day_as_well(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(30))
        await reserve(work, ago(10))
        await reserve(work, ago(30), number="N000000002")
        await work.attempts.unlock(NUMBER, ago(20))
    later = Attempt(ago(10), "kiosk-1")
    assert await log(database) == CardLog(consecutive=(later,), daily=(later,))
    assert (await log(database, "N000000002")).daily == (Attempt(ago(30), "kiosk-1"),)


async def test_the_day_ends_and_the_row_does_not(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(86_400))
        await reserve(work, ago(86_399))
    found = await log(database)
    assert len(found.consecutive) == 2
    assert found.daily == (Attempt(ago(86_399), "kiosk-1"),)


async def test_a_reservation_that_is_taken_back_counts_nowhere(database: Database) -> None:
    async with database.unit_of_work() as work:
        attempt = await reserve(work)
        await work.attempts.take_back(attempt)
        # Twice is once, and nobody else's attempt has that number ever.
        assert await reserve(work) != attempt
        await work.attempts.take_back(attempt)
        assert (await work.attempts.tally(asker(), NOW, LIMITS)).terminal_failures == 1
    assert len((await log(database)).daily) == 1


@pytest.mark.parametrize(
    ("who", "tally"),
    [
        (
            asker(),
            Tally(
                terminal_failures=3,
                terminal_cards=2,
                terminal_quiet=10.0,
                institution_failures=4,
                institution_quiet=5.0,
                guest_failures=5,
            ),
        ),
        (
            ELSEWHERE,
            Tally(
                terminal_failures=1,
                terminal_cards=1,
                terminal_quiet=5.0,
                institution_failures=4,
                institution_quiet=5.0,
                guest_failures=5,
            ),
        ),
        (
            asker(terminal="new", institution=InstitutionId("NO-8")),
            Tally(terminal_quiet=math.inf, institution_quiet=math.inf, guest_failures=5),
        ),
    ],
    ids=["here", "the kiosk beside", "another town"],
)
async def test_terminal_institution_and_guests_are_counted_apart(database: Database, who: Asker, tally: Tally) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(30))
        await reserve(work, ago(20))
        await reserve(work, ago(10), number="N000000002")
        await reserve(work, ago(5), who=ELSEWHERE)
        await reserve(work, ago(4000), who=OTHER_TOWN)
        assert await work.attempts.tally(who, NOW, LIMITS) == tally


async def test_a_window_ends_with_the_latest_attempt(database: Database) -> None:
    async with database.unit_of_work() as work:
        for seconds in (1000, 600.000_001, 600, 400):
            await reserve(work, ago(seconds))
        tally = await work.attempts.tally(asker(), NOW, LIMITS)
    assert (tally.terminal_failures, tally.terminal_quiet) == (3, 400.0)


async def test_what_is_under_way_can_be_left_out_of_the_count(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(30))
        await reserve(work, ago(20), number="N000000002", under_way=True)
        await reserve(work, ago(9.9), number="N000000003", under_way=True)
        await reserve(work, ago(5), number="N000000004", who=ELSEWHERE, under_way=True)
        everything = await work.attempts.tally(asker(), NOW, LIMITS)
        failed = await work.attempts.tally(asker(), NOW, LIMITS, failed_only=True)
    assert everything == Tally(
        terminal_failures=3,
        terminal_cards=3,
        terminal_quiet=9.9,
        institution_failures=4,
        institution_quiet=5.0,
        guest_failures=4,
    )
    # The second was left by a process that died: no check takes so long.
    assert failed == Tally(
        terminal_failures=2,
        terminal_cards=2,
        terminal_quiet=20.0,
        institution_failures=2,
        institution_quiet=20.0,
        guest_failures=2,
    )


async def test_a_reservation_is_told_apart_until_it_has_failed(database: Database) -> None:
    async with database.unit_of_work() as work:
        attempt = await reserve(work, under_way=True)
    assert (await log(database)).daily == (Attempt(NOW, "kiosk-1", under_way=True),)
    async with database.unit_of_work() as work:
        await work.attempts.has_failed(attempt)
    assert (await log(database)).daily == (Attempt(NOW, "kiosk-1"),)


async def test_what_is_held_is_held_off_from_others_until_the_commit(database: Database) -> None:
    held, order = asyncio.Event(), list[str]()

    async def hold() -> None:
        async with database.unit_of_work() as work:
            await work.attempts.hold([NUMBER, CardNumber("N000000002")], ["kiosk-1"])
            held.set()
            await asyncio.sleep(0.05)
            order.append("held")

    async def judge() -> None:
        await held.wait()
        async with database.unit_of_work() as work:
            await work.attempts.log_of(CardNumber("N000000002"), NOW, LIMITS)
            order.append("judged")

    await asyncio.gather(hold(), judge())
    assert order == ["held", "judged"]


async def test_a_clock_that_was_set_back_makes_nobody_quieter_than_now(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(-3600))
        tally = await work.attempts.tally(asker(), NOW, LIMITS)
    assert (tally.terminal_failures, tally.terminal_quiet) == (1, 0.0)


async def test_parallel_guesses_at_one_card_are_all_counted(database: Database) -> None:
    seen: list[int] = []

    async def guess(terminal: str) -> AttemptId:
        async with database.unit_of_work() as work:
            seen.append(len((await work.attempts.log_of(NUMBER, NOW, LIMITS)).consecutive))
            await work.attempts.tally(asker(terminal=terminal), NOW, LIMITS)
            return await reserve(work, who=asker(terminal=terminal))

    await asyncio.gather(*(guess(f"kiosk-{number % 3}") for number in range(12)))
    assert sorted(seen) == list(range(12))


async def test_parallel_guesses_at_one_terminal_are_all_counted(database: Database) -> None:
    seen: list[int] = []

    async def guess(number: str) -> None:
        async with database.unit_of_work() as work:
            await work.attempts.log_of(CardNumber(number), NOW, LIMITS)
            seen.append((await work.attempts.tally(asker(), NOW, LIMITS)).terminal_failures)
            await reserve(work, number=number)

    await asyncio.gather(*(guess(f"N{number:09d}") for number in range(12)))
    assert sorted(seen) == list(range(12))


async def test_strangers_cards_are_counted_once_each_within_the_window(database: Database) -> None:
    async with database.unit_of_work() as work:
        look = work.attempts.look_at_stranger
        assert await look("kiosk-1", CardNumber("N000000001"), ago(100), 60) == 1
        assert await look("kiosk-1", CardNumber("N000000002"), ago(50), 60) == 2
        assert await look("kiosk-2", CardNumber("N000000002"), ago(50), 60) == 1
        assert await look("kiosk-1", CardNumber("N000000002"), ago(30), 60) == 1
        assert await look("kiosk-1", CardNumber("N000000003"), NOW, 60) == 2


async def test_what_no_limit_counts_is_forgotten_and_a_row_of_failures_never(database: Database) -> None:
    async with database.unit_of_work() as work:
        await reserve(work, ago(300))
        await work.attempts.start_anew(NUMBER, ago(300))
        await reserve(work, ago(200))
        await work.attempts.look_at_stranger("kiosk-1", NUMBER, ago(300), 60)
        await work.attempts.look_at_stranger("kiosk-2", NUMBER, ago(50), 60)
        assert await work.attempts.forget(ago(100)) == 2
        assert await work.attempts.forget(ago(100)) == 0
    assert (await log(database)).consecutive == (Attempt(ago(200), "kiosk-1"),)
    assert len(await query(database, "SELECT card FROM stranger_look")) == 1


@pytest.mark.parametrize("index", ["ix_attempt_card", "ix_attempt_terminal_at_card", "ix_attempt_institution_at"])
async def test_every_count_has_its_index(database: Database, index: str, engine_name: str) -> None:
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }
    assert index in {row[0] for row in await query(database, catalogue[engine_name])}
