"""How many questions a second the daemon answers, beside a server that looks nothing up; and how long one waits."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import daemon, world
from tests.benchmarks.daemon import SERVER_CORE, Server
from tests.benchmarks.generator import Generator, Measured, Order, generating
from tests.benchmarks.report import Row, at_least

CONNECTIONS = 50
FEW = 4
ROUNDS = 5
SECONDS = 1.5
LEAST = 2.0
WRONG = 0.01
"""The share of answers that may be "try again later" before a figure means nothing; they are counted as no answer."""


class WrongAnswersError(Exception):
    """A server answered something else than was expected, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round."""

    measured: Measured
    processor_seconds: float

    @property
    def microseconds(self) -> float:
        """The server's processor time for one message."""
        return self.processor_seconds / self.measured.answers * 1e6


def throughput() -> list[Row]:
    """Return the rows; all servers are there all the time, and each round asks one after the other."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(daemon.running())
        theirs = [stack.enter_context(_constant_server(*loop)) for loop in _LOOPS]
        with generating(ours.port, FEW) as asks:
            _asked(asks, ours, Order(times=1), wrong=1.0)
            # What was answered "try again later" on a busy machine is asked again, so that every PIN is known.
            _asked(asks, ours, Order(times=1))
        asking = [(stack.enter_context(generating(each.port, CONNECTIONS)), each) for each in (ours, *theirs)]
        for generator, server in asking:
            _asked(generator, server, Order(seconds=SECONDS))
        rounds = [[_asked(*each, Order(seconds=SECONDS)) for each in asking] for _ in range(ROUNDS)]
        with generating(ours.port, 1) as asks:
            _asked(asks, ours, Order(seconds=SECONDS / 4))
            alone = _asked(asks, ours, Order(seconds=SECONDS))
        with generating(ours.port, FEW, world.PRICED) as asks:
            cold = _asked(asks, ours, Order(times=1), wrong=1.0)
        memory = ours.memory
    daemons, plain, fast = zip(*rounds, strict=True)
    name = f"63 with PIN, {CONNECTIONS} connections, daemon to constant pysip2 server"
    ratio, said = _ratio(daemons, plain)
    faster, said_of_it = _ratio(daemons, fast)
    first = f"the first question for each of {len(world.PRICED)} patrons, PINs hashed with 8 MiB, {FEW} connections"
    return [
        at_least(name, ratio, LEAST, said),
        Row(f"{name} on uvloop", f"{faster:.1f} × ({said_of_it})"),
        Row("processor time for a message: daemon", _processor(daemons)),
        Row(
            "processor time for a message: constant server, the same on uvloop",
            f"{_processor(plain)}, {_processor(fast)}",
        ),
        Row(f"latency of the daemon, {CONNECTIONS} connections in closed loop", _latency(daemons)),
        Row("latency of the daemon, 1 connection", _latency([alone])),
        Row(
            first,
            f"{cold.measured.rate:.0f} messages/s, {cold.microseconds / 1000:.1f} ms of processor time each; "
            f'{cold.measured.wrong} answered "try again later"',
        ),
        Row(f"memory of the daemon with {world.PATRONS} patrons, after all this", f"{memory / 2**20:.0f} MiB"),
    ]


_LOOPS = ((), ("uvloop",))


def _ratio(ours: Sequence[Round], theirs: Sequence[Round]) -> tuple[float, str]:
    pairs = [(one.measured, other.measured) for one, other in zip(ours, theirs, strict=True)]
    our_rate, their_rate = (statistics.median(one.rate for one in side) for side in zip(*pairs, strict=True))
    busiest = max(one.busy / one.seconds for pair in pairs for one in pair)
    said = f"{our_rate:.0f} to {their_rate:.0f} messages/s; generator at most {busiest:.0%} busy"
    return statistics.median(one.rate / other.rate for one, other in pairs), said


def _processor(rounds: Sequence[Round]) -> str:
    return f"{statistics.median(one.microseconds for one in rounds):.0f} µs"


def _latency(rounds: Sequence[Round]) -> str:
    half, most, nearly_all = (
        statistics.median(one.measured.latencies[place] for one in rounds) * 1000 for place in range(3)
    )
    return f"p50 {half:.2f} ms, p99 {most:.2f} ms, p99.9 {nearly_all:.2f} ms"


def _asked(generator: Generator, server: Server, order: Order, wrong: float = WRONG) -> Round:
    before = server.processor_seconds
    measured = generator.fill(order)
    if measured.wrong > measured.answers * wrong:
        raise WrongAnswersError(f"{measured.wrong} of {measured.answers} answers were wrong")
    return Round(measured, server.processor_seconds - before)


@contextlib.contextmanager
def _constant_server(*loop: str) -> Iterator[Server]:
    port = daemon.free_port()
    command = [*daemon.pinned(SERVER_CORE), sys.executable, "-m", "tests.benchmarks.constant_server", str(port), *loop]
    with (
        tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder,
        daemon.started(command, Path(folder), port) as server,
    ):
        yield server
