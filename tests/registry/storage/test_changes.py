"""The change signal: our own commits at once, others' within a moment, and no trust where they would be missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from registry.domain.institution import Publication
from registry.domain.patron import PatronId
from registry.storage.changes import PostgresChanges, SqliteChanges
from registry.storage.database import Database
from tests.registry.storage.databases import opened
from tests.registry.storage.rows import PATRON, query

Told = list[PatronId | None]


@pytest.fixture
async def beside(url: str) -> AsyncIterator[Database]:
    """The same database, as another process has it open."""
    other = await opened(url)
    yield other
    await other.close()


def listener(database: Database) -> Told:
    """What is told from now on."""
    told: Told = []
    database.signal.listen(told.append)
    return told


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has become true; the test's own time limit ends it."""
    while not condition():
        await asyncio.sleep(0.005)


async def change(database: Database, *patrons: int) -> None:
    """Commit a change of these patrons."""
    async with database.unit_of_work() as work:
        for patron in patrons:
            work.changed(PatronId(patron))
        await work.cards.bury(bytes(str(patrons), "ascii"), "k")


async def test_an_own_change_is_told_as_it_is_committed(database: Database) -> None:
    told = listener(database)
    async with database.unit_of_work() as work:
        work.changed(PATRON)
        work.changed(PATRON)
        assert told == []
    assert told == [PATRON]


async def test_what_was_rolled_back_is_told_to_nobody(database: Database) -> None:
    async def fail() -> None:
        async with database.unit_of_work() as work:
            work.changed(PATRON)
            raise ZeroDivisionError

    told = listener(database)
    with pytest.raises(ZeroDivisionError):
        await fail()
    assert told == []


async def test_own_commits_are_not_taken_for_others(database: Database) -> None:
    await until(database.signal.is_trustworthy)
    told = listener(database)
    await change(database, 1)
    await asyncio.sleep(0.15)
    assert told == [1]


async def test_a_change_by_another_process_is_noticed(database: Database, beside: Database, engine_name: str) -> None:
    told = listener(database)
    await change(beside, 7, 8)
    await until(lambda: len(told) >= (1 if engine_name == "sqlite" else 2))
    # SQLite tells that something was changed, PostgreSQL what.
    assert told == ([None] if engine_name == "sqlite" else [7, 8])


async def test_an_import_by_another_process_is_told_as_everything(database: Database, beside: Database) -> None:
    told = listener(database)
    await change(beside, *range(1, 200))
    await until(lambda: bool(told))
    assert told == [None]


async def test_a_publication_changes_everything(database: Database, beside: Database) -> None:
    told, elsewhere = listener(database), listener(beside)
    async with database.unit_of_work() as work:
        await work.libraries.publish(Publication())
    assert told == [None]
    await until(lambda: bool(elsewhere))
    assert elsewhere == [None]
    async with database.unit_of_work() as work:
        await work.libraries.publish(Publication())
    assert told == [None]


async def test_the_signal_is_trusted_only_while_it_watches(database: Database) -> None:
    assert database.signal.is_trustworthy()
    await database.signal.stop()
    assert not database.signal.is_trustworthy()
    told = listener(database)
    await database.signal.start()
    assert database.signal.is_trustworthy()
    assert told in ([], [None])


async def test_a_signal_without_word_for_a_second_is_not_trusted(database: Database) -> None:
    database.signal._last_word -= 1.01
    assert not database.signal.is_trustworthy()
    await until(database.signal.is_trustworthy)


async def test_a_listening_connection_that_was_cut_comes_back_and_says_so(
    database: Database, beside: Database, engine_name: str
) -> None:
    told = listener(database)
    if engine_name == "postgresql":
        assert isinstance(database.signal, PostgresChanges)
        await query(
            beside,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
    else:
        assert isinstance(database.signal, SqliteChanges)
        await database._writing.dispose()
    await until(lambda: told == [None] and database.signal.is_trustworthy())
    await change(beside, 5)
    await until(lambda: len(told) > 1)
