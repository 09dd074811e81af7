"""All partners at once, frozen, as the doors look them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Self

from config.ids import Language
from config.partners import (
    Agreement,
    Dialect,
    Initiator,
    Institution,
    LendingUnit,
    LibrarySystem,
    PartnersFile,
    Service,
    Terminal,
)

DEFAULT_DIALECT = "default"


@dataclass(frozen=True, slots=True)
class Partners:
    """Who may speak and for whom; each mapping is by id, and a set is replaced whole."""

    institutions: Mapping[str, Institution]
    lending_units: Mapping[str, LendingUnit]
    services: Mapping[str, Service]
    library_systems: Mapping[str, LibrarySystem]
    terminals: Mapping[str, Terminal]
    initiators: Mapping[str, Initiator]
    dialects: Mapping[str, Dialect]
    _by_login: Mapping[str, Terminal] = field(repr=False)

    @classmethod
    def of(cls, files: Iterable[PartnersFile] = ()) -> Self:
        """The set that files make together; what they say twice must have been refused before."""
        read = tuple(files)
        terminals = tuple(one for file in read for one in file.terminals)
        dialects = {name: one for file in read for name, one in file.dialects.items()}
        return cls(
            institutions=MappingProxyType({one.id: one for file in read for one in file.institutions}),
            lending_units=MappingProxyType({one.id: one for file in read for one in file.lending_units}),
            services=MappingProxyType({one.id: one for file in read for one in file.services}),
            library_systems=MappingProxyType({one.id: one for file in read for one in file.library_systems}),
            terminals=MappingProxyType({one.id: one for one in terminals}),
            initiators=MappingProxyType({one.id: one for file in read for one in file.initiators}),
            dialects=MappingProxyType({DEFAULT_DIALECT: Dialect(), **dialects}),
            _by_login=MappingProxyType({one.login: one for one in terminals}),
        )

    def terminal_by_login(self, login: str) -> Terminal | None:
        """The terminal that logs in by this name, or None."""
        return self._by_login.get(login)

    def institution(self, institution_id: str) -> Institution | None:
        """The institution, or None."""
        return self.institutions.get(institution_id)

    def dialect(self, name: str) -> Dialect:
        """The dialect of a name that a terminal or listener of this set gives; KeyError for any other."""
        return self.dialects[name]

    def language_of(self, terminal: Terminal) -> Language:
        """The language of a terminal's screen: its own, else its dialect's."""
        return terminal.language or self.dialect(terminal.dialect).language

    def unit_of(self, institution_id: str) -> LendingUnit | None:
        """Its lending unit, or None: the one it names, else itself, else its topmost parent that is one."""
        place = self.institutions.get(institution_id)
        if place is None:
            return None
        if place.lending_unit is not None:
            return self.lending_units.get(place.lending_unit)
        if place.id in self.lending_units:
            return self.lending_units[place.id]
        units = [self.lending_units[one.id] for one in self.parents_of(place) if one.id in self.lending_units]
        return units[-1] if units else None

    def parents_of(self, place: Institution) -> tuple[Institution, ...]:
        """The parents of an institution from the nearest to the topmost; a cycle is cut where it closes."""
        found: dict[str, Institution] = {}
        following = place.parent
        while following is not None and following not in found and following != place.id:
            parent = self.institutions.get(following)
            if parent is None:
                break
            found[following] = parent
            following = parent.parent
        return tuple(found.values())

    def library_system_of(self, terminal: Terminal) -> LibrarySystem | None:
        """The library system behind a terminal, or None: that of its lending unit."""
        unit = self.unit_of(terminal.institution) if terminal.institution else None
        return self.library_systems.get(unit.library_system) if unit and unit.library_system else None

    def agreement_of(self, terminal: Terminal) -> Agreement | None:
        """The agreement under which a terminal speaks, whether it holds today or not; None when there is none."""
        if terminal.service is not None:
            service = self.services.get(terminal.service)
            return service.agreement if service else None
        unit = self.unit_of(terminal.institution) if terminal.institution else None
        return unit.agreement if unit else None

    def may_speak(self, terminal: Terminal, day: date) -> bool:
        """Whether a valid agreement stands behind a terminal on a day."""
        agreement = self.agreement_of(terminal)
        return agreement is not None and agreement.holds_on(day)
