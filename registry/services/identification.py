"""Who is this? – the question that every door asks: answered at once from memory, or with database and hash."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import assert_never

from registry.domain.asker import Asker, AskerClass
from registry.domain.attempts import NOTHING, Clear, Limits, Locked, Reservation, Verdict, Wait, judge_strangers
from registry.domain.card import CardNumber
from registry.domain.consent import Encounter
from registry.domain.decisions import Decision, Question, Refusal, Refused, RegisterUnavailable
from registry.domain.events import Action, Event
from registry.domain.identification import (
    CardHolder,
    Proof,
    card_refusal,
    is_judged_by_ils,
    not_proved,
    proof_of,
    with_right_pin,
)
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Credentials, PatronId, StoredSecret
from registry.domain.recognition import Recognition, Sighting
from registry.domain.secret import Secret
from registry.services.grouped_work import GroupedWork
from registry.services.holders import CardHolders
from registry.services.libraries import PublishedLibraries
from registry.services.local_ids import KnownLocalIds
from registry.services.pin_checks import Claim, PinChecks
from registry.services.ports import Clock, OpenUnitOfWork, UnitOfWork
from registry.services.recent import Recently
from registry.services.recognising import Recognising
from registry.services.witness import PinResult, Witness

# An encounter lasts minutes; renewing it once in a while is enough and spares a write for every message.
_RENEW_ENCOUNTER = 60.0
# A kiosk whose library has no agreement tries to log in every few seconds, for ever.
_AUDIT_AGAIN = 3600.0
_MEETING = frozenset({AskerClass.KIOSK, AskerClass.STAFF})

# What every answer from memory is compared with, looked up once: in its class a member costs 50 ns (Python 3.11).
_NO_PROOF, _PIN_NOT_ENOUGH, _PASSWORD = Proof.NONE, Proof.PIN_NOT_ENOUGH, Proof.PASSWORD
_ACCEPTED = PinResult.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifying:
    """What identification stands on."""

    libraries: PublishedLibraries
    holders: CardHolders
    checks: PinChecks
    local_ids: KnownLocalIds
    recognising: Recognising
    work: OpenUnitOfWork
    grouped: GroupedWork
    clock: Clock
    limits: Limits
    witness: Witness
    encounter: timedelta = timedelta(minutes=5)


class Identification:
    """Implements :class:`registry.register.DoorRegister` over this process's own services."""

    def __init__(self, parts: Identifying) -> None:
        self._libraries = parts.libraries
        self._holders = parts.holders
        self._checks = parts.checks
        self._local_ids = parts.local_ids
        self._recognising = parts.recognising
        self._work = parts.work
        self._grouped = parts.grouped
        self._clock = parts.clock
        self._limits = parts.limits
        self._witness = parts.witness
        self._encounter = parts.encounter
        self._met = Recently[tuple[str, str, CardNumber]](parts.clock.monotonic, _RENEW_ENCOUNTER)
        self._looked = Recently[tuple[str, CardNumber]](parts.clock.monotonic, parts.limits.strangers_window)
        self._turned_away = Recently[str](parts.clock.monotonic, _AUDIT_AGAIN)
        self._held_off = Recently[str](parts.clock.monotonic, _RENEW_ENCOUNTER)

    def admits(self, asker: Asker) -> Refusal | None:
        """Return why ``asker`` may not speak to the register now, or ``None``."""
        return self._libraries.admits(asker)

    async def turned_away(self, asker: Asker, deadline: float) -> None:
        """Audit that ``asker`` was refused at login for want of an agreement (A22), once an hour for each."""
        if self._turned_away.has(asker.terminal):
            return
        self._turned_away.note(asker.terminal)
        async with self._until(deadline), self._work() as work:
            await work.audit.append(
                Event(
                    action=Action.LOGIN_WITHOUT_AGREEMENT,
                    actor=asker.terminal,
                    at=self._clock.now(),
                    institution=asker.institution,
                )
            )

    def at_once(self, question: Question) -> Decision | None:
        """Return the decision if it needs neither a database nor a hash, else ``None``."""
        refused = self._before(question)
        if refused is not None or question.card is None:
            return refused
        holder = self._holders.at_hand(question.card)
        if holder is None:
            return None
        return self._from_memory(question, holder)

    async def answer(self, question: Question, deadline: float) -> Decision:
        """Return the decision before ``deadline``; raises ``RegisterUnavailable`` where it cannot be had in time."""
        async with self._until(deadline):
            return await self._answer(question, deadline)

    async def judged_by_ils(self, asker: Asker, card: CardNumber, deadline: float, *, right: bool) -> None:
        """Count what the library system said of a PIN, under the same limits as our own checks."""

        async def count(work: UnitOfWork) -> None:
            found = await work.cards.find(card)
            await self._count(work, asker, card, found.patron if found else None, right=right)

        if not (right and self._has_nothing_to_forgive(card)):
            async with self._until(deadline):
                await self._grouped.do(count, card=card)
        self._witness.pin_checked(PinResult.ACCEPTED if right else PinResult.REJECTED)

    def _has_nothing_to_forgive(self, card: CardNumber) -> bool:
        holder = self._holders.at_hand(card)
        return holder is not None and holder.log == NOTHING and holder.patron.last_activity == self._clock.today()

    async def _count(
        self, work: UnitOfWork, asker: Asker, card: CardNumber, patron: PatronId | None, *, right: bool
    ) -> None:
        now = self._clock.steady()
        if not right:
            # A number that nobody has here counts against the terminal alone, for nothing asks after its own log.
            failed = Reservation(card=card, asker=asker, guest=patron is None, at=now, under_way=False)
            await work.attempts.reserve(failed)
        elif patron is not None:
            # The library system vouched for the person, and for its own library alone: what was tried elsewhere stays.
            await work.attempts.forgive(card, asker.institution, now)
            await work.patrons.seen_on(patron, self._clock.today())
        if patron is not None:
            work.changed(patron)

    async def card_of(self, unit: LendingUnitId, local_id: str, deadline: float) -> CardNumber | None:
        """Return the national card of the local patron whom a library system knows as ``local_id``, or ``None``."""
        is_known, card = self._local_ids.at_hand(unit, local_id)
        if is_known:
            return card
        async with self._until(deadline):
            return await self._local_ids.card_of(unit, local_id)

    async def sighted(self, asker: Asker, card: CardNumber, sighting: Sighting, deadline: float) -> Recognition:
        """Judge and record what the library system behind ``asker`` says of the card's holder."""
        if asker.unit is None:
            return Recognition.UNKNOWN
        async with self._until(deadline):
            return await self._recognising.sighted(asker.unit, card, sighting, f"library system at {asker.terminal}")

    async def forgotten(self, asker: Asker, card: CardNumber, deadline: float) -> None:
        """Record that the library system behind ``asker`` no longer knows a local patron."""
        if asker.unit is None:
            return
        async with self._until(deadline):
            await self._recognising.forgotten(asker.unit, card, f"library system at {asker.terminal}")

    async def end_encounter(self, asker: Asker, card: CardNumber, deadline: float) -> None:
        """Forget that this card's PIN was proved at this terminal; raises ``RegisterUnavailable``."""
        if asker.unit is None:
            return
        self._met.forget((asker.unit, asker.terminal, card))
        holder = self._holders.at_hand(card)
        standing = holder.standing_at(asker.unit) if holder else None
        if standing is not None and standing.is_local:
            return  # encounters are kept of guests only
        unit = asker.unit

        async def end(work: UnitOfWork) -> None:
            await work.encounters.end(unit, asker.terminal, card)

        async with self._until(deadline):
            await self._grouped.do(end, card=card)

    def _until(self, deadline: float) -> _Deadline:
        return _Deadline(deadline - self._clock.monotonic())

    def _before(self, question: Question) -> Refused | None:
        refusal = self._libraries.admits(question.asker)
        if refusal is not None:
            return Refused(refusal)
        if question.card is None:
            service = question.asker.kind is AskerClass.SERVICE
            return Refused(Refusal.NATIONAL_CARD_NEEDED if service else Refusal.UNKNOWN_CARD)
        return None

    def _from_memory(self, question: Question, holder: CardHolder) -> Decision | None:
        asker, proof = question.asker, proof_of(question.pin, question.asker, holder.credentials)
        if proof is _NO_PROOF or proof is _PIN_NOT_ENOUGH:
            if self._is_stranger(holder, asker) and not self._looked.has((asker.terminal, holder.card.number)):
                return None
            return _not_proved(holder, asker, proof)
        verdict = self._checks.verdict_on(holder.log, asker)
        if not isinstance(verdict, Clear):
            self._witness.pin_checked(PinResult.LOCKED)
            return _held_off(holder, asker, verdict)
        unit = self._libraries.unit(asker.unit)
        if is_judged_by_ils(holder, asker, unit):
            return not_proved(holder, asker, Refusal.ILS_JUDGES)
        if not self._is_proved(question, holder, proof):
            # A guess, perhaps one of many at this very moment: memory gives no more answers for this card.
            self._holders.forget(holder.card.number)
            return None
        today = self._clock.today()
        if holder.patron.last_activity != today or self._must_renew_encounter(holder, asker):
            return None
        self._witness.pin_checked(_ACCEPTED)
        return with_right_pin(holder, asker, unit, proof, today)

    async def _answer(self, question: Question, deadline: float) -> Decision:
        refused = self._before(question)
        if refused is not None or question.card is None:
            return refused or Refused(Refusal.UNKNOWN_CARD)
        holder = await self._holders.find(question.card)
        if holder is None:
            return await self._unknown(question, question.card, deadline)
        proof = proof_of(question.pin, question.asker, holder.credentials)
        if question.pin is None or proof is Proof.NONE or proof is Proof.PIN_NOT_ENOUGH:
            if self._is_stranger(holder, question.asker):
                return await self._look_at(question.card, question.asker, _not_proved(holder, question.asker, proof))
            return _not_proved(holder, question.asker, proof)
        return await self._prove(question, question.pin, holder, proof, deadline)

    async def _unknown(self, question: Question, card: CardNumber, deadline: float) -> Decision:
        proof = proof_of(question.pin, question.asker, Credentials())
        if question.pin is None or proof is Proof.NONE or question.ils_knows_strangers:
            return await self._look_at(card, question.asker, Refused(Refusal.UNKNOWN_CARD))
        checked = await self._checks.check(
            Claim(card=card, asker=question.asker, secret=question.pin, proof=proof, until=deadline)
        )
        if question.asker.kind is AskerClass.PAGE:
            # A page says "wait" after wrong PINs; of a card that nobody has it must say so, too.
            return _as_a_page_says(checked.verdict, Refused(Refusal.UNKNOWN_CARD))
        return Refused(Refusal.UNKNOWN_CARD, delay=_delay(checked.verdict))

    async def _look_at(self, card: CardNumber, asker: Asker, otherwise: Refused) -> Decision:
        """Count a look at a stranger's card; beyond the budget nothing is told of it, known or not."""
        if self._held_off.has(asker.terminal):
            return Refused(Refusal.WAIT, wait=self._limits.terminal_pause)
        if self._looked.has((asker.terminal, card)):
            return otherwise

        async def look(work: UnitOfWork) -> int:
            return await work.attempts.look_at_stranger(
                asker.terminal, card, self._clock.steady(), self._limits.strangers_window
            )

        looked_at = await self._grouped.do(look, card=card, terminal=asker.terminal)
        verdict = judge_strangers(looked_at - 1, asker, self._limits)
        if isinstance(verdict, Wait):
            self._witness.throttled(verdict.scope)
            self._held_off.note(asker.terminal)
            return Refused(Refusal.WAIT, wait=verdict.seconds)
        self._looked.note((asker.terminal, card))
        if verdict.alerts:
            self._witness.throttled(verdict.alerts[0])
        return dataclasses.replace(otherwise, delay=verdict.delay)

    async def _prove(
        self, question: Question, secret: Secret, holder: CardHolder, proof: Proof, deadline: float
    ) -> Decision:
        asker = question.asker
        verdict = self._checks.verdict_on(holder.log, asker)
        if not isinstance(verdict, Clear):
            self._witness.pin_checked(PinResult.LOCKED)
            return _held_off(holder, asker, verdict)
        if self._is_judged_by_ils(holder, asker):
            return not_proved(holder, asker, Refusal.ILS_JUDGES)
        encounter = self._encounter_of(holder, asker)
        if self._is_proved(question, holder, proof):
            await self._record(holder, encounter)
            self._witness.pin_checked(PinResult.ACCEPTED)
        else:
            checked = await self._checks.check(
                Claim(
                    card=holder.card.number,
                    asker=asker,
                    secret=secret,
                    proof=proof,
                    patron=holder.patron.id,
                    stored=_stored(holder, proof),
                    guest=self._is_stranger(holder, asker),
                    encounter=encounter,
                    until=deadline,
                )
            )
            verdict = checked.verdict
            if not isinstance(verdict, Clear):
                return _held_off(holder, asker, verdict)
            if not checked.right:
                return dataclasses.replace(not_proved(holder, asker, Refusal.WRONG_PIN), delay=verdict.delay)
        if encounter is not None:
            self._met.note((encounter.unit, encounter.terminal, encounter.card))
        return dataclasses.replace(self._granted(holder, asker, proof), delay=_delay(verdict))

    async def _record(self, holder: CardHolder, encounter: Encounter | None) -> None:
        async def record(work: UnitOfWork) -> None:
            if holder.patron.last_activity != self._clock.today():
                await work.patrons.seen_on(holder.patron.id, self._clock.today())
                work.changed(holder.patron.id)
            if encounter is not None:
                await work.encounters.record(encounter)

        await self._grouped.do(record, card=holder.card.number)

    def _granted(self, holder: CardHolder, asker: Asker, proof: Proof) -> Decision:
        return with_right_pin(holder, asker, self._libraries.unit(asker.unit), proof, self._clock.today())

    def _is_judged_by_ils(self, holder: CardHolder, asker: Asker) -> bool:
        return is_judged_by_ils(holder, asker, self._libraries.unit(asker.unit))

    def _is_proved(self, question: Question, holder: CardHolder, proof: Proof) -> bool:
        stored = _stored(holder, proof)
        if stored is None or question.pin is None:
            return False
        return self._checks.was_proved(holder.card.number, question.pin, stored, holder.log, question.asker)

    def _is_stranger(self, holder: CardHolder, asker: Asker) -> bool:
        standing = holder.standing_at(asker.unit)
        return standing is None or not standing.is_local

    def _must_renew_encounter(self, holder: CardHolder, asker: Asker) -> bool:
        encounter = self._has_encounters(holder, asker)
        return encounter and not self._met.has((str(asker.unit), asker.terminal, holder.card.number))

    def _has_encounters(self, holder: CardHolder, asker: Asker) -> bool:
        here = asker.kind in _MEETING and asker.unit is not None
        return here and self._is_stranger(holder, asker) and card_refusal(holder.card) is None

    def _encounter_of(self, holder: CardHolder, asker: Asker) -> Encounter | None:
        if asker.unit is None or not self._has_encounters(holder, asker):
            return None
        now = self._clock.steady()
        return Encounter(
            unit=asker.unit,
            terminal=asker.terminal,
            card=holder.card.number,
            pin_proved_at=now,
            until=now + self._encounter,
        )


