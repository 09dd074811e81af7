"""A register with services, on a database of the test's own, under a clock turned by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from registry.credentials.cache import ProvedPins
from registry.credentials.identity import IdentityVault
from registry.credentials.keys import Key, Keyring
from registry.credentials.pins import Cost, PepperedHasher
from registry.credentials.pool import HashPool
from registry.domain.asker import Asker, AskerClass
from registry.domain.attempts import Limits, Scope
from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.decisions import Decision, Question
from registry.domain.identity_number import NumberPolicy
from registry.domain.institution import (
    Acceptance,
    Agreement,
    Institution,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    Publication,
)
from registry.domain.patron import PatronId, StoredSecret
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from registry.domain.weak_pin import PinRules
from registry.register import NewPatron
from registry.services.cards import CardBlocking
from registry.services.commissioning import Commissions
from registry.services.consenting import Consenting
from registry.services.deliveries import Deliveries
from registry.services.delivery_desk import HandDeliveries
from registry.services.endings import Endings
from registry.services.entry_changes import EntryChanges
from registry.services.grouped_work import GroupedWork
from registry.services.guest_desk import GuestQueue
from registry.services.holders import CardHolders
from registry.services.identification import Identification, Identifying
from registry.services.libraries import PublishedLibraries
from registry.services.local_ids import KnownLocalIds
from registry.services.patrons import PatronPolicies, PatronRegistration
from registry.services.pin_checks import Hashing, PinChecks
from registry.services.portal import PatronPortal
from registry.services.recognising import Recognising
from registry.services.standing_import import StandingImport
from registry.services.standing_moves import StandingMoves
from registry.services.witness import PinResult
from registry.storage.database import Database
from tests.clocks import HandClock
from tests.registry.storage.databases import fresh_url, give_back, opened

UNIT, OTHER = LendingUnitId("NO-2030000"), LendingUnitId("NO-2120100")
FILM = InstitutionId("film")
PIN = "4817"
CARD = CardNumber("N001000001")

AGREEMENT = Agreement(reference="a/1", valid_from=date(2026, 1, 1), valid_until=date(2029, 12, 31))
PUBLICATION = Publication(
    institutions=(
        Institution(id=InstitutionId(UNIT), name="Storbyen", unit=UNIT),
        Institution(id=InstitutionId(OTHER), name="Fjordby", unit=OTHER),
        Institution(id=FILM, name="Film", agreement=AGREEMENT),
    ),
    units=(
        LendingUnit(id=UNIT, agreement=AGREEMENT, rules=None, acceptance=Acceptance.DIGITAL),
        LendingUnit(id=OTHER, agreement=AGREEMENT, rules=None),
    ),
)


class CountingHasher(PepperedHasher):
    """A cheap hasher that counts what reaches it."""

    def __init__(self, peppers: Keyring) -> None:
        """Cost next to nothing: these tests are about what happens around a hash."""
        super().__init__(peppers, Cost(memory=8))
        self.checks = 0

    def check(self, stored: StoredSecret | None, patron: PatronId, secret: Secret) -> bool:
        """Count, and check."""
        self.checks += 1
        return super().check(stored, patron, secret)


@dataclass
class Counts:
    """A witness that can be asked."""

    pins: Counter[PinResult] = field(default_factory=Counter)
    throttles: Counter[Scope] = field(default_factory=Counter)
    weak: int = 0
    offers: Counter[Channel] = field(default_factory=Counter)
    moves: Counter[StandingState] = field(default_factory=Counter)
    activations: list[float] = field(default_factory=list)

    def pin_checked(self, result: PinResult) -> None:
        self.pins[result] += 1

    def throttled(self, scope: Scope) -> None:
        self.throttles[scope] += 1

    def weak_pin_refused(self) -> None:
        self.weak += 1

    def offered(self, channel: Channel) -> None:
        self.offers[channel] += 1

    def standing_moved(self, state: StandingState) -> None:
        self.moves[state] += 1

    def activated(self, seconds: float) -> None:
        self.activations.append(seconds)


@dataclass
class House:
    """Everything of one register."""

    database: Database
    clock: HandClock
    counts: Counts
    hasher: CountingHasher
    door: Identification
    patrons: PatronRegistration
    cards: CardBlocking
    standings: StandingImport
    endings: Endings
    libraries: PublishedLibraries
    consent: Consenting
    portal: PatronPortal
    guests: GuestQueue
    commissions: Commissions
    courier: Deliveries
    hands: HandDeliveries
    changes: EntryChanges
    grouped: GroupedWork

    async def ask(self, pin: str | None = PIN, card: str | None = CARD, asker: Asker | None = None) -> Decision:
        """The decision as a door gets it: at once, or awaited."""
        question = Question(
            card=None if card is None else CardNumber(card),
            pin=None if pin is None else Secret(pin),
            asker=asker or kiosk(),
        )
        return self.door.at_once(question) or await self.door.answer(question, self.clock.monotonic() + 5)


def kiosk(name: str = "kiosk-1", kind: AskerClass = AskerClass.KIOSK, kiosks: int = 1) -> Asker:
    """A terminal of the digital library, or of the film service."""
    if kind is AskerClass.SERVICE:
        return Asker(terminal=name, kind=kind, institution=FILM, unit=None, kiosks=kiosks)
    return Asker(terminal=name, kind=kind, institution=InstitutionId(UNIT), unit=UNIT, kiosks=kiosks)


@asynccontextmanager
async def house(engine_name: str, directory: Path, limits: Limits | None = None) -> AsyncIterator[House]:
    """A register with published libraries and no patron."""
    url = await fresh_url(engine_name, directory)
    clock = HandClock()
    database = await opened(url, clock=clock.now)
    built = _built(database, limits or Limits(), clock)
    await built.libraries.publish(PUBLICATION)
    try:
        yield built
    finally:
        await built.grouped.close()
        await database.close()
        give_back(url)


def second_process(first: House, database: Database) -> House:
    """The same register as another process sees it: services and caches of its own on ``database``."""
    return _built(database, Limits(), first.clock)


def _built(database: Database, limits: Limits, clock: HandClock | None = None) -> House:
    clock, counts, work = clock or HandClock(), Counts(), database.unit_of_work
    hasher = CountingHasher(Keyring(Key(b"pepper of the tests")))
    hashing = Hashing(pins=hasher, passwords=hasher, pool=HashPool())
    vault = IdentityVault(Key(b"index key of the tests"), Key(b"identity key of the tests"))
    libraries = PublishedLibraries(work, clock)
    libraries._take(PUBLICATION)
    grouped = GroupedWork(work)
    checks = PinChecks(grouped, clock, hashing, ProvedPins(clock.monotonic), limits, counts)
    parts = Identifying(
        libraries=libraries,
        holders=CardHolders(database.lookups, database.signal, clock.monotonic),
        checks=checks,
        local_ids=KnownLocalIds(database.local_ids, database.signal, clock.monotonic),
        recognising=Recognising(work, clock),
        work=work,
        grouped=grouped,
        clock=clock,
        limits=limits,
        witness=counts,
    )
    policies = PatronPolicies(pins=PinRules(), numbers=NumberPolicy.TEST, limits=limits)
    door = Identification(parts)
    moves, commissions = StandingMoves(clock, counts), Commissions(work, clock)
    endings = Endings(libraries, moves, work, clock)
    return House(
        database=database,
        clock=clock,
        counts=counts,
        hasher=hasher,
        door=door,
        patrons=PatronRegistration(work, clock, hashing, vault, policies, counts, libraries),
        cards=CardBlocking(work, clock, vault, libraries),
        standings=StandingImport(work, clock, libraries),
        endings=endings,
        libraries=libraries,
        consent=Consenting(
            libraries, moves, work, database.lookups, database.signal, clock, vault, commissions, counts
        ),
        portal=PatronPortal(door, libraries, moves, work, clock, vault, counts),
        guests=GuestQueue(libraries, moves, work, clock),
        commissions=commissions,
        courier=Deliveries(moves, work, clock, counts),
        hands=HandDeliveries(moves, work, clock, counts),
        changes=EntryChanges(door, libraries, work, clock, hashing, vault, policies.pins, counts, endings),
        grouped=grouped,
    )


def new_patron(card: str | None = CARD, **changes: Any) -> NewPatron:
    """A patron to be added, with that PIN."""
    told: dict[str, Any] = {
        "family_name": "Ødegård",
        "given_name": "Kjærsti",
        "birth_date": date(1986, 5, 17),
        "card": None if card is None else CardNumber(card),
        "pin": Secret(PIN),
        "mobile": "+47 400 55 111",
    }
    return NewPatron(**{**told, **changes})
