"""Cards: a number is one patron's for good, and a patron has one card in use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.domain.card import Card, CardKind, CardNumber, CardState
from registry.domain.patron import Credentials, PatronId
from registry.services.ports import AlreadyThereError
from registry.storage.database import Database
from registry.storage.outages import BrokenRuleError
from tests.registry.people import NOW, NUMBER, patron
from tests.registry.storage.rows import PATRON, add_patron, card, execute_many

SECOND = CardNumber("N000000002")


async def test_a_card_comes_back_as_given(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
        assert await work.cards.find(NUMBER) == card()
        assert await work.cards.find(SECOND) is None


async def test_a_number_is_given_to_nobody_twice(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
        await work.patrons.add(patron(id=PatronId(2)), Credentials(), None)
        with pytest.raises(AlreadyThereError, match=r"^pk_card$"):
            await work.cards.add(card(patron=2))
        await work.cards.add(card(SECOND, patron=2))
    async with database.unit_of_work() as work:
        assert await work.cards.find(NUMBER) == card()
        assert await work.cards.find(SECOND) == card(SECOND, patron=2)


async def test_a_second_card_in_use_is_refused(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
        with pytest.raises(AlreadyThereError, match=r"^uq_card_one_issued$"):
            await work.cards.add(card(SECOND))
        await work.cards.add(card(SECOND, state=CardState.LOST))


async def test_a_replaced_card_may_name_its_successor_before_that_one_is_there(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
        await work.cards.change(card(state=CardState.REPLACED, replaced_by=SECOND))
        newer = Card(number=SECOND, patron=PATRON, kind=CardKind.PRINTED, issued_at=NOW + timedelta(days=1))
        await work.cards.add(newer)
    async with database.unit_of_work() as work:
        assert await work.cards.of(PATRON) == [newer, card(state=CardState.REPLACED, replaced_by=SECOND)]


async def test_a_successor_that_never_comes_breaks_the_whole_unit_of_work(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    with pytest.raises(BrokenRuleError):
        async with database.unit_of_work() as work:
            await work.cards.change(card(state=CardState.REPLACED, replaced_by=SECOND))
    async with database.unit_of_work() as work:
        assert await work.cards.find(NUMBER) == card()


async def test_a_card_of_nobody_is_refused(database: Database) -> None:
    with pytest.raises(BrokenRuleError):
        async with database.unit_of_work() as work:
            await work.cards.add(card())


async def test_a_buried_number_stays_buried(database: Database) -> None:
    async with database.unit_of_work() as work:
        assert not await work.cards.is_buried(b"tomb")
        await work.cards.bury(b"tomb", "k1")
        await work.cards.bury(b"tomb", "k1")
    async with database.unit_of_work() as work:
        assert await work.cards.is_buried(b"tomb")
        assert not await work.cards.is_buried(b"other")


async def test_a_search_passes_every_card_in_the_order_of_numbers(database: Database) -> None:
    numbers = [f"N{number:09d}" for number in range(0, 2402, 2)]
    async with database.unit_of_work() as work:
        await add_patron(work, number=numbers[0])
    await execute_many(
        database,
        "INSERT INTO card (number, patron, state, kind, issued_at)"
        " SELECT :number, patron, 'lost', kind, issued_at FROM card WHERE state = 'issued'",
        [{"number": number} for number in reversed(numbers[1:])],
    )
    assert [each.number async for each in database.searches.cards()] == numbers
    assert [each.number async for each in database.searches.cards(after=CardNumber("N000001190"))] == numbers[596:]
