"""Many PINs at once: honest ones are all answered, guessed ones are hashed no more often than the limits allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from registry.domain.attempts import Scope
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision, Granted, Refusal, Refused, RegisterUnavailable
from registry.services.ports import OpenUnitOfWork, UnitOfWork
from registry.services.reservations import Reserved, Try
from registry.services.witness import PinResult
from tests.registry.services.houses import CARD, PIN, House, kiosk, new_patron, second_process
from tests.registry.storage.databases import opened

WRONG = "9999"


def number(key: int) -> CardNumber:
    """The card of one of a crowd."""
    return CardNumber(f"N{2_000_000 + key:09d}")


async def add_crowd(register: House, many: int) -> None:
    """Add so many patrons, all with the same PIN."""
    crowd = [new_patron(number(key)) for key in range(many)]
    await register.patrons.add_patrons(crowd, "test", lambda _: None)


def reasons(decisions: Sequence[Decision]) -> set[Refusal]:
    return {decision.reason for decision in decisions if isinstance(decision, Refused)}


def delays(decisions: Sequence[Decision]) -> set[float]:
    return {decision.delay for decision in decisions}


async def settled(register: House) -> None:
    """Return when no check is under way and all is written down."""
    async with asyncio.timeout(10):
        while register.door._checks._under_way or register.grouped._running is not None:
            await asyncio.sleep(0.001)


@pytest.fixture
async def crowded(empty: House) -> House:
    """A register with a crowd of patrons who are guests everywhere."""
    await add_crowd(empty, 60)
    return empty


async def test_fifty_honest_kiosks_that_share_a_login_are_all_answered_at_once_and_not_slowed(crowded: House) -> None:
    decisions = await asyncio.gather(*(crowded.ask(card=number(key)) for key in range(50)))
    assert all(isinstance(decision, Granted) for decision in decisions)
    assert delays(decisions) == {0.0}
    assert not crowded.counts.throttles
    assert crowded.hasher.checks == 50


async def test_a_crowd_at_one_login_is_served_though_somebody_errs(crowded: House) -> None:
    honest = [crowded.ask(card=number(key)) for key in range(50)]
    erring = [crowded.ask(WRONG, card=number(50 + key)) for key in range(5)]
    decisions = await asyncio.gather(*honest, *erring)
    assert all(isinstance(decision, Granted) for decision in decisions[:50])
    assert delays(decisions[:50]) == {0.0}
    assert reasons(decisions[50:]) == {Refusal.WRONG_PIN}


async def test_two_processes_that_serve_one_login_do_not_refuse_its_crowd(crowded: House) -> None:
    database = await opened(crowded.database._url)
    other = second_process(crowded, database)
    try:
        here = [crowded.ask(card=number(key)) for key in range(30)]
        there = [other.ask(card=number(key)) for key in range(30, 60)]
        decisions = await asyncio.gather(*here, *there)
        assert all(isinstance(decision, Granted) for decision in decisions)
    finally:
        await other.grouped.close()
        await database.close()


@pytest.mark.parametrize(("terminals", "limit"), [(1, 3), (40, 5)])
async def test_a_thousand_guesses_at_one_card_are_hashed_no_more_often_than_the_limit(
    register: House, terminals: int, limit: int
) -> None:
    guesses = [register.ask(f"{guess:04d}", asker=kiosk(f"kiosk-{guess % terminals}")) for guess in range(1000)]
    decisions = await asyncio.gather(*guesses)
    assert reasons(decisions) <= {Refusal.WRONG_PIN, Refusal.LOCKED, Refusal.WAIT}
    assert not any(isinstance(decision, Granted) for decision in decisions)
    assert register.hasher.checks == limit


async def test_a_pin_that_was_right_a_moment_ago_is_not_told_to_a_crowd_of_guessers(register: House) -> None:
    await register.ask()
    await register.ask()
    guesses = [f"{guess:04d}" for guess in range(200)]
    guesses[100] = PIN
    decisions = await asyncio.gather(*(register.ask(guess) for guess in guesses))
    assert reasons(decisions) == {Refusal.WRONG_PIN, Refusal.WAIT}
    assert not any(isinstance(decision, Granted) for decision in decisions)
    assert register.hasher.checks == 1 + 3


async def test_guesses_at_many_cards_from_one_terminal_are_hashed_no_more_often_than_its_limit(
    crowded: House,
) -> None:
    decisions = await asyncio.gather(*(crowded.ask(WRONG, card=number(key)) for key in range(60)))
    assert crowded.hasher.checks == 24
    assert reasons(decisions) == {Refusal.WRONG_PIN, Refusal.WAIT}
    # Whoever errs in a crowd that may be guessing waits for the answer, and the alert is given.
    assert delays([one for one in decisions if reasons([one]) == {Refusal.WRONG_PIN}]) == {0.0, 2.0}
    assert crowded.counts.throttles[Scope.TERMINAL] > 0


async def test_honest_kiosks_beside_an_attacked_one_notice_nothing(crowded: House) -> None:
    attack = [crowded.ask(WRONG, card=f"N00900{key:04d}", asker=kiosk("attacked")) for key in range(200)]
    victim = [crowded.ask(f"{guess:04d}", card=number(59), asker=kiosk(f"kiosk-{guess % 3}")) for guess in range(60)]
    honest = [crowded.ask(card=number(key), asker=kiosk(f"kiosk-{key % 3}")) for key in range(50)]
    decisions = await asyncio.gather(*attack, *victim, *honest)
    assert all(isinstance(decision, Granted) for decision in decisions[260:])
    assert delays(decisions[260:]) == {0.0}
    assert crowded.hasher.checks == 24 + 5 + 50


async def test_a_terminal_that_is_refused_stays_so_for_its_crowd(crowded: House) -> None:
    for key in range(24):
        await crowded.ask(WRONG, card=f"N00900{key:04d}")
    decisions = await asyncio.gather(*(crowded.ask(card=number(key)) for key in range(40)))
    assert reasons(decisions) == {Refusal.WAIT}
    assert crowded.hasher.checks == 24


async def reserved_by_the_dead(register: House, key: int, terminal: str = "kiosk-1") -> None:
    """Reserve an attempt as a process does that dies before it knows the outcome."""
    meant = Try(card=number(key), asker=kiosk(terminal), guest=True, patron=None)
    assert isinstance(await register.door._checks._reservations.reserve(meant, 5.0), Reserved)


async def test_what_a_dead_process_left_counts_as_a_failure_once_no_check_can_take_so_long(crowded: House) -> None:
    for _ in range(3):
        await reserved_by_the_dead(crowded, 7)
    crowded.clock.turn(9.9)
    waiting = asyncio.ensure_future(crowded.ask(card=number(7)))
    async with asyncio.timeout(5):
        while not any(waiting.stuck_at for waiting in crowded.grouped._queue):
            await asyncio.sleep(0.001)
    assert not waiting.done()
    crowded.clock.turn(0.1)
    decision = await waiting
    assert reasons([decision]) == {Refusal.WAIT}
    assert crowded.hasher.checks == 0
    crowded.clock.turn(30)
    assert isinstance(await crowded.ask(card=number(7)), Granted)


async def test_who_waits_for_others_waits_no_longer_than_the_kiosk_does(crowded: House) -> None:
    for key in range(24):
        await reserved_by_the_dead(crowded, key)
    question = crowded.door._checks._reservations.reserve(
        Try(card=number(30), asker=kiosk(), guest=True, patron=None), 0.05
    )
    with pytest.raises(RegisterUnavailable, match="did not end in time"):
        await question
    await settled(crowded)
    assert isinstance(await crowded.ask(card=number(30), asker=kiosk("kiosk-2")), Granted)


async def test_a_wrong_pin_is_noted_as_failed_as_soon_as_it_is_known(register: House) -> None:
    await register.ask(WRONG)
    await settled(register)
    holder = await register.database.lookups.find(CARD)
    assert holder is not None
    assert [attempt.under_way for attempt in holder.log.consecutive] == [False]


class SlowDisk:
    """Opens units of work whose commits take long, and counts them."""

    def __init__(self, work: OpenUnitOfWork) -> None:
        self._work = work
        self.commits = 0

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._work() as work:
            yield work
            self.commits += 1
            await asyncio.sleep(0.02)


@pytest.fixture
async def slow(crowded: House) -> SlowDisk:
    """A crowd's register on a slow disk."""
    crowded.grouped._work = disk = SlowDisk(crowded.database.unit_of_work)
    return disk


async def test_a_burst_of_first_pins_costs_few_commits(crowded: House, slow: SlowDisk) -> None:
    asked = [crowded.ask(card=number(key), asker=kiosk(f"kiosk-{key % 5}")) for key in range(50)]
    assert all(isinstance(decision, Granted) for decision in await asyncio.gather(*asked))
    assert crowded.counts.pins[PinResult.ACCEPTED] == 50
    # Each was reserved and settled: a hundred writes.
    assert 2 <= slow.commits <= 20


async def test_a_burst_of_cards_without_a_pin_costs_few_commits(crowded: House, slow: SlowDisk) -> None:
    decisions = await asyncio.gather(*(crowded.ask(None, card=number(key)) for key in range(50)))
    assert reasons(decisions) == {Refusal.NO_PIN}
    assert slow.commits <= 5
