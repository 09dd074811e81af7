"""A small cache of who holds which card; the register's own change signal empties it."""

from __future__ import annotations

from collections.abc import Callable

from registry.domain.card import CardNumber
from registry.domain.identification import CardHolder
from registry.domain.patron import PatronId
from registry.services.ports import ChangeSignal, Lookups


class CardHolders:
    """Look-ups with a memory: bounded, never older than ``seconds``, bypassed when changes would go unnoticed."""

    def __init__(
        self,
        lookups: Lookups,
        signal: ChangeSignal,
        monotonic: Callable[[], float],
        *,
        entries: int = 20_000,
        seconds: float = 60.0,
    ) -> None:
        self._lookups = lookups
        self._signal = signal
        self._monotonic = monotonic
        self._limit = entries
        self._seconds = seconds
        self._known: dict[CardNumber, tuple[CardHolder, float]] = {}
        self._cards_of: dict[PatronId, set[CardNumber]] = {}
        self._changes = 0
        signal.listen(self._let_go)

    def at_hand(self, card: CardNumber) -> CardHolder | None:
        """Return who holds ``card`` if that is known for sure without asking, else ``None``."""
        known = self._known.get(card)
        if known is None or known[1] < self._monotonic() or not self._signal.is_trustworthy():
            return None
        return known[0]

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Return who holds ``card``, freshly read, or ``None`` for a number that nobody has."""
        changes = self._changes
        holder = await self._lookups.find(card)
        # What changed while the answer was under way may not be in it.
        if holder is not None and changes == self._changes:
            self._keep(card, holder)
        return holder

    def forget(self, card: CardNumber) -> None:
        """Have ``card`` looked up anew the next time."""
        if card in self._known:
            self._drop(card)

    def _keep(self, card: CardNumber, holder: CardHolder) -> None:
        self._known.pop(card, None)
        if len(self._known) >= self._limit:
            self._drop(next(iter(self._known)))
        self._known[card] = (holder, self._monotonic() + self._seconds)
        self._cards_of.setdefault(holder.patron.id, set()).add(card)

    def _drop(self, card: CardNumber) -> None:
        holder, _ = self._known.pop(card)
        cards = self._cards_of.get(holder.patron.id, set())
        cards.discard(card)
        if not cards:
            self._cards_of.pop(holder.patron.id, None)

    def _let_go(self, patron: PatronId | None) -> None:
        self._changes += 1
        if patron is None:
            self._known.clear()
            self._cards_of.clear()
            return
        for card in self._cards_of.pop(patron, set()):
            self._known.pop(card, None)
