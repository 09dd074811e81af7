"""Databases for tests: each its own, empty, at the newest schema; SQLite always, PostgreSQL where a server is named.

``PORTVAKT_TEST_POSTGRES`` names the server. A template is migrated once per session and copied; a copy that was
given back (:func:`give_back`) is emptied and used again, which is much faster. All that was made is dropped when the
session ends (:func:`drop_databases`, called by ``tests/conftest.py``).
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from registry.storage.database import Database
from registry.storage.migrations import migrate, newest_revision
from registry.storage.tables import metadata

SERVER = os.environ.get("PORTVAKT_TEST_POSTGRES", "")
ENGINES = ("sqlite", "postgresql") if SERVER else ("sqlite",)
AUDIT_KEY = bytes(range(32))
# Tests share two cores with others; what is too slow for a kiosk is no failure here.
PATIENCE = 10.0
_EMPTY = "; ".join(
    [
        *(str(table.delete()) for table in reversed(metadata.sorted_tables) if table.name != "write_probe"),
        *(f"ALTER SEQUENCE {table}_id_seq RESTART" for table in ("attempt", "audit", "consent", "delivery")),
        "UPDATE write_probe SET turn = 0",
    ]
)


class _Made:
    """What this session has made so far."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self.template: str | None = None
        self.databases: list[str] = []
        self.idle: list[str] = []


_made = _Made()


async def fresh_url(engine_name: str, directory: Path) -> str:
    """Return the URL of an empty database at the newest schema; ``directory`` is where a file is put."""
    if engine_name == "sqlite":
        path = directory / "register" / f"{secrets.token_hex(4)}.sqlite"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(await _template_file(), path)
        path.chmod(0o600)
        return f"sqlite:///{path}"
    while _made.idle:
        name = _made.idle.pop()
        if await _emptied(name):
            return _at(name)
    return _at(await _create(template=await _template()))


def give_back(url: str) -> None:
    """Let a database of :func:`fresh_url` be emptied and used again; nobody may be connected any more."""
    if not url.startswith("sqlite"):
        _made.idle.append(urlsplit(url).path.removeprefix("/"))


async def empty_url(engine_name: str, directory: Path) -> str:
    """Return the URL of a database without any schema; a SQLite file is not even there."""
    if engine_name == "sqlite":
        return f"sqlite:///{directory / 'new' / 'register.sqlite'}"
    return _at(await _create())


async def fresh_database(engine_name: str, directory: Path, *, timeout: float = PATIENCE) -> Database:
    """Return an opened, empty database; who asked for it closes it."""
    return await opened(await fresh_url(engine_name, directory), timeout=timeout)


async def opened(url: str, *, timeout: float = PATIENCE, clock: Callable[[], datetime] | None = None) -> Database:
    """Return the database at ``url``, opened; who asked for it closes it. ``clock`` stands for the database's own."""
    database = Database(url, audit_key=AUDIT_KEY, timeout=timeout, clock=clock)
    await database.open(quick_check=False)
    return database


async def drop_databases() -> None:
    """Drop everything that this session has made."""
    if _made.file is not None:
        shutil.rmtree(_made.file.parent)
    if _made.databases:
        connection = await asyncpg.connect(SERVER)
        try:
            for name in _made.databases:
                await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()
    _made.file, _made.template, _made.databases, _made.idle = None, None, [], []


async def _template_file() -> Path:
    if _made.file is None:
        path = Path(tempfile.mkdtemp(prefix="portvakt-tests-")) / "template.sqlite"
        await migrate(f"sqlite:///{path}")
        _made.file = path
    return _made.file


async def _template() -> str:
    if _made.template is None:
        name = await _create()
        await migrate(_at(name))
        _made.template = name
    return _made.template


async def _emptied(name: str) -> bool:
    """Empty a database; false where a test has left it at another schema."""
    connection = await asyncpg.connect(_at(name), command_timeout=PATIENCE)
    try:
        if await connection.fetchval("SELECT version_num FROM alembic_version") != newest_revision():
            return False
        await connection.execute(_EMPTY)
    finally:
        await connection.close()
    return True


async def _create(*, template: str = "template1") -> str:
    name = f"portvakt_test_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
    _made.databases.append(name)
    return name


def _at(name: str) -> str:
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
