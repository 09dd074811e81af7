"""The change signal: what this process commits is told at once, what others commit within a moment.

SQLite counts the commits of other connections (``PRAGMA data_version``), asked of the very connection that writes
here, so that our own do not count. PostgreSQL notifies those who listen, as part of the commit itself.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import aiosqlite
from sqlalchemy import func, select

from registry.domain.patron import PatronId
from registry.storage.address import PostgresServer
from registry.storage.drivers import close_quietly, open_postgres
from registry.storage.outages import RAW_OUTAGES
from registry.storage.transaction import Transaction

Listener = Callable[[PatronId | None], None]

_TRUSTED_FOR = 1.0
_CHANNEL = "portvakt_changes"
_EVERYTHING = "*"
# More changed patrons than this in one commit are an import; whoever listens lets go of everything.
_MOST_AT_ONCE = 100


class Changes(ABC):
    """Implements :class:`registry.services.ports.ChangeSignal`; ``watch`` is run for as long as it shall be trusted."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._last_word = float("-inf")
        self._watching: asyncio.Task[None] | None = None

    def is_trustworthy(self) -> bool:
        """Tell whether changes of other processes would be noticed now; if not, caches are bypassed."""
        return self._watching is not None and _now() - self._last_word <= _TRUSTED_FOR

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each changed patron, or with ``None`` when anything may have changed."""
        self._listeners.append(listener)

    def tell(self, patrons: Iterable[PatronId | None]) -> None:
        """Call the listeners; for changes that are committed."""
        for patron in patrons:
            for listener in self._listeners:
                listener(patron)

    @abstractmethod
    async def announce(self, transaction: Transaction, patrons: frozenset[PatronId | None]) -> None:
        """Have other processes told of ``patrons`` when ``transaction`` is committed."""

    async def start(self) -> None:
        """Begin to watch; returns once the first word has come, or cannot be had at this moment."""
        first_word = asyncio.Event()
        self._watching = asyncio.ensure_future(self._watch(first_word))
        await first_word.wait()

    async def stop(self) -> None:
        """Watch no longer; from now on nothing is trusted."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    @abstractmethod
    async def _watch(self, first_word: asyncio.Event) -> None:
        """Watch until cancelled: keep ``_last_word`` young while others' commits would be noticed."""

    def _heard(self) -> None:
        self._last_word = _now()


# Asked with every message, so the function itself and not one around it.
_now = time.monotonic


class SqliteChanges(Changes):
    """Asks the writing connection, every ``seconds``, whether the file was changed by another one."""

    def __init__(self, writer: Callable[[], Awaitable[aiosqlite.Connection | None]], *, seconds: float = 0.05) -> None:
        super().__init__()
        self._writer = writer
        self._seconds = seconds
        self._seen: tuple[aiosqlite.Connection, int] | None = None

    async def announce(self, transaction: Transaction, patrons: frozenset[PatronId | None]) -> None:
        """Do nothing: SQLite itself counts the commits."""

    async def _watch(self, first_word: asyncio.Event) -> None:
        while True:
            with suppress(*RAW_OUTAGES):
                await self._look()
            first_word.set()
            await asyncio.sleep(self._seconds)

    async def _look(self) -> None:
        writer = await self._writer()
        if writer is None:
            return
        rows = list(await writer.execute_fetchall("PRAGMA data_version"))
        # The number means something to its own connection alone: of a new one nothing is known.
        seen = (writer, rows[0][0])
        if seen != self._seen:
            self._seen = seen
            self.tell([None])
        self._heard()


class PostgresChanges(Changes):
    """Listens on a connection of its own, and asks for a word every ``seconds`` to know that it still would hear."""

    def __init__(self, server: PostgresServer, timeout: float, *, seconds: float = 0.4) -> None:
        super().__init__()
        self._server = server
        self._timeout = timeout
        self._seconds = seconds
        self._self = secrets.token_hex(8)

    async def announce(self, transaction: Transaction, patrons: frozenset[PatronId | None]) -> None:
        """Have other processes told of ``patrons`` when ``transaction`` is committed."""
        everything = None in patrons or len(patrons) > _MOST_AT_ONCE
        for what in [_EVERYTHING] if everything else sorted(map(str, patrons)):
            await transaction.execute(select(func.pg_notify(_CHANNEL, f"{self._self} {what}")))

    async def _watch(self, first_word: asyncio.Event) -> None:
        while True:
            with suppress(*RAW_OUTAGES):
                await self._listen(first_word)
            first_word.set()
            await asyncio.sleep(self._seconds)

    async def _listen(self, first_word: asyncio.Event) -> None:
        connection = await open_postgres(self._server, self._timeout)
        try:
            await connection.add_listener(_CHANNEL, self._hear)
            # What was changed while nobody listened is not known.
            self.tell([None])
            while True:
                await connection.execute("SELECT 1")
                self._heard()
                first_word.set()
                await asyncio.sleep(self._seconds)
        finally:
            await close_quietly(connection, self._timeout)

    def _hear(self, _connection: object, _pid: int, _channel: str, told: object) -> None:
        sender, _, what = str(told).partition(" ")
        if sender != self._self:
            self.tell([None if what == _EVERYTHING else PatronId(int(what))])
