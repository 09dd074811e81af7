"""Look-ups: everything about a card in one answer, and many askers in one batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from registry.domain.attempts import Attempt, CardLog, Limits
from registry.domain.card import CardNumber
from registry.domain.consent import AcceptedVersion, Channel, Consent
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.domain.patron import Credentials, Language, PatronId
from registry.services import ports
from registry.storage.database import Database
from registry.storage.lookups import CoalescedLookups, ReadConnection
from registry.storage.transaction import Row
from tests.registry.people import NOW, NUMBER, OTHER_UNIT, UNIT, patron
from tests.registry.storage.rows import PIN, add_patron, add_units, card, reserve, standing


def number(key: int) -> CardNumber:
    """The card number of the patron with this key."""
    return CardNumber(f"N{key:09d}")


@pytest.fixture
async def peopled(database: Database) -> Database:
    """Three patrons: with two standings, with one, with none."""
    await add_units(database)
    async with database.unit_of_work() as work:
        for key in (1, 2, 3):
            await add_patron(work, key, number(key))
        for key, unit in ((1, UNIT), (1, OTHER_UNIT), (2, UNIT)):
            await work.standings.add(standing(key, unit, f"S{key}"))
    return database


async def test_look_ups_and_signal_are_what_the_services_ask_for(database: Database) -> None:
    lookups: ports.Lookups = database.lookups
    signal: ports.ChangeSignal = database.signal
    assert await lookups.find(NUMBER) is None
    assert signal.is_trustworthy()


async def test_one_answer_brings_everything(peopled: Database) -> None:
    assert await peopled.lookups.find(number(1)) == CardHolder(
        card=card(number(1), 1),
        patron=patron(id=PatronId(1)),
        credentials=Credentials(pin=PIN),
        standings={UNIT: standing(1, UNIT, "S1"), OTHER_UNIT: standing(1, OTHER_UNIT, "S1")},
    )


async def test_of_what_was_accepted_the_newest_is_brought_beside_its_standing(peopled: Database) -> None:
    last = NOW + timedelta(days=2)
    async with peopled.unit_of_work() as work:
        for key, unit, version, at in (
            (1, UNIT, "4", last),
            (1, UNIT, "3", NOW),
            (2, UNIT, "3", NOW),
            (2, UNIT, "2", NOW),
            (3, UNIT, "3", NOW),
        ):
            await work.consents.add(
                Consent(
                    patron=PatronId(key),
                    unit=unit,
                    rules_version=version,
                    language=Language.NB,
                    channel=Channel.PHONE,
                    at=at,
                    text="Alle regler",
                )
            )
    first, second, third = [await peopled.lookups.find(number(key)) for key in (1, 2, 3)]
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.accepted == {UNIT: AcceptedVersion("4", last)}
    assert len(first.standings) == 2
    assert second.accepted == {UNIT: AcceptedVersion("2", NOW)}
    assert third.accepted == {}


async def test_nobody_has_an_unknown_number(peopled: Database) -> None:
    assert await peopled.lookups.find(NUMBER) is None


async def test_everybody_in_a_batch_gets_their_own_answer(peopled: Database) -> None:
    asked = [number(key) for key in (3, 1, 9, 2, 1)]
    found = await asyncio.gather(*map(peopled.lookups.find, asked))
    assert [None if each is None else (each.patron.id, len(each.standings)) for each in found] == [
        (3, 0),
        (1, 2),
        None,
        (2, 1),
        (1, 2),
    ]


async def test_the_log_of_a_look_up_agrees_with_that_of_a_unit_of_work(peopled: Database) -> None:
    async with peopled.unit_of_work() as work:
        await reserve(work, NOW - timedelta(seconds=30), number(1))
        await work.attempts.start_anew(number(1), NOW)
        await reserve(work, NOW, number(1))
        wanted = await work.attempts.log_of(number(1), NOW, Limits())
    found = await peopled.lookups.find(number(1))
    assert found is not None
    earlier, later = Attempt(NOW - timedelta(seconds=30), "kiosk-1"), Attempt(NOW, "kiosk-1")
    assert found.log == wanted == CardLog(consecutive=(later,), daily=(earlier, later))


async def test_a_committed_change_is_in_the_next_answer(peopled: Database) -> None:
    before = await peopled.lookups.find(number(1))
    async with peopled.unit_of_work() as work:
        await work.patrons.delete(PatronId(1))
    assert before is not None
    assert await peopled.lookups.find(number(1)) is None


async def test_more_cards_than_one_batch_holds_are_all_answered(peopled: Database) -> None:
    found = await asyncio.gather(*(peopled.lookups.find(number(key)) for key in range(1300)))
    assert [key for key, holder in enumerate(found) if holder is not None] == [1, 2, 3]


class Gate:
    """A read connection that counts its batches, waits to be let through, and can be told to fail."""

    def __init__(self, inner: ReadConnection) -> None:
        self.inner = inner
        self.open = asyncio.Event()
        self.batches: list[Sequence[CardNumber]] = []
        self.failure: Exception | None = None
        self.discarded = 0

    async def fetch(self, sql: str, cards: Sequence[CardNumber]) -> Sequence[Row]:
        if "FROM card JOIN patron" in " ".join(sql.split()):
            self.batches.append(cards)
            await self.open.wait()
            if self.failure is not None:
                raise self.failure
        return await self.inner.fetch(sql, cards)

    async def discard(self) -> None:
        self.discarded += 1
        await self.inner.discard()


@pytest.fixture
async def gate(peopled: Database) -> Gate:
    return Gate(peopled.lookups._connection)


@pytest.fixture
async def gated(peopled: Database, gate: Gate) -> AsyncIterator[CoalescedLookups]:
    lookups = CoalescedLookups(gate, peopled.lookups._reader, 10.0)
    yield lookups
    gate.open.set()
    await lookups.close()


async def _ask(lookups: CoalescedLookups, *keys: int) -> list[asyncio.Task[CardHolder | None]]:
    tasks = [asyncio.ensure_future(lookups.find(number(key))) for key in keys]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_a_batch_is_what_queued_while_the_last_was_under_way(gated: CoalescedLookups, gate: Gate) -> None:
    tasks = await _ask(gated, 1)
    tasks += await _ask(gated, 2, 3, 2)
    gate.open.set()
    found = await asyncio.gather(*tasks)
    assert [each and each.patron.id for each in found] == [1, 2, 3, 2]
    assert gate.batches == [(number(1),), (number(2), number(3))]


async def test_who_is_cancelled_breaks_nobody_elses_answer(gated: CoalescedLookups, gate: Gate) -> None:
    first, same = await _ask(gated, 1, 1)
    second, third = await _ask(gated, 2, 3)
    for gone in (first, second):
        gone.cancel()
    gate.open.set()
    outcomes = await asyncio.gather(first, same, second, third, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in outcomes] == [True, False, True, False]
    assert [each.patron.id for each in outcomes if isinstance(each, CardHolder)] == [1, 3]


async def test_a_failed_batch_fails_its_own_askers_alone(gated: CoalescedLookups, gate: Gate) -> None:
    gate.failure = OSError("gone")
    failing = await _ask(gated, 1, 1)
    gate.open.set()
    outcomes = await asyncio.gather(*failing, return_exceptions=True)
    assert all(isinstance(each, RegisterUnavailable) for each in outcomes)
    assert outcomes[0] is not outcomes[1]
    assert gate.discarded == 1
    gate.failure = None
    found = await gated.find(number(1))
    assert found is not None


async def test_a_batch_that_takes_too_long_fails(peopled: Database, gate: Gate) -> None:
    lookups = CoalescedLookups(gate, peopled.lookups._reader, 0.01)
    with pytest.raises(RegisterUnavailable):
        await lookups.find(number(1))
    await lookups.close()


async def test_a_closed_database_answers_nobody(peopled: Database) -> None:
    await peopled.lookups.close()
    with pytest.raises(RegisterUnavailable):
        await peopled.lookups.find(number(1))
