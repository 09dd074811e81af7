"""LookupUser over keep-alive HTTP: how many a second, how long one waits, and how soon harm is refused."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.partners.secrets import hash_secret
from registry.domain.secret import Secret
from tests.benchmarks import daemon, world
from tests.benchmarks.conversation import LIBRARY
from tests.benchmarks.daemon import GENERATOR_CORE, Server
from tests.benchmarks.generator import percentiles
from tests.benchmarks.report import Row, at_most
from tests.benchmarks.throughput import WRONG, WrongAnswersError

CONNECTIONS = 50
FEW = 4
SECONDS = 3.0
LEAST = 1000
EVENLY = 300
LATEST = 25.0
PROCESSOR = 1.0
REFUSED_WITHIN = 10.0

_SECRET = "not-a-secret-of-any-library-system"
_PARTNERS = """\
[[initiators]]
id = "bench-ils"
institution = "{library}"
secret = "{secret}"
networks = ["127.0.0.0/8"]
kiosks = 1000
"""
_NCIP = """
[[listeners.ncip]]
port = {port}
[ncip]
agency = "NO-0030100"
"""
_LOOKUP = (
    '<ns1:NCIPMessage xmlns:ns1="http://www.niso.org/2008/ncip"'
    ' ns1:version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd"><ns1:LookupUser><ns1:InitiationHeader>'
    f"<ns1:FromAgencyId><ns1:AgencyId>{LIBRARY}</ns1:AgencyId></ns1:FromAgencyId>"
    f"<ns1:FromAgencyAuthentication>{_SECRET}</ns1:FromAgencyAuthentication>"
    "<ns1:ToAgencyId><ns1:AgencyId>NO-0030100</ns1:AgencyId></ns1:ToAgencyId></ns1:InitiationHeader>"
    "{card}{pin}</ns1:LookupUser></ns1:NCIPMessage>"
)
_INPUT = (
    "<ns1:AuthenticationInput><ns1:AuthenticationInputData>{}</ns1:AuthenticationInputData>"
    "<ns1:AuthenticationDataFormatType>text/plain</ns1:AuthenticationDataFormatType>"
    "<ns1:AuthenticationInputType>{}</ns1:AuthenticationInputType></ns1:AuthenticationInput>"
)
_RIGHT = b">Active<"
_FULL = 256 * 1024 - 200


def ncip() -> list[Row]:
    """Return the rows."""
    with running() as server, contextlib.ExitStack() as lines:
        os.sched_setaffinity(0, {GENERATOR_CORE} & os.sched_getaffinity(0) or os.sched_getaffinity(0))
        questions = [question(card, pin) for card, pin in world.people(world.ASKED)]
        asks = [_Line(lines.enter_context(connected(server.port))) for _ in range(CONNECTIONS)]
        # The first time costs a hash and two writes for each patron: a few at a time, as kiosks would.
        _closed_loop(asks[:FEW], questions, server, times=1)
        _closed_loop(asks, questions, server, times=1)
        rounds = [_closed_loop(asks, questions, server, seconds=SECONDS) for _ in range(3)]
        evenly = percentiles(_evenly(asks, questions, seconds=SECONDS * 3))
        harm = {name: _refused(lines.enter_context(connected(server.port)), text) for name, text in _HARMFUL.items()}
    rate, cost = (statistics.median(values) for values in zip(*rounds, strict=True))
    worst = max(harm, key=lambda name: harm[name])
    return [
        Row(
            f"LookupUser by card and PIN over HTTP, {CONNECTIONS} connections in closed loop",
            f"{rate:.0f}/s",
            f"at least {LEAST}/s",
            rate >= LEAST,
        ),
        at_most("the daemon's processor time for a LookupUser, HTTP included", cost * 1000, PROCESSOR, "ms"),
        at_most(
            f"p99 of LookupUser at {EVENLY}/s arriving evenly over {CONNECTIONS} connections",
            evenly[1] * 1000,
            LATEST,
            "ms",
            f"p50 {evenly[0] * 1000:.2f} ms, p99.9 {evenly[2] * 1000:.2f} ms",
        ),
        at_most(
            "a harmful document of 256 KiB is refused", harm[worst] * 1000, REFUSED_WITHIN, "ms", f"worst: {worst}"
        ),
    ]


@contextlib.contextmanager
def running(more: str = "") -> Iterator[Server]:
    """Run a daemon with an NCIP door, whose port is the server's; ``more`` is said in its settings."""
    with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
        directory, port = Path(folder), daemon.free_port()
        database = f"sqlite:///{world.copy(directory / 'state')}"
        partners = directory / "partners.d"
        shutil.copytree(world.KEPT / "partners.d", partners)
        secret = hash_secret(Secret(_SECRET))
        (partners / "initiators.toml").write_text(_PARTNERS.format(library=LIBRARY, secret=secret), encoding="utf-8")
        text = world.settings_text(database=database, sip2_port=daemon.free_port(), http_port=daemon.free_port())
        text = text.replace(f'directory = "{world.KEPT}/partners.d"', f'directory = "{partners}"')
        settings = directory / "portvakt.toml"
        settings.write_text(text + _NCIP.format(port=port) + more, encoding="utf-8")
        command = [*daemon.pinned(daemon.SERVER_CORE), str(daemon.PORTVAKT), "serve", "--config", str(settings)]
        with daemon.started(command, directory, port) as server:
            yield server


