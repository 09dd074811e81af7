"""Consent at a kiosk: rules offered to a patron whose PIN was proved there, and their yes.

What was offered is kept in the register by lending unit, terminal and card, for kiosks reconnect, pool connections and
leave the PIN out of a checkout.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from registry.credentials.identity import IdentityVault
from registry.domain.activating import Accepted, Hindered, Hindrance, Offer, hindrance, offer_of
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.consent import Channel, Encounter
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import card_refusal
from registry.domain.institution import LendingUnit, LendingUnitId
from registry.domain.patron import Language, PatronId
from registry.domain.standing import Standing, StandingEvent, StandingState
from registry.domain.token import Token, TokenPurpose
from registry.services.commissioning import Commissions
from registry.services.consents import keep_consent
from registry.services.deadlines import until
from registry.services.libraries import PublishedLibraries
from registry.services.people import CardHolding, holding
from registry.services.ports import ChangeSignal, Clock, Lookups, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import StandingMoves
from registry.services.tokens import CODE_GOOD_FOR, new_code
from registry.services.witness import Witness

_UNDER_WAY = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})
# A change is told of by the signal; where the signal does not come, look this often all the same.
_LOOK_AGAIN = 0.2
# So far may the steady clocks of two processes be apart; each begins with the wall clock's time.
_CLOCKS_APART = timedelta(minutes=1)


class Consenting:
    """Implements :class:`registry.activating.ConsentDoor`."""

    def __init__(
        self,
        libraries: PublishedLibraries,
        moves: StandingMoves,
        work: OpenUnitOfWork,
        lookups: Lookups,
        signal: ChangeSignal,
        clock: Clock,
        vault: IdentityVault,
        commissions: Commissions,
        witness: Witness,
        *,
        encounter: timedelta = timedelta(minutes=5),
    ) -> None:
        self._libraries = libraries
        self._moves = moves
        self._work = work
        self._lookups = lookups
        self._clock = clock
        self._vault = vault
        self._commissions = commissions
        self._witness = witness
        self._encounter = encounter
        self._waiting: dict[PatronId, set[asyncio.Event]] = {}
        signal.listen(self._wake)

    def takes_consent(self, terminal: str) -> bool:
        """Tell whether this terminal is commissioned for consent by fee acknowledgement, and not switched off since."""
        return self._commissions.is_on(terminal)

    async def offer(self, asker: Asker, card: CardNumber, language: Language, deadline: float) -> Offer | Hindered:
        """Note that the loan rules in force are shown to this patron at this terminal now, and return them."""
        unit = self._unit(asker)
        if isinstance(unit, Hindered):
            return unit
        async with until(self._clock, deadline), self._work() as work:
            met = await work.encounters.find(unit.id, asker.terminal, card, self._clock.steady())
            hindered = Hindrance.PIN_NOT_PROVED if met is None else await self._hindrance(work, unit, card)
            offered = offer_of(unit, language)
            if hindered is not None or met is None or offered is None:
                return Hindered(hindered or Hindrance.NO_RULES)
            if asker.kiosks == 1:
                await work.encounters.turn_down(unit.id, asker.terminal, card)
            await work.encounters.record(self._offered(met, offered))
        self._witness.offered(Channel.KIOSK)
        return offered

    async def accept(self, asker: Asker, card: CardNumber, evidence: str, deadline: float) -> Accepted | Hindered:
        """Keep the patron's yes to what was offered, durably, before this returns."""
        unit = self._unit(asker)
        if isinstance(unit, Hindered):
            return unit
        async with until(self._clock, deadline), self._work() as work:
            held = await holding(work, card, unit.id)
            if held is None:
                return Hindered(Hindrance.NOT_OFFERED)
            met = await work.encounters.last(unit.id, asker.terminal, card)
            offered = self._what_was_offered(unit, met)
            if isinstance(offered, Hindered):
                return offered
            hindered = self._why_not(unit, held)
            if hindered is not None:
                return Hindered(hindered)
            await self._accept(work, asker, unit.id, held, offered, evidence)
        return Accepted(StandingState.CONSENTED)

    async def turn_down(self, asker: Asker, other_than: CardNumber, deadline: float) -> None:
        """Forget what was offered at this terminal to any other card: somebody else stands there now."""
        if asker.unit is None:
            return
        async with until(self._clock, deadline), self._work() as work:
            await work.encounters.turn_down(asker.unit, asker.terminal, other_than)

    async def misused(self, asker: Asker, deadline: float) -> None:
        """Switch the terminal's channel off: it said yes for a patron to whom nothing was shown; audited."""
        if asker.unit is None:
            return
        async with until(self._clock, deadline):
            await self._commissions.switch_off(
                asker.terminal.partition("@")[0], asker.unit, asker.terminal, "a yes without an offer"
            )

    async def link_code(self, asker: Asker, card: CardNumber, deadline: float) -> str | None:
        """Return a new one-time code that opens the page of the asker's library for this card.

        ``None`` where the patron could accept nothing there, or their PIN was not proved here.
        """
        unit = self._unit(asker)
        if isinstance(unit, Hindered):
            return None
        async with until(self._clock, deadline), self._work() as work:
            met = await work.encounters.find(unit.id, asker.terminal, card, self._clock.steady())
            if met is None or await self._hindrance(work, unit, card) is not None:
                return None
            code, mark = new_code(self._vault)
            await work.tokens.put(
                Token(
                    mark=mark,
                    purpose=TokenPurpose.CODE,
                    card=card,
                    institution=asker.institution,
                    until=self._clock.steady() + CODE_GOOD_FOR,
                )
            )
        return code

    async def settled(self, asker: Asker, card: CardNumber, deadline: float) -> Standing | None:
        """Return how the patron stands here once the delivery has ended, or at ``deadline`` as it then is."""
        if asker.unit is None:
            return None
        standing, patron = await self._standing(card, asker.unit, deadline)
        if patron is None or standing is None or standing.state not in _UNDER_WAY:
            return standing
        told = asyncio.Event()
        self._waiting.setdefault(patron, set()).add(told)
        try:
            while standing is not None and standing.state in _UNDER_WAY:
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return standing
                await _wait(told, min(left, _LOOK_AGAIN))
                told.clear()
                try:
                    standing, _ = await self._standing(card, asker.unit, deadline)
                except RegisterUnavailable:
                    return standing
            return standing
        finally:
            waiting = self._waiting[patron]
            waiting.discard(told)
            if not waiting:
                del self._waiting[patron]

    # What the methods above have in common.

    def _unit(self, asker: Asker) -> LendingUnit | Hindered:
        if self._libraries.admits(asker) is not None:
            return Hindered(Hindrance.NO_AGREEMENT)
        return self._libraries.unit(asker.unit) or Hindered(Hindrance.NO_RULES)

    async def _hindrance(self, work: UnitOfWork, unit: LendingUnit, card: CardNumber) -> Hindrance | None:
        held = await holding(work, card, unit.id)
        return Hindrance.PIN_NOT_PROVED if held is None else self._why_not(unit, held)

    def _why_not(self, unit: LendingUnit, held: CardHolding) -> Hindrance | None:
        if card_refusal(held.card) is not None:
            return Hindrance.CARD_BLOCKED
        state = held.standing.state if held.standing else None
        return hindrance(unit, held.patron, state, Channel.KIOSK, self._clock.today())

    def _offered(self, met: Encounter, offer: Offer) -> Encounter:
        until = self._clock.steady() + self._encounter
        return Encounter(
            unit=met.unit,
            terminal=met.terminal,
            card=met.card,
            pin_proved_at=met.pin_proved_at,
            until=until,
            rules_offered=offer.version,
            offered_language=offer.language,
            offered_until=until,
        )

    def _what_was_offered(self, unit: LendingUnit, met: Encounter | None) -> Offer | Hindered:
        if met is None or met.rules_offered is None or met.offered_language is None or met.offered_until is None:
            return Hindered(Hindrance.NOT_OFFERED)
        left = met.offered_until - self._clock.steady()
        # More than was ever given: the clock was set back, and then this process began.
        if not timedelta() < left <= self._encounter + _CLOCKS_APART:
            return Hindered(Hindrance.OFFER_EXPIRED)
        offered = offer_of(unit, met.offered_language)
        if offered is None or offered.version != met.rules_offered:
            return Hindered(Hindrance.RULES_CHANGED)
        return offered

    async def _accept(
        self, work: UnitOfWork, asker: Asker, unit: LendingUnitId, held: CardHolding, offer: Offer, evidence: str
    ) -> None:
        patron, now = held.patron.id, self._clock.now()
        await keep_consent(
            work,
            patron,
            unit,
            offer,
            channel=Channel.KIOSK,
            at=now,
            actor=asker.terminal,
            place=asker.institution,
            evidence=evidence,
        )
        await self._moves.move(
            work,
            patron,
            unit,
            held.standing,
            StandingEvent.RULES_ACCEPTED,
            actor=asker.terminal,
            place=asker.institution,
        )

    async def _standing(
        self, card: CardNumber, unit: LendingUnitId, deadline: float
    ) -> tuple[Standing | None, PatronId | None]:
        async with until(self._clock, deadline):
            holder = await self._lookups.find(card)
        return (None, None) if holder is None else (holder.standing_at(unit), holder.patron.id)

    def _wake(self, patron: PatronId | None) -> None:
        for told in self._told_of(patron):
            told.set()

    def _told_of(self, patron: PatronId | None) -> list[asyncio.Event]:
        if patron is None:
            return [told for waiting in self._waiting.values() for told in waiting]
        return list(self._waiting.get(patron, ()))


async def _wait(told: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await told.wait()
    except TimeoutError:
        return
