"""Keeping acceptances of loan rules: what exactly was accepted, when, where and how (A18)."""

from __future__ import annotations

from datetime import datetime

from registry.domain.activating import Offer
from registry.domain.consent import Channel, Consent
from registry.domain.events import Action, Event
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import PatronId
from registry.services.ports import UnitOfWork


async def keep_consent(
    work: UnitOfWork,
    patron: PatronId,
    unit: LendingUnitId,
    offer: Offer,
    *,
    channel: Channel,
    at: datetime,
    actor: str,
    place: InstitutionId,
    evidence: str,
) -> None:
    """Keep that a patron has accepted ``offer``, with the text that they were shown, and audit it.

    A kiosk's screen has room for the short one alone; the whole text stays published under its version.
    """
    await work.consents.add(
        Consent(
            patron=patron,
            unit=unit,
            rules_version=offer.version,
            language=offer.language,
            channel=channel,
            at=at,
            text=offer.short if channel is Channel.KIOSK else offer.full,
            evidence=evidence,
        )
    )
    await work.audit.append(
        Event(
            action=Action.RULES_ACCEPTED,
            actor=actor,
            at=at,
            patron=patron,
            institution=place,
            facts={"unit": unit, "version": offer.version, "channel": channel.value, "language": offer.language},
        )
    )
