"""Opens connections of the raw drivers; every connection of this package, SQLAlchemy's too, is made here."""

from __future__ import annotations

import asyncio
from typing import Any

import aiosqlite
import asyncpg

from registry.storage.address import PostgresServer, SqliteFile

_IDLE_IN_TRANSACTION = 5.0
# The client waits a little longer than the server, whose own word on a timeout leaves the connection whole.
_CLIENT_GRACE = 0.25


async def open_sqlite(file: SqliteFile, patience: float, *, reads_only: bool, mode: str = "rw") -> aiosqlite.Connection:
    """Return a connection that opens no transaction unasked; ``patience`` is how many seconds it waits for a lock."""
    opening = aiosqlite.connect(file.uri(mode), uri=True, isolation_level=None, cached_statements=256)
    # A thread that is stuck in a sync must not keep a process alive that wants to end.
    vars(opening).get("_thread", opening).daemon = True
    connection = await opening
    try:
        for pragma in _pragmas(patience, reads_only=reads_only):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
    except BaseException:
        connection.stop()
        raise
    return connection


def _pragmas(patience: float, *, reads_only: bool) -> tuple[str, ...]:
    common = (
        f"busy_timeout = {int(patience * 1000)}",
        "trusted_schema = OFF",
        "foreign_keys = ON",
        "synchronous = FULL",
        # What was erased is overwritten, not left in free pages.
        "secure_delete = ON",
    )
    return (*common, "query_only = ON") if reads_only else (*common, "journal_mode = WAL")


async def open_postgres(
    server: PostgresServer, patience: float | None, *, connect_timeout: float = 1.0, **extra: Any
) -> asyncpg.Connection[asyncpg.Record]:
    """Return a connection whose statements and locks end after ``patience`` seconds (``None``: they may take long).

    ``sslmode`` and ``sslrootcert`` stand in the URL; a URL may name several hosts.
    """
    settings = {
        "application_name": "portvakt",
        "timezone": "UTC",
        "synchronous_commit": "on",
        # Tiny statements; compiling them costs more than running them.
        "jit": "off",
    }
    if patience is not None:
        milliseconds = str(int(patience * 1000))
        settings |= {
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": str(int(_IDLE_IN_TRANSACTION * 1000)),
        }
    return await asyncpg.connect(
        server.dsn,
        timeout=connect_timeout,
        command_timeout=None if patience is None else patience + _CLIENT_GRACE,
        server_settings=settings,
        **extra,
    )


async def close_quietly(connection: aiosqlite.Connection | asyncpg.Connection[asyncpg.Record], patience: float) -> None:
    """Close a connection of which nothing more is wanted, whatever state it is in."""
    if isinstance(connection, aiosqlite.Connection):
        stopped = connection.stop()
        if stopped is not None:
            await asyncio.wait({stopped}, timeout=patience)
        return
    try:
        await connection.close(timeout=patience)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
