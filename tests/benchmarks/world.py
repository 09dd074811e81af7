"""The register that is measured: 100,000 invented patrons of one library, made once and kept under ``.benchmarks``."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Table, insert

from config.load import load_partners, load_settings
from config.secret_files import credential
from config.settings import Settings
from gateway.application import open_register
from gateway.cli.setup import make_keys
from gateway.clock import SystemClock
from gateway.partners.publication import publication_of
from gateway.partners.secrets import hash_secret
from registry.credentials.keys import Key, Keyring
from registry.credentials.pins import PIN_COST, Cost, PepperedHasher
from registry.domain.card import Card, CardNumber
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Address, Credentials, Patron, PatronId, Sex
from registry.domain.secret import Secret
from registry.domain.standing import Origin, Standing, StandingState
from registry.storage import tables
from registry.storage.address import parse
from registry.storage.engine import writing_engine
from registry.storage.migrations import newest_revision
from registry.storage.rows import card_values, patron_values, standing_values
from registry.storage.transaction import Steps, Transactions
from tests.benchmarks.conversation import LIBRARY, LOGIN, PASSWORD

PATRONS = 100_000
ASKED = range(1_000)
"""The patrons that are asked for again and again."""

PRICED = range(2_000, 2_200)
"""The patrons whose PINs are hashed at the price of production."""

CHEAP = Cost(memory=8)
"""What the other PINs' hashes cost: argon2 keeps its parameters in each hash, so nothing else differs."""

# A new schema or another population is another world; what it replaces may be deleted.
KEPT = Path(__file__).parents[2] / ".benchmarks" / f"world-1-of-{newest_revision()}"

_AT_ONCE = 2_000
_GIVEN = ("Ågot", "Jonas", "Kjærsti", "Bjørn", "Máret", "Ola", "Ingrid", "Håkon", "Sølvi", "Per")
_FAMILY = ("Bjørnstad", "Hætta", "Ødegård", "Lie", "Nordmann", "Åsen", "Berg", "Solbakken", "Eira", "Dahl")
_MADE = datetime(2026, 1, 5, 9, tzinfo=UTC)

SETTINGS = """\
[identity]
mode = "test"
[credentials]
directory = "{kept}/credentials"
[partners]
directory = "{kept}/partners.d"
[[listeners.sip2]]
name = "sip2"
port = {sip2_port}
[listeners.http]
port = {http_port}
[database]
url = "{database}"
[limits]
per_login = {per_login}
connections = {connections}
"""

_PARTNERS = """\
[[institutions]]
id = "{library}"
name = "Storbyen folkebibliotek"
[[lending_units]]
id = "{library}"
acceptance = "digital"
[lending_units.agreement]
reference = "benchmark"
valid_from = 2026-01-01
valid_until = 2099-12-31
[[terminals]]
id = "{login}"
institution = "{library}"
class = "kiosk"
login = "{login}"
secret = "{secret}"
networks = ["127.0.0.0/8"]
kiosks = 50
"""


def card(number: int) -> CardNumber:
    """Return the card of a patron, counted from 0."""
    return CardNumber(f"N{100_000_000 + number}")


def pin(number: int) -> str:
    """Return the PIN of a patron."""
    return f"{(number * 7919 + 4817) % 10_000:04d}"


def people(numbers: range) -> list[tuple[str, str]]:
    """Return card and PIN of these patrons."""
    return [(card(number), pin(number)) for number in numbers]


def settings_text(
    *, database: str, sip2_port: int = 0, http_port: int = 0, per_login: int = 64, connections: int = 2000
) -> str:
    """Return ``portvakt.toml``; what is not said here is at its default."""
    return SETTINGS.format(
        kept=KEPT,
        database=database,
        sip2_port=sip2_port,
        http_port=http_port,
        per_login=per_login,
        connections=connections,
    )


def database() -> Path:
    """Return the file with the whole register in it, made now where it is not there yet; copy it, never change it."""
    finished = KEPT / "register.db"
    if not finished.exists():
        shutil.rmtree(KEPT, ignore_errors=True)
        (KEPT / "partners.d").mkdir(parents=True)
        making = KEPT / "making.db"
        asyncio.run(_make(_settings(f"sqlite:///{making}")))
        making.rename(finished)
    return finished


