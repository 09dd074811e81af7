"""A database that takes nothing for a while: its disk is full, or its server is gone. Begun and ended at once."""

from __future__ import annotations

import asyncio
import resource
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from registry.storage import tables
from tests.operations.activating.place import Place
from tests.operations.activating.serving import Serving
from tests.registry.storage.databases import SERVER

_TABLES = tuple(table.name for table in tables.metadata.sorted_tables)


class Outage(ABC):
    """One outage of one daemon's database."""

    def __init__(self, daemon: Serving) -> None:
        self._daemon = daemon

    @abstractmethod
    def begin(self) -> None:
        """From now on nothing is stored."""

    @abstractmethod
    def end(self) -> None:
        """All is well again; harmless where it is."""


class FullDisk(Outage):
    """No file of the daemon's may grow: every write fails, the log's too."""

    def begin(self) -> None:
        resource.prlimit(self._daemon.process.pid, resource.RLIMIT_FSIZE, (0, self._most()))

    def end(self) -> None:
        resource.prlimit(self._daemon.process.pid, resource.RLIMIT_FSIZE, (self._most(), self._most()))

    def _most(self) -> int:
        return resource.prlimit(self._daemon.process.pid, resource.RLIMIT_FSIZE)[1]


class FullServer(Outage):
    """PostgreSQL has no room for another row, and says so."""

    def begin(self) -> None:
        _do(self._daemon.place.database, [_FULL, *(_TRIGGER.format(table=name) for name in _TABLES)])

    def end(self) -> None:
        _do(self._daemon.place.database, ["DROP FUNCTION IF EXISTS is_full CASCADE"])


class RestartingServer(Outage):
    """PostgreSQL cuts every connection, and takes no new one."""

    def begin(self) -> None:
        name = _name_of(self._daemon.place)
        cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
        _do(SERVER, [f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false", cut])

    def end(self) -> None:
        _do(SERVER, [f"ALTER DATABASE {_name_of(self._daemon.place)} WITH ALLOW_CONNECTIONS true"])


_FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
_TRIGGER = "CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION is_full()"


def _name_of(place: Place) -> str:
    return place.database.rpartition("/")[2]


def _do(server: str, statements: Sequence[str]) -> None:
    """Execute these one after the other, while the loop of the test waits: nobody hears an answer meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _executed(server, statements)).result()


async def _executed(server: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
