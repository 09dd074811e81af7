"""Look-ups of the hot path: all that is asked while one batch is under way makes the next one. No timer is involved.

The SQL is written in Core and compiled once; batches run on a raw connection of the driver, for SQLAlchemy's own
way costs several times as much as the look-up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.storage.holders import HolderReader
from registry.storage.outages import RAW_OUTAGES
from registry.storage.transaction import Row

_MOST_AT_ONCE = 500


class ReadConnection(Protocol):
    """A raw connection that reads: opened at need, thrown away after a failure."""

    async def fetch(self, sql: str, cards: Sequence[CardNumber]) -> Sequence[Row]:
        """Return the rows of a statement whose one parameter is a row of card numbers."""

    async def discard(self) -> None:
        """Close the connection; the next fetch opens another one."""


class CoalescedLookups:
    """Implements :class:`registry.services.ports.Lookups`."""

    def __init__(self, connection: ReadConnection, reader: HolderReader, timeout: float) -> None:
        self._connection = connection
        self._reader = reader
        self._timeout = timeout
        self._waiting: dict[CardNumber, list[asyncio.Future[CardHolder | None]]] = {}
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Return who holds ``card``, or ``None`` for a number that nobody has (a deleted patron's included).

        Raises ``RegisterUnavailable``, to each asker of a batch that failed. The log of attempts may reach further
        back than the limits look.
        """
        if self._closed:
            raise RegisterUnavailable("the database is closed")
        future: asyncio.Future[CardHolder | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(card, []).append(future)
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await future

    async def close(self) -> None:
        """Answer what was asked, answer no more, and close the connection."""
        self._closed = True
        if self._running is not None:
            await asyncio.wait({self._running})
        await self._connection.discard()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._take())
        finally:
            self._running = None

    def _take(self) -> dict[CardNumber, list[asyncio.Future[CardHolder | None]]]:
        batch = self._waiting
        if len(batch) <= _MOST_AT_ONCE:
            self._waiting = {}
            return batch
        first = list(batch)[:_MOST_AT_ONCE]
        return {card: batch.pop(card) for card in first}

    async def _answer(self, batch: dict[CardNumber, list[asyncio.Future[CardHolder | None]]]) -> None:
        # A task of its own, so that whatever goes wrong in it reaches those who wait, and never ends this row.
        reading = asyncio.ensure_future(self._read(tuple(batch)))
        done, _ = await asyncio.wait({reading}, timeout=self._timeout)
        if not done:
            reading.cancel()
            await asyncio.wait({reading})
        error = TimeoutError() if reading.cancelled() else reading.exception()
        if error is not None:
            await self._connection.discard()
            self._fail(batch, error)
            return
        holders = reading.result()
        for card, askers in batch.items():
            holder = holders.get(card)
            for asker in askers:
                # Who was cancelled asks no more; the others are none the worse for it.
                if not asker.done():
                    asker.set_result(holder)

    async def _read(self, cards: Sequence[CardNumber]) -> dict[CardNumber, CardHolder]:
        reader, fetch = self._reader, self._connection.fetch
        holders = await fetch(reader.holders_sql, cards)
        if not holders:
            return {}
        return reader.read(holders, await fetch(reader.standings_sql, cards), await fetch(reader.attempts_sql, cards))

    @staticmethod
    def _fail(batch: dict[CardNumber, list[asyncio.Future[CardHolder | None]]], error: BaseException) -> None:
        for askers in batch.values():
            for asker in askers:
                if not asker.done():
                    asker.set_exception(_outage(error) if isinstance(error, RAW_OUTAGES) else error)


def _outage(error: BaseException) -> RegisterUnavailable:
    outage = RegisterUnavailable(f"the look-up failed: {type(error).__name__}")
    outage.__cause__ = error
    return outage
