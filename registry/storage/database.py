"""A database, opened: everything the services ask of storage, with one timeout and one set of connections."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.services import ports
from registry.storage.address import Address, PostgresServer, SqliteFile, parse
from registry.storage.audit import AuditMacs
from registry.storage.chain import SqlAuditChain
from registry.storage.changes import Changes, PostgresChanges, SqliteChanges
from registry.storage.drivers import close_quietly, open_sqlite
from registry.storage.engine import WriterConnection, reading_engine, writing_engine
from registry.storage.holders import HolderReader
from registry.storage.local_ids import SqlLocalIds
from registry.storage.lookups import CoalescedLookups, ReadConnection
from registry.storage.migrations import check_schema, migrate
from registry.storage.outages import told_plainly
from registry.storage.read_connections import PostgresReads, SqliteReads
from registry.storage.searches import SqlSearches, SqlWriteProbe
from registry.storage.transaction import Reads, Steps, Transactions
from registry.storage.unit_of_work import SqlWork

_QUICK_CHECK_SECONDS = 10.0
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class DatabaseDamagedError(Exception):
    """SQLite's own check found the file damaged; restore it from a backup."""


class NotDurableError(Exception):
    """The server is set up to lose what it has acknowledged: ``fsync`` or ``full_page_writes`` is off."""


class Database:
    """One database of the register; nothing is connected before :meth:`open`.

    ``timeout`` is in seconds and bounds each wait for a connection, a lock and a statement; ``pool_size`` is how
    many units of work run at the same time on PostgreSQL (on SQLite it is one). ``clock`` stands for the database's own
    in tests.
    """

    def __init__(
        self,
        url: str,
        *,
        audit_key: bytes,
        timeout: float = 0.5,
        pool_size: int = 5,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._url = url
        self._address: Address = parse(url)
        self._steps = Steps()
        self._writing = writing_engine(self._address, timeout=timeout, pool_size=pool_size)
        self._reading = reading_engine(self._address, timeout=timeout, pool_size=pool_size)
        self._transactions = Transactions(self._writing, self._steps)
        reads, macs = Reads(self._reading, self._steps), AuditMacs(audit_key)
        changes, connection = _watcher_and_reader(self._address, self._writing, timeout)
        self._reads = reads
        self.signal: Changes = changes
        self.unit_of_work: ports.OpenUnitOfWork = SqlWork(self._transactions, macs, changes, clock)
        self.lookups = CoalescedLookups(connection, HolderReader(self._writing.dialect), timeout)
        self.chain: ports.AuditChain = SqlAuditChain(self._transactions, reads, macs)
        self.searches: ports.Searches = SqlSearches(reads)
        self.local_ids: ports.LocalIds = SqlLocalIds(reads)
        self.probe: ports.WriteProbe = SqlWriteProbe(self._transactions)

    @property
    def must_restart(self) -> bool:
        """Tell whether the disk failed to sync: nothing is written any more, and a new process has to recover."""
        return self._transactions.sync_failed

    async def open(self, *, create: bool = False, quick_check: bool = True) -> None:
        """Check the schema and the file, and begin to watch for changes.

        ``create`` makes or migrates the database first. Raises ``SchemaOutOfDateError``, ``DatabaseDamagedError``,
        ``NotDurableError`` or ``RegisterUnavailable``; close it then, too.
        """
        if quick_check and isinstance(self._address, SqliteFile):
            await told_plainly(_quick_check(self._address))
        if create:
            await migrate(self._url)
        await check_schema(self._url)
        if isinstance(self._address, PostgresServer):
            await self._check_durable()
        await self.signal.start()

    async def close(self) -> None:
        """Let what is under way come to its end, then close every connection."""
        await self.signal.stop()
        await self.lookups.close()
        await self._steps.settled()
        await self._writing.dispose()
        await self._reading.dispose()

    async def _check_durable(self) -> None:
        for setting in ("fsync", "full_page_writes"):
            if (await self._reads.rows(text(f"SHOW {setting}")))[0][0] != "on":
                raise NotDurableError(f"the server's setting {setting} is off")


def _watcher_and_reader(address: Address, writing: AsyncEngine, timeout: float) -> tuple[Changes, ReadConnection]:
    match address:
        case SqliteFile():
            return SqliteChanges(WriterConnection(writing).get), SqliteReads(address, timeout)
        case PostgresServer():
            return PostgresChanges(address, timeout), PostgresReads(address, timeout)


async def _quick_check(file: SqliteFile) -> None:
    if not file.path.exists():
        return
    connection = None
    try:
        connection = await open_sqlite(file, _QUICK_CHECK_SECONDS, reads_only=True)
        # The pages are in question, not the rows. SQLite documents that quick_check verifies the structure of tables
        # and pages, NOT NULL and CHECK, and leaves out UNIQUE and the agreement of indexes; with this pragma it leaves
        # out CHECK too. That loses next to nothing: each CHECK was judged when its row was written, and a bit that
        # fell over in a name or a number breaks none; judging all again takes five times as long as the rest, in which
        # nobody is served. The pragma is this connection's alone, and this connection cannot write.
        await connection.execute_fetchall("PRAGMA ignore_check_constraints = ON")
        async with asyncio.timeout(_QUICK_CHECK_SECONDS):
            verdict = next(iter(await connection.execute_fetchall("PRAGMA quick_check(1)")))[0]
    except TimeoutError:
        # A file too large to be read whole at every start is not a damaged one.
        return
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(_DAMAGE):
            raise DatabaseDamagedError(str(error)) from error
        raise
    finally:
        if connection is not None:
            await connection.interrupt()
            await close_quietly(connection, _QUICK_CHECK_SECONDS)
    if verdict != "ok":
        raise DatabaseDamagedError("SQLite's quick_check found the file damaged")
