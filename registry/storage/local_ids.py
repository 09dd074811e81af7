"""Whose is this local id? Asked for each local card: all that is asked while one query is under way makes the next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import Executable, select

from registry.domain.card import CardNumber, CardState
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.standing import StandingState
from registry.storage import tables
from registry.storage.transaction import Row

_MOST_AT_ONCE = 500

Found = tuple[PatronId, CardNumber]


class Reading(Protocol):
    """What runs a query."""

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Return all rows; raises ``RegisterUnavailable``."""


class SqlLocalIds:
    """Implements :class:`registry.services.ports.LocalIds`."""

    def __init__(self, reads: Reading) -> None:
        self._reads = reads
        self._waiting: dict[LendingUnitId, dict[str, list[asyncio.Future[Found | None]]]] = {}
        self._running: asyncio.Task[None] | None = None

    async def card_of(self, unit: LendingUnitId, local_id: str) -> Found | None:
        """Return the local patron with this id at ``unit`` and the card in use, or ``None``."""
        future: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(unit, {}).setdefault(local_id, []).append(future)
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return await future

    async def _run(self) -> None:
        try:
            while self._waiting:
                unit, asked = self._waiting.popitem()
                if rest := dict(list(asked.items())[_MOST_AT_ONCE:]):
                    self._waiting[unit] = rest
                await self._answer(unit, {one: asked[one] for one in asked if one not in rest})
        finally:
            self._running = None

    async def _answer(self, unit: LendingUnitId, asked: dict[str, list[asyncio.Future[Found | None]]]) -> None:
        # A task of its own: whatever goes wrong in it reaches those who wait, and never ends this row.
        reading = asyncio.ensure_future(self._read(unit, asked))
        await asyncio.wait({reading})
        error = asyncio.CancelledError() if reading.cancelled() else reading.exception()
        found = {} if error is not None else reading.result()
        for local_id, askers in asked.items():
            for asker in askers:
                # Who was cancelled asks no more; the others are none the worse for it.
                if asker.done():
                    continue
                if error is not None:
                    asker.set_exception(error)
                else:
                    asker.set_result(found.get(local_id))

    async def _read(self, unit: LendingUnitId, local_ids: Iterable[str]) -> dict[str, Found]:
        standing, card = tables.standing.c, tables.card.c
        rows = await self._reads.rows(
            select(standing.local_id, card.patron, card.number)
            .join_from(tables.standing, tables.card, card.patron == standing.patron)
            .where(
                standing.unit == unit,
                standing.local_id.in_(list(local_ids)),
                standing.state == StandingState.LOCAL,
                card.state == CardState.ISSUED,
            )
        )
        return {local_id: (PatronId(patron), CardNumber(number)) for local_id, patron, number in rows}
