"""Cards in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import insert, select, update

from registry.domain.card import Card, CardNumber, CardState
from registry.domain.patron import PatronId
from registry.services.ports import AlreadyThereError
from registry.storage import tables
from registry.storage.rows import CARD_COLUMNS, card_of, card_values
from registry.storage.transaction import Transaction

_table = tables.card


class SqlCards:
    """Implements :class:`registry.services.ports.Cards`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, card: Card) -> None:
        """Add a card; raises ``AlreadyThereError`` for a number in use, and for a second card in use of one patron.

        A number once used by a deleted patron is known by its keyed hash alone: see :meth:`is_buried`.
        """
        await self._transaction.add(insert(_table).values(**card_values(card)))

    async def find(self, number: CardNumber) -> Card | None:
        """Return the card with this number, or ``None``."""
        row = await self._transaction.row(select(*CARD_COLUMNS).where(_table.c.number == number))
        return None if row is None else card_of(row)

    async def with_numbers(self, numbers: Collection[CardNumber]) -> Mapping[CardNumber, Card]:
        """Return the cards that have one of these numbers, a thousand or so at a time."""
        rows = await self._transaction.rows(select(*CARD_COLUMNS).where(_table.c.number.in_(numbers)))
        return {card.number: card for card in map(card_of, rows)}

    async def in_use_by(self, patrons: Collection[PatronId]) -> Mapping[PatronId, CardNumber]:
        """Return which card each of these patrons uses, a thousand or so at a time; who has none is left out."""
        rows = await self._transaction.rows(
            select(_table.c.patron, _table.c.number).where(
                _table.c.patron.in_(patrons), _table.c.state == CardState.ISSUED
            )
        )
        return {PatronId(patron): CardNumber(number) for patron, number in rows}

    async def of(self, patron: PatronId) -> Sequence[Card]:
        """Return all cards of a patron, the newest first."""
        newest_first = (_table.c.issued_at.desc(), _table.c.number.desc())
        rows = await self._transaction.rows(
            select(*CARD_COLUMNS).where(_table.c.patron == patron).order_by(*newest_first)
        )
        return [card_of(row) for row in rows]

    async def change(self, card: Card) -> None:
        """Store the state and the successor of a card that exists."""
        await self._transaction.add(
            update(_table).where(_table.c.number == card.number).values(state=card.state, replaced_by=card.replaced_by)
        )

    async def bury(self, tombstone: bytes, index_key: str) -> None:
        """Keep the keyed hash of a deleted number, never to be issued again (D5)."""
        buried = insert(tables.card_tombstone).values(tombstone=tombstone, index_key=index_key)
        try:
            await self._transaction.add(buried)
        except AlreadyThereError:
            return

    async def is_buried(self, tombstone: bytes) -> bool:
        """Tell whether a number with this keyed hash was once deleted."""
        buried = tables.card_tombstone.c.tombstone
        return await self._transaction.value(select(buried).where(buried == tombstone)) is not None
