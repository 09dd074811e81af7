"""The raw connections that look-ups run on, one for each engine."""

from __future__ import annotations

import json
from collections.abc import Sequence

import aiosqlite
import asyncpg

from registry.domain.card import CardNumber
from registry.storage.address import PostgresServer, SqliteFile
from registry.storage.drivers import close_quietly, open_postgres, open_sqlite
from registry.storage.transaction import Row


class SqliteReads:
    """Implements :class:`registry.storage.lookups.ReadConnection` on a file."""

    def __init__(self, file: SqliteFile, timeout: float) -> None:
        self._file = file
        self._timeout = timeout
        self._connection: aiosqlite.Connection | None = None

    async def fetch(self, sql: str, cards: Sequence[CardNumber]) -> Sequence[Row]:
        """Return the rows of a statement whose one parameter is a row of card numbers."""
        if self._connection is None:
            self._connection = await open_sqlite(self._file, self._timeout, reads_only=True)
        parameter = json.dumps(cards)
        return list(await self._connection.execute_fetchall(sql, (parameter,) * sql.count("?")))

    async def discard(self) -> None:
        """Close the connection; the next fetch opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.interrupt()
            await close_quietly(connection, self._timeout)


class PostgresReads:
    """Implements :class:`registry.storage.lookups.ReadConnection` on a server."""

    def __init__(self, server: PostgresServer, timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    async def fetch(self, sql: str, cards: Sequence[CardNumber]) -> Sequence[Row]:
        """Return the rows of a statement whose one parameter is a row of card numbers."""
        if self._connection is None:
            self._connection = await open_postgres(self._server, self._timeout)
        rows: Sequence[Row] = await self._connection.fetch(sql, cards)
        return rows

    async def discard(self) -> None:
        """Close the connection; the next fetch opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
