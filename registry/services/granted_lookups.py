"""Looking patrons up by the card alone, where an initiator was granted it: its own freely, others under a budget."""

from __future__ import annotations

from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision, Refusal, Refused
from registry.domain.events import Action, Event
from registry.domain.identification import CardHolder, card_refusal, told_to_initiator
from registry.domain.initiating import Objected, Objection
from registry.services.holders import CardHolders
from registry.services.ports import Clock, Look, OpenUnitOfWork

# A day of the budget is any 24 hours: nobody gets twice as much around midnight.
_DAY = 86_400.0


class GrantedLookups:
    """Tells of a card what an initiator may know without a PIN.

    A number that nobody has costs as much as a guest's, so that the budget bounds walking through the numbers too.
    """

    def __init__(self, holders: CardHolders, work: OpenUnitOfWork, clock: Clock) -> None:
        self._holders = holders
        self._work = work
        self._clock = clock

    def at_once(self, asker: Asker, card: CardNumber) -> Decision | None:
        """Return what is told of a local patron at hand, else ``None``."""
        holder = self._holders.at_hand(card)
        return _told(asker, holder) if holder is not None and _is_local(asker, holder) else None

    async def look_up(self, asker: Asker, card: CardNumber | None, guests_per_day: int) -> Decision | Objected:
        """Return what is told of a card; raises ``RegisterUnavailable``."""
        if card is None:
            return Refused(Refusal.UNKNOWN_CARD)
        holder = self._holders.at_hand(card) or await self._holders.find(card)
        if holder is not None and _is_local(asker, holder):
            return _told(asker, holder)
        if not await self._is_within_budget(asker, card, holder, guests_per_day):
            return Objected(Objection.BUDGET_SPENT)
        return Refused(Refusal.UNKNOWN_CARD) if holder is None else _told(asker, holder)

    async def _is_within_budget(
        self, asker: Asker, card: CardNumber, holder: CardHolder | None, guests_per_day: int
    ) -> bool:
        async with self._work() as work:
            # Beside the looks with a PIN left out, which have a budget of their own.
            looker = f"{asker.terminal} without pin"
            look = await work.attempts.look_within_budget(looker, card, self._clock.steady(), _DAY, guests_per_day)
            if look is Look.NEW:
                await work.audit.append(
                    Event(
                        action=Action.PATRON_LOOKED_UP,
                        actor=asker.terminal,
                        at=self._clock.now(),
                        patron=None if holder is None else holder.patron.id,
                        institution=asker.institution,
                    )
                )
        return look is not Look.REFUSED


def _is_local(asker: Asker, holder: CardHolder) -> bool:
    standing = holder.standing_at(asker.unit)
    return standing is not None and standing.is_local


def _told(asker: Asker, holder: CardHolder) -> Decision:
    refusal = card_refusal(holder.card)
    return told_to_initiator(holder, asker) if refusal is None else Refused(refusal)
