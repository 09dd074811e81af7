"""Finding cards that must be there, and numbers that nobody has."""

from __future__ import annotations

import secrets

from registry.credentials.identity import IdentityVault
from registry.domain.card import Card, CardNumber
from registry.register import NotDoneError
from registry.services.ports import UnitOfWork

# Digital cards are drawn at random from here, so that a number tells nothing of its neighbours (A8).
_FIRST, _LAST = 100_000_000, 999_999_999
_TRIES = 50


async def require(work: UnitOfWork, number: CardNumber) -> Card:
    """Return the card with this number; raises ``NotDoneError`` where there is none."""
    card = await work.cards.find(number)
    if card is None:
        raise NotDoneError(f"no card has the number {number}")
    return card


async def free_number(work: UnitOfWork, vault: IdentityVault) -> CardNumber:
    """Return a number that no card has and no deleted patron had."""
    for _ in range(_TRIES):
        number = CardNumber(f"N{_FIRST + secrets.randbelow(_LAST - _FIRST):09d}")
        if await work.cards.find(number) is None and not await work.cards.is_buried(vault.tombstone(number)[0]):
            return number
    raise NotDoneError("no free card number was found: the series is nearly used up")
