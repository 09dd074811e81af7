"""What happens to cards: lost, replaced, withdrawn, unlocked."""

from __future__ import annotations

import dataclasses

from registry.credentials.identity import IdentityVault
from registry.domain.card import Card, CardKind, CardNumber, CardState
from registry.domain.delivery import ChangeKind
from registry.domain.events import Action, Event
from registry.register import NotDoneError
from registry.services.card_numbers import free_number, require
from registry.services.libraries import PublishedLibraries
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import tell_change


class CardBlocking:
    """Implements :class:`registry.register.CardDesk`."""

    def __init__(self, work: OpenUnitOfWork, clock: Clock, vault: IdentityVault, libraries: PublishedLibraries) -> None:
        self._work = work
        self._libraries = libraries
        self._clock = clock
        self._vault = vault

    async def report_lost(self, card: CardNumber, actor: str) -> None:
        """Block a card that its patron has lost; raises ``NotDoneError``."""
        await self._block(card, CardState.LOST, Action.CARD_LOST, actor)

    async def withdraw(self, card: CardNumber, actor: str) -> None:
        """Withdraw a card; raises ``NotDoneError``."""
        await self._block(card, CardState.WITHDRAWN, Action.CARD_WITHDRAWN, actor)

    async def replace(self, card: CardNumber, new: CardNumber | None, kind: CardKind, actor: str) -> CardNumber:
        """Replace a card, be it in use or lost, by ``new`` or the next free number, which is returned (A9).

        Raises ``NotDoneError``.
        """
        async with self._work() as work:
            old = await require(work, card)
            if old.state is CardState.REPLACED:
                raise NotDoneError(f"{card} is replaced already, by {old.replaced_by}")
            number = await self._number(work, new)
            successor = Card(number=number, patron=old.patron, kind=kind, issued_at=self._clock.now())
            # The old one first: a patron has one card in use at a time, and the database holds to it.
            await self._change(work, old, CardState.REPLACED, number)
            try:
                await work.cards.add(successor)
            except AlreadyThereError as taken:
                raise NotDoneError(f"{number} is in use, or the patron has another card in use") from taken
            await self._record(work, old, Action.CARD_REPLACED, actor, {"before": old.state})
            called = self._libraries.called()
            await tell_change(work, old.patron, ChangeKind.CARD_REPLACED, called, self._clock)
        return number

    async def unlock(self, card: CardNumber, actor: str) -> None:
        """Clear the attempts against a card whose patron staff have identified; raises ``NotDoneError``."""
        async with self._work() as work:
            found = await require(work, card)
            await work.attempts.unlock(card, self._clock.steady())
            await self._record(work, found, Action.CARD_UNLOCKED, actor, {})

    async def _number(self, work: UnitOfWork, wished: CardNumber | None) -> CardNumber:
        if wished is None:
            return await free_number(work, self._vault)
        taken = await work.cards.find(wished) is not None
        if taken or await work.cards.is_buried(self._vault.tombstone(wished)[0]):
            raise NotDoneError(f"{wished} is in use, or was a deleted patron's")
        return wished

    async def _block(self, number: CardNumber, state: CardState, action: Action, actor: str) -> None:
        async with self._work() as work:
            card = await require(work, number)
            if card.state is state:
                raise NotDoneError(f"{number} is {state} already")
            if card.state is CardState.REPLACED:
                raise NotDoneError(f"{number} is replaced by {card.replaced_by}; name that one")
            await self._change(work, card, state, card.replaced_by)
            await self._record(work, card, action, actor, {"before": card.state, "after": state})

    async def _change(self, work: UnitOfWork, card: Card, state: CardState, successor: CardNumber | None) -> None:
        await work.cards.change(dataclasses.replace(card, state=state, replaced_by=successor))
        await work.encounters.end_all(card.number)
        await work.tokens.end_all(card.number)

    async def _record(self, work: UnitOfWork, card: Card, action: Action, actor: str, facts: dict[str, str]) -> None:
        # No card number in the facts: the trail outlives the patron, and a deleted number is kept by nobody (D5).
        now = self._clock.now()
        await work.audit.append(Event(action=action, actor=actor, at=now, patron=card.patron, facts=facts))
        work.changed(card.patron)
