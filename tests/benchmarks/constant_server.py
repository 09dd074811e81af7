"""A ``pysip2`` server that looks nothing up: every 63 is answered by the same message, at once.

It runs as its documentation runs it, on asyncio's own loop, or with the word ``uvloop`` on that: the same program, and
faster.
"""

from __future__ import annotations

import os
import socket
import sys

import anyio
import pysip2

from tests.benchmarks.conversation import ANSWERED

_ANSWER = pysip2.PatronInformationResponse(**ANSWERED)
_WELCOME = pysip2.LoginResponse(ok="1")


def server() -> pysip2.SIP2Server:
    """Return the server with its two handlers, which are coroutines: the others it would run in threads."""
    made = pysip2.SIP2Server(login_required=True)

    @made.route(pysip2.LOGIN)
    async def login(_asked: object, _context: object) -> pysip2.LoginResponse:
        return _WELCOME

    @made.route(pysip2.PATRON_INFORMATION)
    async def patron_information(_asked: object, _context: object) -> pysip2.PatronInformationResponse:
        return _ANSWER

    return made


async def main(port: int) -> None:
    """Serve until killed; says READY as a service does."""
    async with server().start(port=port):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]), backend="asyncio", backend_options={"use_uvloop": "uvloop" in sys.argv})
