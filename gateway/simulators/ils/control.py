"""The control port: a line in, a line out, so that a person with `nc` or a script can break things at run time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from twisted.internet.interfaces import IAddress, ITransport
from twisted.internet.protocol import ServerFactory
from twisted.protocols.basic import LineOnlyReceiver

from gateway.bridge import Listening, listen, spawn
from gateway.simulators.ils.faults import SAYS, Kind, read_fault
from gateway.simulators.ils.simulator import IlsSimulator

HOST = "127.0.0.1"
"""Whoever can reach the control port can break everything, so it is never open to a network."""

Command = Callable[[IlsSimulator, str], Awaitable[str]]


async def _fault(simulator: IlsSimulator, rest: str) -> str:
    fault = read_fault(rest)
    simulator.faults.add(fault)
    return str(fault)


async def _faults(simulator: IlsSimulator, rest: str) -> str:
    return "; ".join(map(str, simulator.faults.faults)) or "none"


async def _clear(simulator: IlsSimulator, rest: str) -> str:
    simulator.faults.clear(Kind(rest) if rest else None)
    return "cleared"


async def _kinds(simulator: IlsSimulator, rest: str) -> str:
    return "; ".join(f"{kind}: {says}" for kind, says in SAYS.items())


async def _down(simulator: IlsSimulator, rest: str) -> str:
    await simulator.close_port()
    return "down"


async def _up(simulator: IlsSimulator, rest: str) -> str:
    await simulator.open_port()
    return "up"


async def _cut(simulator: IlsSimulator, rest: str) -> str:
    return f"{simulator.cut()} cut"


async def _counts(simulator: IlsSimulator, rest: str) -> str:
    return " ".join(f"{number}={times}" for number, times in sorted(simulator.counts.items())) or "none"


async def _loans(simulator: IlsSimulator, rest: str) -> str:
    loans = simulator.ledger.loans.values()
    return "; ".join(f"{loan.item} {loan.patron} {loan.due}" for loan in loans) or "none"


async def _patrons(simulator: IlsSimulator, rest: str) -> str:
    return "; ".join(f"{one.id} {' '.join(one.cards)}".strip() for one in simulator.ledger.enrolled.values()) or "none"


async def _notices(simulator: IlsSimulator, rest: str) -> str:
    return "; ".join(f"{one.service} {' '.join(one.numbers)}".strip() for one in simulator.ledger.notices) or "none"


async def _help(simulator: IlsSimulator, rest: str) -> str:
    return "; ".join(f"{name} {says}".strip() for name, (_, says) in COMMANDS.items())


COMMANDS: Mapping[str, tuple[Command, str]] = {
    "help": (_help, ""),
    "kinds": (_kinds, ""),
    "fault": (_fault, "KIND [messages=63,CreateUser] [times=N] [after=N] [chance=0.5] [seconds=S] [size=N] …"),
    "faults": (_faults, ""),
    "clear": (_clear, "[KIND]"),
    "down": (_down, "(close the port and every connection)"),
    "up": (_up, "(listen again)"),
    "cut": (_cut, "(break every connection)"),
    "counts": (_counts, "(requests so far, by number)"),
    "loans": (_loans, ""),
    "patrons": (_patrons, "(created or changed over NCIP: local id and cards)"),
    "notices": (_notices, "(what was told over NCIP: service and numbers)"),
}
"""Every command, and what it takes."""


class ControlLine(LineOnlyReceiver):
    """One connection to the control port."""

    delimiter = b"\n"
    MAX_LENGTH = 1000

    def __init__(self, simulator: IlsSimulator) -> None:
        """Obey commands about this simulator."""
        self._simulator = simulator
        self._obeying: set[asyncio.Task[None]] = set()
        self._last_word = False

    def lineReceived(self, line: bytes) -> None:
        """Obey one command and answer with ``ok …`` or ``error …``."""
        text = line.decode("utf-8", "replace").strip()
        if text:
            obeying = spawn(self._obey(text), self._simulator.failed)
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
        said = await answer(self._simulator, text)
        ITransport(self.transport).write(f"{said}\n".encode())


async def answer(simulator: IlsSimulator, text: str) -> str:
    """Return the line that answers a command."""
    name, _, rest = text.partition(" ")
    if name not in COMMANDS:
        return f"error: no command {name}; try help"
    try:
        return f"ok {await COMMANDS[name][0](simulator, rest.strip())}"
    except (ValueError, OSError) as error:
        return f"error: {error}"


class _ControlFactory(ServerFactory):
    def __init__(self, simulator: IlsSimulator) -> None:
        self._simulator = simulator

    def buildProtocol(self, addr: IAddress | None) -> ControlLine:
        return ControlLine(self._simulator)


async def open_control(simulator: IlsSimulator, port: int = 0) -> Listening:
    """Open the control port on loopback; its `addresses` tell which it became. Raises `OSError`."""
    return await listen(_ControlFactory(simulator), HOST, port)
