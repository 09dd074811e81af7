"""What is known of the card in a request: asked of the register, or remembered where the register does not answer."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from gateway.sip2.answers import Outage
from gateway.sip2.forward_routes import Seen
from gateway.sip2.forwarding import PATRON_MESSAGES, pin_of
from gateway.sip2.last_known import LastKnown
from gateway.sip2.responders import Desk
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import CardNumber, national
from registry.domain.decisions import Decision, Question, Refusal, Refused, RegisterUnavailable
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.services.recent import Recently

UNKNOWN_THERE_FOR = 300.0
"""How long a guest whom the library system does not know is not asked for again."""

REGISTER_OUT_FOR = 1.0
"""How long after an outage of the register a library's own cards do not wait for it again."""

Strangers = Recently[tuple[str, CardNumber]]
Silences = Recently[LendingUnitId]


@dataclass(frozen=True, slots=True)
class Memory:
    """What all sessions of a door share.

    Who was local when the register last answered, who is unknown where, and for whose local ids the register has just
    been asked in vain.
    """

    local: LastKnown
    strangers: Strangers
    silences: Silences


class Seeing:
    """Looks at the cards of one session's requests."""

    def __init__(self, desk: Desk, memory: Memory) -> None:
        """Look in the name of ``desk``."""
        self._desk = desk
        self._memory = memory

    async def at(self, message: Message) -> Seen:
        """Return what is known of the card in a request; nothing for one about an item."""
        if message.number not in PATRON_MESSAGES:
            return Seen()
        card = await self._owner_of(message)
        return Seen() if card is None else await self.judged(card, pin_of(message), self._desk.register_deadline)

    async def is_strangers(self, message: Message) -> bool:
        """Tell whether a request shows a card, and nobody's whom the register knows."""
        return bool(sip2.first(message, "AA")) and await self._owner_of(message) is None

    async def _owner_of(self, message: Message) -> CardNumber | None:
        # Cheaper than looking through the fields, where the message has a place for it; item messages have none.
        shown: str | None = getattr(message, "patron_identifier", None)
        if shown is None:
            shown = sip2.first(message, "AA") or ""
        return national(shown) or await self._card_of(shown)

    async def judged(self, card: CardNumber, pin: str, deadline: float) -> Seen:
        """Return what the register says of a national card by ``deadline``, or was last known of it."""
        asker = self._desk.asker()
        question = Question(card=card, pin=Secret(pin) if pin else None, asker=asker, ils_knows_strangers=True)
        register = self._desk.register
        try:
            decision = register.at_once(question) or await register.answer(question, deadline)
        except RegisterUnavailable:
            return self._last_known(card)
        return self._noted(card, decision)

    async def anew(self, seen: Seen, card: CardNumber, pin: str) -> Seen:
        """Return what the register says once the library system was asked who this is.

        A PIN that was judged wrong is not tried again: the patron has typed it once.
        """
        deadline = self._desk.deadline
        if not (isinstance(seen.decision, Refused) and seen.decision.reason is Refusal.WRONG_PIN):
            return await self.judged(card, pin, deadline)
        now = await self.judged(card, "", deadline)
        blocked = isinstance(now.decision, Refused) and now.decision.reason is not Refusal.NO_PIN
        return now if blocked or now.decision is None else dataclasses.replace(now, decision=seen.decision)

    def is_unknown_there(self, card: CardNumber) -> None:
        """Note that the library system does not know this card."""
        unit = self._desk.asker().unit
        if unit is not None:
            self._memory.strangers.note((unit, card))

    async def _card_of(self, local_id: str) -> CardNumber | None:
        unit = self._desk.asker().unit
        if unit is None or not local_id or self._memory.silences.has(unit):
            return None
        try:
            return await self._desk.register.card_of(unit, local_id, self._desk.register_deadline)
        except RegisterUnavailable:
            # A library's own cards need no register, and the next of them must not wait for it either.
            self._memory.silences.note(unit)
            return None

    def _noted(self, card: CardNumber, decision: Decision) -> Seen:
        seen = Seen.by(card, decision, decision.standing, protected=decision.protected)
        unit = self._desk.asker().unit
        if unit is not None:
            self._memory.local.note(unit, card, seen)
            if seen.state in {None, StandingState.ENDED} and self._memory.strangers.has((unit, card)):
                return dataclasses.replace(seen, state=StandingState.GUEST)
        return seen

    def _last_known(self, card: CardNumber) -> Seen:
        unit = self._desk.asker().unit
        known = self._memory.local.find(unit, card) if unit is not None else None
        if known is None:
            return Seen(card=card, decision=Outage.REGISTER)
        return Seen(
            card=card,
            decision=Outage.REGISTER,
            state=StandingState.LOCAL,
            local_id=known.local_id,
            protected=known.protected,
        )
