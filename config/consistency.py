"""What must hold between partners, whichever file tells of them: names used once, references that lead somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from config.lines import Place
from config.partner_set import Partners
from config.partners import Dialect, Initiator, Institution, LendingUnit, LibrarySystem, PartnersFile, Service, Terminal

Entry = Institution | LendingUnit | Service | LibrarySystem | Terminal | Initiator | Dialect

DEMO_PREFIX: Final = "demo-"
"""How logins and passwords of a demo begin; they are in everybody's hands."""


@dataclass(frozen=True, slots=True)
class Told:
    """An entry with the list that holds it, its name there, the number of its file and its place in the file."""

    kind: str
    name: str
    entry: Entry
    file: int
    place: Place


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that is broken by one key of an entry, or by the entry itself where the key is empty."""

    told: Told
    key: str
    expected: str
    found: str


def faults_of(files: Sequence[PartnersFile], partners: Partners, *, demo: bool) -> Iterator[Fault]:
    """Everything that does not hold between the entries of all files; `partners` is the set that they make."""
    told = tuple(_told(files))
    yield from _used_twice(told, lambda one: (one.kind, one.name), "id")
    yield from _used_twice(told, lambda one: one.entry.login if isinstance(one.entry, Terminal) else None, "login")
    yield from _named_as_terminals(told, partners)
    for one in told:
        yield from _leading_nowhere(one, partners)
        if isinstance(one.entry, Institution):
            yield from _its_own_ancestor(one, one.entry, partners)
        if isinstance(one.entry, Initiator):
            yield from _agencies_without_unit(one, one.entry, partners)
        if isinstance(one.entry, Terminal):
            yield from _without_unit(one, one.entry, partners)
            yield from _of_a_demo(one, one.entry, demo=demo)


def _told(files: Sequence[PartnersFile]) -> Iterator[Told]:
    for number, file in enumerate(files):
        lists: tuple[
            tuple[str, Sequence[Institution | LendingUnit | Service | LibrarySystem | Terminal | Initiator]], ...
        ] = (
            ("institutions", file.institutions),
            ("lending_units", file.lending_units),
            ("services", file.services),
            ("library_systems", file.library_systems),
            ("terminals", file.terminals),
            ("initiators", file.initiators),
        )
        for kind, entries in lists:
            for position, entry in enumerate(entries):
                yield Told(kind, entry.id, entry, number, (kind, position))
        for name, dialect in file.dialects.items():
            yield Told("dialects", name, dialect, number, ("dialects", name))


def _used_twice(told: Iterable[Told], name: Callable[[Told], Hashable], key: str) -> Iterator[Fault]:
    groups: dict[Hashable, list[Told]] = defaultdict(list)
    for one in told:
        if name(one) is not None:
            groups[name(one)].append(one)
    for first, *others in groups.values():
        for other in others:
            # A dialect's name is that of its table, not a key in it.
            place = "" if other.kind == "dialects" else key
            yield Fault(other, place, f"another {key} than other {first.kind}", f"that of {first.name}")


def _references(entry: Entry) -> tuple[tuple[str, str | None, str], ...]:
    """Key, name and where the name must lead."""
    match entry:
        case Institution():
            return (
                ("parent", entry.parent, "institutions"),
                ("lending_unit", entry.lending_unit, "lending_units"),
            )
        case LendingUnit():
            mapping = entry.delivery.mapping if entry.delivery else None
            return (
                ("id", entry.id, "institutions"),
                ("library_system", entry.library_system, "library_systems"),
                *(("delivery", branch, "institutions") for branch in (mapping.branches if mapping else ())),
            )
        case Terminal():
            return (
                ("institution", entry.institution, "institutions"),
                ("service", entry.service, "services"),
                ("dialect", entry.dialect, "dialects"),
            )
        case Initiator():
            return (
                ("institution", entry.institution, "institutions"),
                ("service", entry.service, "services"),
                *(("agencies", agency, "institutions") for agency in entry.agencies),
            )
        case Service() | LibrarySystem() | Dialect():
            return ()
        case _:
            assert_never(entry)


def _leading_nowhere(one: Told, partners: Partners) -> Iterator[Fault]:
    known: Mapping[str, Mapping[str, object]] = {
        "institutions": partners.institutions,
        "lending_units": partners.lending_units,
        "services": partners.services,
        "library_systems": partners.library_systems,
        "dialects": partners.dialects,
    }
    for key, name, kind in _references(one.entry):
        if name is not None and name not in known[kind]:
            yield Fault(one, key, f"one of the {kind}", f'"{name}"')


def _its_own_ancestor(one: Told, place: Institution, partners: Partners) -> Iterator[Fault]:
    ancestors = partners.parents_of(place)
    topmost = ancestors[-1] if ancestors else place
    if topmost.parent in {place.id, *(ancestor.id for ancestor in ancestors)}:
        yield Fault(one, "parent", "parents that end somewhere", "a circle of parents")


def _without_unit(one: Told, terminal: Terminal, partners: Partners) -> Iterator[Fault]:
    place = terminal.institution
    if place is not None and place in partners.institutions and partners.unit_of(place) is None:
        yield Fault(one, "institution", "an institution that is or belongs to one of the lending_units", f'"{place}"')


def _named_as_terminals(told: Iterable[Told], partners: Partners) -> Iterator[Fault]:
    for one in told:
        # Limits are counted by this name, and a kiosk's failures are none of the library system's.
        if isinstance(one.entry, Initiator) and one.name in partners.terminals:
            yield Fault(one, "id", "another id than terminals", f"that of {one.name}")


def _agencies_without_unit(one: Told, initiator: Initiator, partners: Partners) -> Iterator[Fault]:
    for key, places in (("institution", (initiator.institution,)), ("agencies", initiator.agencies)):
        for place in places:
            if place is not None and place in partners.institutions and partners.unit_of(place) is None:
                expected = "an institution that is or belongs to one of the lending_units"
                yield Fault(one, key, expected, f'"{place}"')


def _of_a_demo(one: Told, terminal: Terminal, *, demo: bool) -> Iterator[Fault]:
    if terminal.login.startswith(DEMO_PREFIX) and not demo:
        yield Fault(one, "login", "a login that is not a demo's, or demo = true in the settings", "one of a demo")
