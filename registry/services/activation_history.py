"""One delivery with all that led to it and came of it, read for whoever has to explain it."""

from __future__ import annotations

from registry.activating import ActivationHistory
from registry.domain.card import CardState
from registry.domain.delivery import Delivery
from registry.domain.events import Recorded
from registry.domain.institution import InstitutionId
from registry.domain.release import Audience, release
from registry.services.ports import UnitOfWork


async def history_of(work: UnitOfWork, delivery: Delivery, audience: Audience) -> ActivationHistory:
    """Return what is known of a delivery, with the card as ``audience`` may see it."""
    standings = await work.standings.of(delivery.patron)
    return ActivationHistory(
        delivery=delivery,
        card=await _card(work, delivery, audience),
        standing=next((one for one in standings if one.unit == delivery.unit), None),
        consents=[one for one in await work.consents.of(delivery.patron) if one.unit == delivery.unit],
        events=[event for event in await work.audit.of(delivery.patron) if _is_there(event, delivery)],
    )


async def _card(work: UnitOfWork, delivery: Delivery, audience: Audience) -> str:
    found = await work.patrons.find(delivery.patron)
    cards = await work.cards.of(delivery.patron)
    card = next((one for one in cards if one.state is CardState.ISSUED), None)
    return "" if found is None or card is None else release(found[0], card, audience).card_number or ""


def _is_there(event: Recorded, delivery: Delivery) -> bool:
    """Whether an event is about the delivery's unit: it says so, or it happened there."""
    unit = event.facts.get("unit")
    return unit == delivery.unit if unit else event.institution in {InstitutionId(delivery.unit), delivery.place}
