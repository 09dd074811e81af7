"""Whom a request speaks of: every number in it must mean one and the same patron."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.ncip.cards import card_in
from gateway.ncip.desk import Desk
from protocols.ncip import Claim
from registry.domain.card import CardNumber
from registry.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Subject:
    """The one card that all numbers of a request mean; ``None`` where they mean nobody whom we know by them.

    ``agrees`` is false where they mean different people. ``pin`` is absent where none was sent, and may be empty.
    """

    card: CardNumber | None = field(repr=False)
    pin: Secret | None
    agrees: bool = True


def subject_at_once(claim: Claim) -> Subject | None:
    """Return whom a claim is about where its numbers say so by themselves, else ``None``: ask :func:`subject_of`."""
    cards = {card_in(number) for number in claim.numbers}
    if len(cards) > 1 or cards == {None}:
        return None
    return Subject(next(iter(cards), None), _pin(claim))


async def subject_of(desk: Desk, claim: Claim) -> Subject:
    """Return whom a claim is about, a library's own numbers included; raises ``RegisterUnavailable``."""
    cards = [await _card(desk, number) for number in claim.numbers]
    return Subject(cards[0] if cards else None, _pin(claim), agrees=len(set(cards)) <= 1)


async def _card(desk: Desk, number: str) -> CardNumber | None:
    card, unit = card_in(number), desk.asker.unit
    if card is not None or unit is None:
        return card
    return await desk.register.card_of(unit, number, desk.deadline)


def _pin(claim: Claim) -> Secret | None:
    return None if claim.proof is None else Secret(claim.proof.word)
