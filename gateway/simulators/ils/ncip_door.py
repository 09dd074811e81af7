"""The library's NCIP responder on its ports: over HTTP at any path, and over raw connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from gateway.bridge import Listening, listen
from gateway.handshakes import TlsSource
from gateway.simulators.ils.faults import CONNECT, Fault, Kind
from gateway.simulators.ils.ncip_sessions import HttpSession, NcipSession, RawSession
from gateway.simulators.ils.ncip_spoiling import NOT_EXECUTED, Reply, spoiled
from protocols import ncip
from protocols.ncip import Codec, NotSendable, Problem, Trouble, problem, refusal
from protocols.ncip.schemes import Coded

if TYPE_CHECKING:
    from gateway.simulators.ils.simulator import IlsSimulator


class NcipDoor:
    """Answers NCIP for one simulated library."""

    def __init__(self, simulator: IlsSimulator) -> None:
        """Listen nowhere yet."""
        self._simulator = simulator
        self._codec: Codec | None = None
        self._sessions: set[NcipSession] = set()
        self._listening: list[Listening] = []
        self._ports: list[tuple[str, int, TlsSource | None, bool]] = []

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, *, tls: TlsSource | None = None, raw: bool = False
    ) -> int:
        """Listen for HTTP, or for `raw` messages, and return the port; raises `OSError` when it cannot be had."""
        listening = await listen(_Sessions(self, RawSession if raw else HttpSession), host, port, ssl_context=tls)
        self._listening.append(listening)
        chosen: int = listening.addresses[0].port
        self._ports.append((host, chosen, tls, raw))
        return chosen

    async def close_ports(self) -> None:
        """Stop listening and cut every connection; harmless when repeated."""
        listening, self._listening = self._listening, []
        for one in listening:
            await one.close()

    async def open_ports(self) -> None:
        """Listen again where it was before; raises `OSError`."""
        if not self._listening:
            ports, self._ports = self._ports, []
            for host, port, tls, raw in ports:
                await self.start(host, port, tls=tls, raw=raw)

    def cut(self) -> int:
        """Break every open connection, and return how many that were."""
        open_now = list(self._sessions)
        for session in open_now:
            session.cut()
        return len(open_now)

    # What the sessions ask of it.

    def session(self, make: Callable[[NcipDoor], NcipSession]) -> NcipSession | None:
        """Return a session for a new connection, or None where a fault refuses it."""
        self._simulator.count(CONNECT)
        return None if self._simulator.faults.due(CONNECT) else make(self)

    def reply(self, document: bytes) -> Reply:
        """What is sent for a document, the request in it executed and the books kept."""
        codec = self._made_codec()
        read = codec.request(document)
        if isinstance(read, ncip.Unreadable):
            return Reply(body=codec.encode(read.answer(), read.dialect))
        asked = read.message
        self._simulator.count(asked.name)
        if not isinstance(asked, ncip.Request):
            told = asked.reply() if isinstance(asked, ncip.LookupVersion) else refusal(None, _unreadable())
            return Reply(body=codec.encode(told, read.dialect))
        faults = self._simulator.faults.due(asked.name)
        return spoiled(self._encoded(asked, self._answer(asked, faults), read.dialect), faults, self._simulator.faults)

    def entered(self, session: NcipSession) -> None:
        """Count a session in."""
        self._sessions.add(session)

    def left(self, session: NcipSession) -> None:
        """Count a session out."""
        self._sessions.discard(session)

    def failed(self, failure: BaseException) -> None:
        """Remember a defect of our own."""
        self._simulator.failed(failure)

    def _answer(self, asked: ncip.Request, faults: tuple[Fault, ...]) -> ncip.Message:
        for fault in faults:
            if fault.kind is Kind.PROBLEM:
                said = Problem(problem_type=Coded(fault.problem))
                return refusal(asked.name, said, asked.initiation_header)
        if any(fault.kind in NOT_EXECUTED for fault in faults):
            return refusal(asked.name, problem(Trouble.TEMPORARY_PROCESSING_FAILURE))
        return self._simulator.execute_ncip(asked)

    def _encoded(self, asked: ncip.Request, answer: ncip.Message, dialect: ncip.Dialect) -> bytes:
        try:
            return self._made_codec().encode(answer, dialect)
        except NotSendable:
            # The answer repeats ids of the request, and they were not there.
            no = problem(Trouble.NEEDED_DATA_MISSING, asked.name)
            return self._made_codec().encode(refusal(asked.name, no, asked.initiation_header), dialect)

    def _made_codec(self) -> Codec:
        # Most simulated libraries are never asked over NCIP, and a schema takes time to read.
        if self._codec is None:
            self._codec = Codec()
        return self._codec


def _unreadable() -> Problem:
    return problem(Trouble.PROTOCOL_ERROR)


class _Sessions(ServerFactory):
    def __init__(self, door: NcipDoor, make: Callable[[NcipDoor], NcipSession]) -> None:
        self._door = door
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> NcipSession | None:
        return self._door.session(self._make)