def _stored(holder: CardHolder, proof: Proof) -> StoredSecret | None:
    return holder.credentials.password if proof is _PASSWORD else holder.credentials.pin


def _not_proved(holder: CardHolder, asker: Asker, proof: Proof) -> Refused:
    return not_proved(holder, asker, Refusal.PIN_NOT_ENOUGH if proof is Proof.PIN_NOT_ENOUGH else Refusal.NO_PIN)


def _held_off(holder: CardHolder, asker: Asker, verdict: Wait | Locked) -> Refused:
    """A card that is lost says so first; else the patron is told to wait, or to see staff.

    On a page, where a card's state is told to nobody without the PIN, all cards are told alike.
    """
    if asker.kind is AskerClass.PAGE:
        return _as_a_page_says(verdict, not_proved(holder, asker, Refusal.WRONG_PIN))
    match verdict:
        case Locked():
            return not_proved(holder, asker, Refusal.LOCKED)
        case Wait(seconds=seconds):
            held_off = not_proved(holder, asker, Refusal.WAIT)
            return dataclasses.replace(held_off, wait=seconds) if held_off.reason is Refusal.WAIT else held_off
        case _:
            assert_never(verdict)


def _as_a_page_says(verdict: Verdict, otherwise: Refused) -> Refused:
    match verdict:
        case Locked():
            return dataclasses.replace(otherwise, reason=Refusal.LOCKED)
        case Wait(seconds=seconds):
            return dataclasses.replace(otherwise, reason=Refusal.WAIT, wait=seconds)
        case Clear(delay=delay):
            return dataclasses.replace(otherwise, delay=delay)
        case _:
            assert_never(verdict)


def _delay(verdict: Verdict) -> float:
    return verdict.delay if isinstance(verdict, Clear) else 0.0


class _Deadline:
    """``asyncio.timeout`` whose end is an outage of the register."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(max(seconds, 0))

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as late:
            raise RegisterUnavailable("the register did not answer in time") from late
