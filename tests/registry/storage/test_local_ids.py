"""Whose is this local id? Asked for each local card, by many kiosks at once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Executable

from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.standing import StandingState
from registry.storage.database import Database
from registry.storage.local_ids import SqlLocalIds
from registry.storage.transaction import Row
from tests.registry.people import NUMBER, OTHER_UNIT, UNIT
from tests.registry.storage.rows import PATRON, add_patron, add_units, standing

HERE, THERE = LendingUnitId(UNIT), LendingUnitId(OTHER_UNIT)
HOLDER = (PATRON, CardNumber(NUMBER))


async def one_local_patron(database: Database, state: StandingState = StandingState.LOCAL) -> None:
    await add_units(database)
    async with database.unit_of_work() as work:
        await add_patron(work)
        await work.standings.add(standing(state=state))


async def test_each_of_many_gets_the_answer_to_their_own_question(database: Database) -> None:
    await one_local_patron(database)
    asked = [(unit, f"S{number}") for number in range(600) for unit in (HERE, THERE)]
    found = await asyncio.gather(*(database.local_ids.card_of(unit, one) for unit, one in asked * 2))
    assert [place for place, holder in zip(asked * 2, found, strict=True) if holder is not None] == [(HERE, "S1")] * 2
    assert found[asked.index((HERE, "S1"))] == HOLDER


async def test_who_is_local_no_longer_is_nobody(database: Database) -> None:
    await one_local_patron(database, state=StandingState.ENDED)
    assert await database.local_ids.card_of(HERE, "S1") is None


class CountedReads:
    """Reads that can be counted, and that fail from a number on."""

    def __init__(self, failing_from: int = 1_000) -> None:
        self.count = 0
        self._failing_from = failing_from

    async def rows(self, statement: Executable) -> list[Row]:
        """Answer nothing, a moment later."""
        self.count += 1
        await asyncio.sleep(0)
        if self.count >= self._failing_from:
            raise RegisterUnavailable("no connection")
        return []


async def test_what_is_asked_while_one_query_is_under_way_is_one_query_more() -> None:
    reads = CountedReads()
    local_ids = SqlLocalIds(reads)
    await asyncio.gather(*(local_ids.card_of(HERE, f"S{number}") for number in range(400)))
    assert reads.count <= 2


async def test_an_outage_reaches_everybody_who_waits_and_nobody_after() -> None:
    reads = CountedReads(failing_from=1)
    local_ids = SqlLocalIds(reads)
    ended = await asyncio.gather(*(local_ids.card_of(HERE, f"S{one}") for one in range(9)), return_exceptions=True)
    assert {type(one) for one in ended} == {RegisterUnavailable}
    reads._failing_from = 1_000
    assert await local_ids.card_of(HERE, "S1") is None


async def test_who_waits_no_longer_takes_nothing_from_the_others(database: Database) -> None:
    await one_local_patron(database)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await database.local_ids.card_of(HERE, "S1")
    assert await database.local_ids.card_of(HERE, "S1") == (PatronId(PATRON), NUMBER)
