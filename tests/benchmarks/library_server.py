"""A library system of ``pysip2``: it answers every 63 about whoever is asked for, or with the word ``hung`` never.

It looks nothing up. It runs as its documentation runs it, on asyncio's own loop, or with the word ``uvloop`` on that:
the same program, and faster.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import anyio
import pysip2

from tests.benchmarks.conversation import ANSWERED


def server(*, hung: bool) -> pysip2.SIP2Server:
    """Return the server with its handlers."""
    made = pysip2.SIP2Server(login_required=True)

    @made.route(pysip2.LOGIN)
    async def login(_asked: object, _context: object) -> pysip2.LoginResponse:
        return pysip2.LoginResponse(ok="1")

    @made.route(pysip2.PATRON_INFORMATION)
    async def patron_information(asked: Any, _context: object) -> pysip2.PatronInformationResponse:
        if hung:
            await anyio.sleep_forever()
        return pysip2.PatronInformationResponse(**{**ANSWERED, "patron_identifier": asked.patron_identifier})

    return made


async def main(port: int, *, hung: bool) -> None:
    """Serve until killed; says READY as a service does."""
    async with server(hung=hung).start(port=port):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(
        lambda: main(int(sys.argv[1]), hung="hung" in sys.argv),
        backend="asyncio",
        backend_options={"use_uvloop": "uvloop" in sys.argv},
    )
