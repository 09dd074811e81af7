"""Turns what the drivers raise into what the register says: an outage, a broken uniqueness, or a mistake of ours.

Engines write the values of a row into their messages, so nothing of a broken constraint but its name leaves here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Iterator, Mapping
from typing import TypeVar

import asyncpg
from sqlalchemy import Index, Table, UniqueConstraint, exc

from registry.domain.decisions import RegisterUnavailable
from registry.services.ports import AlreadyThereError
from registry.storage.tables import metadata

Outcome = TypeVar("Outcome")


class BrokenRuleError(Exception):
    """A write broke a rule of the schema other than uniqueness, or was no SQL at all: a mistake in the program."""


# Connection, transaction rollback, resources, state of objects (locks), operator, system, read-only, internal.
_OUTAGE_CLASSES = frozenset({"08", "40", "53", "55", "57", "58", "25", "XX", "28", "3D"})
_UNIQUE_ON_SQLITE = re.compile(r"UNIQUE constraint failed: (?P<columns>[\w., ]+)")
_OTHER_ON_SQLITE = re.compile(r"(?P<kind>[A-Z ]+) constraint failed(: (?P<what>\w[\w.]*))?")
_REFUSALS = (
    exc.DBAPIError,
    exc.TimeoutError,
    exc.PendingRollbackError,
    exc.ResourceClosedError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    sqlite3.Error,
    OSError,
    TimeoutError,
)
# What the two raw drivers raise when their connection, or the machine under it, is at fault.
RAW_OUTAGES = (OSError, TimeoutError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError)


def _uniques(table: Table) -> Iterator[tuple[str, str]]:
    sets: list[tuple[object, list[str]]] = [(table.primary_key.name, list(table.primary_key.columns.keys()))]
    sets += [(one.name, list(one.columns.keys())) for one in table.constraints if isinstance(one, UniqueConstraint)]
    sets += [(one.name, [column.name for column in one.columns]) for one in _unique_indexes(table)]
    for name, columns in sets:
        yield ", ".join(f"{table.name}.{column}" for column in columns), str(name)


def _unique_indexes(table: Table) -> Iterator[Index]:
    return (index for index in table.indexes if index.unique)


NAME_BY_COLUMNS: Mapping[str, str] = {
    columns: name for table in metadata.sorted_tables for columns, name in _uniques(table)
}
"""What SQLite says of a broken uniqueness, its columns, → the name that PostgreSQL gives."""


async def told_plainly(work: Awaitable[Outcome]) -> Outcome:
    """Return what ``work`` returns.

    Raises ``RegisterUnavailable`` for an outage, ``AlreadyThereError`` for a broken uniqueness, and
    ``BrokenRuleError`` for every other refusal of the database.
    """
    try:
        return await work
    except _REFUSALS as error:
        plain = _plain(error)
    # Outside the except block, so that no context carries the values of a row into a log.
    raise plain


def _plain(error: Exception) -> Exception:
    match error:
        case exc.IntegrityError():
            return _integrity(error)
        case exc.DBAPIError():
            return _other(error)
        case asyncpg.PostgresError():
            return _by_state(error, error.sqlstate)
        case _:
            return _outage(error)


def _integrity(error: exc.IntegrityError) -> Exception:
    message = str(error.orig)
    unique = _UNIQUE_ON_SQLITE.search(message)
    if unique is not None:
        return AlreadyThereError(NAME_BY_COLUMNS.get(unique["columns"], unique["columns"]))
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.UniqueViolationError):
        return AlreadyThereError(str(cause.constraint_name))
    if isinstance(cause, asyncpg.IntegrityConstraintViolationError):
        return BrokenRuleError(str(cause.constraint_name or f"{cause.table_name}.{cause.column_name}"))
    other = _OTHER_ON_SQLITE.search(message)
    return BrokenRuleError(other[0] if other is not None else type(error.orig).__name__)


def _other(error: exc.DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    if state is None and isinstance(error, exc.ProgrammingError | exc.DataError | exc.NotSupportedError):
        return BrokenRuleError(type(error.orig).__name__)
    return _by_state(error, state)


def _by_state(error: Exception, state: str | None) -> Exception:
    if state is None or state[:2] in _OUTAGE_CLASSES:
        return _outage(error)
    return BrokenRuleError(f"sqlstate {state}")


def _outage(error: Exception) -> RegisterUnavailable:
    unavailable = RegisterUnavailable(f"the database does not answer: {type(error).__name__}")
    unavailable.__cause__ = error
    return unavailable


def sync_failed(error: BaseException | None) -> bool:
    """Tell whether a write to the disk could not be synced: Linux reports it once and then calls the page clean,
    so nothing may be written after it until a new process has recovered the database."""
    while error is not None:
        if getattr(error, "sqlite_errorname", None) in {"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}:
            return True
        orig = getattr(error, "orig", None)
        error = orig if isinstance(orig, BaseException) and orig is not error else error.__cause__
    return False
