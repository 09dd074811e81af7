"""Adding, showing and erasing patrons, as an operator or an import asks for it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from registry.credentials.identity import IdentityVault
from registry.domain.attempts import Limits, Locked, judge_card
from registry.domain.card import Card, CardNumber
from registry.domain.delivery import ChangeKind
from registry.domain.events import Action, Event
from registry.domain.identification import CardHolder
from registry.domain.identity_number import NumberPolicy, is_accepted
from registry.domain.patron import Credentials, Patron, PatronId
from registry.domain.release import Audience, release
from registry.domain.standing import Origin, Standing, StandingState
from registry.domain.weak_pin import PinOwner, PinRules, is_weak
from registry.register import NewPatron, NotDoneError, PatronSheet, RowRefusedError
from registry.services.card_numbers import free_number, require
from registry.services.libraries import PublishedLibraries
from registry.services.pin_checks import Hashing
from registry.services.ports import AlreadyThereError, Clock, OpenUnitOfWork, UnitOfWork
from registry.services.witness import Witness

_IDENTITY_TAKEN = "a patron with this identity number is registered already"
_CARD_TAKEN = "this card number is in use, or was a deleted patron's"
_STANDING_TAKEN = "the patron, or the local id, has a standing at this lending unit already"
_SHORTEST_PASSWORD = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronPolicies:
    """Which PINs and identity numbers are accepted, and by which limits a card counts as locked."""

    pins: PinRules
    numbers: NumberPolicy
    limits: Limits


class PatronRegistration:
    """Implements :class:`registry.register.PatronDesk`."""

    def __init__(
        self,
        work: OpenUnitOfWork,
        clock: Clock,
        hashing: Hashing,
        vault: IdentityVault,
        policies: PatronPolicies,
        witness: Witness,
        libraries: PublishedLibraries,
    ) -> None:
        self._work = work
        self._clock = clock
        self._hashing = hashing
        self._vault = vault
        self._policies = policies
        self._witness = witness
        self._libraries = libraries

    def find_fault(self, patron: NewPatron) -> str | None:
        """Return why ``patron`` would be refused whatever the register holds, or ``None``."""
        if not patron.family_name.strip():
            return "the family name is missing"
        if patron.birth_date > self._clock.today():
            return "the birth date lies in the future"
        number = patron.identity_number
        if number is not None and not is_accepted(number, self._policies.numbers):
            return f"the identity number is not a correct one of the kind that {self._policies.numbers} accepts"
        return self._fault_of_secrets(patron)

    def _fault_of_secrets(self, patron: NewPatron) -> str | None:
        if patron.pin is not None and is_weak(patron.pin, _owner(patron), self._clock.today(), self._policies.pins):
            self._witness.weak_pin_refused()
            return "the PIN is too easy to guess, or not made of enough digits"
        if patron.password is None:
            return None
        text = patron.password.reveal()
        if len(text) < _SHORTEST_PASSWORD or text.isdigit():
            return f"the password needs at least {_SHORTEST_PASSWORD} signs, not all of them digits"
        return None

    async def add_patron(self, patron: NewPatron, actor: str) -> CardNumber:
        """Add a patron and return the card number; raises ``NotDoneError`` with what was wrong."""
        return (await self._add_all([patron], actor, Action.PATRON_ADDED, lambda _: None))[0]

    async def add_patrons(
        self, patrons: Sequence[NewPatron], actor: str, progress: Callable[[int], None]
    ) -> Sequence[CardNumber]:
        """Add many patrons in one transaction, all or none; raises ``RowRefusedError``."""
        return await self._add_all(patrons, actor, Action.PATRON_IMPORTED, progress)

    async def _add_all(
        self, patrons: Sequence[NewPatron], actor: str, action: Action, progress: Callable[[int], None]
    ) -> Sequence[CardNumber]:
        # Hashed before the transaction opens: a thousand PINs take seconds, and one writer must not be held so long.
        ready = []
        for position, patron in enumerate(patrons):
            fault = self.find_fault(patron)
            if fault is not None:
                raise RowRefusedError(position, fault)
            ready.append(await self._credentials(patron))
            progress(position)
        numbers = []
        async with self._work() as work:
            for position, (patron, (key, credentials)) in enumerate(zip(patrons, ready, strict=True)):
                try:
                    numbers.append(await self._add(work, patron, key, credentials, actor, action))
                except NotDoneError as refused:
                    raise RowRefusedError(position, str(refused)) from refused
        return numbers

    async def _credentials(self, patron: NewPatron) -> tuple[PatronId, Credentials]:
        key = PatronId(secrets.randbits(62) or 1)
        run, hashing = self._hashing.pool.run, self._hashing
        pin = word = None
        if patron.pin is not None:
            pin = await run(hashing.pins.hash, key, patron.pin)
        if patron.password is not None:
            word = await run(hashing.passwords.hash, key, patron.password)
        return key, Credentials(pin=pin, password=word)

    async def _add(
        self, work: UnitOfWork, new: NewPatron, key: PatronId, credentials: Credentials, actor: str, action: Action
    ) -> CardNumber:
        now = self._clock.now()
        identity = None if new.identity_number is None else self._vault.seal(new.identity_number, key)
        number = new.card or await free_number(work, self._vault)
        if new.card is not None and await work.cards.is_buried(self._vault.tombstone(new.card)[0]):
            raise NotDoneError(_CARD_TAKEN)
        await _or_refuse(_IDENTITY_TAKEN, work.patrons.add(self._patron(new, key), credentials, identity))
        card = Card(number=number, patron=key, kind=new.card_kind, issued_at=now)
        await _or_refuse(_CARD_TAKEN, work.cards.add(card))
        for unit, local_id in new.local_at.items():
            standing = Standing(
                patron=key,
                unit=unit,
                state=StandingState.LOCAL,
                since=now,
                origin=Origin.IMPORTED,
                local_id=local_id or number,
            )
            await _or_refuse(_STANDING_TAKEN, work.standings.add(standing))
        await work.audit.append(Event(action=action, actor=actor, at=now, patron=key))
        work.changed(key)
        return number

    def _patron(self, new: NewPatron, key: PatronId) -> Patron:
        return Patron(
            id=key,
            family_name=new.family_name.strip(),
            given_name=new.given_name.strip(),
            birth_date=new.birth_date,
            sex=new.sex,
            registered_address=new.registered_address,
            temporary_address=new.temporary_address,
            mobile=new.mobile,
            phone=new.phone,
            email=new.email,
            language=new.language,
            home_library=new.home_library,
            protected=new.protected,
            minimum_level=new.minimum_level,
            identity_proved=new.identity_number is not None,
            created_at=self._clock.now(),
        )

    async def show(self, card: CardNumber, actor: str, reason: str | None = None) -> PatronSheet:
        """Return a patron's sheet, masked unless an audited ``reason`` is given; raises ``NotDoneError``."""
        async with self._work() as work:
            found = await require(work, card)
            patron, credentials = await _patron_of(work, found)
            standings = await work.standings.of(patron.id)
            cards = await work.cards.of(patron.id)
            now = self._clock.steady()
            log = await work.attempts.log_of(card, now, self._policies.limits)
            facts = {"reason": reason} if reason else {}
            await work.audit.append(
                Event(action=Action.PATRON_SHOWN, actor=actor, at=self._clock.now(), patron=patron.id, facts=facts)
            )
        holder = CardHolder(card=found, patron=patron, credentials=credentials, standings={}, log=log)
        audience = Audience.OPERATOR_WITH_REASON if reason else Audience.OPERATOR
        return PatronSheet(
            view=release(patron, holder.card, audience),
            cards=tuple(cards),
            standings=tuple(standings),
            attempts_against=len(log.consecutive),
            locked=isinstance(judge_card(log, "", now, self._policies.limits), Locked),
        )

    async def delete_patron(self, card: CardNumber, actor: str) -> None:
        """Erase a patron nationally (A29): every number becomes a tombstone (D5); raises ``NotDoneError``."""
        async with self._work() as work:
            patron = (await require(work, card)).patron
            # The libraries keep their own records, and must learn that nobody stands behind the number any more (A30).
            for standing in await work.standings.of(patron):
                if standing.is_local:
                    await work.feed.append(standing.unit, card, ChangeKind.DELETED, self._clock.now())
            for each in await work.cards.of(patron):
                await work.cards.bury(*self._vault.tombstone(each.number))
            await work.audit.append(
                Event(action=Action.PATRON_DELETED, actor=actor, at=self._clock.now(), patron=patron)
            )
            await work.patrons.delete(patron)
            work.changed(patron)


def _owner(patron: NewPatron) -> PinOwner:
    numbers = [patron.card, patron.mobile, patron.phone]
    if patron.identity_number is not None:
        numbers.append(patron.identity_number.reveal())
    return PinOwner(birth_date=patron.birth_date, numbers=tuple(number for number in numbers if number))


async def _or_refuse(why: str, doing: Awaitable[None]) -> None:
    try:
        await doing
    except AlreadyThereError as there:
        raise NotDoneError(why) from there


async def _patron_of(work: UnitOfWork, card: Card) -> tuple[Patron, Credentials]:
    found = await work.patrons.find(card.patron)
    if found is None:
        raise NotDoneError("the card's patron is gone")
    return found
