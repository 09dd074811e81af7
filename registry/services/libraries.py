"""Institutions, lending units and agreements in force, in memory: every question is asked in their light."""

from __future__ import annotations

from collections.abc import Mapping

from registry.domain.asker import Asker
from registry.domain.decisions import Refusal
from registry.domain.events import Action, Event
from registry.domain.institution import (
    CarrierKind,
    Institution,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    Publication,
)
from registry.services.ports import Clock, OpenUnitOfWork


class PublishedLibraries:
    """What the partner files say, published into the register and kept at hand."""

    def __init__(self, work: OpenUnitOfWork, clock: Clock) -> None:
        self._work = work
        self._clock = clock
        self._institutions: dict[InstitutionId, Institution] = {}
        self._units: dict[LendingUnitId, LendingUnit] = {}

    async def publish(self, publication: Publication) -> int:
        """Put ``publication`` into force in one transaction and return its generation."""
        async with self._work() as work:
            before = await work.libraries.generation()
            generation = await work.libraries.publish(publication)
            if generation != before:
                await work.audit.append(
                    Event(
                        action=Action.PARTNERS_PUBLISHED,
                        actor="partner files",
                        at=self._clock.now(),
                        facts={"generation": str(generation)},
                    )
                )
        self._take(publication)
        return generation

    async def load(self) -> None:
        """Take what is in force from the register, for commands that publish nothing."""
        async with self._work() as work:
            self._take(await work.libraries.published())

    def _take(self, publication: Publication) -> None:
        self._institutions = {institution.id: institution for institution in publication.institutions}
        self._units = {unit.id: unit for unit in publication.units}

    def unit(self, unit: LendingUnitId | None) -> LendingUnit | None:
        """Return a lending unit in force, or ``None``."""
        return None if unit is None else self._units.get(unit)

    def institution(self, institution: InstitutionId) -> Institution | None:
        """Return an institution in force, or ``None``."""
        return self._institutions.get(institution)

    def carrier(self, unit: LendingUnitId) -> CarrierKind | None:
        """Return how a lending unit's library system learns of its patrons; ``None`` where the unit is not in force."""
        told = self._units.get(unit)
        return None if told is None else told.carrier

    def called(self) -> Mapping[LendingUnitId, bool]:
        """Return for each lending unit in force whether a courier calls its library system."""
        return {unit.id: unit.carrier.is_called for unit in self._units.values()}

    def admits(self, asker: Asker) -> Refusal | None:
        """Return ``NO_AGREEMENT`` where the asker's unit, or service, has no agreement that is valid today (A22)."""
        unit, institution = self.unit(asker.unit), self.institution(asker.institution)
        party = institution if asker.unit is None else unit
        if party is None or party.agreement is None or not party.agreement.is_valid_on(self._clock.today()):
            return Refusal.NO_AGREEMENT
        return None