def copy(directory: Path) -> Path:
    """Return a copy of the register, for one daemon to write in."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / "portvakt.db"
    shutil.copyfile(database(), path)
    path.chmod(0o600)
    return path


def settings_for(url: str) -> Settings:
    """Return the settings of a register at ``url``, with the world's keys and partners; the world must be there."""
    return load_settings(_written(url))


def _settings(url: str) -> Settings:
    secret = hash_secret(Secret(PASSWORD))
    partners = _PARTNERS.format(library=LIBRARY, login=LOGIN, secret=secret)
    (KEPT / "partners.d" / "library.toml").write_text(partners, encoding="utf-8")
    make_keys(_written(url))
    return settings_for(url)


def _written(url: str) -> Path:
    path = KEPT / "portvakt.toml"
    path.write_text(settings_text(database=url), encoding="utf-8")
    return path


async def _make(settings: Settings) -> None:
    await populate(settings)
    async with open_register(settings, SystemClock(), command=True) as register:
        # The last one to close a SQLite file writes its log into it; the copies need nothing beside the file.
        await register.libraries.load()


async def populate(settings: Settings) -> None:
    """Fill the new, empty register of these settings, through the storage layer's own rows; with a progress bar."""
    async with open_register(settings, SystemClock(), command=True) as register:
        await register.libraries.publish(publication_of(load_partners(settings)))
    peppers = Keyring(Key(credential(settings, "pin_pepper")))
    engine = writing_engine(parse(settings.database.url), timeout=60, pool_size=1)
    transactions, steps = Transactions(engine, Steps()), range(0, PATRONS, _AT_ONCE)
    try:
        with click.progressbar(steps, label=f"Inventing {PATRONS} patrons") as chunks:
            for first in chunks:
                people = list(_people(range(first, first + _AT_ONCE), peppers))
                await _insert(transactions, people)
    finally:
        await engine.dispose()


async def _insert(transactions: Transactions, people: Sequence[dict[Table, dict[str, Any]]]) -> None:
    async with transactions.open() as transaction:
        for table in (tables.patron, tables.card, tables.standing):
            await transaction.execute(insert(table), [rows[table] for rows in people])
        await transaction.commit()


def _people(numbers: Sequence[int], peppers: Keyring) -> Iterator[dict[Table, dict[str, Any]]]:
    hashers = {True: PepperedHasher(peppers, PIN_COST), False: PepperedHasher(peppers, CHEAP)}
    for number in numbers:
        key = PatronId(number + 1)
        credentials = Credentials(pin=hashers[number in PRICED].hash(key, Secret(pin(number))))
        salt = {"audit_salt": secrets.token_bytes(16)}
        local = Standing(
            patron=key,
            unit=LendingUnitId(LIBRARY),
            state=StandingState.LOCAL,
            since=_MADE,
            origin=Origin.IMPORTED,
            local_id=f"S{number}",
        )
        yield {
            tables.patron: {**patron_values(_patron(key), credentials), **salt},
            tables.card: card_values(Card(number=card(number), patron=key, issued_at=_MADE)),
            tables.standing: standing_values(local),
        }


def _patron(key: PatronId) -> Patron:
    given, family = _GIVEN[key % len(_GIVEN)], _FAMILY[key // len(_GIVEN) % len(_FAMILY)]
    return Patron(
        id=key,
        family_name=family,
        given_name=given,
        birth_date=date(1930, 1, 1) + timedelta(days=key % 29_000),
        sex=Sex.UNKNOWN,
        registered_address=Address(lines=(f"Storgata {key % 200}",), postal_code="0155", place="Oslo"),
        mobile=f"+47 400 {key % 100_000:05d}",
        email=f"patron-{key}@patron.example",
        home_library=InstitutionId(LIBRARY),
        created_at=_MADE,
        last_activity=_MADE.date(),
    )
