"""What the register says when the database does not answer: an outage, soon, and well again afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import exc

from registry.domain.decisions import RegisterUnavailable
from registry.domain.patron import Credentials
from registry.storage.address import PostgresServer, SqliteFile, parse
from registry.storage.changes import SqliteChanges
from registry.storage.database import Database, DatabaseDamagedError
from registry.storage.outages import sync_failed
from tests.registry.people import NUMBER, patron
from tests.registry.storage.databases import AUDIT_KEY, opened
from tests.registry.storage.rows import query


@pytest.fixture
async def hasty(url: str) -> AsyncIterator[Database]:
    """The database with a short patience."""
    database = await opened(url, timeout=0.1)
    yield database
    await database.close()


async def test_a_lock_held_by_another_process_is_an_outage_that_passes(
    database: Database, hasty: Database, engine_name: str
) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(), None)
        with pytest.raises(RegisterUnavailable) as outage:
            async with hasty.unit_of_work() as late:
                await late.patrons.add(patron(), Credentials(), None)
        assert outage.value.__cause__ is not None
        # Reads go on: nobody who only looks waits for a writer.
        assert await hasty.lookups.find(NUMBER) is None
    await hasty.probe()


async def test_no_free_connection_is_an_outage(url: str) -> None:
    database = Database(url, audit_key=AUDIT_KEY, timeout=0.1, pool_size=1)
    await database.open(quick_check=False)
    async with database.unit_of_work():
        with pytest.raises(RegisterUnavailable):
            await database.probe()
    await database.probe()
    await database.close()


@pytest.mark.only("postgresql")
async def test_a_server_that_cuts_every_connection_is_an_outage_that_passes(database: Database, url: str) -> None:
    async def be_cut() -> None:
        async with database.unit_of_work() as work:
            await work.libraries.generation()
            await _cut_connections(url)
            await work.libraries.generation()

    await database.lookups.find(NUMBER)
    with pytest.raises(RegisterUnavailable):
        await be_cut()
    await _until_answered(database)


async def _cut_connections(url: str) -> None:
    other = Database(url, audit_key=AUDIT_KEY, timeout=5)
    await query(
        other,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await other.close()


async def _until_answered(database: Database) -> None:
    while True:
        try:
            await database.probe()
            await database.lookups.find(NUMBER)
        except RegisterUnavailable:
            await asyncio.sleep(0.01)
        else:
            return


async def test_nobody_at_the_address_is_an_outage() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none", audit_key=AUDIT_KEY)
    with pytest.raises(RegisterUnavailable):
        await database.open()
    with pytest.raises(RegisterUnavailable):
        await database.probe()
    with pytest.raises(RegisterUnavailable):
        await database.lookups.find(NUMBER)
    await database.close()


@pytest.mark.only("sqlite")
async def test_a_full_disk_refuses_writes_and_answers_reads(database: Database) -> None:
    async def write_much() -> None:
        async with database.unit_of_work() as work:
            for number in range(2000):
                await work.cards.bury(number.to_bytes(2, "big") * 50, "k")

    await _pragma(database, f"max_page_count = {await _pragma(database, 'page_count')}")
    with pytest.raises(RegisterUnavailable):
        await write_much()
    assert await database.lookups.find(NUMBER) is None
    assert not database.must_restart
    await _pragma(database, "max_page_count = 100000")
    async with database.unit_of_work() as work:
        await work.cards.bury(b"fits now", "k")


async def _pragma(database: Database, pragma: str) -> object:
    """Ask the connection that writes."""
    assert isinstance(database.signal, SqliteChanges)
    writer = await database.signal._writer()
    assert writer is not None
    return next(iter(await writer.execute_fetchall(f"PRAGMA {pragma}")))[0]


@pytest.mark.only("sqlite")
async def test_a_damaged_file_is_refused_at_the_start(url: str) -> None:
    _damage(Path(url.removeprefix("sqlite:///")))
    database = Database(url, audit_key=AUDIT_KEY)
    with pytest.raises(DatabaseDamagedError):
        await database.open()
    await database.close()


def _damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = bytes(8192)
    path.write_bytes(content)


def _failed_sync(name: str) -> RegisterUnavailable:
    raw = sqlite3.OperationalError("disk I/O error")
    raw.sqlite_errorname = name
    outage = RegisterUnavailable("the database does not answer")
    outage.__cause__ = exc.OperationalError("COMMIT", None, raw)
    return outage


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("SQLITE_IOERR_FSYNC", True),
        ("SQLITE_IOERR_DIR_FSYNC", True),
        ("SQLITE_IOERR_WRITE", False),
        ("SQLITE_FULL", False),
    ],
)
def test_only_a_failed_sync_asks_for_a_new_process(name: str, failed: bool) -> None:
    assert sync_failed(_failed_sync(name)) is failed


async def test_after_a_failed_sync_nothing_is_written_any_more(database: Database) -> None:
    with pytest.raises(RegisterUnavailable):
        async with database.unit_of_work():
            raise _failed_sync("SQLITE_IOERR_FSYNC")
    assert database.must_restart
    with pytest.raises(RegisterUnavailable, match="only a new process"):
        await database.probe()
    assert await database.lookups.find(NUMBER) is None


async def test_durability_is_asked_for_by_name(database: Database, engine_name: str) -> None:
    if engine_name == "postgresql":
        assert await query(database, "SHOW synchronous_commit") == [("on",)]
        return
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "secure_delete": 1}
    assert {name: await _pragma(database, name) for name in pragmas} == pragmas


@pytest.mark.only("sqlite")
async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(RegisterUnavailable):
        await query(database, "UPDATE write_probe SET turn = 0 RETURNING turn")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///var/register.sqlite", SqliteFile(Path("var/register.sqlite"))),
        ("sqlite:////var/lib/register.sqlite", SqliteFile(Path("/var/lib/register.sqlite"))),
        ("sqlite+aiosqlite:////a%20b", SqliteFile(Path("/a b"))),
        (
            "postgresql://u:p@h1,h2/db?sslmode=verify-full",
            PostgresServer("postgresql://u:p@h1,h2/db?sslmode=verify-full"),
        ),
        ("postgresql+asyncpg://h/db", PostgresServer("postgresql://h/db")),
        ("postgres://h/db", PostgresServer("postgresql://h/db")),
    ],
)
def test_an_address_is_read_from_its_url(url: str, address: object) -> None:
    assert parse(url) == address


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://u:hemmelig@h/db", "x"])
def test_any_other_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="database") as refused:
        parse(url)
    assert "hemmelig" not in str(refused.value)


def test_a_password_in_an_address_shows_nowhere() -> None:
    assert "hemmelig" not in repr(parse("postgresql://u:hemmelig@h/db"))


def test_a_special_file_name_stays_a_file_name() -> None:
    assert SqliteFile(Path("/a?b#c%d")).uri() == "file:/a%3Fb%23c%25d?mode=rw"
