"""Changing the entries of local patrons, and ending standings, as a library's own system asks for it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from registry.credentials.identity import IdentityVault
from registry.credentials.pool import PoolFullError
from registry.domain.asker import Asker
from registry.domain.card import Card, CardNumber
from registry.domain.changing import changed
from registry.domain.decisions import Question, Refusal, Refused, RegisterUnavailable
from registry.domain.delivery import ChangeKind
from registry.domain.events import Action, Event
from registry.domain.identification import card_refusal
from registry.domain.initiating import NO_FIELDS, Change, Done, Fields, Objected, Objection, Outcome, Part
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Credentials, Patron, PatronId, StoredSecret
from registry.domain.secret import Secret
from registry.domain.standing import ENDS_BY, Standing, StandingState
from registry.domain.weak_pin import PinOwner, PinRules, is_weak
from registry.register import DoorRegister
from registry.services.admissions import REPLAYED_FOR
from registry.services.endings import Endings
from registry.services.libraries import PublishedLibraries
from registry.services.pin_checks import Hashing
from registry.services.ports import Clock, OpenUnitOfWork, Performed, UnitOfWork
from registry.services.standing_moves import tell_change
from registry.services.witness import Witness

# A guest of whom there is a row has been more than that here once, and is not any more.
_OVER = frozenset({StandingState.ENDED, StandingState.GUEST})

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom a request is about, and how they stand where it was asked."""

    card: Card
    patron: Patron
    credentials: Credentials
    standing: Standing
    local_at: frozenset[LendingUnitId]


