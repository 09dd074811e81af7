"""A folder with settings, partners, keys and a register full of people, for a daemon to be killed in."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.load import load_partners, load_settings
from config.secret_files import credential
from gateway import demo_world
from gateway.application import open_register
from gateway.cli.setup import make_keys
from gateway.clock import SystemClock
from gateway.partners.publication import publication_of
from gateway.partners.secrets import hash_secret
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret
from tests.operations.activating.people import Person, new_patron, people

UNIT = LendingUnitId("NO-2030000")
LIBRARY = "Storbyen folkebibliotek"
LOGIN, PASSWORD = "storbyen-1", "demo-storbyen"

SETTINGS = """\
[identity]
mode = "test"
[state]
directory = "."
[credentials]
directory = "credentials"
[partners]
directory = "partners.d"
[database]
url = "{database}"
[listeners.http]
port = {http_port}
[[listeners.sip2]]
name = "sip2"
port = {sip2_port}
[pin]
secret_memory_kib = 8192
[attempts.strangers]
cards = 100000
[limits]
per_login = 2000
[log]
level = "debug"
[budgets]
answer = {answer}
database = {share}
ils = {ils}
drain = 20
drain_hard = 30
"""

PARTNERS = """\
[[institutions]]
id = "{unit}"
name = "{library}"
[[lending_units]]
id = "{unit}"
acceptance = "digital"
library_system = "{ils}"
[lending_units.agreement]
reference = "test"
valid_from = 2026-01-01
valid_until = 2099-12-31
[lending_units.rules]
version = "3"
[lending_units.rules.languages.nb]
short = "Lånetid 28 dager. Du erstatter det du mister."
full = "Lånetiden er 28 dager. Det som blir borte eller ødelagt, må erstattes."
[lending_units.delivery]
carrier = "koha"
url = "http://127.0.0.1:{koha_port}/api/v1"
client_id = "portvakt"
secret_file = "koha"
[lending_units.delivery.mapping]
default_branch = "HOVED"
[[lending_units.delivery.mapping.categories]]
from_age = 0
category = "BARN"
[[lending_units.delivery.mapping.categories]]
from_age = 18
category = "VOKSEN"
[dialects.utf8]
encoding = "utf-8"
[[terminals]]
id = "{login}"
institution = "{unit}"
class = "kiosk"
login = "{login}"
secret = "{secret}"
networks = ["127.0.0.0/8"]
dialect = "utf8"
kiosks = 50
consent_channels = ["kiosk", "desk"]
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens, chosen beforehand: who is killed comes back where it was."""

    sip2: int
    http: int
    koha: int
    ils: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds for an answer in all, and the shares of the database and the library system."""

    answer: float = 8.0
    database: float = 5.0
    ils: float = 4.0


@dataclass(frozen=True, slots=True)
class Place:
    """Storbyen: where its files are, and who is in the register."""

    directory: Path
    database: str
    ports: Ports
    people: Sequence[Person]

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.directory / "portvakt.toml"

    @property
    def audit_key(self) -> bytes:
        """What the audit trail is verified with."""
        return credential(load_settings(self.settings, {}), "audit_key")

    def beside(self, name: str, ports: Ports) -> Place:
        """Return a second daemon's place on the same register: the same keys and partners, other ports."""
        directory = self.directory / name
        directory.mkdir(mode=0o700)
        for shared in ("credentials", "partners.d"):
            (directory / shared).symlink_to(self.directory / shared)
        text = self.settings.read_text("utf-8")
        for before, after in ((self.ports.sip2, ports.sip2), (self.ports.http, ports.http)):
            text = text.replace(f"port = {before}\n", f"port = {after}\n")
        (directory / "portvakt.toml").write_text(text, "utf-8")
        return Place(directory, self.database, ports, self.people)


def free_port() -> int:
    """Return a TCP port that nobody has now, and that no connection is given while its daemon is dead.

    Ports that the kernel gives away by itself begin at 32768.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def free_ports() -> Ports:
    """Return four of them."""
    return Ports(*(free_port() for _ in range(4)))


async def make_place(directory: Path, database: str, count: int, budget: Budget | None = None) -> Place:
    """Make everything new in ``directory``; the database is there, migrated and empty."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Place(directory, database, free_ports(), people(count))
    told = budget or Budget()
    place.settings.write_text(
        SETTINGS.format(
            database=database,
            http_port=place.ports.http,
            sip2_port=place.ports.sip2,
            answer=told.answer,
            share=told.database,
            ils=told.ils,
        ),
        "utf-8",
    )
    make_keys(place.settings)
    _keep_secret(directory / "credentials" / "koha", "demo-storbyen-koha")
    _keep_secret(directory / "credentials" / demo_world.STORBYEN_ILS, demo_world.ILS_PASSWORD)
    (directory / "partners.d").mkdir()
    (directory / "partners.d" / "storbyen.toml").write_text(_partners(place.ports.koha), "utf-8")
    (directory / "partners.d" / "ils.toml").write_text(demo_world.library_system_text(place.ports.ils), "utf-8")
    await _populate(place)
    return place


def _partners(koha_port: int) -> str:
    return PARTNERS.format(
        unit=UNIT,
        library=LIBRARY,
        ils=demo_world.STORBYEN_ILS,
        koha_port=koha_port,
        login=LOGIN,
        secret=hash_secret(Secret(PASSWORD), memory_kib=8),
    )


def _keep_secret(path: Path, secret: str) -> None:
    path.touch(mode=0o600)
    path.write_text(secret + os.linesep, "utf-8")


async def _populate(place: Place) -> None:
    settings = load_settings(place.settings, {})
    async with open_register(settings, SystemClock(), command=True) as register:
        await register.libraries.publish(publication_of(load_partners(settings)))
        await register.patrons.add_patrons([new_patron(one) for one in place.people], "test", lambda _: None)
        await register.commissions.commission(LOGIN, UNIT, "test")
