"""Brings a database up to this program's schema, and tells whether it is there already.

A migration is an Alembic script in ``versions``, its file named by its revision; each runs in one transaction on both
engines. Alembic itself is imported when there is something to migrate: a start needs to know the revision alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.storage.address import SqliteFile, parse
from registry.storage.engine import patient_engine
from registry.storage.outages import told_plainly

_HERE = Path(__file__).parent

Outcome = TypeVar("Outcome")


class SchemaOutOfDateError(Exception):
    """The database is not at the schema of this program; the text says what to do."""


async def migrate(url: str) -> None:
    """Bring the database up to the newest schema; a SQLite file (mode 0600) and its directory (0700) are made.

    Two that migrate at the same time wait for one another. Raises ``RegisterUnavailable`` where the database does
    not answer.
    """
    address = parse(url)
    if isinstance(address, SqliteFile):
        _make_file(address.path)

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1349481571)")
        _upgrade(connection)

    engine = patient_engine(address)
    try:
        await told_plainly(_in_transaction(engine, upgrade))
    finally:
        await engine.dispose()


async def current_revision(url: str) -> str | None:
    """Return the revision of the database's schema, or ``None`` where it has none (or there is no such file)."""
    address = parse(url)
    if isinstance(address, SqliteFile) and not address.path.exists():
        return None
    engine = patient_engine(address)
    try:
        return await told_plainly(_in_transaction(engine, _revision))
    finally:
        await engine.dispose()


async def is_current(url: str) -> bool:
    """Tell whether the database has exactly the schema of this program."""
    return await current_revision(url) == newest_revision()


async def check_schema(url: str) -> None:
    """Raise ``SchemaOutOfDateError`` unless the database has exactly the schema of this program."""
    found, wanted = await current_revision(url), newest_revision()
    if found == wanted:
        return
    if found is not None and found not in _known_revisions():
        raise SchemaOutOfDateError(f"the database is at schema {found}, which is newer than this program")
    raise SchemaOutOfDateError(f"the database is at schema {found or 'none'}, not {wanted}: run `portvakt migrate`")


def newest_revision() -> str:
    """Return the revision that this program works with."""
    return max(_known_revisions())


def _known_revisions() -> frozenset[str]:
    return frozenset(script.name.partition("_")[0] for script in (_HERE / "versions").glob("[0-9]*_*.py"))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _in_transaction(engine: AsyncEngine, work: Callable[[Connection], Outcome]) -> Outcome:
    async with engine.begin() as connection:
        return await connection.run_sync(work)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _make_file(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Made here and not by SQLite, which would let the group and others read it; its other files copy the mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
