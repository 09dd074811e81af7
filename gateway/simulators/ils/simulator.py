"""A simulated library that listens: in a process of its own, or in one with whatever asks it.

simulator = IlsSimulator.open(built_in_world())
port = await simulator.start()
simulator.faults.add(Fault(kind=Kind.DELAY, messages=frozenset({"63"}), seconds=2.0, times=1))
...
await simulator.stop()
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from gateway.bridge import Listening, listen
from gateway.clock import SystemClock
from gateway.handshakes import TlsSource
from gateway.simulators.ils.faults import CONNECT, FaultPlan, read_fault
from gateway.simulators.ils.ledger import Ledger
from gateway.simulators.ils.ncip_door import NcipDoor
from gateway.simulators.ils.session import IlsSession
from gateway.simulators.ils.store import Store
from gateway.simulators.ils.system import LibrarySystem
from gateway.simulators.ils.world import Line, World
from protocols import ncip
from protocols.sip2 import AcsProfile, Message

_TERMINATORS: dict[str, Literal["\r", "\n", "\r\n"]] = {"CR": "\r", "LF": "\n", "CRLF": "\r\n"}


class IlsSimulator(ServerFactory):
    """A library system on a port. `faults` may be changed at any time, and `ledger` be looked at."""

    def __init__(self, system: LibrarySystem, faults: FaultPlan, store: Store | None = None) -> None:
        """Serve `system`; with a `store`, nothing is answered before the books are kept."""
        self.system = system
        self.faults = faults
        self.profile = _profile(system.world.line)
        self.counts: Counter[str] = Counter()
        self.failures: list[BaseException] = []
        self.dropped = 0
        self.ncip = NcipDoor(self)
        self._store = store
        self._sessions: set[IlsSession] = set()
        self._listening: Listening | None = None
        self._at: tuple[str, int, TlsSource | None] = ("127.0.0.1", 0, None)

    @classmethod
    def open(
        cls,
        world: World,
        *,
        state: Path | None = None,
        fresh: bool = False,
        seed: int = 0,
        clock: Callable[[], datetime] | None = None,
    ) -> Self:
        """Return a simulator of `world`, its books kept in the folder `state` where one is told.

        `fresh` forgets what the folder holds. Raises `StoreError` for a folder that cannot be used, and `ValueError`
        for a quirk, an extension, a fault or a charset that does not exist.
        """
        with contextlib.ExitStack() as unless_opened:
            store = None if state is None else unless_opened.enter_context(contextlib.closing(Store(state)))
            kept = store.load() if store is not None and not fresh else None
            dropped = kept.fit(world) if kept is not None else 0
            system = LibrarySystem(world, clock or SystemClock().local, kept)
            simulator = cls(system, FaultPlan(map(read_fault, world.faults), seed), store)
            simulator.dropped = dropped
            if store is not None:
                store.keep(system.ledger)
            unless_opened.pop_all()
        return simulator

    @property
    def ledger(self) -> Ledger:
        """The library's books."""
        return self.system.ledger

    @property
    def connections(self) -> int:
        """How many connections are open, those of NCIP not counted."""
        return len(self._sessions)

    @property
    def is_listening(self) -> bool:
        """Whether a new connection is accepted, be it to be closed at once."""
        return self._listening is not None

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, tls: TlsSource | None = None) -> int:
        """Listen, and return the port; raises `OSError` when it cannot be had."""
        self._listening = await listen(self, host, port, ssl_context=tls)
        chosen: int = self._listening.addresses[0].port
        self._at = (host, chosen, tls)
        return chosen

    async def stop(self) -> None:
        """Stop listening, cut every connection and give the state folder back; harmless when repeated."""
        await self.close_port()
        if self._store is not None:
            self._store.close()

    async def close_port(self) -> None:
        """Stop listening and cut every connection, as a library whose system is down; `open_port` ends it."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await listening.close()
        await self.ncip.close_ports()

    async def open_port(self) -> None:
        """Listen again where it was before; raises `OSError`."""
        if self._listening is None:
            host, port, tls = self._at
            await self.start(host, port, tls=tls)
        await self.ncip.open_ports()

    def cut(self) -> int:
        """Break every open connection, and return how many that were."""
        open_now = list(self._sessions)
        for session in open_now:
            session.cut()
        return len(open_now) + self.ncip.cut()

    def say(self, raw: bytes) -> None:
        """Send bytes that nobody asked for on every connection."""
        for session in self._sessions:
            session.say(raw)

    def buildProtocol(self, addr: IAddress | None) -> IlsSession | None:
        """Return a session for a new connection, or None where a fault refuses it."""
        self.count(CONNECT)
        return None if self.faults.due(CONNECT) else IlsSession(self)

    # What the sessions ask of it.

    def execute(self, asked: Message, terminal: str) -> Message:
        """Answer a request, having kept what it changed."""
        answer = self.system.answer(asked, terminal)
        if self._store is not None and self.system.changes_books(asked):
            self._store.keep(self.ledger)
        return answer

    def execute_ncip(self, asked: ncip.Request) -> ncip.Message:
        """Answer a request of NCIP, having kept what it changed."""
        answer = self.system.answer_ncip(asked)
        if self._store is not None and not isinstance(asked, ncip.LookupUser | ncip.LookupAgency):
            self._store.keep(self.ledger)
        return answer

    def count(self, number: str) -> None:
        """Count a request, or a connection."""
        self.counts[number] += 1

    def entered(self, session: IlsSession) -> None:
        """Count a session in."""
        self._sessions.add(session)

    def left(self, session: IlsSession) -> None:
        """Count a session out."""
        self._sessions.discard(session)

    def failed(self, failure: BaseException) -> None:
        """Remember a defect of our own."""
        self.failures.append(failure)


def _profile(line: Line) -> AcsProfile:
    return AcsProfile(
        encoding=line.encoding,
        delimiter=line.delimiter,
        terminator=_TERMINATORS[line.terminator],
        error_detection=line.error_detection,
        lenient_checksum=line.lenient_checksum,
        login_required=line.login_required,
        status_before_login=line.status_before_login,
    )
