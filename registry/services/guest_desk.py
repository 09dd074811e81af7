"""The queue of a lending unit's desk: who asked, approved or denied; and who did not come (14 days)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from registry.domain.activating import WaitingGuest, hindrance, offer_of
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.events import Action, Event
from registry.domain.identification import card_refusal
from registry.domain.institution import InstitutionId, LendingUnit, LendingUnitId
from registry.domain.notice import NoticeKind
from registry.domain.release import Audience, release
from registry.domain.standing import DESK_WAITS_DAYS, NotAllowedError, StandingEvent, StandingState
from registry.register import NotDoneError
from registry.services.consents import keep_consent
from registry.services.libraries import PublishedLibraries
from registry.services.notices import NOBODY_IS_TOLD, Notifier
from registry.services.people import CardHolding, holding
from registry.services.ports import Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import StandingMoves


class GuestQueue:
    """Implements :class:`registry.activating.GuestDesk`."""

    def __init__(
        self,
        libraries: PublishedLibraries,
        moves: StandingMoves,
        work: OpenUnitOfWork,
        clock: Clock,
        notifier: Notifier = NOBODY_IS_TOLD,
    ) -> None:
        self._libraries = libraries
        self._moves = moves
        self._notifier = notifier
        self._work = work
        self._clock = clock

    async def guests(self, unit: LendingUnitId, actor: str) -> Sequence[WaitingGuest]:
        """Return who waits for this desk, the longest first; audited."""
        self._unit(unit)
        async with self._work() as work:
            waiting = await work.standings.in_state(StandingState.AWAITING_DESK, unit=unit)
            cards = await work.cards.in_use_by([one.patron for one in waiting])
            guests = []
            for standing in waiting:
                number = cards.get(standing.patron)
                held = None if number is None else await holding(work, number, unit)
                if held is None:
                    continue
                view = release(held.patron, held.card, Audience.INITIATOR_GUEST)
                guests.append(
                    WaitingGuest(
                        card=held.card.number, name=view.name, birth_date=view.birth_date, since=standing.since
                    )
                )
            facts = {"unit": unit, "guests": str(len(guests))}
            await work.audit.append(Event(action=Action.GUESTS_LISTED, actor=actor, at=self._clock.now(), facts=facts))
        return guests

    async def approve(self, unit: LendingUnitId, card: CardNumber, place: InstitutionId, actor: str) -> None:
        """Record that the patron has accepted the rules at the desk, and have them brought to the library system.

        A guest who stands at the desk without having asked for it before is approved all the same (B8).
        """
        told = self._unit(unit)
        async with self._work() as work:
            held = await self._held(work, unit, card)
            state = held.standing.state if held.standing else None
            hindered = hindrance(told, held.patron, state, Channel.DESK, self._clock.today())
            offered = offer_of(told, held.patron.language)
            if hindered is not None or offered is None:
                raise NotDoneError(hindered.value if hindered else "the library has published no loan rules")
            await keep_consent(
                work,
                held.patron.id,
                unit,
                offered,
                channel=Channel.DESK,
                at=self._clock.now(),
                actor=actor,
                place=place,
                evidence="approved by staff, who have seen the patron accept",
            )
            waits = state is StandingState.AWAITING_DESK
            event = StandingEvent.APPROVED if waits else StandingEvent.RULES_ACCEPTED
            await self._moves.move(work, held.patron.id, unit, held.standing, event, actor=actor, place=place)
            if not waits:
                # Nobody but staff has said that the patron was there.
                await self._notifier.want(work, held.patron.id, unit, NoticeKind.TAKEN_IN)

    async def deny(self, unit: LendingUnitId, card: CardNumber, actor: str) -> None:
        """Take a patron out of the queue."""
        self._unit(unit)
        async with self._work() as work:
            held = await self._held(work, unit, card)
            try:
                await self._moves.move(work, held.patron.id, unit, held.standing, StandingEvent.DENIED, actor=actor)
            except NotAllowedError as refused:
                raise NotDoneError("the patron does not wait for this desk") from refused

    async def let_lapse(self) -> int:
        """Take everybody out of every queue who has waited 14 days; return how many."""
        long_ago = self._clock.now() - timedelta(days=DESK_WAITS_DAYS)
        async with self._work() as work:
            late = await work.standings.in_state(StandingState.AWAITING_DESK, before=long_ago)
            for standing in late:
                before = await StandingMoves.held(work, standing.patron, standing.unit)
                if before is not None and before.state is StandingState.AWAITING_DESK:
                    await self._moves.move(
                        work, before.patron, before.unit, before, StandingEvent.LAPSED, actor="nobody came"
                    )
        return len(late)

    def _unit(self, unit: LendingUnitId) -> LendingUnit:
        told = self._libraries.unit(unit)
        if told is None:
            raise NotDoneError(f"{unit} is no lending unit in force")
        if told.agreement is None or not told.agreement.is_valid_on(self._clock.today()):
            raise NotDoneError(f"{unit} has no valid agreement")
        return told

    @staticmethod
    async def _held(work: UnitOfWork, unit: LendingUnitId, card: CardNumber) -> CardHolding:
        held = await holding(work, card, unit)
        if held is None:
            raise NotDoneError("no card has this number")
        blocked = card_refusal(held.card)
        if blocked is not None:
            raise NotDoneError(f"the card cannot be used: {blocked.value.removeprefix('card_')}")
        return held
