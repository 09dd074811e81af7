"""One wish of an initiator that somebody be a local patron, and what is written down when it is met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.asker import Asker
from registry.domain.consent import Channel, Consent
from registry.domain.events import Action, Event
from registry.domain.initiating import Order
from registry.domain.institution import LendingUnit
from registry.domain.patron import Patron, PatronId
from registry.services.ports import Clock, UnitOfWork


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks for what, at which unit; ``by_right`` is how many guests a day the asker may take in of its own."""

    asker: Asker
    unit: LendingUnit
    order: Order
    by_right: int = 0


async def write_consent(work: UnitOfWork, wish: Wish, patron: Patron, channel: Channel, clock: Clock) -> None:
    """Keep that a patron has accepted the rules in force, as the initiator tells it."""
    asker, unit, accepted = wish.asker, wish.unit, wish.order.accepted
    if accepted is None or unit.rules is None:
        return
    now, texts = clock.now(), unit.rules.texts
    text = texts.get(patron.language) or texts.get("nb") or next(iter(texts.values()))
    await work.consents.add(
        Consent(
            patron=patron.id,
            unit=unit.id,
            rules_version=accepted.version,
            language=patron.language,
            channel=channel,
            at=min(accepted.at or now, now),
            text=text.full,
            evidence=f"CreateUser of {asker.terminal} for {asker.institution}, received {now.isoformat()}",
        )
    )
    facts = {"unit": unit.id, "version": accepted.version, "channel": channel.value}
    await write_event(work, asker, Action.RULES_ACCEPTED, patron.id, facts, clock)
    work.changed(patron.id)


async def write_event(
    work: UnitOfWork, asker: Asker, action: Action, patron: PatronId | None, facts: Mapping[str, str], clock: Clock
) -> None:
    """Write down what an initiator has done."""
    await work.audit.append(
        Event(
            action=action,
            actor=asker.terminal,
            at=clock.now(),
            patron=patron,
            institution=asker.institution,
            facts=facts,
        )
    )
