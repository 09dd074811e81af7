"""The control port of a simulator: a line in, a line out, so that a person with `nc` or a script can break things."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IAddress, ITransport
from twisted.internet.protocol import ServerFactory
from twisted.protocols.basic import LineOnlyReceiver

from gateway.bridge import Listening, listen, spawn

HOST = "127.0.0.1"
"""Whoever can reach the control port can break everything, so it is never open to a network."""

Answer = Callable[[str], Awaitable[str]]
"""Returns the line that answers a command, ``ok …`` or ``error …``."""


class ControlLine(LineOnlyReceiver):
    """One connection to the control port."""

    delimiter = b"\n"
    MAX_LENGTH = 1000

    def __init__(self, answer: Answer, failed: Callable[[BaseException], object]) -> None:
        """Obey commands; `failed` is told of a defect of our own."""
        self._answer = answer
        self._failed = failed
        self._obeying: set[asyncio.Task[None]] = set()
        self._last_word = False

    def lineReceived(self, line: bytes) -> None:
        """Obey one command and answer with ``ok …`` or ``error …``."""
        text = line.decode("utf-8", "replace").strip()
        if text:
            obeying = spawn(self._obey(text), self._failed)
            self._obeying.add(obeying)
            obeying.add_done_callback(self._obeyed)

    def eofReceived(self) -> None:
        """Answer what came before, then close: `nc` and scripts say all that they have and stop sending."""
        self._last_word = True
        self._close_when_silent()

    def _obeyed(self, obeying: asyncio.Task[None]) -> None:
        self._obeying.discard(obeying)
        self._close_when_silent()

    def _close_when_silent(self) -> None:
        if self._last_word and not self._obeying:
            ITransport(self.transport).loseConnection()

    async def _obey(self, text: str) -> None:
        said = await self._answer(text)
        ITransport(self.transport).write(f"{said}\n".encode())


class _ControlFactory(ServerFactory):
    def __init__(self, answer: Answer, failed: Callable[[BaseException], object]) -> None:
        self._answer = answer
        self._failed = failed

    def buildProtocol(self, addr: IAddress | None) -> ControlLine:
        return ControlLine(self._answer, self._failed)


async def open_control_port(answer: Answer, failed: Callable[[BaseException], object], port: int = 0) -> Listening:
    """Open the control port on loopback; its `addresses` tell which it became. Raises `OSError`."""
    return await listen(_ControlFactory(answer, failed), HOST, port)
