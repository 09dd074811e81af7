"""The outbox: claimed in leases, settled by fence, ended in the sight of all.

Every call to a library system stands between two commits, the claim and the settlement; whoever dies between them
leaves a lease that runs out, and whoever takes it up then knows that something may have been done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from registry.activating import StaleClaimError
from registry.domain.card import Card, CardNumber, CardState
from registry.domain.consent import Consent
from registry.domain.delivery import (
    EVENTS,
    Claim,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Parcel,
    Result,
    Settled,
)
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Patron
from registry.domain.release import Audience, release
from registry.domain.standing import TRANSITIONS, Standing, StandingEvent, StandingState
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, Ready, UnitOfWork
from registry.services.standing_moves import StandingMoves
from registry.services.witness import Witness

_COURIER = "courier"
GIVEN_UP_AFTER = timedelta(hours=72)
"""How long an activation waits for its library system before staff must look."""

_ENDS = {Result.REJECTED, Result.OUT_OF_TRIES}
_OPEN = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})
# Where a patron is local no more, nobody is told what changes of them; an end that was taken back, by a new yes
# or by an operator, must not close them after all.
HOLDS_WHILE = {
    DeliveryKind.ACTIVATE: _OPEN,
    DeliveryKind.UPDATE: frozenset({StandingState.LOCAL}),
    # A guest again, whose new yes was withdrawn before anybody was told of the end of the former one.
    DeliveryKind.END: frozenset({StandingState.ENDED, StandingState.GUEST}),
}
"""In which states of the standing there is still something to bring."""
_UNDECIDED = frozenset(
    {
        *(StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN),
        *(StandingState.AWAITING_DESK, StandingState.NEEDS_STAFF),
    }
)
"""In which nobody knows yet whether an end that was not told is one still: only whoever is local again has none."""
_ASKED_AGAIN = timedelta(minutes=5)
# Of what a standing in this state cannot take, it takes nothing: it stays as it is, and is tried again.
_STAYS = {
    StandingState.UNKNOWN: frozenset({Result.NOT_SENT, Result.ANSWER_LOST}),
    StandingState.DELIVERING: frozenset[Result](),
}


class Deliveries:
    """Implements :class:`registry.activating.CourierRegister`."""

    def __init__(self, moves: StandingMoves, work: OpenUnitOfWork, clock: Clock, witness: Witness) -> None:
        self._moves = moves
        self._work = work
        self._clock = clock
        self._witness = witness

    async def claim(self, units: Collection[LendingUnitId], limit: int, lease: timedelta) -> Sequence[Claim]:
        """Take up to ``limit`` due deliveries of these units, the longest due first, each for the time of a lease."""
        async with self._work() as work:
            now = await work.deliveries.now()
            claims = []
            for ready in await work.deliveries.ready(units, now, limit):
                claim = await self._claimed(work, ready, now, lease)
                if claim is not None:
                    claims.append(claim)
        return claims

    async def settle(self, claim: Claim, settled: Settled) -> None:
        """Record what came of a claim, and what becomes of the standing; raises ``StaleClaimError``."""
        try:
            await self._settle(claim, settled)
        except AlreadyThereError:
            # Another patron has this local id here: two persons, or one with two entries. Staff must look.
            await self._settle(claim, Settled(result=Result.REJECTED, reason="local_id_taken"))

    async def next_due(self, units: Collection[LendingUnitId]) -> datetime | None:
        """Return when the next delivery of these units is due, or ``None`` where there is none."""
        async with self._work() as work:
            return await work.deliveries.next_due(units)

    async def backlog(self, units: Collection[LendingUnitId] | None = None) -> tuple[int, datetime | None]:
        """Return how many deliveries are pending, and since when the oldest of them is: of these units, or of all."""
        async with self._work() as work:
            return await work.deliveries.backlog(units)

    async def give_up(self) -> int:
        """Leave to staff every activation that nobody has come to fetch for 72 hours; return how many."""
        async with self._work() as work:
            late = await work.deliveries.overdue(await work.deliveries.now() - GIVEN_UP_AFTER)
            for delivery in late:
                await self._give_up(work, delivery)
        return len(late)

    # Claiming.

    async def _claimed(self, work: UnitOfWork, ready: Ready, now: datetime, lease: timedelta) -> Claim | None:
        delivery = ready.delivery
        died = delivery.lease_until is not None
        free, standing = await StandingMoves.held_if_free(work, delivery.patron, delivery.unit)
        if not free:
            return None
        if standing is None or standing.state not in HOLDS_WHILE[delivery.kind]:
            await work.deliveries.change(_left(delivery, standing, now))
            return None
        if delivery.kind is DeliveryKind.ACTIVATE:
            standing = await self._taken(work, standing, delivery)
        taken = replace(
            delivery,
            fence=delivery.fence + 1,
            tries=delivery.tries + 1,
            lease_until=now + lease,
            sent=delivery.sent or died,
        )
        await work.deliveries.change(taken)
        parcel = await parcel_of(work, taken, standing, self._clock)
        if parcel is None:
            return None
        return Claim(
            parcel=parcel,
            fence=taken.fence,
            wanted=taken.wanted,
            tries=delivery.tries,
            since=taken.since,
            lease_until=now + lease,
            sent=taken.sent,
        )

    async def _taken(self, work: UnitOfWork, standing: Standing, delivery: Delivery) -> Standing:
        """Return the standing of an activation that is claimed now, whatever became of who claimed it before."""
        event = {
            StandingState.CONSENTED: StandingEvent.CLAIMED,
            StandingState.DELIVERING: StandingEvent.ANSWER_LOST,
        }.get(standing.state)
        if event is None:
            return standing
        return await self._moves.move(work, delivery.patron, delivery.unit, standing, event, actor=_COURIER)

    # Settling.

    async def _settle(self, claim: Claim, settled: Settled) -> None:
        async with self._work() as work:
            whose = await work.deliveries.whose(claim.parcel.delivery)
            standing = None if whose is None else await StandingMoves.held(work, *whose)
            delivery = await work.deliveries.find(claim.parcel.delivery)
            if delivery is None or delivery.fence != claim.fence or delivery.state is not DeliveryState.PENDING:
                raise StaleClaimError(claim.parcel.delivery)
            after = after_try(delivery, settled, claim.wanted, await work.deliveries.now())
            if delivery.kind is DeliveryKind.ACTIVATE:
                local_id = settled.local_id or claim.parcel.card
                await self._conclude(work, delivery, standing, settled.result, settled.reason, local_id)
            await work.deliveries.change(after)
        if delivery.kind is DeliveryKind.ACTIVATE and settled.result is Result.BROUGHT:
            self._witness.activated((self._clock.now() - delivery.since).total_seconds())

    async def _conclude(
        self,
        work: UnitOfWork,
        delivery: Delivery,
        standing: Standing | None,
        result: Result,
        reason: str,
        local_id: str,
    ) -> None:
        if standing is None or result in _STAYS.get(standing.state, frozenset()):
            return
        event = EVENTS[result]
        if standing.state is StandingState.DELIVERING and result is Result.ABSENT:
            event = StandingEvent.NOT_SENT
        if event not in TRANSITIONS[standing.state]:
            # Recognised, withdrawn or ended on another way meanwhile: that stands, and the next claim finds it so.
            return
        await self._moves.move(
            work,
            delivery.patron,
            delivery.unit,
            standing,
            event,
            actor=_COURIER,
            place=delivery.place,
            local_id=local_id if event is StandingEvent.SETTLED else None,
            facts={"reason": reason} if reason else None,
        )

    async def _give_up(self, work: UnitOfWork, delivery: Delivery) -> None:
        free, standing = await StandingMoves.held_if_free(work, delivery.patron, delivery.unit)
        if not free:
            return
        if standing is not None and standing.state is StandingState.CONSENTED:
            standing = await self._moves.move(
                work, delivery.patron, delivery.unit, standing, StandingEvent.CLAIMED, actor=_COURIER
            )
        if standing is not None and standing.state in _OPEN:
            await self._conclude(work, delivery, standing, Result.OUT_OF_TRIES, "nobody_came", "")
        await work.deliveries.change(
            replace(delivery, state=DeliveryState.STUCK, lease_until=None, reason="nobody_came")
        )


def _left(delivery: Delivery, standing: Standing | None, now: datetime) -> Delivery:
    """Return a delivery of which nothing is to be brought as the standing is: over, or asked about again later."""
    if delivery.kind is DeliveryKind.END and standing is not None and standing.state in _UNDECIDED:
        return replace(delivery, due=now + _ASKED_AGAIN, lease_until=None)
    # Found or ended on another way meanwhile.
    return replace(delivery, state=DeliveryState.DONE, lease_until=None)


def after_try(delivery: Delivery, settled: Settled, wanted: int, now: datetime) -> Delivery:
    """Return a delivery after a try: done, stuck, or due again."""
    lost = settled.result is Result.ANSWER_LOST
    common = replace(delivery, lease_until=None, reason=settled.reason, sent=delivery.sent or lost)
    if settled.result is Result.BROUGHT:
        if delivery.wanted > wanted:
            # It was wanted once more while this was under way, perhaps for something newer.
            return replace(common, due=now, since=now, tries=0)
        return replace(common, state=DeliveryState.DONE, reason="")
    if settled.result in _ENDS:
        return replace(common, state=DeliveryState.STUCK)
    return replace(common, due=now + settled.retry_after)


async def parcel_of(work: UnitOfWork, delivery: Delivery, standing: Standing | None, clock: Clock) -> Parcel | None:
    """Return what a carrier brings, by the release table; ``None`` where the patron has no card in use.

    An end is told of who has none, too, by the card that they had last.
    """
    found = await work.patrons.find(delivery.patron)
    cards = await work.cards.of(delivery.patron)
    card = next((one for one in cards if one.state is CardState.ISSUED), None)
    if card is None and delivery.kind is DeliveryKind.END:
        card = next(iter(cards), None)
    if found is None or card is None:
        return None
    accepted = _accepted(await work.consents.of(delivery.patron), delivery.unit)
    return _parcel(delivery, standing, found[0], card, cards, accepted, clock)


def _parcel(
    delivery: Delivery,
    standing: Standing | None,
    patron: Patron,
    card: Card,
    cards: Sequence[Card],
    accepted: Consent | None,
    clock: Clock,
) -> Parcel:
    former: tuple[CardNumber, ...] = tuple(one.number for one in cards if one.state is CardState.REPLACED)
    return Parcel(
        delivery=delivery.id,
        kind=delivery.kind,
        unit=delivery.unit,
        place=delivery.place,
        card=card.number,
        view=release(patron, card, Audience.DELIVERY),
        age=patron.age_on(clock.today()),
        former_cards=former,
        local_id=standing.local_id if standing else None,
        rules_version=accepted.rules_version if accepted else None,
        accepted=accepted.at if accepted else None,
    )


def _accepted(consents: Sequence[Consent], unit: LendingUnitId) -> Consent | None:
    return next((one for one in consents if one.unit == unit), None)
