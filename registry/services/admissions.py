"""Taking patrons in, as a library's own system asks for it: known guests with their consent, and new people.

Each wish is one transaction, and an equal one is answered as the first was for a month.
"""

from __future__ import annotations

import json
from datetime import timedelta

from registry.credentials.identity import IdentityVault
from registry.domain.asker import Asker
from registry.domain.decisions import Question, Refused
from registry.domain.initiating import Done, Objected, Objection, Order, Outcome
from registry.domain.institution import LendingUnit
from registry.register import DoorRegister
from registry.services.admission_wishes import Wish
from registry.services.desk_registration import DeskRegistration
from registry.services.libraries import PublishedLibraries
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, Performed, UnitOfWork
from registry.services.taking_in import TakingIn

REPLAYED_FOR = timedelta(days=30)
"""How long an equal request is answered as the first one was."""


class Admissions:
    """Makes patrons local ones at the lending unit of whoever asks."""

    def __init__(
        self,
        door: DoorRegister,
        libraries: PublishedLibraries,
        work: OpenUnitOfWork,
        clock: Clock,
        vault: IdentityVault,
        *,
        guests: TakingIn,
        desk: DeskRegistration,
    ) -> None:
        self._door = door
        self._libraries = libraries
        self._work = work
        self._clock = clock
        self._vault = vault
        self._guests = guests
        self._desk = desk

    async def create(self, asker: Asker, order: Order, deadline: float, by_right: int = 0) -> Outcome:
        """Return the card of the patron who is local now, or why nobody is; raises ``RegisterUnavailable``.

        ``by_right`` is how many guests the asker may take in on its own right within 24 hours.
        """
        unit = self._libraries.unit(asker.unit)
        if unit is None or order.accepted is None:
            return Objected(Objection.RULES_NOT_ACCEPTED)
        if order.pin is not None and order.card is not None:
            decision = await self._door.answer(Question(card=order.card, pin=order.pin, asker=asker), deadline)
            if isinstance(decision, Refused):
                return decision
        try:
            return await self._in_one_transaction(Wish(asker, unit, order, by_right))
        except AlreadyThereError:
            # Somebody else took the number, or the local id, between our look and our write: nothing of ours is kept.
            return Objected(Objection.CARD_TAKEN)

    async def _in_one_transaction(self, wish: Wish) -> Outcome:
        key, fingerprint = self._marks(wish)
        async with self._work() as work:
            await work.performed.hold(f"{wish.unit.id} {wish.order.card or fingerprint.hex()}")
            before = await work.performed.find(key)
            if before and before.fingerprint == fingerprint and await self._still_holds(work, wish.unit, before):
                return Done(before.card)
            outcome = await self._create(work, wish)
            if isinstance(outcome, Done):
                await self._note(work, outcome, key, fingerprint)
            return outcome

    async def _note(self, work: UnitOfWork, done: Done, key: bytes, fingerprint: bytes) -> None:
        card = await work.cards.find(done.card)
        if card is not None:
            noted = Performed(
                key=key, fingerprint=fingerprint, patron=card.patron, card=done.card, at=self._clock.now()
            )
            await work.performed.put(noted)

    async def _still_holds(self, work: UnitOfWork, unit: LendingUnit, before: Performed) -> bool:
        """Tell whether an equal request may be answered as the former was: not when the standing has ended since."""
        standings = await work.standings.of(before.patron)
        local = any(standing.unit == unit.id and standing.is_local for standing in standings)
        return local and self._clock.now() - before.at < REPLAYED_FOR

    async def _create(self, work: UnitOfWork, wish: Wish) -> Outcome:
        order, rules = wish.order, wish.unit.rules
        if order.accepted is None or rules is None or order.accepted.version != rules.version:
            return Objected(Objection.RULES_OUTDATED)
        card = None if order.card is None else await work.cards.find(order.card)
        if card is not None:
            return await self._guests.take_in(work, wish, card)
        if order.person is None or order.pin is not None:
            return Objected(Objection.NO_AUTHORITY)
        return await self._desk.register(work, wish, order.person)

    def _marks(self, wish: Wish) -> tuple[bytes, bytes]:
        """Return by what an equal request is found again, and how it is known to be equal.

        Without a card the whole content stands for one: the same person told in the same words.
        """
        asker, order = wish.asker, wish.order
        fingerprint = self._vault.fingerprint(b"create", _told(order))
        card = order.card.encode() if order.card else fingerprint
        return self._vault.fingerprint(
            b"CreateUser", asker.terminal.encode(), asker.institution.encode(), card
        ), fingerprint


def _told(order: Order) -> bytes:
    """Return everything that an order tells, but for the PIN, which is checked each time."""
    accepted, person = order.accepted, order.person
    born = order.birth_date.isoformat() if order.birth_date else None
    told: list[object] = [order.card, order.pin is not None, born]
    if accepted is not None:
        told += [accepted.version, accepted.at.isoformat() if accepted.at else None]
    if person is not None:
        contacts, address = person.contacts, person.contacts.address
        told += [
            [person.family_name, person.given_name, person.birth_date.isoformat()],
            [(one.number, one.takes_texts) for one in contacts.telephones],
            contacts.emails,
            contacts.language,
            [address.lines, address.postal_code, address.place, address.country] if address else None,
        ]
    return json.dumps(told).encode()
