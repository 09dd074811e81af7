"""Taking patrons in, as a library's own system asks for it: known guests with their consent, and new people.

A guest is taken in on one of two authorities and on no other: their PIN, given in the library system's pages or at
its desk, or that they wait at this very desk.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

from registry.credentials.identity import IdentityVault
from registry.domain.asker import Asker
from registry.domain.card import Card, CardKind
from registry.domain.changing import with_contacts
from registry.domain.consent import Channel, Consent
from registry.domain.decisions import Question, Refused
from registry.domain.events import Action, Event
from registry.domain.identification import card_refusal
from registry.domain.identity_number import NumberPolicy, is_accepted
from registry.domain.initiating import Done, Objected, Objection, Order, Outcome, Part, Person
from registry.domain.institution import Acceptance, LendingUnit
from registry.domain.patron import Credentials, Patron, PatronId
from registry.domain.standing import Origin, Standing, StandingState
from registry.register import DoorRegister
from registry.services.card_numbers import free_number
from registry.services.libraries import PublishedLibraries
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, Performed, UnitOfWork
from registry.services.standing_moves import StandingMoves

REPLAYED_FOR = timedelta(days=30)
"""How long an equal request is answered as the first one was."""

_COURIERS = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})


class Admissions:
    """Makes patrons local ones at the lending unit of whoever asks."""

    def __init__(
        self,
        door: DoorRegister,
        libraries: PublishedLibraries,
        work: OpenUnitOfWork,
        clock: Clock,
        vault: IdentityVault,
        numbers: NumberPolicy,
    ) -> None:
        self._door = door
        self._libraries = libraries
        self._work = work
        self._clock = clock
        self._vault = vault
        self._numbers = numbers

    async def create(self, asker: Asker, order: Order, deadline: float) -> Outcome:
        """Return the card of the patron who is local now, or why nobody is; raises ``RegisterUnavailable``."""
        unit = self._libraries.unit(asker.unit)
        if unit is None or order.accepted is None:
            return Objected(Objection.RULES_NOT_ACCEPTED)
        if order.pin is not None and order.card is not None:
            decision = await self._door.answer(Question(card=order.card, pin=order.pin, asker=asker), deadline)
            if isinstance(decision, Refused):
                return decision
        try:
            return await self._in_one_transaction(asker, unit, order)
        except AlreadyThereError:
            # Somebody else took the number, or the local id, between our look and our write: nothing of ours is kept.
            return Objected(Objection.CARD_TAKEN)

    async def _in_one_transaction(self, asker: Asker, unit: LendingUnit, order: Order) -> Outcome:
        key, fingerprint = self._marks(asker, order)
        async with self._work() as work:
            await work.performed.hold(f"{unit.id} {order.card or fingerprint.hex()}")
            before = await work.performed.find(key)
            if before and before.fingerprint == fingerprint and await self._still_holds(work, unit, before):
                return Done(before.card)
            outcome = await self._create(work, asker, unit, order)
            if isinstance(outcome, Done):
                card = await work.cards.find(outcome.card)
                if card is not None:
                    await work.performed.put(
                        Performed(
                            key=key,
                            fingerprint=fingerprint,
                            patron=card.patron,
                            card=outcome.card,
                            at=self._clock.now(),
                        )
                    )
            return outcome

    async def _still_holds(self, work: UnitOfWork, unit: LendingUnit, before: Performed) -> bool:
        """Tell whether an equal request may be answered as the former was: not when the standing has ended since."""
        standings = await work.standings.of(before.patron)
        local = any(standing.unit == unit.id and standing.is_local for standing in standings)
        return local and self._clock.now() - before.at < REPLAYED_FOR

    async def _create(self, work: UnitOfWork, asker: Asker, unit: LendingUnit, order: Order) -> Outcome:
        if order.accepted is None or unit.rules is None or order.accepted.version != unit.rules.version:
            return Objected(Objection.RULES_OUTDATED)
        card = None if order.card is None else await work.cards.find(order.card)
        if card is not None:
            return await self._activate(work, asker, unit, order, card)
        if order.person is None or order.pin is not None:
            return Objected(Objection.NO_AUTHORITY)
        return await self._register(work, asker, unit, order, order.person)

    # A patron who is known nationally.

    async def _activate(self, work: UnitOfWork, asker: Asker, unit: LendingUnit, order: Order, card: Card) -> Outcome:
        found = await work.patrons.find(card.patron)
        before = await StandingMoves.held(work, card.patron, unit.id)
        state = before.state if before else StandingState.GUEST
        objection = self._objection(unit, order, state)
        if objection is not None or found is None:
            return Objected(objection or Objection.NO_AUTHORITY)
        blocked = card_refusal(card)
        if blocked is not None:
            return Refused(blocked, pin_proved=True)
        waits = state is StandingState.AWAITING_DESK
        if not waits and unit.acceptance is Acceptance.DIGITAL and self._is_too_young(found[0], unit):
            return Objected(Objection.TOO_YOUNG)
        at_desk = waits or unit.acceptance is Acceptance.IN_PERSON
        await self._consent(work, asker, unit, order, found[0], Channel.DESK if at_desk else Channel.ILS)
        standing = Standing(
            patron=card.patron,
            unit=unit.id,
            state=StandingState.LOCAL,
            since=self._clock.now(),
            origin=Origin.ACTIVATED,
            local_id=card.number,
        )
        await (work.standings.add if before is None else work.standings.change)(standing)
        authority = "waits at the desk" if order.pin is None else "pin"
        facts = {"before": before.state if before else "none", "after": standing.state, "authority": authority}
        await self._audit(work, asker, Action.STANDING_CHANGED, card.patron, facts | {"unit": unit.id})
        return Done(card.number)

    @staticmethod
    def _objection(unit: LendingUnit, order: Order, state: StandingState) -> Objection | None:
        if state is StandingState.LOCAL:
            return Objection.ALREADY_LOCAL
        if order.pin is None and state is not StandingState.AWAITING_DESK:
            return Objection.NO_AUTHORITY if order.person is None else Objection.CARD_TAKEN
        if state in _COURIERS:
            return Objection.BEING_SET_UP
        return Objection.NEEDS_STAFF if state is StandingState.NEEDS_STAFF else None

    def _is_too_young(self, patron: Patron, unit: LendingUnit) -> bool:
        return patron.age_on(self._clock.today()) < unit.minimum_age

    # Somebody new, at a desk.

    async def _register(
        self, work: UnitOfWork, asker: Asker, unit: LendingUnit, order: Order, person: Person
    ) -> Outcome:
        objected = await self._objected_to(work, order, person)
        if objected is not None:
            await self._audit(work, asker, Action.REGISTRATION_REFUSED, None, {"reason": objected.why.value})
            return objected
        patron = with_contacts(self._new_patron(asker, person), person.contacts)
        if isinstance(patron, Objected):
            return patron
        number = order.card or await free_number(work, self._vault)
        told = person.identity_number
        identity = None if told is None else self._vault.seal(told, patron.id)
        await work.patrons.add(patron, Credentials(), identity)
        kind = CardKind.PRINTED if order.card else CardKind.DIGITAL
        now = self._clock.now()
        await work.cards.add(Card(number=number, patron=patron.id, kind=kind, issued_at=now))
        await work.standings.add(
            Standing(
                patron=patron.id,
                unit=unit.id,
                state=StandingState.LOCAL,
                since=now,
                origin=Origin.REGISTERED,
                local_id=number,
            )
        )
        await self._consent(work, asker, unit, order, patron, Channel.DESK)
        await self._audit(work, asker, Action.PATRON_REGISTERED, patron.id, {"unit": unit.id})
        return Done(number)

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

    def _new_patron(self, asker: Asker, person: Person) -> Patron:
        return Patron(
            id=PatronId(secrets.randbits(62) or 1),
            family_name=person.family_name,
            given_name=person.given_name,
            birth_date=person.birth_date,
            home_library=asker.institution,
            created_at=self._clock.now(),
        )

    # What both have in common.

    async def _consent(
        self, work: UnitOfWork, asker: Asker, unit: LendingUnit, order: Order, patron: Patron, channel: Channel
    ) -> None:
        if order.accepted is None or unit.rules is None:
            return
        now = self._clock.now()
        texts = unit.rules.texts
        text = texts.get(patron.language) or texts.get("nb") or next(iter(texts.values()))
        await work.consents.add(
            Consent(
                patron=patron.id,
                unit=unit.id,
                rules_version=order.accepted.version,
                language=patron.language,
                channel=channel,
                at=min(order.accepted.at or now, now),
                text=text.full,
                evidence=f"CreateUser of {asker.terminal} for {asker.institution}, received {now.isoformat()}",
            )
        )
        facts = {"unit": unit.id, "version": order.accepted.version, "channel": channel.value}
        await self._audit(work, asker, Action.RULES_ACCEPTED, patron.id, facts)
        work.changed(patron.id)

    async def _audit(
        self, work: UnitOfWork, asker: Asker, action: Action, patron: PatronId | None, facts: dict[str, str]
    ) -> None:
        await work.audit.append(
            Event(
                action=action,
                actor=asker.terminal,
                at=self._clock.now(),
                patron=patron,
                institution=asker.institution,
                facts=facts,
            )
        )

    def _marks(self, asker: Asker, order: Order) -> tuple[bytes, bytes]:
        """Return by what an equal request is found again, and how it is known to be equal.

        Without a card the whole content stands for one: the same person told in the same words.
        """
        fingerprint = self._vault.fingerprint(b"create", _told(order))
        card = order.card.encode() if order.card else fingerprint
        return self._vault.fingerprint(
            b"CreateUser", asker.terminal.encode(), asker.institution.encode(), card
        ), fingerprint


def _told(order: Order) -> bytes:
    """Return everything that an order tells, but for the PIN, which is checked each time."""
    accepted, person = order.accepted, order.person
    told: list[object] = [order.card, order.pin is not None]
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
