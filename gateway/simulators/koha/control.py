"""What the control port of a simulated Koha obeys, so that things can be broken while it runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from gateway.bridge import Listening
from gateway.simulators.control_line import open_control_port
from gateway.simulators.koha import habits
from gateway.simulators.koha.faults import SAYS, Kind, read_fault
from gateway.simulators.koha.simulator import KohaSimulator

Command = Callable[[KohaSimulator, str], Awaitable[str]]


async def _fault(simulator: KohaSimulator, rest: str) -> str:
    fault = read_fault(rest)
    simulator.faults.add(fault)
    return str(fault)


async def _faults(simulator: KohaSimulator, rest: str) -> str:
    return "; ".join(map(str, simulator.faults.faults)) or "none"


async def _clear(simulator: KohaSimulator, rest: str) -> str:
    simulator.faults.clear(Kind(rest) if rest else None)
    return "cleared"


async def _kinds(simulator: KohaSimulator, rest: str) -> str:
    return "; ".join(f"{kind}: {says}" for kind, says in SAYS.items())


async def _set(simulator: KohaSimulator, rest: str) -> str:
    name, _, value = rest.partition(" ")
    simulator.habits.set(name, value)
    return str(simulator.habits)


async def _habits(simulator: KohaSimulator, rest: str) -> str:
    return str(simulator.habits)


async def _expire(simulator: KohaSimulator, rest: str) -> str:
    simulator.library.keys.expire()
    return "expired"


async def _down(simulator: KohaSimulator, rest: str) -> str:
    await simulator.close_port()
    return "down"


async def _up(simulator: KohaSimulator, rest: str) -> str:
    await simulator.open_port()
    return "up"


async def _cut(simulator: KohaSimulator, rest: str) -> str:
    return f"{simulator.cut()} cut"


async def _counts(simulator: KohaSimulator, rest: str) -> str:
    return " ".join(f"{name}={times}" for name, times in sorted(simulator.counts.items())) or "none"


async def _patrons(simulator: KohaSimulator, rest: str) -> str:
    told = (f"{one.id} {one.fields.get('cardnumber')} {one.fields.get('expiry_date')}" for one in simulator.books)
    return "; ".join(told) or "none"


async def _help(simulator: KohaSimulator, rest: str) -> str:
    return "; ".join(f"{name} {says}".strip() for name, (_, says) in COMMANDS.items())


COMMANDS: Mapping[str, tuple[Command, str]] = {
    "help": (_help, ""),
    "kinds": (_kinds, ""),
    "fault": (_fault, "KIND [requests=add,update] [times=N] [after=N] [seconds=S] [status=N] [size=N]"),
    "faults": (_faults, ""),
    "clear": (_clear, "[KIND]"),
    "set": (_set, f"HABIT VALUE ({', '.join(habits.SAYS)})"),
    "habits": (_habits, ""),
    "expire": (_expire, "(end every token)"),
    "down": (_down, "(close the port and every connection)"),
    "up": (_up, "(listen again)"),
    "cut": (_cut, "(break every connection)"),
    "counts": (_counts, "(requests so far)"),
    "patrons": (_patrons, "(key, card number and expiry)"),
}
"""Every command, and what it takes."""


async def answer(simulator: KohaSimulator, text: str) -> str:
    """Return the line that answers a command."""
    name, _, rest = text.partition(" ")
    if name not in COMMANDS:
        return f"error: no command {name}; try help"
    try:
        return f"ok {await COMMANDS[name][0](simulator, rest.strip())}"
    except (ValueError, OSError) as error:
        return f"error: {error}"


async def open_control(simulator: KohaSimulator, port: int = 0) -> Listening:
    """Open the control port on loopback; its `addresses` tell which it became. Raises `OSError`."""
    return await open_control_port(partial(answer, simulator), simulator.failed, port)
