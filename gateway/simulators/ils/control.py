"""What the control port of a simulated library obeys, so that things can be broken while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from gateway.bridge import Listening
from gateway.simulators.control_line import HOST, open_control_port
from gateway.simulators.ils.faults import SAYS, Kind, read_fault
from gateway.simulators.ils.simulator import IlsSimulator

__all__ = ["COMMANDS", "HOST", "answer", "open_control"]

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


async def answer(simulator: IlsSimulator, text: str) -> str:
    """Return the line that answers a command."""
    name, _, rest = text.partition(" ")
    if name not in COMMANDS:
        return f"error: no command {name}; try help"
    try:
        return f"ok {await COMMANDS[name][0](simulator, rest.strip())}"
    except (ValueError, OSError) as error:
        return f"error: {error}"


async def open_control(simulator: IlsSimulator, port: int = 0) -> Listening:
    """Open the control port on loopback; its `addresses` tell which it became. Raises `OSError`."""
    return await open_control_port(partial(answer, simulator), simulator.failed, port)
