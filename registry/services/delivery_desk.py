"""Deliveries that people end: sheets typed in by staff, library systems that fetch and acknowledge, cases for staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from registry.activating import ActivationHistory
from registry.domain.activating import Hindered, Hindrance
from registry.domain.card import Card, CardNumber
from registry.domain.delivery import Delivery, DeliveryId, DeliveryKind, DeliveryState, FeedEntry, Parcel
from registry.domain.events import Action, Event
from registry.domain.identification import card_refusal
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.local_id import EXPECTED, is_local_id
from registry.domain.patron import PatronId
from registry.domain.release import Audience
from registry.domain.standing import TRANSITIONS, NotAllowedError, Standing, StandingEvent, StandingState
from registry.register import NotDoneError
from registry.services.activation_history import history_of
from registry.services.deliveries import HOLDS_WHILE, parcel_of
from registry.services.people import CardHolding, holding
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import StandingMoves
from registry.services.witness import Witness

_CALLED = {DeliveryKind.UPDATE: "a change", DeliveryKind.END: "an end"}
_OPEN = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})


_TAKEN = "local_id_taken"


class HandDeliveries:
    """Implements :class:`registry.activating.DeliveryDesk` and :class:`registry.activating.FeedRegister`."""

    def __init__(self, moves: StandingMoves, work: OpenUnitOfWork, clock: Clock, witness: Witness) -> None:
        self._moves = moves
        self._work = work
        self._clock = clock
        self._witness = witness

    # Staff.

    async def deliveries(self, unit: LendingUnitId | None, actor: str) -> Sequence[tuple[Delivery, Card | None]]:
        """Return what is pending or stuck, each with the patron's newest card, which may be lost."""
        async with self._work() as work:
            found = [one for one in await work.deliveries.open(unit) if await _still_holds(work, one)]
            cards = await _cards_of(work, {one.patron for one in found})
        return [(one, cards.get(one.patron)) for one in found]

    async def history(self, delivery: DeliveryId, actor: str, reason: str | None = None) -> ActivationHistory:
        """Return what has become of a delivery, one that has ended too; the card is masked unless a reason is given."""
        audience = Audience.OPERATOR_WITH_REASON if reason else Audience.OPERATOR
        async with self._work() as work:
            found = await work.deliveries.find(delivery)
            if found is None:
                raise NotDoneError("no delivery has this number")
            history = await history_of(work, found, audience)
            facts = {"reason": reason} if reason else {}
            await self._audit(work, found, Action.DELIVERY_SHOWN, actor, {"shown": "history", **facts})
        return history

    async def sheet(self, delivery: DeliveryId, actor: str) -> Parcel:
        """Return what staff need to enter a patron by hand, and take the delivery: audited."""
        async with self._work() as work:
            found, standing = await self._find(work, delivery)
            if found.kind is DeliveryKind.ACTIVATE and standing is not None:
                standing = await self._take(work, found, standing, actor)
            parcel = await parcel_of(work, found, standing, self._clock)
            if parcel is None:
                raise NotDoneError("the patron has no card in use")
            await self._audit(work, found, Action.DELIVERY_SHOWN, actor)
        return parcel

    async def resolve(self, delivery: DeliveryId, local_id: str, actor: str) -> None:
        """Make the patron local under this id of the library system; changes and ends are done, and need none."""
        async with self._work() as work:
            found, standing = await self._find(work, delivery)
            if found.kind is DeliveryKind.ACTIVATE:
                _require_id(local_id)
                if standing is None or standing.state not in {*_OPEN, StandingState.NEEDS_STAFF}:
                    raise NotDoneError("the patron's standing is not one to resolve")
                await self._arrive(work, found, standing, local_id, actor)
            elif local_id:
                raise NotDoneError(f"{_CALLED[found.kind]} has no local id: resolve it without one")
            else:
                await work.deliveries.change(replace(found, state=DeliveryState.DONE, lease_until=None))
            await self._audit(work, found, Action.DELIVERY_ENDED, actor)

    async def retry(self, delivery: DeliveryId, actor: str) -> None:
        """Have a stuck delivery tried again, from a look-up on."""
        async with self._work() as work:
            found, standing = await self._find(work, delivery)
            if found.state is not DeliveryState.STUCK:
                raise NotDoneError("the delivery is not stuck")
            now = await work.deliveries.now()
            again = replace(
                found, state=DeliveryState.PENDING, due=now, since=now, tries=0, lease_until=None, reason=""
            )
            await work.deliveries.change(again)
            if found.kind is DeliveryKind.ACTIVATE:
                await self._move(work, again, standing, StandingEvent.RETRIED, actor)

    async def drop(self, delivery: DeliveryId, actor: str) -> None:
        """Give a stuck delivery up: the patron is a guest again."""
        async with self._work() as work:
            found, standing = await self._find(work, delivery)
            if found.state is not DeliveryState.STUCK:
                raise NotDoneError("the delivery is not stuck")
            await work.deliveries.change(replace(found, state=DeliveryState.DONE, lease_until=None))
            if found.kind is DeliveryKind.ACTIVATE:
                await self._move(work, found, standing, StandingEvent.DROPPED, actor)
            await self._audit(work, found, Action.DELIVERY_ENDED, actor)

    # Library systems that fetch.

    async def changes(self, unit: LendingUnitId, after: int, limit: int) -> Sequence[FeedEntry]:
        """Return the entries behind the cursor ``after``, in order."""
        async with self._work() as work:
            return await work.feed.after(unit, after, limit)

    async def take(self, unit: LendingUnitId, card: CardNumber, actor: str) -> Parcel | Hindered:
        """Return the record of a patron who has accepted the rules or is local, marking an activation as taken."""
        async with self._work() as work:
            found = await self._asked_for(work, unit, card)
            if isinstance(found, Hindered):
                return found
            held, delivery = found
            standing = held.standing
            if standing is not None and delivery is not None and delivery.state is DeliveryState.PENDING:
                standing = await self._take(work, delivery, standing, actor)
            wanted = delivery or _record_of(held, unit)
            parcel = await parcel_of(work, wanted, standing, self._clock)
            await self._audit(work, wanted, Action.DELIVERY_SHOWN, actor)
        return parcel or Hindered(Hindrance.CARD_BLOCKED)

    async def acknowledge(self, unit: LendingUnitId, card: CardNumber, local_id: str, actor: str) -> Hindered | None:
        """Record that the library system has the patron under ``local_id``; the same twice is the same once."""
        _require_id(local_id)
        try:
            async with self._work() as work:
                found = await self._asked_for(work, unit, card)
                if isinstance(found, Hindered):
                    return found
                held, delivery = found
                standing = held.standing
                if standing is not None and standing.is_local:
                    return None if standing.local_id == local_id else Hindered(Hindrance.ALREADY_LOCAL)
                if standing is None or delivery is None:
                    return Hindered(Hindrance.NEEDS_STAFF)
                await self._arrive(work, delivery, standing, local_id, actor)
        except NotDoneError:
            # What was begun is undone by now; that staff must look is kept, or else nobody would.
            await self._leave_to_staff(unit, card, actor)
            return Hindered(Hindrance.NEEDS_STAFF)
        return None

    async def _leave_to_staff(self, unit: LendingUnitId, card: CardNumber, actor: str) -> None:
        async with self._work() as work:
            found = await self._asked_for(work, unit, card)
            held, delivery = (None, None) if isinstance(found, Hindered) else found
            if held is None or held.standing is None or delivery is None:
                return
            standing = await self._take(work, delivery, held.standing, actor)
            if StandingEvent.REJECTED not in TRANSITIONS[standing.state]:
                return
            facts = {"reason": _TAKEN}
            await self._moves.move(
                work, delivery.patron, unit, standing, StandingEvent.REJECTED, actor=actor, facts=facts
            )
            now = await work.deliveries.find(delivery.id)
            if now is not None:
                stuck = replace(now, state=DeliveryState.STUCK, fence=now.fence + 1, lease_until=None, reason=_TAKEN)
                await work.deliveries.change(stuck)

    # What both have in common.

    async def _asked_for(
        self, work: UnitOfWork, unit: LendingUnitId, card: CardNumber
    ) -> tuple[CardHolding, Delivery | None] | Hindered:
        held = await holding(work, card, unit)
        state = held.standing.state if held and held.standing else None
        if held is None or state is None or state not in {*_OPEN, StandingState.LOCAL}:
            # A guest is nobody's yet, and is told apart from nobody at all to no library (A23).
            return Hindered(Hindrance.NOT_OFFERED if state is not StandingState.NEEDS_STAFF else Hindrance.NEEDS_STAFF)
        if card_refusal(held.card) is not None:
            return Hindered(Hindrance.CARD_BLOCKED)
        return held, await work.deliveries.of(held.patron.id, unit, DeliveryKind.ACTIVATE)

    async def _take(self, work: UnitOfWork, delivery: Delivery, standing: Standing, actor: str) -> Standing:
        if standing.state is not StandingState.CONSENTED:
            return standing
        await work.deliveries.change(replace(delivery, fence=delivery.fence + 1, tries=delivery.tries + 1))
        return await self._moves.move(
            work, delivery.patron, delivery.unit, standing, StandingEvent.CLAIMED, actor=actor, place=delivery.place
        )

    async def _arrive(
        self, work: UnitOfWork, delivery: Delivery, standing: Standing, local_id: str, actor: str
    ) -> None:
        if standing.state is StandingState.CONSENTED:
            standing = await self._take(work, delivery, standing, actor)
        staff = standing.state is StandingState.NEEDS_STAFF
        try:
            await self._moves.move(
                work,
                delivery.patron,
                delivery.unit,
                standing,
                StandingEvent.RESOLVED if staff else StandingEvent.SETTLED,
                actor=actor,
                place=delivery.place,
                local_id=local_id,
            )
        except AlreadyThereError as taken:
            raise NotDoneError("another patron has this local id here") from taken
        # Read anew: its fence has grown, so that a courier who has it is told that it is settled.
        now = await work.deliveries.find(delivery.id)
        if now is not None:
            await work.deliveries.change(
                replace(now, state=DeliveryState.DONE, fence=now.fence + 1, lease_until=None, reason="")
            )
        self._witness.activated((self._clock.now() - delivery.since).total_seconds())

    async def _move(
        self, work: UnitOfWork, delivery: Delivery, standing: Standing | None, event: StandingEvent, actor: str
    ) -> None:
        try:
            await self._moves.move(
                work, delivery.patron, delivery.unit, standing, event, actor=actor, place=delivery.place
            )
        except NotAllowedError as refused:
            raise NotDoneError("the patron's standing has changed since") from refused

    @staticmethod
    async def _find(work: UnitOfWork, delivery: DeliveryId) -> tuple[Delivery, Standing | None]:
        whose = await work.deliveries.whose(delivery)
        standing = None if whose is None else await StandingMoves.held(work, *whose)
        found = await work.deliveries.find(delivery)
        if found is None or found.state is DeliveryState.DONE:
            raise NotDoneError("no open delivery has this number")
        if not _is_wanted(found, standing):
            raise NotDoneError("the standing that had ended is another by now: nothing is to be closed")
        return found, standing

    async def _audit(
        self,
        work: UnitOfWork,
        delivery: Delivery,
        action: Action,
        actor: str,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        facts = {"unit": delivery.unit, "kind": delivery.kind.value, **more}
        await work.audit.append(
            Event(action=action, actor=actor, at=self._clock.now(), patron=delivery.patron, facts=facts)
        )


def _record_of(held: CardHolding, unit: LendingUnitId) -> Delivery:
    """Return what stands for the outbox's row where there is none: a local patron who was never activated here."""
    since = held.card.issued_at
    return Delivery(
        id=DeliveryId(0),
        patron=held.patron.id,
        unit=unit,
        kind=DeliveryKind.UPDATE,
        place=InstitutionId(unit),
        state=DeliveryState.DONE,
        due=since,
        since=since,
    )


async def _cards_of(work: UnitOfWork, patrons: Collection[PatronId]) -> Mapping[PatronId, Card]:
    """Return each patron's card in use, or the newest where there is none: by it staff can tell who it is."""
    in_use = set((await work.cards.in_use_by(patrons)).values())
    cards = {card.patron: card for card in (await work.cards.with_numbers(in_use)).values()}
    for patron in set(patrons) - set(cards):
        cards |= {card.patron: card for card in (await work.cards.of(patron))[:1]}
    return cards


def _is_wanted(delivery: Delivery, standing: Standing | None) -> bool:
    """Tell whether an end is one still; staff must not close the record of who was recognised or accepted since."""
    if delivery.kind is not DeliveryKind.END:
        return True
    return standing is not None and standing.state in HOLDS_WHILE[DeliveryKind.END]


async def _still_holds(work: UnitOfWork, delivery: Delivery) -> bool:
    if delivery.kind is not DeliveryKind.END:
        return True
    standings = await work.standings.of(delivery.patron)
    return _is_wanted(delivery, next((one for one in standings if one.unit == delivery.unit), None))


def _require_id(local_id: str) -> None:
    if not is_local_id(local_id):
        raise NotDoneError(f"local id: expected {EXPECTED}")
