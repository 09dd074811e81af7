"""An SC on a real connection to the simulated library, and what happened to each of its requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.simulators.ils import Fault, IlsSimulator, Kind, World
from protocols import sip2
from protocols.sip2 import Message, ScConnection, ScProfile
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import WORLD, Clock

PATIENCE = 0.25
"""How long an SC of a test waits for what will not come."""


def fault(kind: Kind, *messages: str, **fields: Any) -> Fault:
    return Fault(kind=kind, messages=frozenset(messages), **fields)


class Sc:
    """A connection; `retries` and time-outs are the test's own to play."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, profile: ScProfile) -> None:
        self._reader, self._writer = reader, writer
        self.wire = ScConnection(profile)

    async def ask(self, message: Message, patience: float = 5.0) -> list[sip2.Outcome]:
        """Every outcome until one settles the request, or until nothing comes any more."""
        self._writer.write(self.wire.ask(message))
        return await self.wait(patience)

    async def answer(self, message: Message) -> Message:
        """The answer, which comes without any trouble."""
        (outcome,) = await self.ask(message)
        assert isinstance(outcome, sip2.Answered)
        return outcome.message

    async def again(self, patience: float = 5.0) -> list[sip2.Outcome]:
        """The SC's time is up: it sends its request again, where it may."""
        outcome = self.wire.timed_out()
        if isinstance(outcome, sip2.Resend):
            self._writer.write(outcome.raw)
            return [outcome, *await self.wait(patience)]
        return [outcome]

    async def wait(self, patience: float) -> list[sip2.Outcome]:
        outcomes: list[sip2.Outcome] = []
        while True:
            outcome = self.wire.next_event()
            if outcome is not sip2.NEED_DATA:
                outcomes.append(outcome)
            if isinstance(outcome, sip2.Resend):
                self._writer.write(outcome.raw)
            if isinstance(outcome, sip2.Answered | sip2.Failed) or outcome is sip2.CLOSED:
                return outcomes
            if outcome is sip2.NEED_DATA:
                received = await self.read(patience)
                if received is None:
                    return outcomes
                if not received:
                    lost = self.wire.lost()
                    return [*outcomes, *([lost] if lost else [])]
                self.wire.receive(received)

    async def read(self, patience: float = 5.0) -> bytes | None:
        """What comes next: nothing at the end of the connection, None when nothing comes in time."""
        try:
            async with asyncio.timeout(patience):
                return await self._reader.read(65536)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""

    def write(self, raw: bytes) -> None:
        self._writer.write(raw)

    def close(self) -> None:
        self._writer.close()


class Running:
    """A simulator that listens, and SCs that come to it."""

    def __init__(self, simulator: IlsSimulator, port: int) -> None:
        self.simulator = simulator
        self.port = port
        self._scs: list[Sc] = []

    async def sc(self, *, logged_in: bool = True, **profile: Any) -> Sc:
        """A new connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        sc = Sc(reader, writer, ScProfile(**({"encoding": "utf-8"} | profile)))
        self._scs.append(sc)
        if logged_in:
            assert await sc.answer(asking.login()) == sip2.LoginResponse(ok="1")
        return sc

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when something on the simulator's side has become so."""
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)

    def close(self) -> None:
        for sc in self._scs:
            sc.close()


@asynccontextmanager
async def running(
    *faults: Fault, world: World = WORLD, line: dict[str, Any] | None = None, state: Path | None = None, **rules: Any
) -> AsyncIterator[Running]:
    """A simulator of this world with these faults, on a port of its own."""
    changed = replace(world, line=replace(world.line, **(line or {})), rules=replace(world.rules, **rules))
    simulator = IlsSimulator.open(changed, state=state, clock=Clock())
    for one in faults:
        simulator.faults.add(one)
    lines = Running(simulator, await simulator.start())
    try:
        yield lines
    finally:
        lines.close()
        await simulator.stop()
        assert simulator.failures == []
