"""Whoever sends without end, or takes no answer, costs a bounded amount of memory and is let go (F14, F15)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from twisted.internet.address import IPv4Address

from gateway.carrier import UvloopCarrier
from gateway.ncip.door import Entrance, Line, NcipDoor
from gateway.ncip.lines import line_of
from tests.gateway.memory import MemoryStream
from tests.gateway.ncip.vendors import card_and_pin, look_up, problem_of, read
from tests.gateway.worlds import Served

GUEST = look_up(card_and_pin("N001000001", "4817"))
HEAD = b"POST /ncip HTTP/1.1\r\nHost: gateway\r\n"
PIECE = 64 * 1024
MEBIBYTE = 1024 * 1024
SENT = 64 * MEBIBYTE
MOST = 2 * MEBIBYTE


class Stream(MemoryStream):
    """A transport that can end what it sends and still be read, as a socket can."""

    def can_write_eof(self) -> bool:
        """Whether it can."""
        return True

    def write_eof(self) -> None:
        """Send no more."""


@contextmanager
def connected(door: NcipDoor, path: bytes | None = b"/ncip") -> Iterator[tuple[Line, UvloopCarrier, Stream]]:
    """A connection without a network; raw where it has no path."""
    meter = door.metrics.listener("ncip", encrypted=False)
    entrance = Entrance(door, name="ncip", networks=(), meter=meter, line=line_of(path))
    line = entrance.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40_000))
    assert line is not None
    stream = Stream()
    carrier = UvloopCarrier(line, lambda _: None)
    carrier.connection_made(stream)
    try:
        yield line, carrier, stream
    finally:
        carrier.connection_lost(None)


@contextmanager
def at_most(memory: int) -> Iterator[None]:
    """Fail where at any moment more memory is in use than before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < memory


ENDLESS = {
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n" % PIECE + b" " * PIECE + b"\r\n", b" 413 "),
    "tiny chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * (PIECE // 6), b" 413 "),
    "a chunk's size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * PIECE, b" 4"),
    "ten gibibytes": (HEAD + b"Content-Length: 10737418240\r\n\r\n", b" " * PIECE, b" 413 "),
    "a head": (HEAD, b"X: y\r\n" * (PIECE // 6), b" 431 "),
    "a header": (HEAD + b"X: ", b"y" * PIECE, b" 431 "),
    "a request line": (b"POST /", b"x" * PIECE, b" 431 "),
    "blank lines": (b"", b"\r\n" * (PIECE // 2), b""),
    "a body longer than told": (b"POST /ncip HTTP/1.0\r\nContent-Length: 10\r\n\r\n", b"<" * PIECE, b" 200 "),
}


@pytest.mark.parametrize(("head", "piece", "answered"), ENDLESS.values(), ids=ENDLESS)
async def test_what_never_ends_is_not_kept(head: bytes, piece: bytes, answered: bytes, shared: Served) -> None:
    door = shared.daemon._ncip
    with connected(door) as (line, carrier, stream):
        with at_most(MOST):
            if head:
                carrier.data_received(head)
            for _ in range(SENT // PIECE):
                carrier.data_received(piece)
        assert answered in bytes(stream.written[:20])
        shared.clock.turn(door.rules.request + 1)
        line.sweep(door.clock.monotonic())
        assert stream.closing


async def test_what_never_ends_is_not_kept_on_a_raw_connection_either(shared: Served) -> None:
    door = shared.daemon._ncip
    with connected(door, None) as (line, carrier, stream):
        with at_most(MOST):
            for _ in range(SENT // PIECE):
                carrier.data_received(b"<x>" + b" " * PIECE)
        assert problem_of(read(bytes(stream.written))) == "Invalid Message Syntax Error"
        shared.clock.turn(door.rules.linger + 1)
        line.sweep(door.clock.monotonic())
        assert stream.cut


async def test_nothing_is_read_while_an_answer_is_worked_out(served: Served) -> None:
    raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(GUEST) + GUEST
    with connected(served.daemon._ncip) as (line, carrier, stream):
        carrier.data_received(raw)
        assert not stream.is_reading()
        assert line.under_way is not None
        await line.under_way
        assert stream.is_reading()
        assert bytes(stream.written).startswith(b"HTTP/1.1 200 ")


async def test_whoever_takes_no_answer_is_let_go(shared: Served) -> None:
    door = shared.daemon._ncip
    for unsent, patience in ((door.rules.unsent_bytes + 1, 0.0), (1, door.rules.stalled + 1)):
        with connected(door) as (line, _, stream):
            stream.unsent = unsent
            line.sweep(door.clock.monotonic())
            shared.clock.turn(patience)
            line.sweep(door.clock.monotonic())
            assert stream.cut
