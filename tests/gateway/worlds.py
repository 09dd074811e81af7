"""The demo's world to test in: made once, copied for each test, and served by a daemon on this very loop.

Everything is the real thing (files, keys, database, sockets) but the clock, which can be turned, and the hashes of
the terminals' passwords, which are cheap to check.
"""

from __future__ import annotations

import asyncio
import atexit
import dataclasses
import io
import json
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from config.load import load_partners, load_settings
from config.secret_files import credential
from gateway import demo_world
from gateway.application import Register, migrate_register, open_register
from gateway.cli.setup import make_keys
from gateway.clock import SystemClock
from gateway.daemon import Daemon
from gateway.ncip.enrolment import peers_of
from gateway.observability.logs import Level, Logs
from gateway.observability.metrics import Metrics
from gateway.partners.publication import publication_of
from gateway.partners.secrets import hash_secret
from gateway.sip2.listener import Sip2Door
from registry.domain.secret import Secret
from registry.services.holders import CardHolders
from tests.gateway.kiosks import Kiosk, connected

CHEAP_KIB = 8
"""Memory of the passwords' hashes here: a thousandth of the real cost."""

CHEAP = "pin.secret_memory_kib = 8192\n"
"""The least that the settings allow for passwords of patrons: a sixth of the default."""

PATIENT = """
[attempts.card_at_terminal]
failures = 100
[attempts.card]
failures = 100
consecutive = 100
[attempts.terminal]
failures = 10000
cards = 10000
"""
"""Limits that a table of wrong PINs does not meet."""

# What no test but those that provoke it may leave behind in the log.
ALARMING = frozenset({"unexpected", "library_error", "python_warning", "unlisted", "chore_failed", "self_test_failed"})


class TurnedClock(SystemClock):
    """The system's clock, turned forward by hand."""

    def __init__(self) -> None:
        """Show the right time until turned."""
        super().__init__()
        self._turned = 0.0
        self._stopped: datetime | None = None

    def stop_the_hands(self) -> None:
        """Show the same time of the day from now on, so that equal questions have equal answers."""
        self._stopped = self.local()

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._turned += seconds

    def now(self) -> datetime:
        """The wall clock."""
        return super().now() + timedelta(seconds=self._turned)

    def steady(self) -> datetime:
        """What no setting moves."""
        return super().steady() + timedelta(seconds=self._turned)

    def monotonic(self) -> float:
        """Seconds for deadlines."""
        return super().monotonic() + self._turned

    def local(self) -> datetime:
        """The wall clock in the libraries' zone."""
        return self._stopped or super().local() + timedelta(seconds=self._turned)

    def today(self) -> date:
        """The date in the libraries' zone."""
        return self.local().date()


@dataclass(frozen=True, slots=True)
class World:
    """A folder with settings, partners, keys and a register."""

    directory: Path

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.directory / "portvakt.toml"

    @property
    def partners(self) -> Path:
        """The partner file."""
        return self.directory / "partners.d" / "demo.toml"

    @property
    def register(self) -> Path:
        """The database file."""
        return self.directory / "portvakt.db"

    def say(self, settings: str) -> None:
        """Add tables to the settings."""
        self.settings.write_text(self.settings.read_text("utf-8") + settings, "utf-8")

    def rewrite_partners(self, *changes: tuple[str, str]) -> None:
        """Replace texts of the partner file; each must be there."""
        text = self.partners.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.partners.write_text(text, "utf-8")

    @asynccontextmanager
    async def at_the_prompt(self) -> AsyncIterator[Register]:
        """Open the register a second time, as a command does beside the daemon."""
        async with open_register(load_settings(self.settings, {}), SystemClock(), command=True) as register:
            await register.libraries.load()
            yield register


class _Prepared:
    """The demo's world, made when first asked for, removed when the tests are over."""

    def __init__(self) -> None:
        self._directory: Path | None = None

    async def directory(self) -> Path:
        if self._directory is None:
            made = Path(tempfile.mkdtemp(prefix="portvakt-world-"))
            atexit.register(shutil.rmtree, made, ignore_errors=True)
            await _make(made)
            self._directory = made
        return self._directory


