"""Look-ups in the database itself, nothing remembered: 50 at a time, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from gateway.application import migrate_register
from registry.storage.database import Database
from tests.benchmarks import world
from tests.benchmarks.report import Row

AT_ONCE = 50
SECONDS = 3.0

SERVER = os.environ.get("PORTVAKT_TEST_POSTGRES", "")
"""The PostgreSQL server; without one its row is missing."""


def lookups() -> list[Row]:
    """Return the rows, for information."""
    # Made before there is a loop, where it is not there yet.
    world.database()
    rows = [Row("look-ups without caches, SQLite", asyncio.run(_on_sqlite()))]
    if SERVER:
        rows.append(Row("look-ups without caches, PostgreSQL", asyncio.run(_on_postgres())))
    return rows


async def _on_sqlite() -> str:
    with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
        return await _measured(f"sqlite:///{world.copy(Path(folder) / 'state')}")


async def _on_postgres() -> str:
    world.database()  # the world's keys and partners must be there
    async with _own_database() as url:
        settings = world.settings_for(url)
        await migrate_register(settings)
        await world.populate(settings)
        return await _measured(url)


async def _measured(url: str) -> str:
    database = Database(url, audit_key=bytes(32), timeout=5.0)
    await database.open()
    try:
        await _ask(database, 0.5)
        count, seconds, busy = await _ask(database, SECONDS)
    finally:
        await database.close()
    return f"{count / seconds:.0f}/s, {AT_ONCE} at a time; {busy / count * 1e6:.0f} µs of this process each"


async def _ask(database: Database, seconds: float) -> tuple[int, float, float]:
    # A stride that shares no factor with the number of patrons: every look-up is far from the last one.
    numbers = (place * 7919 % world.PATRONS for place in itertools.count())
    busy, began = time.process_time(), time.perf_counter()

    async def one_after_another() -> int:
        count = 0
        while time.perf_counter() - began < seconds:
            if await database.lookups.find(world.card(next(numbers))) is None:
                raise LookupError("a patron is missing")
            count += 1
        return count

    counts = await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return sum(counts), time.perf_counter() - began, time.process_time() - busy


@asynccontextmanager
async def _own_database() -> AsyncIterator[str]:
    name = f"portvakt_bench_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        finally:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
