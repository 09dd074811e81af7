"""Who is local already: what a library system says of a patron becomes a standing, or a case for staff."""

from __future__ import annotations

from registry.domain.card import CardNumber
from registry.domain.events import Action, Event
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Patron
from registry.domain.recognition import Recognition, Sighting, recognise
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, UnitOfWork
from registry.services.standing_moves import StandingMoves

# States that a sighting at the library system, or its list, may end; the others are the courier's, or staff's.
OPEN = frozenset({StandingState.GUEST, StandingState.AWAITING_DESK, StandingState.ENDED})

_BECOMES = {Recognition.KNOWN: StandingState.LOCAL, Recognition.DOUBTFUL: StandingState.NEEDS_STAFF}


class Recognising:
    """Turns sightings into standings, each audited."""

    def __init__(self, work: OpenUnitOfWork, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    async def sighted(self, unit: LendingUnitId, card: CardNumber, sighting: Sighting, actor: str) -> Recognition:
        """Judge what the library system of ``unit`` says of the card's holder, and record it.

        Known there, and name and birth date agree where it gives them: a local patron, discovered. In doubt: for
        staff. Not known: nothing is recorded, because where a guest has merely been is nobody's business.
        """
        async with self._work() as work:
            found = await work.cards.find(card)
            person = await work.patrons.find(found.patron) if found else None
            if person is None:
                return Recognition.UNKNOWN
            patron = person[0]
            recognition = recognise(
                sighting,
                family_name=patron.family_name,
                given_name=patron.given_name,
                birth_date=patron.birth_date,
            )
            if recognition in _BECOMES:
                local_id = sighting.local_id or card
                recognition = await self._record(work, patron, unit, recognition, local_id, actor)
        return recognition

    async def forgotten(self, unit: LendingUnitId, card: CardNumber, actor: str) -> None:
        """Record that the library system no longer knows a patron who was held local: to be recognised anew."""
        async with self._work() as work:
            found = await work.cards.find(card)
            if found is None:
                return
            standing = await StandingMoves.held(work, found.patron, unit)
            if standing is not None and standing.is_local:
                await self._change(work, standing, StandingState.ENDED, standing.local_id, actor)

    async def _record(
        self,
        work: UnitOfWork,
        patron: Patron,
        unit: LendingUnitId,
        recognition: Recognition,
        local_id: str,
        actor: str,
    ) -> Recognition:
        before = await StandingMoves.held(work, patron.id, unit)
        if before is not None and before.state not in OPEN:
            return recognition
        try:
            await self._store(work, patron, unit, before, _BECOMES[recognition], local_id, actor)
        except AlreadyThereError:
            # Somebody else is local under this id: two persons, or one with two entries. Staff must look.
            recognition = Recognition.DOUBTFUL
            await self._store(work, patron, unit, before, StandingState.NEEDS_STAFF, None, actor)
        return recognition

    async def _store(
        self,
        work: UnitOfWork,
        patron: Patron,
        unit: LendingUnitId,
        before: Standing | None,
        state: StandingState,
        local_id: str | None,
        actor: str,
    ) -> None:
        local_id = local_id if state is StandingState.LOCAL else None
        if before is not None:
            await self._change(work, before, state, local_id, actor)
            return
        now = self._clock.now()
        standing = Standing(
            patron=patron.id, unit=unit, state=state, since=now, origin=Origin.DISCOVERED, local_id=local_id
        )
        await work.standings.add(standing)
        await self._audit(work, standing, "none", actor)

    async def _change(
        self, work: UnitOfWork, before: Standing, state: StandingState, local_id: str | None, actor: str
    ) -> None:
        after = Standing(
            patron=before.patron,
            unit=before.unit,
            state=state,
            since=self._clock.now(),
            origin=Origin.DISCOVERED if state is StandingState.LOCAL else before.origin,
            local_id=local_id,
        )
        await work.standings.change(after)
        await self._audit(work, after, before.state.value, actor)

    async def _audit(self, work: UnitOfWork, standing: Standing, before: str, actor: str) -> None:
        facts = {"before": before, "after": standing.state.value, "unit": standing.unit}
        await work.audit.append(
            Event(
                action=Action.STANDING_CHANGED,
                actor=actor,
                at=self._clock.now(),
                patron=standing.patron,
                facts=facts,
            )
        )
        work.changed(standing.patron)
