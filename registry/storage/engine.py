"""The two engines of a database: one that writes in transactions, one that reads without."""

from __future__ import annotations

from typing import Any

import aiosqlite
from sqlalchemy import AsyncAdaptedQueuePool, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from registry.storage.address import Address, PostgresServer, SqliteFile
from registry.storage.drivers import open_postgres, open_sqlite


def writing_engine(address: Address, *, timeout: float, pool_size: int) -> AsyncEngine:
    """Return the engine for units of work: SQLite's has one connection and takes the write lock as it begins."""
    engine = _engine(address, timeout=timeout, pool_size=pool_size, reads_only=False)
    if isinstance(address, SqliteFile):
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def reading_engine(address: Address, *, timeout: float, pool_size: int) -> AsyncEngine:
    """Return the engine for reads: each statement for itself, and on SQLite unable to write."""
    return _engine(address, timeout=timeout, pool_size=pool_size, reads_only=True, isolation_level="AUTOCOMMIT")


def patient_engine(address: Address) -> AsyncEngine:
    """Return an engine whose statements may take as long as they need: for migrations."""
    engine = _engine(address, timeout=None, pool_size=1, reads_only=False)
    if isinstance(address, SqliteFile):
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


_PATIENCE_WITH_LOCKS = 30.0


def _engine(
    address: Address, *, timeout: float | None, pool_size: int, reads_only: bool, **options: Any
) -> AsyncEngine:
    waits = _PATIENCE_WITH_LOCKS if timeout is None else timeout
    common: dict[str, Any] = {
        # Parameters are personal data; an exception may be logged.
        "hide_parameters": True,
        "max_overflow": 0,
        "pool_timeout": waits,
        **options,
    }
    match address:
        case SqliteFile():
            return create_async_engine(
                "sqlite+aiosqlite://",
                async_creator=lambda: open_sqlite(address, waits, reads_only=reads_only),
                # SQLAlchemy does not see that a file is behind the empty URL.
                poolclass=AsyncAdaptedQueuePool,
                pool_size=pool_size if reads_only else 1,
                **common,
            )
        case PostgresServer():
            return create_async_engine(
                "postgresql+asyncpg://",
                async_creator=lambda: open_postgres(address, timeout),
                pool_size=pool_size,
                pool_use_lifo=True,
                **common,
            )


def _begin_immediate(connection: Connection) -> None:
    # A deferred BEGIN that writes later cannot wait for the lock: SQLite refuses it at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class WriterConnection:
    """The raw connection behind SQLite's writing engine, which is always one and the same until it breaks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._newest: aiosqlite.Connection | None = None
        event.listen(engine.sync_engine, "connect", self._connected)
        event.listen(engine.sync_engine, "close", self._gone)
        event.listen(engine.sync_engine, "close_detached", self._gone)

    async def get(self) -> aiosqlite.Connection | None:
        """Return the connection, opened if there is none; ``None`` where it went at this very moment."""
        if self._newest is None:
            async with self._engine.connect():
                pass
        return self._newest

    def _connected(self, connection: DBAPIConnection, _record: object) -> None:
        self._newest = connection.driver_connection

    def _gone(self, connection: DBAPIConnection, *_record: object) -> None:
        if connection.driver_connection is self._newest:
            self._newest = None
