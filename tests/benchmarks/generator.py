"""The load: kiosks that ask, wait for the answer and ask again, in a process of their own.

Plain sockets and frames made beforehand, so that asking costs less than answering and the generator is never what is
measured. ``python -m tests.benchmarks.generator`` reads one order a line from standard input and prints one JSON
object for each; connections are kept from order to order.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

from tests.benchmarks import conversation, world
from tests.benchmarks.daemon import GENERATOR_CORE, pinned

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to do: ask for ``seconds``, or until each patron was asked for ``times`` times."""

    seconds: float = 0.0
    times: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of an order; ``latencies`` are the seconds at the percentiles 50, 99 and 99.9."""

    answers: int
    wrong: int
    seconds: float
    latencies: tuple[float, float, float]
    busy: float

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return (self.answers - self.wrong) / self.seconds


@dataclass(slots=True)
class Kiosk:
    """One connection that is logged in."""

    connection: socket.socket
    frames: list[bytes]
    asked: int = 0
    asked_at: float = 0.0

    def ask(self) -> None:
        """Send the next question."""
        frame = self.frames[self.asked % len(self.frames)]
        self.asked += 1
        self.asked_at = time.perf_counter()
        self.connection.send(frame)


@dataclass(slots=True)
class Load:
    """All kiosks, asking in closed loop."""

    kiosks: dict[int, Kiosk] = field(default_factory=dict)

    def connect(self, port: int, frames: Sequence[bytes]) -> None:
        """Add a kiosk that will ask these questions in a circle."""
        connection = logged_in(port)
        self.kiosks[connection.fileno()] = Kiosk(connection, list(frames))

    def fill(self, order: Order) -> Measured:
        """Ask as ordered; every kiosk has one question under way at a time."""
        kiosks, latencies, wrong, waiting = self.kiosks, list[float](), 0, len(self.kiosks)
        busy, began = time.process_time(), time.perf_counter()
        until = began + order.seconds
        with select.epoll() as answered:
            for number, kiosk in kiosks.items():
                answered.register(number, select.EPOLLIN)
                kiosk.asked = 0
                kiosk.ask()
            while waiting:
                for number, _ in answered.poll(_PATIENCE) or _silent():
                    kiosk = kiosks[number]
                    answer = kiosk.connection.recv(4096)
                    now = time.perf_counter()
                    latencies.append(now - kiosk.asked_at)
                    wrong += conversation.RIGHT not in answer
                    if now < until or kiosk.asked < order.times * len(kiosk.frames):
                        kiosk.ask()
                    else:
                        waiting -= 1
        seconds = time.perf_counter() - began
        return Measured(len(latencies), wrong, seconds, percentiles(latencies), time.process_time() - busy)


def percentiles(values: list[float]) -> tuple[float, float, float]:
    """Return the percentiles 50, 99 and 99.9."""
    values.sort()
    last = len(values) - 1
    return values[last // 2], values[last * 99 // 100], values[last * 999 // 1000]


def logged_in(port: int) -> socket.socket:
    """Return a connection that is logged in."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(conversation.login())
    answer = connection.recv(4096)
    if not answer.startswith(b"941"):
        raise ConnectionError("the login was refused")
    return connection


def _silent() -> list[tuple[int, int]]:
    raise TimeoutError("a server did not answer")


class Generator:
    """The process with the load in it, as the benchmark holds it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fill(self, order: Order) -> Measured:
        """Have the order filled, and return what was measured; raises ``ChildProcessError`` where it cannot be."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ChildProcessError("the generator has no pipes")
        print(json.dumps(asdict(order)), file=self._process.stdin, flush=True)
        told = self._process.stdout.readline()
        if not told:
            raise ChildProcessError("the generator has ended")
        measured = json.loads(told)
        return Measured(**{**measured, "latencies": tuple(measured["latencies"])})


@contextlib.contextmanager
def generating(port: int, connections: int, patrons: range = world.ASKED) -> Iterator[Generator]:
    """Run a generator with so many kiosks, logged in at ``port``, until the block ends.

    They share these patrons out among them.
    """
    numbers = (port, connections, patrons.start, patrons.stop)
    command = [*pinned(GENERATOR_CORE), sys.executable, "-m", __name__, *map(str, numbers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Generator(process)
        if process.stdin is not None:
            process.stdin.close()


def main(port: int, connections: int, first: int, end: int) -> None:
    """Share the patrons out among the kiosks, and fill orders from standard input until there are no more."""
    load, people = Load(), world.people(range(first, end))
    for number in range(connections):
        load.connect(port, conversation.questions(people[number::connections]))
    for line in sys.stdin:
        print(json.dumps(asdict(load.fill(Order(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
