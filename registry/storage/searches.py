"""Reads for people at a prompt, and the probe that tells whether writes are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sqlalchemy import select, update

from registry.domain.card import Card, CardNumber
from registry.storage import tables
from registry.storage.rows import CARD_COLUMNS, card_of
from registry.storage.transaction import Reads, Transactions

_PAGE = 500


class SqlSearches:
    """Implements :class:`registry.services.ports.Searches`."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def cards(self, *, after: CardNumber | None = None) -> AsyncIterator[Card]:
        """Iterate over all cards in the order of their numbers; those added meanwhile may or may not be among them."""
        number, last = tables.card.c.number, after or ""
        while True:
            rows = await self._reads.rows(select(*CARD_COLUMNS).where(number > last).order_by(number).limit(_PAGE))
            for card in map(card_of, rows):
                yield card
                last = card.number
            if len(rows) < _PAGE:
                return


class SqlWriteProbe:
    """Implements :class:`registry.services.ports.WriteProbe`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def __call__(self) -> None:
        """Write and commit a row; raises ``RegisterUnavailable`` where that fails."""
        turn = tables.write_probe.c.turn
        async with self._transactions.open() as transaction:
            await transaction.execute(update(tables.write_probe).values(turn=turn + 1))
            await transaction.commit()
