"""A server that answers each request as a test says, byte for byte."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

from protocols import sip2
from protocols.sip2 import Frame, read_frame, seal

STATUS = b"98YYYYYN10000320261123    1015012.00AONO-2030000|BXYYYYYYYYYYYYYYYY|"

Say = Callable[[Frame], bytes | None]
"""Bytes to write for a request, nothing for b"", and None to close the connection."""


def in_kind(frame: Frame, body: bytes) -> bytes:
    """An answer with the digit of the request, sealed as the request was."""
    return seal(body, frame.sequence, frame.checksum is not sip2.Checksum.ABSENT)


def courteous(frame: Frame) -> bytes:
    """The answers of an ILS to which everything is right."""
    bodies = {"93": b"941", "99": STATUS, "96": b""}
    return in_kind(frame, bodies.get(frame.number, b"")) if bodies.get(frame.number) else b""


class ScriptedIls:
    """What was asked of the server, and how often it was connected to."""

    def __init__(self, say: Say, end: bytes = b"\r") -> None:
        self.say = say
        self.end = end
        self.frames: list[Frame] = []
        self.connections = 0
        self.closed = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.happened = asyncio.Event()
        self.port = 0

    @property
    def numbers(self) -> list[str]:
        return [frame.number for frame in self.frames]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.happened.clear()
                await self.happened.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        self.happened.set()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while raw := (await reader.readuntil(self.end)).removesuffix(self.end):
                frame = read_frame(raw)
                self.frames.append(frame)
                self.happened.set()
                said = self.say(frame)
                if said is None:
                    break
                writer.write(said)
        writer.close()
        self.closed += 1
        self.happened.set()


@asynccontextmanager
async def scripted(
    say: Say = courteous, tls: SSLContext | None = None, end: bytes = b"\r"
) -> AsyncIterator[ScriptedIls]:
    """A server on a port of its own; what `say` returns nothing for is left without an answer. `end` ends requests."""
    ils = ScriptedIls(say, end)
    server = await asyncio.start_server(ils.serve, "127.0.0.1", 0, ssl=tls)
    ils.port = server.sockets[0].getsockname()[1]
    try:
        yield ils
    finally:
        server.close()
        for writer in ils.writers:
            writer.transport.abort()
        await server.wait_closed()
