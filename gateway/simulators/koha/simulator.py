"""A simulated Koha that listens: in a process of its own, or in one with whatever asks it.

simulator = KohaSimulator.open(built_in_koha())
port = await simulator.start()
simulator.faults.add(Fault(kind=Kind.CLOSE_AFTER, requests=frozenset({"add"}), times=1))
...
await simulator.stop()
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from gateway.bridge import Listening, listen
from gateway.clock import SystemClock
from gateway.handshakes import TlsSource
from gateway.simulators.koha.books import Books
from gateway.simulators.koha.faults import CONNECT, NOT_EXECUTED, FaultPlan, Kind, read_fault
from gateway.simulators.koha.habits import Habits
from gateway.simulators.koha.session import KohaSession
from gateway.simulators.koha.spoiling import Reply, reply_of, spoiled
from gateway.simulators.koha.system import CHANGING, Clock, KohaLibrary, asked_for
from gateway.simulators.koha.wire import KohaAnswer, KohaRequest
from gateway.simulators.koha.world import KohaWorld
from gateway.simulators.state_folder import StateFolder

_BOOKS = TypeAdapter(Books)

Observer = Callable[[KohaRequest, KohaAnswer | None], object]
"""Is told of a request and its answer as the library gave it, before any fault spoils it; None: not executed."""


class KohaSimulator(ServerFactory):
    """A Koha on a port. `faults` and `habits` may be changed at any time, and `books` be looked at."""

    def __init__(
        self,
        library: KohaLibrary,
        faults: FaultPlan,
        store: StateFolder[Books] | None = None,
        observer: Observer | None = None,
    ) -> None:
        """Serve `library`; with a `store`, nothing is answered before the books are kept."""
        self.library = library
        self.faults = faults
        self.counts: Counter[str] = Counter()
        self.failures: list[BaseException] = []
        self._store = store
        self._observer = observer
        self._sessions: set[KohaSession] = set()
        self._listening: Listening | None = None
        self._at: tuple[str, int, TlsSource | None] = ("127.0.0.1", 0, None)

    @classmethod
    def open(
        cls,
        world: KohaWorld,
        *,
        state: Path | None = None,
        fresh: bool = False,
        habits: Habits | None = None,
        clock: Clock | None = None,
        observer: Observer | None = None,
    ) -> Self:
        """Return a simulator of `world`, its books kept in the folder `state` where one is told.

        `fresh` forgets what the folder holds. Raises `StoreError` for a folder that cannot be used, and `ValueError`
        for a fault that does not exist.
        """
        with contextlib.ExitStack() as unless_opened:
            store = None
            if state is not None:
                store = unless_opened.enter_context(contextlib.closing(StateFolder(state, "koha", _BOOKS)))
            kept = store.load() if store is not None and not fresh else None
            library = KohaLibrary(world, clock or SystemClock(), habits, kept)
            simulator = cls(library, FaultPlan(map(read_fault, world.faults)), store, observer)
            if store is not None:
                store.keep(library.books)
            unless_opened.pop_all()
        return simulator

    @property
    def books(self) -> Books:
        """The patrons."""
        return self.library.books

    @property
    def habits(self) -> Habits:
        """How it behaves."""
        return self.library.habits

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
        """Stop listening and cut every connection, as a Koha that is down; `open_port` ends it."""
        if self._listening is not None:
            listening, self._listening = self._listening, None
            await listening.close()

    async def open_port(self) -> None:
        """Listen again where it was before; raises `OSError`."""
        if self._listening is None:
            host, port, tls = self._at
            await self.start(host, port, tls=tls)

    def cut(self) -> int:
        """Break every open connection, and return how many that were."""
        open_now = list(self._sessions)
        for session in open_now:
            session.cut()
        return len(open_now)

    def buildProtocol(self, addr: IAddress | None) -> KohaSession | None:
        """Return a session for a new connection, or None where a fault refuses it."""
        self.counts[CONNECT] += 1
        return None if self.faults.due(CONNECT) else KohaSession(self)

    # What the sessions ask of it.

    def reply(self, request: KohaRequest) -> Reply:
        """What is sent for a request, executed and the books kept where no fault prevents it."""
        asked = asked_for(request) or "other"
        self.counts[asked] += 1
        faults = self.faults.due(asked)
        if any(fault.kind is Kind.EXPIRE_TOKENS for fault in faults):
            self.library.keys.expire()
        if any(fault.kind in NOT_EXECUTED for fault in faults):
            self._observe(request, None)
            return spoiled(Reply(status=500), faults)
        answer = self.library.answer(request)
        if self._store is not None and asked in CHANGING:
            self._store.keep(self.books)
        self._observe(request, answer)
        return spoiled(reply_of(answer), faults)

    def entered(self, session: KohaSession) -> None:
        """Count a session in."""
        self._sessions.add(session)

    def left(self, session: KohaSession) -> None:
        """Count a session out."""
        self._sessions.discard(session)

    def failed(self, failure: BaseException) -> None:
        """Remember a defect of our own."""
        self.failures.append(failure)

    def _observe(self, request: KohaRequest, answer: KohaAnswer | None) -> None:
        if self._observer is not None:
            self._observer(request, answer)