def question(card: str, pin: str) -> bytes:
    """Return a LookupUser by card and PIN, as it is sent."""
    return _posted(_LOOKUP.format(card=_INPUT.format(card, "Barcode Id"), pin=_INPUT.format(pin, "PIN")).encode())


def _posted(document: bytes) -> bytes:
    head = "POST /ncip HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/xml\r\n"
    return f"{head}Content-Length: {len(document)}\r\n\r\n".encode() + document


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """Connect to the door."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


@dataclass(slots=True)
class _Line:
    """One connection, with one question under way at a time."""

    connection: socket.socket
    answer: bytes = b""
    asked_at: float = 0.0
    busy: bool = False
    wrong: int = 0

    def ask(self, question: bytes, at: float | None = None) -> None:
        """Send a question; its time counts from ``at``."""
        self.asked_at, self.answer, self.busy = at or time.perf_counter(), b"", True
        self.connection.sendall(question)

    def hear(self) -> bool:
        """Take bytes in; return whether the answer is whole."""
        self.answer += self.connection.recv(65536)
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0]):
            return False
        self.busy = False
        self.wrong += _RIGHT not in body
        return True


def _closed_loop(
    lines: Sequence[_Line], questions: Sequence[bytes], server: Server, *, seconds: float = 0.0, times: int = 0
) -> tuple[float, float]:
    """Return answers a second, and the server's processor seconds for each."""
    by_number = {line.connection.fileno(): line for line in lines}
    asked = answered = 0
    cost, began = server.processor_seconds, time.perf_counter()
    with select.epoll() as poll:
        for number, line in by_number.items():
            poll.register(number, select.EPOLLIN)
            line.ask(questions[asked % len(questions)])
            asked += 1
        while answered < asked:
            for number, _ in poll.poll(30):
                line = by_number[number]
                if not line.hear():
                    continue
                answered += 1
                if time.perf_counter() - began < seconds or asked < times * len(questions):
                    line.ask(questions[asked % len(questions)])
                    asked += 1
    seconds = time.perf_counter() - began
    wrong = _wrong(lines, answered)
    return (answered - wrong) / seconds, (server.processor_seconds - cost) / answered


def _evenly(lines: Sequence[_Line], questions: Sequence[bytes], *, seconds: float) -> list[float]:
    """Return the latencies of questions that arrive at even times, whatever became of those before them."""
    by_number = {line.connection.fileno(): line for line in lines}
    latencies: list[float] = []
    began, total = time.perf_counter(), int(seconds * EVENLY)
    asked = 0
    with select.epoll() as poll:
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        while len(latencies) < total:
            due = began + asked / EVENLY
            while asked < total and time.perf_counter() >= due:
                # Where all lines wait, the question does too, and its time counts from when it was due.
                line = next(
                    (
                        lines[(asked + more) % CONNECTIONS]
                        for more in range(CONNECTIONS)
                        if not lines[(asked + more) % CONNECTIONS].busy
                    ),
                    None,
                )
                if line is None:
                    break
                line.ask(questions[asked % len(questions)], due)
                asked += 1
                due = began + asked / EVENLY
            wait = max(due - time.perf_counter(), 0) if asked < total else 1.0
            for number, _ in poll.poll(wait):
                line = by_number[number]
                if line.hear():
                    latencies.append(time.perf_counter() - line.asked_at)
    _wrong(lines, total)
    return latencies


def _wrong(lines: Sequence[_Line], answered: int) -> int:
    """Return how many answers were "try again later", and forget them; raises where they are too many."""
    wrong = sum(line.wrong for line in lines)
    for line in lines:
        line.wrong = 0
    if wrong > answered * WRONG:
        raise WrongAnswersError(f"{wrong} of {answered} answers were wrong")
    return wrong


def _refused(connection: socket.socket, document: bytes) -> float:
    """Return the best of some times from the last byte of a document to the first of its refusal, in seconds."""
    times = []
    for _ in range(5):
        question = _posted(document)
        connection.sendall(question)
        began = time.perf_counter()
        answer = connection.recv(65536)
        times.append(time.perf_counter() - began)
        if b"Problem>" not in answer:
            raise ValueError("harm was not refused")
    return min(times)


_HARMFUL = {
    "elements": b"<NCIPMessage><LookupUser>" + b"<UserElementType/>" * (_FULL // 18) + b"</LookupUser></NCIPMessage>",
    "depth": b"<NCIPMessage>" + b"<a>" * (_FULL // 7) + b"</a>" * (_FULL // 7) + b"</NCIPMessage>",
    "attributes": b"<NCIPMessage " + b" ".join(b"a%d=''" % number for number in range(_FULL // 10)) + b"/>",
    "text": b"<NCIPMessage>" + b"x" * _FULL + b"</NCIPMessage>",
    "entities": b"<!DOCTYPE NCIPMessage [" + b'<!ENTITY x "y">' * (_FULL // 15) + b"]><NCIPMessage/>",
}
