"""A library system told of patrons over NCIP: it knows nobody, creates everybody, and lends by SIP2.

    python -m tests.benchmarks.ncip_library NCIP_PORT SIP2_PORT MILLISECONDS

Its answers are made beforehand, so that it costs next to nothing, and come after so many milliseconds. What is asked
at the path ``/dead`` is never answered.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys

import uvloop

from protocols import ncip

_CARD = re.compile(rb"N\d{9}")
_PLACEHOLDER = "N000000000"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def _http(document: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(document)}\r\n\r\n"
    return head.encode() + document


def answers() -> dict[bytes, bytes]:
    """Return what is answered, by a word that stands in the question; the card is still to be put in."""
    codec = ncip.Codec()
    unknown = ncip.refusal("LookupUser", ncip.problem(ncip.Trouble.UNKNOWN_USER, "LookupUser", about="UserId"))
    created = ncip.CreateUserResponse(user_id=ncip.elements.UserId(user_identifier_value=_PLACEHOLDER))
    return {b"LookupUser>": _http(codec.encode(unknown)), b"CreateUser>": _http(codec.encode(created))}


class Line(asyncio.Protocol):
    """One connection; one question at a time."""

    def __init__(self, answers: dict[bytes, bytes], seconds: float) -> None:
        self._answers = answers
        self._seconds = seconds
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and answer what is whole."""
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not end or length is None or len(body) < int(length[1]):
            return
        self._heard = b""
        if b"/dead " in head.partition(b"\r\n")[0]:
            return
        answer = next(answer for word, answer in self._answers.items() if word in body)
        card = _CARD.search(body)
        assert card is not None
        asyncio.get_running_loop().call_later(self._seconds, self._say, answer.replace(_PLACEHOLDER.encode(), card[0]))

    def _say(self, answer: bytes) -> None:
        self._transport.write(answer)  # type: ignore[attr-defined]  # uvloop's transports write


class LendingLine(asyncio.Protocol):
    """One connection over SIP2; a library system that knows nobody, and lends to everybody."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take bytes in, and answer frame by frame."""
        *frames, self._heard = (self._heard + data).split(b"\r")
        for frame in frames:
            answer = _LENDING[frame[:2]]
            asyncio.get_running_loop().call_later(self._seconds, self._transport.write, answer + b"\r")  # type: ignore[attr-defined]


_NOW = b"20261123    101500"
_LENDING = {
    b"93": b"941",
    b"99": b"98YYYNYN030003" + _NOW + b"2.00AONO-2000000|BXYYYYYYYYYYYYYYYY|",
    b"63": b"64" + b"Y" * 4 + b" " * 10 + b"000" + _NOW + b"0000" * 6 + b"AONO-2000000|AA|AE|BLN|CQN|",
    b"11": b"121NNY" + _NOW + b"AONO-2000000|AA|AB30101000001|AJBok|AH20261221|",
}


async def main(ncip_port: int, sip2_port: int, seconds: float) -> None:
    """Serve until killed; says READY as a service does."""
    told, loop = answers(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Line(told, seconds), "127.0.0.1", ncip_port)
    await loop.create_server(lambda: LendingLine(seconds), "127.0.0.1", sip2_port)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
        notices.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000))
