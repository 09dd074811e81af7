"""Putting a patron into any standing, whatever would lead there: no use case of the register does that."""

from __future__ import annotations

from registry.domain.card import CardNumber
from registry.domain.events import Action, Event
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.standing_moves import StandingMoves
from registry.storage.database import Database


async def put(
    database: Database, card: CardNumber, unit: LendingUnitId, state: StandingState, local_id: str | None = None
) -> None:
    """Have the patron stand so; the local id is the former one, or the card, where none is given."""
    async with database.unit_of_work() as work:
        found = await work.cards.find(card)
        assert found is not None
        before = await StandingMoves.held(work, found.patron, unit)
        standing = Standing(
            patron=found.patron,
            unit=unit,
            state=state,
            since=await work.deliveries.now(),
            origin=before.origin if before else Origin.IMPORTED,
            local_id=local_id or (before.local_id if before else None) or card,
        )
        await (work.standings.add if before is None else work.standings.change)(standing)
        facts = {"before": before.state if before else "none", "after": state, "unit": unit}
        await work.audit.append(
            Event(action=Action.STANDING_CHANGED, actor="test", at=standing.since, patron=found.patron, facts=facts)
        )
        work.changed(found.patron)
