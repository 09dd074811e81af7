"""Libraries whose guests become patrons: a register made anew, a library system that answers after 5 ms, daemons."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import func, insert, select

from config.load import load_partners, load_settings
from config.secret_files import credential
from gateway.application import migrate_register, open_register
from gateway.cli.setup import make_keys
from gateway.clock import SystemClock
from gateway.partners.publication import publication_of
from gateway.partners.secrets import hash_secret
from registry.credentials.keys import Key, Keyring
from registry.credentials.pins import PepperedHasher
from registry.domain.card import Card, CardNumber
from registry.domain.consent import Channel
from registry.domain.delivery import DeliveryKind, DeliveryState
from registry.domain.patron import Address, Credentials, Language, Patron, PatronId
from registry.domain.secret import Secret
from registry.domain.standing import Origin, StandingState
from registry.storage import tables
from registry.storage.database import Database
from registry.storage.rows import card_values, patron_values
from tests.benchmarks import daemon
from tests.benchmarks.daemon import GENERATOR_CORE, Server
from tests.benchmarks.lookups import SERVER
from tests.benchmarks.world import CHEAP, pin

ANSWERS_AFTER = 5
"""Milliseconds that a library system takes for an answer."""

_AT_ONCE = 500
_MADE = datetime(2026, 1, 5, 9, tzinfo=UTC)
_PASSWORD = "bench"

_SETTINGS = """\
[identity]
mode = "test"
[state]
directory = "{folder}"
[credentials]
directory = "{shared}/credentials"
[partners]
directory = "{shared}/partners.d"
[database]
url = "{database}"
[listeners.http]
port = {http_port}
[[listeners.sip2]]
name = "sip2"
port = {sip2_port}
[ncip]
agency = "NO-0030100"
[attempts.strangers]
cards = 100000
"""

_LIBRARY = """\
[[institutions]]
id = "{unit}"
name = "Storbyen folkebibliotek"
[[lending_units]]
id = "{unit}"
acceptance = "digital"
library_system = "lends"
delivery = {{ carrier = "ncip", url = "http://127.0.0.1:{port}/{path}" }}
[lending_units.agreement]
reference = "benchmark"
valid_from = 2026-01-01
valid_until = 2099-12-31
[lending_units.rules]
version = "1"
[lending_units.rules.languages.nb]
short = "Lånetid 28 dager. Du erstatter det du mister."
full = "Lånetiden er 28 dager. Det som blir borte, må erstattes."
[[terminals]]
id = "kiosk-{number}"
institution = "{unit}"
class = "kiosk"
login = "kiosk-{number}"
secret = "{secret}"
networks = ["127.0.0.0/8"]
kiosks = 50
consent_channels = ["kiosk"]
"""


_LENDS = """\
[[library_systems]]
id = "lends"
addresses = ["127.0.0.1:{port}"]
login_of_terminal = true
error_detection = false
"""


def unit(number: int) -> str:
    """Return the id of a lending unit, counted from 0."""
    return f"NO-20{number:05d}"


def card(number: int) -> CardNumber:
    """Return the card of a patron, counted from 0."""
    return CardNumber(f"N{300_000_000 + number}")


@dataclass(slots=True)
class Libraries:
    """Some lending units before one library system, and a register that knows some patrons."""

    folder: Path
    database: str
    units: int
    patrons: int
    _daemons: int = 0

    @contextlib.contextmanager
    def daemon(self, core: int | None = None) -> Iterator[Server]:
        """Run one more daemon on the register."""
        self._daemons += 1
        directory, port = self.folder / f"daemon-{self._daemons}", daemon.free_port()
        directory.mkdir(mode=0o700)
        settings = directory / "portvakt.toml"
        settings.write_text(self.settings(directory, port), encoding="utf-8")
        command = [*daemon.pinned(core), str(daemon.PORTVAKT), "serve", "--config", str(settings)]
        with daemon.started(command, directory, port) as server:
            yield server

    def settings(self, directory: Path, port: int) -> str:
        """Return the settings of a daemon."""
        return _SETTINGS.format(
            folder=directory,
            shared=self.folder,
            database=self.database,
            http_port=daemon.free_port(),
            sip2_port=port,
        )

    async def put_in_the_outbox(self, numbers: Sequence[int], units: Sequence[str]) -> None:
        """Have these patrons have accepted the rules, at one unit after another; all are due at once."""
        now = datetime.now(UTC)
        rows = [(PatronId(number + 1), units[place % len(units)]) for place, number in enumerate(numbers)]
        standing = {"state": StandingState.CONSENTED, "since": now, "origin": Origin.ACTIVATED, "local_id": None}
        consent = {
            "rules_version": "1", "language": Language.NB, "channel": Channel.KIOSK, "at": now,
            "text": "Lånetid 28 dager.", "evidence": "benchmark",
        }  # fmt: skip
        delivery = {
            "kind": DeliveryKind.ACTIVATE, "state": DeliveryState.PENDING, "due": now, "since": now,
            "lease_until": None, "fence": 0, "wanted": 1, "tries": 0, "sent": False, "reason": "",
        }  # fmt: skip
        values = [{"patron": patron, "unit": at} for patron, at in rows]
        async with self.opened() as database:
            for first in range(0, len(values), _AT_ONCE):
                some = values[first : first + _AT_ONCE]
                async with database._transactions.open() as transaction:
                    await transaction.execute(insert(tables.standing), [{**one, **standing} for one in some])
                    await transaction.execute(insert(tables.consent), [{**one, **consent} for one in some])
                    await transaction.execute(
                        insert(tables.delivery), [{**one, "place": one["unit"], **delivery} for one in some]
                    )
                    await transaction.commit()

    async def done(self, database: Database, units: Sequence[str]) -> int:
        """Return how many deliveries of these units have come to their end."""
        table = tables.delivery
        wanted = select(func.count()).where(table.c.state == DeliveryState.DONE, table.c.unit.in_(units))
        return int((await database._reads.rows(wanted))[0][0])

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Database]:
        """Look at the register from outside."""
        key = credential(load_settings(self.folder / "portvakt.toml", {}), "audit_key")
        database = Database(self.database, audit_key=key, timeout=30.0)
        try:
            yield database
        finally:
            await database.close()


@contextlib.contextmanager
def libraries(engine: str, *, units: int, patrons: int, dead: int = 0) -> Iterator[Libraries]:
    """Make a register of so many patrons and units, the last ``dead`` of whose library systems never answer."""
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="portvakt-bench-")))
        if engine == "sqlite":
            url = f"sqlite:///{folder / 'register' / 'portvakt.db'}"
            (folder / "register").mkdir(mode=0o700)
        else:
            name = asyncio.run(_create())
            exits.callback(lambda: asyncio.run(_drop(name)))
            url = urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        port, lends = daemon.free_port(), daemon.free_port()
        exits.enter_context(_library_system(folder / "library-system", port, lends))
        made = Libraries(folder, url, units, patrons)
        secret = hash_secret(Secret(_PASSWORD), memory_kib=8)
        paths = ["ncip"] * (units - dead) + ["dead"] * dead
        told = (
            _LIBRARY.format(unit=unit(number), number=number, port=port, path=path, secret=secret)
            for number, path in enumerate(paths)
        )
        (folder / "partners.d").mkdir()
        (folder / "partners.d" / "libraries.toml").write_text(
            "".join([_LENDS.format(port=lends), *told]), encoding="utf-8"
        )
        (folder / "portvakt.toml").write_text(made.settings(folder, daemon.free_port()), encoding="utf-8")
        make_keys(folder / "portvakt.toml")
        asyncio.run(_populate(made))
        yield made


@contextlib.contextmanager
def _library_system(folder: Path, port: int, lends: int) -> Iterator[Server]:
    folder.mkdir()
    words = ["-m", "tests.benchmarks.ncip_library", str(port), str(lends), str(ANSWERS_AFTER)]
    with daemon.started([*daemon.pinned(GENERATOR_CORE), sys.executable, *words], folder, port) as server:
        yield server


async def _populate(made: Libraries) -> None:
    settings = load_settings(made.folder / "portvakt.toml", {})
    await migrate_register(settings)
    async with open_register(settings, SystemClock(), command=True) as register:
        await register.libraries.publish(publication_of(load_partners(settings)))
        for number in range(made.units):
            await register.commissions.commission(f"kiosk-{number}", _as_unit(number), "benchmark")
    hasher = PepperedHasher(Keyring(Key(credential(settings, "pin_pepper"))), CHEAP)
    async with made.opened() as database:
        for first in range(0, made.patrons, _AT_ONCE):
            people = [_person(number, hasher) for number in range(first, min(first + _AT_ONCE, made.patrons))]
            async with database._transactions.open() as transaction:
                await transaction.execute(insert(tables.patron), [one[0] for one in people])
                await transaction.execute(insert(tables.card), [one[1] for one in people])
                await transaction.commit()


def _as_unit(number: int) -> Any:
    return unit(number)


def _person(number: int, hasher: PepperedHasher) -> tuple[dict[str, Any], dict[str, Any]]:
    key = PatronId(number + 1)
    patron = Patron(
        id=key,
        family_name="Nordmann",
        given_name="Ola",
        birth_date=date(1980, 1, 1),
        registered_address=Address(lines=("Storgata 1",), postal_code="0155", place="Oslo"),
        mobile=f"+47 400 {number:05d}",
        email=f"patron-{number}@patron.example",
        created_at=_MADE,
        last_activity=_MADE.date(),
    )
    credentials = Credentials(pin=hasher.hash(key, Secret(pin(number))))
    return (
        {**patron_values(patron, credentials), "audit_salt": secrets.token_bytes(16)},
        card_values(Card(number=card(number), patron=key, issued_at=_MADE)),
    )


async def _create() -> str:
    name = f"portvakt_bench_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return name


async def _drop(name: str) -> None:
    connection = await asyncpg.connect(SERVER)
    try:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()
