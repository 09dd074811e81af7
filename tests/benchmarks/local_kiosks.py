"""Kiosks whose patrons show a library's own cards, in a process of their own: each asks, waits, thinks, asks again.

``python -m tests.benchmarks.local_kiosks PORT LOGIN KIOSKS THINK`` reads a number of seconds a line from standard input
and prints one JSON object for each.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from protocols import sip2
from protocols.sip2 import seal
from tests.benchmarks import conversation
from tests.benchmarks.daemon import GENERATOR_CORE, pinned
from tests.benchmarks.generator import Measured, percentiles

CARDS = 20
"""So many patrons for each kiosk."""

_PATIENCE = 30.0


@dataclass(slots=True)
class Kiosk:
    """One connection that is logged in, and when its patron pressed the last button."""

    connection: socket.socket
    frames: list[bytes]
    asked: int = 0
    asked_at: float = 0.0

    def ask(self) -> None:
        """Send the next question."""
        self.connection.send(self.frames[self.asked % len(self.frames)])
        self.asked += 1
        self.asked_at = time.perf_counter()


@dataclass(slots=True)
class Load:
    """All kiosks, and how many seconds a patron takes between an answer and the next question."""

    think: float
    kiosks: dict[int, Kiosk] = field(default_factory=dict)

    def connect(self, port: int, login: str) -> None:
        """Add a kiosk with patrons of its own."""
        first = len(self.kiosks) * CARDS
        cards = [(f"L{number}", "4711") for number in range(first, first + CARDS)]
        connection = _logged_in(port, login)
        self.kiosks[connection.fileno()] = Kiosk(connection, conversation.questions(cards))

    def ask_for(self, seconds: float) -> Measured:
        """Ask until the time is over, and wait for the last answers."""
        latencies, wrong, waiting = list[float](), 0, 0
        busy, began = time.process_time(), time.perf_counter()
        until, spread = began + seconds, self.think / max(len(self.kiosks), 1)
        due = [(began + spread * place, number) for place, number in enumerate(self.kiosks)]
        with select.epoll() as answered:
            for number in self.kiosks:
                answered.register(number, select.EPOLLIN)
            while due or waiting:
                now = time.perf_counter()
                while due and due[0][0] <= now:
                    self.kiosks[heapq.heappop(due)[1]].ask()
                    waiting += 1
                patience = max(due[0][0] - now, 0.0) if due else _PATIENCE
                for number, _ in answered.poll(patience):
                    kiosk = self.kiosks[number]
                    wrong += conversation.RIGHT not in kiosk.connection.recv(4096)
                    now = time.perf_counter()
                    latencies.append(now - kiosk.asked_at)
                    waiting -= 1
                    if now < until:
                        heapq.heappush(due, (now + self.think, number))
        seconds = time.perf_counter() - began
        return Measured(len(latencies), wrong, seconds, percentiles(latencies), time.process_time() - busy)


def _logged_in(port: int, login: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asked = sip2.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id=login, login_password=conversation.PASSWORD)
    connection.sendall(seal(conversation.CODEC.encode(asked), "0", True))
    if not connection.recv(4096).startswith(b"941"):
        raise ConnectionError("the login was refused")
    return connection


class Kiosks:
    """The process with the kiosks in it, as a benchmark holds it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self, seconds: float) -> None:
        """Have them ask for so long, and do not wait."""
        if self._process.stdin is None:
            raise ChildProcessError("the kiosks have no pipes")
        print(seconds, file=self._process.stdin, flush=True)

    def measured(self) -> Measured:
        """Return what came of the last ``begin``; raises ``ChildProcessError`` where they are gone."""
        told = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not told:
            raise ChildProcessError("the kiosks have ended")
        measured = json.loads(told)
        return Measured(**{**measured, "latencies": tuple(measured["latencies"])})

    def ask_for(self, seconds: float) -> Measured:
        """Have them ask for so long, and return what was measured."""
        self.begin(seconds)
        return self.measured()


@contextlib.contextmanager
def kiosks(port: int, login: str, count: int, think: float = 0.0) -> Iterator[Kiosks]:
    """Run so many kiosks with this login until the block ends."""
    words = map(str, (port, login, count, think))
    command = [*pinned(GENERATOR_CORE), sys.executable, "-m", __name__, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Kiosks(process)
        if process.stdin is not None:
            process.stdin.close()


def main(port: str, login: str, count: str, think: str) -> None:
    """Connect, and ask as told on standard input until there is nothing more."""
    load = Load(float(think))
    for _ in range(int(count)):
        load.connect(int(port), login)
    for line in sys.stdin:
        print(json.dumps(asdict(load.ask_for(float(line)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
