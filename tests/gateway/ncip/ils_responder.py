"""A library system of a test: it answers each request with the next bytes it was told, and remembers what it got."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from protocols.ncip import Codec, Framer, Message

CODEC = Codec()


@dataclass(frozen=True, slots=True)
class Says:
    """What is sent for one request: pieces, one after the other; then the connection is kept, closed or held."""

    pieces: tuple[bytes, ...] = ()
    then: str = "keep"
    pause: float = 0.0


@dataclass(slots=True)
class Responder:
    """What came: the heads and bodies of requests, and how many connections."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    def hang_up(self) -> None:
        """Break every connection."""
        for writer in self.open:
            writer.transport.abort()


def http(body: bytes | Message, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP answer with its length told."""
    raw = body if isinstance(body, bytes) else CODEC.encode(body)
    lines = (f"HTTP/1.1 {status}", "Content-Type: text/html", f"Content-Length: {len(raw)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def says(answer: bytes | Message, status: str = "200 OK", *headers: str, then: str = "keep") -> Says:
    """One HTTP answer, sent in one piece."""
    return Says((http(answer, status, *headers),), then)


HANGS = Says(then="hold")
CLOSES = Says(then="close")


@asynccontextmanager
async def responding(*answers: Says, raw: bool = False, tls: ssl.SSLContext | None = None) -> AsyncIterator[Responder]:
    """A responder on loopback; the last answer is given again and again."""
    responder = Responder()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        responder.connections += 1
        responder.open.add(writer)
        try:
            await _serve(reader, writer, responder, answers, raw=raw)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            responder.open.discard(writer)
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    responder.port = server.sockets[0].getsockname()[1]
    try:
        yield responder
    finally:
        server.close()
        responder.hang_up()
        await server.wait_closed()


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    responder: Responder,
    answers: Sequence[Says],
    *,
    raw: bool,
) -> None:
    while True:
        if raw:
            responder.bodies.append(await _framed(reader))
        else:
            head = await reader.readuntil(b"\r\n\r\n")
            responder.heads.append(head)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            responder.bodies.append(await reader.readexactly(length))
        told = answers[min(len(responder.bodies) - 1, len(answers) - 1)]
        for piece in told.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(told.pause)
        if told.then == "close":
            writer.close()
            return
        if told.then == "hold":
            await reader.read()
            return


async def _framed(reader: asyncio.StreamReader) -> bytes:
    framer = Framer(1024 * 1024)
    while (message := framer.feed(await reader.readexactly(1))) is None:
        pass
    return message
