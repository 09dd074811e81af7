"""Registering somebody new who stands at a library's desk, as its own system asks for it."""

from __future__ import annotations

import secrets

from registry.credentials.identity import IdentityVault
from registry.domain.card import Card, CardKind, CardNumber
from registry.domain.changing import with_contacts
from registry.domain.consent import Channel
from registry.domain.events import Action
from registry.domain.identity_number import NumberPolicy, is_accepted
from registry.domain.initiating import Done, Objected, Objection, Order, Outcome, Part, Person
from registry.domain.patron import Credentials, Patron, PatronId
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.admission_wishes import Wish, write_consent, write_event
from registry.services.card_numbers import free_number
from registry.services.ports import Clock, UnitOfWork


class DeskRegistration:
    """Makes entries of new patrons, within the caller's transaction: local at once, their identity unproved."""

    def __init__(self, clock: Clock, vault: IdentityVault, numbers: NumberPolicy) -> None:
        self._clock = clock
        self._vault = vault
        self._numbers = numbers

    async def register(self, work: UnitOfWork, wish: Wish, person: Person) -> Outcome:
        """Return the card of a new patron; or why there is none, and nothing has changed but the audit trail."""
        objected = await self._objected_to(work, wish.order, person)
        if objected is not None:
            told = {"reason": objected.why.value}
            await write_event(work, wish.asker, Action.REGISTRATION_REFUSED, None, told, self._clock)
            return objected
        patron = with_contacts(self._new_patron(wish, person), person.contacts)
        if isinstance(patron, Objected):
            return patron
        number = wish.order.card or await free_number(work, self._vault)
        await self._write(work, wish, person, patron, number)
        return Done(number)

    async def _write(self, work: UnitOfWork, wish: Wish, person: Person, patron: Patron, number: CardNumber) -> None:
        told, now = person.identity_number, self._clock.now()
        identity = None if told is None else self._vault.seal(told, patron.id)
        await work.patrons.add(patron, Credentials(), identity)
        kind = CardKind.PRINTED if wish.order.card else CardKind.DIGITAL
        await work.cards.add(Card(number=number, patron=patron.id, kind=kind, issued_at=now))
        await work.standings.add(
            Standing(
                patron=patron.id,
                unit=wish.unit.id,
                state=StandingState.LOCAL,
                since=now,
                origin=Origin.REGISTERED,
                local_id=number,
            )
        )
        await write_consent(work, wish, patron, Channel.DESK, self._clock)
        facts = {"unit": wish.unit.id}
        await write_event(work, wish.asker, Action.PATRON_REGISTERED, patron.id, facts, self._clock)

    async def _objected_to(self, work: UnitOfWork, order: Order, person: Person) -> Objected | None:
        today = self._clock.today()
        if not today.replace(year=today.year - 130, day=1) <= person.birth_date <= today:
            return Objected(Objection.BIRTH_DATE_UNFIT, Part.BIRTH_DATE)
        if order.card is not None and await work.cards.is_buried(self._vault.tombstone(order.card)[0]):
            return Objected(Objection.CARD_TAKEN)
        number = person.identity_number
        if number is not None and not is_accepted(number, self._numbers):
            return Objected(Objection.NOT_ALLOWED)
        if number is not None and await work.patrons.with_identity(self._vault.index(number)) is not None:
            return Objected(Objection.PERSON_KNOWN)
        # Whose identity nobody has proved is told apart by name and birth date alone, so staff must look first.
        if await work.patrons.candidates(person.family_name, person.given_name, person.birth_date):
            return Objected(Objection.PERSON_KNOWN)
        return None

    def _new_patron(self, wish: Wish, person: Person) -> Patron:
        return Patron(
            id=PatronId(secrets.randbits(62) or 1),
            family_name=person.family_name,
            given_name=person.given_name,
            birth_date=person.birth_date,
            home_library=wish.asker.institution,
            created_at=self._clock.now(),
        )
