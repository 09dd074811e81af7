"""The composition root, for ``serve`` and for every command: settings in, running services out.

The only module that sees both ``config`` and ``registry.storage``, and the only one that builds.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from config.secret_files import credential, database_password
from config.settings import Settings
from gateway import policies
from gateway.clock import SystemClock
from gateway.metering import DatabaseMeter, MeteredLookups, MeteredWork
from gateway.partners.secrets import MachineSecrets
from registry.credentials.cache import ProvedPins
from registry.credentials.identity import IdentityVault
from registry.credentials.keys import Key, Keyring
from registry.credentials.pins import Cost, PepperedHasher
from registry.credentials.pool import HashPool
from registry.services.admissions import Admissions
from registry.services.cards import CardBlocking
from registry.services.commissioning import Commissions
from registry.services.consenting import Consenting
from registry.services.deliveries import Deliveries
from registry.services.delivery_desk import HandDeliveries
from registry.services.desk_registration import DeskRegistration
from registry.services.endings import Endings
from registry.services.entry_changes import EntryChanges
from registry.services.granted_lookups import GrantedLookups
from registry.services.grouped_work import GroupedWork
from registry.services.guest_desk import GuestQueue
from registry.services.holders import CardHolders
from registry.services.identification import Identification, Identifying
from registry.services.initiators import Initiators
from registry.services.libraries import PublishedLibraries
from registry.services.local_ids import KnownLocalIds
from registry.services.notices import Notices, Notifier
from registry.services.patrons import PatronPolicies, PatronRegistration
from registry.services.pin_checks import Hashing, PinChecks
from registry.services.portal import PatronPortal
from registry.services.ports import Lookups, OpenUnitOfWork
from registry.services.recognising import Recognising
from registry.services.standing_import import StandingImport
from registry.services.standing_moves import StandingMoves
from registry.services.taking_in import TakingIn
from registry.services.witness import NobodyWatches, Witness
from registry.storage.database import Database, DatabaseDamagedError, NotDurableError
from registry.storage.migrations import SchemaOutOfDateError, current_revision, migrate


class UnfitDatabaseError(Exception):
    """The database answers and cannot be used: its schema is another one's, or it would lose what it acknowledges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The register of one process, open: what doors, desks and chores are given of it."""

    door: Identification
    initiators: Initiators
    patrons: PatronRegistration
    cards: CardBlocking
    standings: StandingImport
    endings: Endings
    activation: Consenting
    portal: PatronPortal
    guests: GuestQueue
    commissions: Commissions
    courier: Deliveries
    deliveries: HandDeliveries
    notices: Notices
    libraries: PublishedLibraries
    database: Database
    grouped: GroupedWork
    hashing: Hashing
    machine_secrets: MachineSecrets


@contextlib.asynccontextmanager
async def open_register(
    settings: Settings,
    clock: SystemClock,
    witness: Witness | None = None,
    *,
    meter: DatabaseMeter | None = None,
    command: bool = False,
) -> AsyncIterator[Register]:
    """Open the register that ``settings`` name; everything is closed again when the block ends.

    ``command`` gives it the patience of a person at a prompt instead of a kiosk's. Raises ``RegisterUnavailable``
    where the database cannot be reached, ``UnfitDatabaseError`` where it must be migrated or mended first, and
    ``ConfigurationError`` for a key that cannot be read.
    """
    watching = witness or NobodyWatches()
    told = settings.database
    database = Database(
        database_url(settings),
        audit_key=credential(settings, "audit_key"),
        timeout=told.cli_timeout if command else settings.budgets.database,
        pool_size=told.pool_size,
    )
    pool = HashPool(settings.pin.hash_threads, settings.pin.hash_queue)
    try:
        await _opened(database, settings)
        register = _furnished(settings, clock, watching, database, pool, meter)
        try:
            yield register
        finally:
            await register.grouped.close()
        if command:
            # No daemon may be there to seal what this command has written down.
            await database.chain.seal()
    finally:
        pool.close()
        await database.close()


async def _opened(database: Database, settings: Settings) -> None:
    # The embedded register makes itself at its first start; a server's schema is changed by `portvakt migrate` alone.
    try:
        await database.open(create=await is_new_file(settings))
    except (SchemaOutOfDateError, DatabaseDamagedError, NotDurableError) as unfit:
        raise UnfitDatabaseError(str(unfit)) from unfit


def database_url(settings: Settings) -> str:
    """Return the database's URL with password and TLS in it: a secret, never to be shown."""
    told, password = settings.database, database_password(settings)
    parts = urlsplit(told.url)
    if parts.scheme.startswith("sqlite"):
        return told.url
    query = dict(parse_qsl(parts.query))
    if password is not None:
        query["password"] = password
    if told.verify_tls:
        query["sslmode"] = "verify-full"
    if told.verify_tls and told.ca is not None:
        query["sslrootcert"] = str(told.ca)
    return urlunsplit(parts._replace(query=urlencode(query)))


