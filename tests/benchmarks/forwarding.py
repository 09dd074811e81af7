"""What the gateway costs a library's own cards: beside asking their library system directly, in the same run.

The gateway has a core of its own, as it has a machine of its own in life; the library system shares the other with the
kiosks, through the gateway and asked directly alike.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.benchmarks import daemon, world
from tests.benchmarks.conversation import LIBRARY, LOGIN
from tests.benchmarks.daemon import GENERATOR_CORE, SERVER_CORE, Server
from tests.benchmarks.generator import Measured
from tests.benchmarks.local_kiosks import Kiosks, kiosks
from tests.benchmarks.report import Row, at_most

CONNECTIONS = 50
ROUNDS = 5
SECONDS = 2.0
LEAST = 0.75

MOST_ADDED = 0.5

OTHER_LIBRARY, OTHER_LOGIN = "NO-2120100", "bench-2"
HUNG_KIOSKS, HUNG_THINK = 200, 1.0
"""Patrons who try again a moment after they were told to come back later."""
WELL_KIOSKS, WELL_THINK = 20, 0.05
MOST_DISTURBED = 1.5

FIRST, ALL = 100, 700
MOST_MEMORY = 25.0


def forwarding() -> list[Row]:
    """Return the rows."""
    return [*_beside_asking_directly(), *_beside_asking_directly("uvloop"), _disturbed(), _memory()]


# Through the gateway, and directly.


def _beside_asking_directly(*loop: str) -> list[Row]:
    with contextlib.ExitStack() as stack:
        ils = stack.enter_context(_library(*loop))
        gateway = stack.enter_context(_gateway({LIBRARY: ils.port}))
        ways = {
            (port, count): stack.enter_context(kiosks(port, LOGIN, count))
            for port in (gateway.port, ils.port)
            for count in (CONNECTIONS, 1)
        }
        for way in ways.values():
            way.ask_for(SECONDS)
        before = gateway.processor_seconds
        many = [_both(ways[gateway.port, CONNECTIONS], ways[ils.port, CONNECTIONS]) for _ in range(ROUNDS)]
        spent = (gateway.processor_seconds - before) / sum(through.answers for through, _ in many)
        one = [_both(ways[gateway.port, 1], ways[ils.port, 1]) for _ in range(ROUNDS)]
    if loop:
        return [_throughput(many, f"on {loop[0]}", least=None)]
    return [
        _throughput(many, "as its documentation runs it", least=LEAST),
        Row("the gateway's processor time for a 63 of a local card", f"{spent * 1e6:.0f} µs"),
        _added(one),
    ]


def _both(through: Kiosks, directly: Kiosks) -> tuple[Measured, Measured]:
    return through.ask_for(SECONDS), directly.ask_for(SECONDS)


def _throughput(rounds: list[tuple[Measured, Measured]], how: str, *, least: float | None) -> Row:
    ratio = statistics.median(through.rate / directly.rate for through, directly in rounds)
    through = statistics.median(one.rate for one, _ in rounds)
    directly = statistics.median(one.rate for _, one in rounds)
    wrong = sum(one.wrong for pair in rounds for one in pair)
    said = f"{ratio:.2f} × ({through:.0f} to {directly:.0f} messages/s; {wrong} wrong answers)"
    name = f"63 of local cards, {CONNECTIONS} connections, through the gateway to directly, a pysip2 library {how}"
    return Row(name, said) if least is None else Row(name, said, f"at least {least:g} ×", ratio >= least)


def _added(rounds: list[tuple[Measured, Measured]]) -> Row:
    added = statistics.median(through.latencies[0] - directly.latencies[0] for through, directly in rounds) * 1000
    through = statistics.median(one.latencies[0] for one, _ in rounds) * 1000
    directly = statistics.median(one.latencies[0] for _, one in rounds) * 1000
    said = f"medians {through:.2f} and {directly:.2f} ms"
    return at_most("added latency of the gateway, 1 connection", added, MOST_ADDED, "ms", said)


# Beside a library system that hangs.


def _disturbed() -> Row:
    with contextlib.ExitStack() as stack:
        well, hung = stack.enter_context(_library()), stack.enter_context(_library("hung"))
        gateway = stack.enter_context(_gateway({LIBRARY: well.port, OTHER_LIBRARY: hung.port}))
        here = stack.enter_context(kiosks(gateway.port, LOGIN, WELL_KIOSKS, WELL_THINK))
        there = stack.enter_context(kiosks(gateway.port, OTHER_LOGIN, HUNG_KIOSKS, HUNG_THINK))
        here.ask_for(SECONDS)
        rounds = []
        for _ in range(ROUNDS):
            undisturbed = here.ask_for(SECONDS)
            there.begin(SECONDS * 1.5)
            rounds.append((here.ask_for(SECONDS), undisturbed))
            there.measured()
    ratio = statistics.median(two.latencies[1] / one.latencies[1] for two, one in rounds)
    beside = statistics.median(two.latencies[1] for two, _ in rounds) * 1000
    alone = statistics.median(one.latencies[1] for _, one in rounds) * 1000
    wrong = sum(one.wrong for pair in rounds for one in pair)
    said = f"{beside:.2f} to {alone:.2f} ms; {wrong} wrong answers"
    name = f"p99 of {WELL_KIOSKS} kiosks beside {HUNG_KIOSKS} of a library whose system hangs, to alone"
    return at_most(name, ratio, MOST_DISTURBED, "×", said)


# Memory.


def _memory() -> Row:
    with contextlib.ExitStack() as stack:
        ils = stack.enter_context(_library())
        gateway = stack.enter_context(_gateway({LIBRARY: ils.port}, core=None))

        def grow_by(count: int) -> int:
            # Each asks once, so that each has its connection to the library system.
            stack.enter_context(kiosks(gateway.port, LOGIN, count, 1.0)).ask_for(1.5)
            return gateway.memory

        few = grow_by(FIRST)
        many = grow_by(ALL - FIRST)
    said = f"{ALL - FIRST} sessions"
    return at_most(
        "memory of a kiosk's session with its link", (many - few) / (ALL - FIRST) / 1024, MOST_MEMORY, "KiB", said
    )


# Servers.


@contextlib.contextmanager
def _library(*words: str) -> Iterator[Server]:
    port = daemon.free_port()
    command = [
        *daemon.pinned(GENERATOR_CORE),
        sys.executable,
        "-m",
        "tests.benchmarks.library_server",
        str(port),
        *words,
    ]
    with (
        tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder,
        daemon.started(command, Path(folder), port) as server,
    ):
        yield server


@contextlib.contextmanager
def _gateway(systems: Mapping[str, int], *, core: int | None = SERVER_CORE) -> Iterator[Server]:
    """Run the daemon before these library systems, by the number of the library."""
    with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
        directory, port = Path(folder), daemon.free_port()
        database = f"sqlite:///{world.copy(directory / 'state')}"
        partners = directory / "partners.d"
        partners.mkdir()
        (partners / "libraries.toml").write_text(_partners(systems), encoding="utf-8")
        text = world.settings_text(
            database=database, sip2_port=port, http_port=daemon.free_port(), per_login=ALL, connections=ALL + 1
        ).replace(str(world.KEPT / "partners.d"), str(partners))
        settings = directory / "portvakt.toml"
        # More than the default: all kiosks here ask at the very same moment, which patrons do not.
        settings.write_text(f"{text}ils_in_flight = 64\n", encoding="utf-8")
        command = [*daemon.pinned(core), str(daemon.PORTVAKT), "serve", "--config", str(settings)]
        with daemon.started(command, directory, port) as server:
            yield server


def _partners(systems: Mapping[str, int]) -> str:
    told = (world.KEPT / "partners.d" / "library.toml").read_text(encoding="utf-8")
    return "".join(
        _library_at(port, told.replace(LIBRARY, library).replace(LOGIN, login))
        for (library, port), login in zip(systems.items(), (LOGIN, OTHER_LOGIN), strict=False)
    )


def _library_at(port: int, told: str) -> str:
    name = f"ils-{port}"
    system = f'[[library_systems]]\nid = "{name}"\naddresses = ["127.0.0.1:{port}"]\nlogin_of_terminal = true\n'
    return told.replace("acceptance =", f'library_system = "{name}"\nacceptance =') + system