async def _make(directory: Path) -> None:
    file = directory / "portvakt.toml"
    file.write_text(CHEAP + demo_world.settings_text(sip2_port=0, http_port=0), "utf-8")
    make_keys(file)
    hashed = {
        login: hash_secret(Secret(password), memory_kib=CHEAP_KIB) for login, password in demo_world.PASSWORDS.items()
    }
    (directory / "partners.d").mkdir()
    (directory / "partners.d" / "demo.toml").write_text(_standing_alone(demo_world.partners_text(hashed)), "utf-8")
    initiators = {
        id_: hash_secret(Secret(secret), memory_kib=CHEAP_KIB) for id_, secret in demo_world.INITIATORS.items()
    }
    (directory / "partners.d" / "initiators.toml").write_text(demo_world.initiators_text(initiators), "utf-8")
    settings, clock = load_settings(file, {}), SystemClock()
    await migrate_register(settings)
    async with open_register(settings, clock, command=True) as register:
        await register.libraries.publish(publication_of(load_partners(settings)))
        await demo_world.populate(register.patrons, register.cards, clock.today())


def _standing_alone(partners: str) -> str:
    """Without the library system behind Storbyen's terminals; `tests.gateway.libraries` puts one there."""
    return partners.replace(f'library_system = "{demo_world.STORBYEN_ILS}"\n', "")


_PREPARED = _Prepared()


async def demo(directory: Path) -> World:
    """Return a copy of the demo's world in ``directory``, which a test may change as it likes."""
    shutil.copytree(await _PREPARED.directory(), directory, dirs_exist_ok=True)
    return World(directory)


@dataclass(slots=True)
class Served:
    """A running daemon, and what it has shown of itself."""

    daemon: Daemon
    metrics: Metrics
    logs: Logs
    clock: TurnedClock
    stream: io.StringIO
    alarms: frozenset[str]
    complaints: list[str] = field(default_factory=list)

    @property
    def door(self) -> Sip2Door:
        """The SIP2 door."""
        return self.daemon._door

    @property
    def register(self) -> Register:
        """The register of the daemon."""
        return self.daemon._register

    @property
    def holders(self) -> CardHolders:
        """The cache of card holders before the register's look-ups."""
        return self.register.door._holders

    def kiosk(
        self, login: str | None = None, *, listener: str = "sip2", tls: ssl.SSLContext | None = None
    ) -> AbstractAsyncContextManager[Kiosk]:
        """Connect a kiosk, logged in where ``login`` names one."""
        return connected(self.daemon.addresses[listener], login, tls=tls)

    def with_rules(self, **changes: Any) -> None:
        """Change how long and how much, from now on."""
        self.door.rules = dataclasses.replace(self.door.rules, **changes)

    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        if self.logs._writer._thread.is_alive():
            self.logs._writer.catch_up()
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log's lines about one event."""
        return [line for line in self.lines() if line["event"] == name]

    def counted(self, metric: str, **labels: str) -> float:
        """A metric's value now."""
        found = self.metrics.registry.get_sample_value(f"portvakt_{metric}", labels)
        assert found is not None
        return found

    def rise(self, metric: str, **labels: str) -> Callable[[], float]:
        """Return what tells by how much a metric has risen since now; for a daemon that several tests share."""
        before = self.counted(metric, **labels)
        return lambda: self.counted(metric, **labels) - before

    def hashed(self) -> float:
        """How many wrong PINs were hashed."""
        return self.counted("pin_verifications_total", result="rejected")


@asynccontextmanager
async def running(
    world: World, *, settings: str = "", level: Level = "info", expected: tuple[str, ...] = ()
) -> AsyncIterator[Served]:
    """Serve a world until the block ends; any alarming line in the log but the ``expected`` fails the test."""
    world.say(settings)
    read = load_settings(world.settings, {})
    partners = load_partners(read)
    peers = (*partners.library_systems, *peers_of(partners))
    metrics = Metrics(version="test", listeners=read.listeners.names, peers=peers)
    stream = io.StringIO()
    logs = Logs(stream, level=level, key=credential(read, "log_key"), metrics=metrics, strict=True)
    daemon = Daemon(world.settings, read, partners, metrics=metrics, logs=logs)
    clock = TurnedClock()
    daemon._clock = clock
    served = Served(daemon, metrics, logs, clock, stream, ALARMING - set(expected))
    async with AsyncExitStack() as exits:
        exits.callback(_judge, served)
        exits.callback(logs.stop)
        logs.start()
        exits.callback(_watch_loop(served))
        await daemon.start()
        exits.push_async_callback(daemon.stop)
        yield served


def _watch_loop(served: Served) -> Callable[[], None]:
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def complain(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        served.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    loop.set_exception_handler(complain)
    return lambda: loop.set_exception_handler(before)


def _judge(served: Served) -> None:
    assert served.complaints == []
    assert [line for line in served.lines() if line["event"] in served.alarms] == []


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Return once the condition holds; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


__all__ = ["PATIENT", "Kiosk", "Served", "TurnedClock", "World", "demo", "running", "until"]
