"""The register as library systems and services ask it: the doors' own questions, and what only an initiator may do."""

from __future__ import annotations

from registry.credentials.pool import PoolFullError
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision, Question, Refusal, Refused, RegisterUnavailable
from registry.domain.events import Action, Event
from registry.domain.identification import Proof
from registry.domain.initiating import Change, Objected, Order, Outcome
from registry.domain.institution import Institution, InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import PatronId
from registry.domain.secret import Secret
from registry.register import DoorRegister
from registry.services.admissions import Admissions
from registry.services.deadlines import Until
from registry.services.entry_changes import EntryChanges
from registry.services.granted_lookups import GrantedLookups
from registry.services.holders import CardHolders
from registry.services.libraries import PublishedLibraries
from registry.services.pin_checks import Hashing
from registry.services.ports import Clock, OpenUnitOfWork

_NOBODY = PatronId(0)


class Initiators:
    """Implements :class:`registry.register.InitiatorRegister` over this process's own services."""

    def __init__(
        self,
        door: DoorRegister,
        *,
        libraries: PublishedLibraries,
        holders: CardHolders,
        lookups: GrantedLookups,
        admissions: Admissions,
        changes: EntryChanges,
        hashing: Hashing,
        work: OpenUnitOfWork,
        clock: Clock,
    ) -> None:
        """Ask ``door`` whatever has to do with PINs, so that both doors decide alike."""
        self._door = door
        self._libraries = libraries
        self._holders = holders
        self._lookups = lookups
        self._admissions = admissions
        self._changes = changes
        self._hashing = hashing
        self._work = work
        self._clock = clock

    # What every door asks.

    def admits(self, asker: Asker) -> Refusal | None:
        """Return why ``asker`` may not speak to the register now, or ``None``."""
        return self._door.admits(asker)

    def institution(self, institution: InstitutionId) -> Institution | None:
        """Return an institution or a service in force, or ``None``."""
        return self._libraries.institution(institution)

    def unit(self, unit: LendingUnitId | None) -> LendingUnit | None:
        """Return a lending unit in force, or ``None``."""
        return self._libraries.unit(unit)

    def at_once(self, question: Question) -> Decision | None:
        """Return the decision on card and PIN if it needs neither a database nor a hash, else ``None``."""
        return self._door.at_once(question)

    async def answer(self, question: Question, deadline: float) -> Decision:
        """Return the decision on card and PIN; raises ``RegisterUnavailable``."""
        return await self._door.answer(question, deadline)

    async def card_of(self, unit: LendingUnitId, local_id: str, deadline: float) -> CardNumber | None:
        """Return the national card of a local patron, or ``None``; raises ``RegisterUnavailable``."""
        return await self._door.card_of(unit, local_id, deadline)

    async def pretend(self, pin: Secret, deadline: float) -> None:
        """Take as long as a wrong PIN takes, and count nothing; raises ``RegisterUnavailable``."""
        async with self._until(deadline):
            try:
                await self._hashing.pool.run(self._hashing.hasher(Proof.PIN).check, None, _NOBODY, pin)
            except PoolFullError as full:
                raise RegisterUnavailable("too many PINs are being checked") from full

    # What only initiators ask.

    def look_up_at_once(self, asker: Asker, card: CardNumber) -> Decision | None:
        """Return what a granted look-up tells of a local patron at hand, else ``None``."""
        return None if self.admits(asker) else self._lookups.at_once(asker, card)

    async def look_up(
        self, asker: Asker, card: CardNumber | None, guests_per_day: int, deadline: float
    ) -> Decision | Objected:
        """Return what a granted look-up without PIN tells; raises ``RegisterUnavailable``."""
        async with self._until(deadline):
            return self._refused(asker) or await self._lookups.look_up(asker, card, guests_per_day)

    async def create(self, asker: Asker, order: Order, deadline: float, by_right: int = 0) -> Outcome:
        """Make a patron a local one at the asker's lending unit; raises ``RegisterUnavailable``."""
        async with self._until(deadline):
            return self._refused(asker) or await self._admissions.create(asker, order, deadline, by_right)

    async def change(self, asker: Asker, change: Change, deadline: float) -> Outcome:
        """Change the entry of a local patron; raises ``RegisterUnavailable``."""
        async with self._until(deadline):
            return self._refused(asker) or await self._changes.change(asker, change, deadline)

    async def end(self, asker: Asker, card: CardNumber, pin: Secret | None, deadline: float) -> Outcome:
        """End a patron's standing at the asker's lending unit; raises ``RegisterUnavailable``."""
        async with self._until(deadline):
            return self._refused(asker) or await self._changes.end(asker, card, pin, deadline)

    async def reported(self, asker: Asker, what: str, deadline: float) -> None:
        """Write down that ``asker`` has reported something; raises ``RegisterUnavailable``."""
        async with self._until(deadline), self._work() as work:
            await work.audit.append(
                Event(
                    action=Action.CHANGE_REPORTED,
                    actor=asker.terminal,
                    at=self._clock.now(),
                    institution=asker.institution,
                    facts={"message": what},
                )
            )

    async def home_of(self, card: CardNumber, deadline: float) -> InstitutionId | Refusal | None:
        """Return the home library of a card's patron, or why there is none; raises ``RegisterUnavailable``."""
        holder = self._holders.at_hand(card)
        if holder is None:
            async with self._until(deadline):
                holder = await self._holders.find(card)
        return Refusal.UNKNOWN_CARD if holder is None else holder.patron.home_library

    def _refused(self, asker: Asker) -> Refused | None:
        refusal = self.admits(asker)
        return None if refusal is None else Refused(refusal)

    def _until(self, deadline: float) -> Until:
        return Until(deadline - self._clock.monotonic())
