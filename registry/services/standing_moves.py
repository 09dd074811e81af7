"""Moving standings by the table, and what goes with every move: audit row, feed, outbox, notice, signal.

All of it in the caller's transaction, so that it is durable whole before anybody is answered or told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from registry.domain.card import national
from registry.domain.delivery import ChangeKind, DeliveryKind, DeliveryState
from registry.domain.events import Action, Event
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.notice import TOLD
from registry.domain.patron import PatronId
from registry.domain.standing import Origin, Standing, StandingEvent, StandingState, step
from registry.services.notices import NOBODY_IS_TOLD, Notifier
from registry.services.ports import AlreadyThereError, Clock, UnitOfWork
from registry.services.witness import Witness

_KEEPS_LOCAL_ID = frozenset({StandingState.LOCAL, StandingState.ENDED})
_ORIGINS = {
    StandingEvent.SETTLED: Origin.ACTIVATED,
    StandingEvent.RESOLVED: Origin.ACTIVATED,
    StandingEvent.KNOWN_THERE: Origin.DISCOVERED,
    StandingEvent.REGISTERED: Origin.REGISTERED,
}
# Told when the rules are accepted and not when the patron is local: a library system that fetches is to hear whom it
# may fetch, and one that was called, or has acknowledged, knows already. Ends are told in
# :mod:`registry.services.endings`: who ends one itself is not told of it (D8).
_FED = {
    StandingEvent.RULES_ACCEPTED: ChangeKind.ACTIVATED,
    StandingEvent.APPROVED: ChangeKind.ACTIVATED,
    StandingEvent.RETRIED: ChangeKind.ACTIVATED,
}
# The way back to a yes that was counted when it was given: of one yes, one is to be seen.
_BACK = frozenset({StandingEvent.NOT_SENT, StandingEvent.ABSENT, StandingEvent.RETRIED})
# What makes an activation due; where nobody calls the library system, somebody will come and fetch it.
_TO_BRING = frozenset({StandingEvent.RULES_ACCEPTED, StandingEvent.APPROVED, StandingEvent.RETRIED})
# What takes an activation back, and the yes that it came of.
_CALLS_OFF = frozenset({StandingEvent.WITHDRAWN, StandingEvent.DROPPED, StandingEvent.ENDED})


class StandingMoves:
    """Moves one standing at a time."""

    def __init__(self, clock: Clock, witness: Witness, notifier: Notifier = NOBODY_IS_TOLD) -> None:
        self._clock = clock
        self._notifier = notifier
        self._witness = witness

    @staticmethod
    async def held(work: UnitOfWork, patron: PatronId, unit: LendingUnitId) -> Standing | None:
        """Return how the patron stands at ``unit``, and hold it: no other unit of work moves it meanwhile."""
        await work.standings.hold(patron, unit)
        return await _at(work, patron, unit)

    @staticmethod
    async def held_if_free(work: UnitOfWork, patron: PatronId, unit: LendingUnitId) -> tuple[bool, Standing | None]:
        """Return whether nobody else holds it, and then what :meth:`held` does.

        Standings are held before deliveries are locked; who has a delivery locked first must not wait for a standing.
        """
        if not await work.standings.try_to_hold(patron, unit):
            return False, None
        return True, await _at(work, patron, unit)

    async def move(
        self,
        work: UnitOfWork,
        patron: PatronId,
        unit: LendingUnitId,
        before: Standing | None,
        event: StandingEvent,
        *,
        actor: str,
        place: InstitutionId | None = None,
        local_id: str | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Standing:
        """Return the standing after ``event``; ``before`` is what :meth:`held` returned.

        ``place`` is where the patron is, for what is to be brought; the unit itself where nobody knows. Raises
        ``NotAllowedError`` for what is not in the table and ``AlreadyThereError`` for a local id of somebody else.
        """
        if local_id is not None and await _is_card_of_another(work, local_id, patron):
            raise AlreadyThereError("local_id")
        state = step(before.state if before else None, event)
        known = local_id or (before.local_id if before else None)
        after = Standing(
            patron=patron,
            unit=unit,
            state=state,
            since=self._clock.now(),
            origin=_ORIGINS.get(event) or (before.origin if before else Origin.ACTIVATED),
            local_id=known if state in _KEEPS_LOCAL_ID else None,
        )
        await (work.standings.add if before is None else work.standings.change)(after)
        told = {"before": before.state.value if before else "none", "after": state.value, "unit": unit}
        await work.audit.append(
            Event(
                action=Action.STANDING_CHANGED,
                actor=actor,
                at=after.since,
                patron=patron,
                institution=place,
                facts={**told, "event": event.name.lower(), **(facts or {})},
            )
        )
        await self._tell(work, after, event, place or InstitutionId(unit))
        work.changed(patron)
        if event not in _BACK:
            self._witness.standing_moved(state)
        return after

    async def _tell(self, work: UnitOfWork, after: Standing, event: StandingEvent, place: InstitutionId) -> None:
        if event in _TO_BRING:
            await work.deliveries.want(after.patron, after.unit, DeliveryKind.ACTIVATE, place)
        elif event in _CALLS_OFF:
            delivery = await work.deliveries.of(after.patron, after.unit, DeliveryKind.ACTIVATE)
            if delivery is not None:
                await work.deliveries.change(replace(delivery, state=DeliveryState.DONE, lease_until=None))
            # The yes is used up: one that a kiosk repeats now is to what was offered before, and no new consent.
            card = (await work.cards.in_use_by([after.patron])).get(after.patron)
            if card is not None:
                await work.encounters.withdraw_offers(after.unit, card)
        if event in TOLD:
            await self._notifier.want(work, after.patron, after.unit, TOLD[event])
        if event in _FED:
            card = (await work.cards.in_use_by([after.patron])).get(after.patron)
            if card is not None:
                await work.feed.append(after.unit, card, _FED[event], after.since)


async def _is_card_of_another(work: UnitOfWork, local_id: str, patron: PatronId) -> bool:
    """Tell whether a local id is the number of a national card that is not this patron's.

    At a kiosk that card would be its own patron's, and at the library system this one's.
    """
    named = national(local_id)
    card = None if named is None else await work.cards.find(named)
    return named is not None and (card is None or card.patron != patron)


async def _at(work: UnitOfWork, patron: PatronId, unit: LendingUnitId) -> Standing | None:
    return next((one for one in await work.standings.of(patron) if one.unit == unit), None)


async def tell_change(
    work: UnitOfWork,
    patron: PatronId,
    kind: ChangeKind,
    carriers: Mapping[LendingUnitId, bool],
    clock: Clock,
    *,
    but_for: LendingUnitId | None = None,
) -> None:
    """Tell every lending unit where the patron is local that something has changed, but for the one that did it (D8).

    ``carriers`` tells which units' library systems are called; all others read the feed.
    """
    card = (await work.cards.in_use_by([patron])).get(patron)
    if card is None:
        return
    for standing in await work.standings.of(patron):
        if not standing.is_local or standing.unit == but_for:
            continue
        await work.feed.append(standing.unit, card, kind, clock.now())
        if carriers.get(standing.unit):
            await work.deliveries.want(patron, standing.unit, DeliveryKind.UPDATE, InstitutionId(standing.unit))
