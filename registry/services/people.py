"""Who holds a card, read within a unit of work: what the use cases around activation begin with."""

from __future__ import annotations

from dataclasses import dataclass

from registry.domain.card import Card, CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Patron
from registry.domain.standing import Standing
from registry.services.ports import UnitOfWork
from registry.services.standing_moves import StandingMoves


@dataclass(frozen=True, slots=True)
class CardHolding:
    """A card, its patron, and how they stand at the unit in question, which is held until the commit."""

    card: Card
    patron: Patron
    standing: Standing | None


async def holding(work: UnitOfWork, number: CardNumber, unit: LendingUnitId) -> CardHolding | None:
    """Return who holds a card and how they stand at ``unit``, holding the standing; ``None`` where nobody does."""
    card = await work.cards.find(number)
    found = None if card is None else await work.patrons.find(card.patron)
    if card is None or found is None:
        return None
    return CardHolding(card, found[0], await StandingMoves.held(work, card.patron, unit))
