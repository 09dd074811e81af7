"""One-time codes and tickets in SQL, by keyed hash alone; and the terminals that may take consent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, insert, select

from registry.domain.card import CardNumber
from registry.domain.token import Token, TokenPurpose
from registry.services.ports import Commissioned
from registry.storage import tables
from registry.storage.transaction import Transaction

_token = tables.token
_TOKEN_NAMES = ("mark", "purpose", "card", "institution", "until")
_commission = tables.commission
_COMMISSION_NAMES = ("terminal", "unit", "is_on", "since", "actor", "reason")


class SqlTokens:
    """Implements :class:`registry.services.ports.Tokens`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, token: Token) -> None:
        """Keep a token; of its purpose, card and institution it is the only one from now on (B16)."""
        same = and_(
            _token.c.card == token.card,
            _token.c.purpose == token.purpose,
            _token.c.institution == token.institution,
        )
        await self._transaction.execute(delete(_token).where(same))
        await self._transaction.execute(insert(_token).values({name: getattr(token, name) for name in _TOKEN_NAMES}))

    async def find(self, mark: bytes, purpose: TokenPurpose, now: datetime) -> Token | None:
        """Return the token with this mark, if it is still good at ``now``."""
        this = and_(_token.c.mark == mark, _token.c.purpose == purpose, _token.c.until > now)
        row = await self._transaction.row(select(*(_token.c[name] for name in _TOKEN_NAMES)).where(this))
        return None if row is None else Token(**dict(zip(_TOKEN_NAMES, row, strict=True)))

    async def use_up(self, mark: bytes) -> bool:
        """Delete a token; return whether it was there: of two who use the same one, one alone succeeds."""
        return (await self._transaction.execute(delete(_token).where(_token.c.mark == mark))).rowcount == 1

    async def end_all(self, card: CardNumber) -> None:
        """Delete every token of a card: it was blocked, or its PIN changed."""
        await self._transaction.execute(delete(_token).where(_token.c.card == card))

    async def forget(self, before: datetime) -> int:
        """Delete tokens that were no longer good by then; return how many."""
        return (await self._transaction.execute(delete(_token).where(_token.c.until < before))).rowcount


class SqlCommissions:
    """Implements :class:`registry.services.ports.Commissions`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, commissioned: Commissioned) -> None:
        """Keep how it is with a terminal now."""
        values = {name: getattr(commissioned, name) for name in _COMMISSION_NAMES}
        await self._transaction.upsert(_commission, values, "terminal")

    async def all(self) -> Sequence[Commissioned]:
        """Return every terminal that was ever commissioned, in the order of names."""
        rows = await self._transaction.rows(
            select(*(_commission.c[name] for name in _COMMISSION_NAMES)).order_by(_commission.c.terminal)
        )
        return [Commissioned(**dict(zip(_COMMISSION_NAMES, row, strict=True))) for row in rows]
