"""One transaction that no cancelled caller can break: what the driver has begun, it ends.

A driver's connection that is left in the middle of a statement must be thrown away, and SQLite has but one that
writes. So each step runs as a task of its own; who is cancelled leaves at once, and the step, the rollback and the
return of the connection go on behind.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ARRAY, CursorResult, Executable, Integer, Table, bindparam, exc, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from registry.domain.decisions import RegisterUnavailable
from registry.storage.outages import sync_failed, told_plainly

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Outcome = TypeVar("Outcome")
Row = Sequence[Any]


class Steps:
    """The steps under way; they outlive who asked for them, and :meth:`settled` waits for the last of them."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    def begin(self, step: Coroutine[Any, Any, Outcome]) -> asyncio.Task[Outcome]:
        """Return the step as a task that is kept, and whose exception asyncio never calls lost."""
        task = asyncio.ensure_future(step)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    async def run(self, step: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Return the outcome of the step, which goes on to its end even if the caller is cancelled."""
        task = self.begin(step)
        await asyncio.wait({task})
        return task.result()

    async def settled(self) -> None:
        """Return when nothing is under way any more."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()


class Lock(enum.Enum):
    """What PostgreSQL's advisory locks stand for: the first of their two numbers. Taken in this order."""

    CARD = 0x506F7401
    TERMINAL = 0x506F7402
    PUBLICATION = 0x506F7403
    SEALER = 0x506F7404
    REQUEST = 0x506F7405
    STANDING = 0x506F7406
    FEED = 0x506F7407


def _nothing() -> None:
    """Is called after a commit where nobody wants to be told."""


class Transaction:
    """A connection in a transaction; statements are SQLAlchemy's, results are read whole."""

    def __init__(self, engine: AsyncEngine, steps: Steps) -> None:
        self._connection = AsyncConnection(engine)
        self._steps = steps
        self._last: asyncio.Task[Any] | None = None
        self._locked: set[tuple[Lock, int]] = set()
        self.dialect = engine.dialect

    @property
    def is_postgresql(self) -> bool:
        """Tell whether the engine is PostgreSQL; the other one is SQLite."""
        return self.dialect.name == "postgresql"

    async def begin(self) -> None:
        """Take a connection and begin; raises ``RegisterUnavailable`` where neither can be had in time."""
        await self._step(self._begin())

    async def execute(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Return the result of one statement, or of one for each of a row of parameters."""
        return await self._step(self._connection.execute(statement, parameters))

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Return all rows."""
        return (await self.execute(statement)).all()

    async def row(self, statement: Executable) -> Row | None:
        """Return the only row, or ``None``."""
        return (await self.execute(statement)).one_or_none()

    async def value(self, statement: Executable) -> Any:
        """Return the first value of the first row, or ``None``."""
        return (await self.execute(statement)).scalar()

    async def add(self, statement: Executable) -> CursorResult[Any]:
        """Execute an insert or update that may break a uniqueness; where it does, the transaction is still good.

        PostgreSQL ends a transaction at the first error, SQLite does not; a savepoint makes them alike.
        """
        return await self._step(self._add(statement))

    async def upsert(self, table: Table, values: Mapping[str, Any], *key: str) -> None:
        """Insert a row, or replace the one with the same ``key``."""
        statement = (_postgresql_insert if self.is_postgresql else _sqlite_insert)(table).values(**values)
        new = {name: statement.excluded[name] for name in values if name not in key}
        await self.execute(statement.on_conflict_do_update(index_elements=key, set_=new))

    async def lock(self, lock: Lock, what: str) -> None:
        """Hold off others who lock the same until the transaction ends; on SQLite it has the whole file already."""
        await self.lock_all(lock, (what,))

    async def lock_all(self, lock: Lock, whats: Iterable[str]) -> None:
        """Do what :meth:`lock` does for each of ``whats``, in an order in which nobody waits for one another in a ring.

        That holds for one call per lock and transaction; what is locked already is not asked for again.
        """
        if not self.is_postgresql:
            return
        wanted = {(lock, _number(what)) for what in whats} - self._locked
        if wanted:
            numbers = func.unnest(bindparam("numbers", sorted(number for _, number in wanted), type_=ARRAY(Integer)))
            each = numbers.column_valued("number")
            await self.execute(select(func.pg_advisory_xact_lock(lock.value, each)))
            self._locked |= wanted

    async def try_lock(self, lock: Lock, what: str) -> bool:
        """Do what :meth:`lock` does, unless somebody else has it now; return whether it is locked."""
        if not self.is_postgresql:
            return True
        return bool(await self.value(select(func.pg_try_advisory_xact_lock(lock.value, _number(what)))))

    async def commit(self, then: Callable[[], None] = _nothing) -> None:
        """Make it durable, call ``then``, and give the connection back: all three, even if the caller is cancelled."""
        await self._step(self._commit(then))

    async def abandon(self) -> None:
        """Roll back, if there is anything to roll back, and give the connection back."""
        await self._steps.run(self._give_back())

    def abandon_later(self) -> None:
        """Do what :meth:`abandon` does as soon as the step under way has ended, without anybody waiting."""
        self._steps.begin(self._give_back())

    async def _step(self, step: Coroutine[Any, Any, Outcome]) -> Outcome:
        self._last = task = self._steps.begin(told_plainly(step))
        await asyncio.wait({task})
        return task.result()

    async def _begin(self) -> None:
        await self._connection.start()
        await self._connection.begin()

    async def _add(self, statement: Executable) -> CursorResult[Any]:
        async with self._connection.begin_nested():
            return await self._connection.execute(statement)

    async def _commit(self, then: Callable[[], None]) -> None:
        try:
            await self._connection.commit()
        except BaseException:
            # SQLite keeps a transaction open that it could not commit, and SQLAlchemy takes it for ended.
            await self._connection.invalidate()
            raise
        then()
        await self._close()

    async def _give_back(self) -> None:
        if self._last is not None:
            await asyncio.wait({self._last})
        if self._connection.sync_connection is not None:
            await self._close()

    async def _close(self) -> None:
        try:
            # The pool rolls back what it is given.
            await self._connection.close()
        except (exc.SQLAlchemyError, OSError, TimeoutError):
            await self._connection.invalidate()


def _number(what: str) -> int:
    # Two that fall on the same number wait for one another needlessly, and no more.
    return int.from_bytes(hashlib.blake2b(what.encode(), digest_size=4).digest(), "big", signed=True)


# A dialect takes a tenth of a second to import, and each process needs but its own.


def _postgresql_insert(table: Table) -> postgresql.Insert:
    from sqlalchemy.dialects.postgresql import insert

    return insert(table)


def _sqlite_insert(table: Table) -> sqlite.Insert:
    from sqlalchemy.dialects.sqlite import insert

    return insert(table)


class Transactions:
    """Opens transactions on the writing engine; opens none any more once the disk has failed to sync."""

    def __init__(self, engine: AsyncEngine, steps: Steps) -> None:
        self._engine = engine
        self._steps = steps
        self.sync_failed = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Transaction]:
        """Return a transaction that the caller commits; it is rolled back where its block ends without."""
        if self.sync_failed:
            raise RegisterUnavailable("the disk failed to sync; only a new process may write again")
        transaction = Transaction(self._engine, self._steps)
        try:
            await transaction.begin()
            yield transaction
        except (asyncio.CancelledError, GeneratorExit):
            transaction.abandon_later()
            raise
        except RegisterUnavailable as outage:
            if sync_failed(outage):
                self.sync_failed = True
            await transaction.abandon()
            raise
        except BaseException:
            await transaction.abandon()
            raise
        await transaction.abandon()


class Reads:
    """Reads outside any transaction, each statement for itself."""

    def __init__(self, engine: AsyncEngine, steps: Steps) -> None:
        self._engine = engine
        self._steps = steps

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Return all rows; raises ``RegisterUnavailable``."""
        return await self._steps.run(told_plainly(self._rows(statement)))

    async def _rows(self, statement: Executable) -> Sequence[Row]:
        async with self._engine.connect() as connection:
            return (await connection.execute(statement)).all()