async def is_new_file(settings: Settings) -> bool:
    """Tell whether the register is a SQLite file that is not there yet."""
    url = database_url(settings)
    return url.startswith("sqlite") and await current_revision(url) is None


def write_ahead_log_of(settings: Settings) -> Path | None:
    """Return SQLite's write-ahead log, or ``None`` where the register is on a server."""
    scheme, _, path = settings.database.url.partition(":///")
    return Path(f"{path}-wal") if scheme.startswith("sqlite") else None


async def migrate_register(settings: Settings) -> tuple[str | None, str | None]:
    """Bring the schema up to this version; return the revisions before and after."""
    url = database_url(settings)
    before = await current_revision(url)
    await migrate(url)
    return before, await current_revision(url)


def hashing_of(settings: Settings, pool: HashPool) -> Hashing:
    """Return the hashers of PINs and passwords, and the pool that they run in."""
    peppers = Keyring(Key(credential(settings, "pin_pepper")))
    pin = settings.pin
    return Hashing(
        pins=PepperedHasher(peppers, Cost(pin.argon2_memory_kib, pin.argon2_passes, pin.argon2_lanes)),
        passwords=PepperedHasher(peppers, Cost(pin.secret_memory_kib)),
        pool=pool,
    )


def _furnished(
    settings: Settings,
    clock: SystemClock,
    witness: Witness,
    database: Database,
    pool: HashPool,
    meter: DatabaseMeter | None,
) -> Register:
    limits = policies.attempt_limits(settings)
    work: OpenUnitOfWork = MeteredWork(database.unit_of_work, meter) if meter else database.unit_of_work
    grouped = GroupedWork(work)
    lookups: Lookups = MeteredLookups(database.lookups, meter) if meter else database.lookups
    hashing = hashing_of(settings, pool)
    vault = IdentityVault(Key(credential(settings, "index_key")), Key(credential(settings, "identity_key")))
    libraries = PublishedLibraries(work, clock)
    proved = ProvedPins(clock.monotonic, seconds=settings.pin.cache_seconds, entries=settings.pin.cache_entries)
    rules = PatronPolicies(pins=policies.pin_rules(settings), numbers=policies.number_policy(settings), limits=limits)
    holders = CardHolders(lookups, database.signal, clock.monotonic)
    notifier = Notifier(by_mail=settings.mail is not None)
    moves, commissions = StandingMoves(clock, witness, notifier), Commissions(work, clock)
    endings = Endings(libraries, moves, work, clock)
    door = Identification(
        Identifying(
            libraries=libraries,
            holders=holders,
            checks=PinChecks(grouped, clock, hashing, proved, limits, witness),
            local_ids=KnownLocalIds(database.local_ids, database.signal, clock.monotonic),
            recognising=Recognising(work, clock),
            work=work,
            grouped=grouped,
            clock=clock,
            limits=limits,
            witness=witness,
            encounter=policies.encounter_length(settings),
        )
    )
    initiators = Initiators(
        door,
        libraries=libraries,
        holders=holders,
        lookups=GrantedLookups(holders, work, clock),
        admissions=Admissions(
            door,
            libraries,
            work,
            clock,
            vault,
            guests=TakingIn(clock, notifier),
            desk=DeskRegistration(clock, vault, rules.numbers),
        ),
        changes=EntryChanges(door, libraries, work, clock, hashing, vault, rules.pins, witness, endings),
        hashing=hashing,
        work=work,
        clock=clock,
    )
    return Register(
        door=door,
        initiators=initiators,
        patrons=PatronRegistration(work, clock, hashing, vault, rules, witness, libraries),
        cards=CardBlocking(work, clock, vault, libraries),
        standings=StandingImport(work, clock, libraries),
        endings=endings,
        activation=Consenting(
            libraries,
            moves,
            work,
            lookups,
            database.signal,
            clock,
            vault,
            commissions,
            witness,
            encounter=policies.encounter_length(settings),
        ),
        portal=PatronPortal(door, libraries, moves, work, clock, vault, witness),
        guests=GuestQueue(libraries, moves, work, clock, notifier),
        commissions=commissions,
        courier=Deliveries(moves, work, clock, witness),
        deliveries=HandDeliveries(moves, work, clock, witness),
        notices=Notices(work),
        libraries=libraries,
        database=database,
        grouped=grouped,
        hashing=hashing,
        machine_secrets=MachineSecrets(pool, entries=settings.pin.secret_cache_entries),
    )