class EntryChanges:
    """Changes what a library may change of its own patrons."""

    def __init__(
        self,
        door: DoorRegister,
        libraries: PublishedLibraries,
        work: OpenUnitOfWork,
        clock: Clock,
        hashing: Hashing,
        vault: IdentityVault,
        pins: PinRules,
        witness: Witness,
        endings: Endings,
    ) -> None:
        self._door = door
        self._libraries = libraries
        self._work = work
        self._clock = clock
        self._hashing = hashing
        self._vault = vault
        self._pins = pins
        self._witness = witness
        self._endings = endings

    async def change(self, asker: Asker, change: Change, deadline: float) -> Outcome:
        """Return ``Done`` where all of it was changed, else why nothing was; raises ``RegisterUnavailable``."""
        key, fingerprint = self._marks(asker, change)
        subject = await self._subject(asker, change.card)
        if not isinstance(subject, _Subject):
            return subject
        if await self._was_performed(key, fingerprint) and await self._still_holds(subject, change):
            return Done(change.card)
        refused = await self._proved(asker, change, deadline)
        if refused is not None:
            return refused
        stored = await self._new_pin(subject.patron, change)
        if isinstance(stored, Objected):
            return stored
        async with self._work() as work:
            await work.performed.hold(f"{asker.unit} {change.card}")
            return await self._change(work, asker, change, stored, Performed(
                key=key, fingerprint=fingerprint, patron=subject.patron.id, card=change.card, at=self._clock.now()
            ))  # fmt: skip

    async def end(self, asker: Asker, card: CardNumber, pin: Secret | None, deadline: float) -> Outcome:
        """End the standing at the asker's unit, if it has not ended already; raises ``RegisterUnavailable``."""
        if pin is not None:
            decision = await self._door.answer(Question(card=card, pin=pin, asker=asker), deadline)
            if isinstance(decision, Refused) and not decision.pin_proved:
                return decision
        async with self._work() as work:
            await work.performed.hold(f"{asker.unit} {card}")
            subject = await self._read(work, asker, card, held=True)
            if subject is None:
                return Objected(Objection.NOT_LOCAL)
            before = subject.standing.state
            if before in _OVER:
                return Done(card)
            if before not in ENDS_BY:
                return Objected(Objection.BEING_SET_UP)
            await self._endings.end(
                work, subject.patron, subject.standing, actor=asker.terminal, place=asker.institution
            )
        return Done(card)

    # Proofs.

    async def _proved(self, asker: Asker, change: Change, deadline: float) -> Outcome | None:
        """Check every PIN that was given: the one that proves the request, and the one that is to be replaced."""
        old, new = change.taken.pin, change.added.pin
        if old is not None and new is None:
            return Objected(Objection.NOT_THERE, Part.PIN)
        if new is not None and not old:
            return Refused(Refusal.NO_PIN)
        for pin in (change.pin, old):
            if pin is None:
                continue
            decision = await self._door.answer(Question(card=change.card, pin=pin, asker=asker), deadline)
            if isinstance(decision, Refused):
                return decision
        return None

    async def _new_pin(self, patron: Patron, change: Change) -> StoredSecret | Objected | None:
        old, new = change.taken.pin, change.added.pin
        if new is None or old is None:
            return None
        owner = await self._owner(patron, change.card)
        same = hmac.compare_digest(old.reveal().encode(), new.reveal().encode())
        if same or is_weak(new, owner, self._clock.today(), self._pins):
            self._witness.weak_pin_refused()
            return Objected(Objection.NOT_ALLOWED, Part.PIN)
        return await self._hashed(self._hashing.pins.hash, patron.id, new)

    async def _owner(self, patron: Patron, card: CardNumber) -> PinOwner:
        """Return what a new PIN must not repeat; the identity number is read for this and told to nobody."""
        async with self._work() as work:
            sealed = await work.patrons.identity_of(patron.id)
        identity = None if sealed is None else self._vault.unseal(sealed, patron.id).reveal()
        numbers = tuple(number for number in (card, identity, patron.mobile, patron.phone) if number)
        return PinOwner(birth_date=patron.birth_date, numbers=numbers)

    async def _hashed(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._hashing.pool.run(work, *args, **kwargs)
        except PoolFullError as full:
            raise RegisterUnavailable("too many PINs are being hashed") from full

    # In one transaction.

    async def _change(
        self, work: UnitOfWork, asker: Asker, change: Change, pin: StoredSecret | None, performed: Performed
    ) -> Outcome:
        # Read anew: the entry may have changed while a PIN was checked.
        subject = await self._read(work, asker, change.card)
        if subject is None or not subject.standing.is_local:
            return Objected(Objection.NOT_LOCAL)
        after = changed(subject.patron, change.taken, change.added, lambda place: self._is_local(subject, place))
        if isinstance(after, Objected):
            return after
        names = [name for name in _CHANGEABLE if getattr(after, name) != getattr(subject.patron, name)]
        if names:
            await work.patrons.change(after)
            await self._audit(work, asker, Action.PATRON_CHANGED, after.id, {"fields": " ".join(names)})
            await tell_change(
                work, after.id, ChangeKind.UPDATED, self._libraries.called(), self._clock, but_for=asker.unit
            )
        if pin is not None:
            await work.patrons.set_pin(after.id, pin)
            await work.encounters.end_all(change.card)
            await work.tokens.end_all(change.card)
            await self._audit(work, asker, Action.PIN_SET, after.id, {})
        await work.performed.put(performed)
        work.changed(after.id)
        return Done(change.card)

    async def _subject(self, asker: Asker, card: CardNumber) -> _Subject | Objected | Refused:
        async with self._work() as work:
            subject = await self._read(work, asker, card)
        if subject is None or not subject.standing.is_local:
            return Objected(Objection.NOT_LOCAL)
        blocked = card_refusal(subject.card)
        return subject if blocked is None else Refused(blocked, pin_proved=True)

    @staticmethod
    async def _read(work: UnitOfWork, asker: Asker, number: CardNumber, *, held: bool = False) -> _Subject | None:
        """Return whom a card means, or ``None`` where they have never stood anyhow at the asker's unit.

        ``held``: nobody else moves the standing until the commit.
        """
        card = await work.cards.find(number)
        found = None if card is None else await work.patrons.find(card.patron)
        if card is None or found is None:
            return None
        if held and asker.unit is not None:
            await work.standings.hold(card.patron, asker.unit)
        standings = await work.standings.of(card.patron)
        here = next((standing for standing in standings if standing.unit == asker.unit), None)
        local_at = frozenset(standing.unit for standing in standings if standing.is_local)
        return None if here is None else _Subject(card, *found, here, local_at)

    def _is_local(self, subject: _Subject, place: InstitutionId) -> bool:
        unit = self._unit_of(place)
        return unit is not None and unit in subject.local_at

    def _unit_of(self, place: InstitutionId) -> LendingUnitId | None:
        institution = self._libraries.institution(place)
        return None if institution is None else institution.unit

    async def _was_performed(self, key: bytes, fingerprint: bytes) -> bool:
        async with self._work() as work:
            before = await work.performed.find(key)
        return before is not None and before.fingerprint == fingerprint and self._clock.now() - before.at < REPLAYED_FOR

    async def _still_holds(self, subject: _Subject, change: Change) -> bool:
        """Tell whether what an equal request brought about is still so; others may have changed it since."""
        added, new = replace(change.added, pin=None), change.added.pin
        again = changed(subject.patron, change.taken, added, lambda place: self._is_local(subject, place))
        if isinstance(again, Objected):  # what it took away is gone
            again = changed(subject.patron, NO_FIELDS, added, lambda place: self._is_local(subject, place))
        if again != subject.patron or new is None:
            return again == subject.patron
        return await self._hashed(self._hashing.pins.check, subject.credentials.pin, subject.patron.id, new)

    async def _audit(
        self, work: UnitOfWork, asker: Asker, action: Action, patron: PatronId, facts: dict[str, str]
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

    def _marks(self, asker: Asker, change: Change) -> tuple[bytes, bytes]:
        """Return by what an equal request is found again, and how it is known to be equal.

        The PINs are part of it: only who knows them can send an equal request, so that its replay proves as much.
        """
        key = self._vault.fingerprint(
            b"UpdateUser", asker.terminal.encode(), asker.institution.encode(), change.card.encode()
        )
        pins = [pin.reveal() if pin else None for pin in (change.pin, change.taken.pin, change.added.pin)]
        told = json.dumps([_told(change.taken), _told(change.added), pins])
        return key, self._vault.fingerprint(b"change", told.encode())


_CHANGEABLE = ("temporary_address", "mobile", "phone", "email", "language", "home_library")


def _told(fields: Fields) -> list[object]:
    address = fields.address
    return [
        [address.lines, address.postal_code, address.place, address.country] if address else None,
        [(one.number, one.takes_texts) for one in fields.telephones],
        fields.emails,
        fields.language,
        fields.home_library,
        [part.value for part in fields.foreign],
    ]
