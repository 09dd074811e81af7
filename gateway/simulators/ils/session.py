"""One connection to the simulated library: bytes to requests, answers to bytes, faults on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.bridge import UvloopCarrier, spawn
from gateway.simulators.ils import quirks
from gateway.simulators.ils.desk import No
from gateway.simulators.ils.faults import Fault, Kind
from gateway.simulators.ils.spoiling import PREVENTS, Delivery, spoiled
from protocols import sip2
from protocols.sip2 import AcsConnection, Because, Frame, Login, Message, seal

if TYPE_CHECKING:
    from gateway.simulators.ils.simulator import IlsSimulator


class IlsSession(Protocol):
    """An SC's session at the library."""

    transport: UvloopCarrier

    def __init__(self, simulator: IlsSimulator) -> None:
        """Serve one connection of this simulator."""
        self._simulator = simulator
        self._system = simulator.system
        self._quirks = simulator.system.world.rules.quirks
        self._wire = AcsConnection(simulator.profile)
        self._terminal = ""
        self._login_tries = 0
        self._last: sip2.Asked | None = None
        self._delivery: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._hangs = False

    def connectionMade(self) -> None:
        """Begin to wait for a login, or for whatever comes."""
        self._simulator.entered(self)
        self._stay()

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in, and answer what is whole."""
        self._stay()
        self._wire.receive(data)
        self._pump()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget the connection, and what was still to be sent."""
        self._wire.close()
        if self._delivery is not None:
            self._delivery.cancel()
        if self._idle is not None:
            self._idle.cancel()
        self._simulator.left(self)

    def say(self, raw: bytes) -> None:
        """Send bytes that nobody asked for."""
        self.transport.write(raw)

    def cut(self) -> None:
        """Break the connection at once."""
        self.transport.abortConnection()

    def _stay(self) -> None:
        """Measure the time for which an SC may be silent from now."""
        if self._idle is not None:
            self._idle.cancel()
        if seconds := self._system.world.line.idle:
            self._idle = asyncio.get_running_loop().call_later(seconds, self.transport.loseConnection)

    def _pump(self) -> None:
        while self._delivery is None and not self._hangs:
            match self._wire.next_event():
                case sip2.Asked() as asked:
                    self._ask(asked)
                case sip2.NotLoggedIn(message=message):
                    self._meet_stranger(message)
                case sip2.Unreadable(number=number):
                    self._wire.pass_over()
                    self._send(self._ask_again(), self._simulator.faults.due(number))
                case sip2.Reply() as reply:
                    self._repeat(reply)
                case sip2.Broken():
                    self.transport.loseConnection()
                case sip2.Ignored(number=number):
                    self._simulator.count(number)
                case _:
                    return

    def _ask(self, asked: sip2.Asked) -> None:
        message = asked.message
        self._simulator.count(message.number)
        self._last = asked
        faults = self._simulator.faults.due(message.number)
        kinds = {fault.kind for fault in faults}
        if kinds & PREVENTS:
            self._wire.pass_over()
            self._send(self._ask_again() if Kind.ASK_AGAIN in kinds else b"", faults)
            return
        answer = self._answer(message, kinds)
        self._send(self._wire.answer(answer), faults)
        if self._login_tries >= self._system.world.line.login_tries:
            self.transport.loseConnection()

    def _answer(self, message: Message, kinds: set[Kind]) -> Message:
        if Kind.OFF_LINE in kinds:
            answer: Message = self._system.status(self._terminal, on_line=False)
        elif isinstance(message, Login):
            answer = self._log_in(message, refused=Kind.REFUSE_LOGIN in kinds)
        else:
            answer = self._simulator.execute(message, self._terminal)
        return quirks.in_message(self._quirks, answer)

    def _log_in(self, login: Login, *, refused: bool) -> Message:
        admitted = self._system.admits(login) and not refused
        if admitted:
            self._wire.logged_in()
        else:
            self._wire.refused_login()
        self._terminal = login.login_user_id if admitted else ""
        self._login_tries = 0 if admitted else self._login_tries + 1
        return sip2.LoginResponse(ok="1" if admitted else "0")

    def _meet_stranger(self, message: Message) -> None:
        """Close, as most systems do, or refuse."""
        self._simulator.count(message.number)
        answer = self._system.refuse(message, No.NOT_LOGGED_IN)
        if answer is None or self._system.world.line.strangers == "close":
            self._wire.pass_over()
            self._hangs = True
            self.transport.loseConnection()
        else:
            self._send(self._wire.answer(quirks.in_message(self._quirks, answer)), ())

    def _repeat(self, reply: sip2.Reply) -> None:
        """Send an answer again; a system that keeps none executes a retransmitted request again."""
        last = self._last
        retransmitted = reply.because is Because.RETRANSMITTED and last is not None
        number = last.message.number if retransmitted and last is not None else "97"
        self._simulator.count(number)
        raw = reply.raw
        if retransmitted and last is not None and quirks.repeats(self._quirks):
            raw = self._sealed(self._answer(last.message, set()), last.frame)
        self._send(raw, self._simulator.faults.due(number))

    def _send(self, raw: bytes, faults: Iterable[Fault]) -> None:
        encoding = self._wire.profile.encoding
        # An empty answer has no trailer that a quirk could change.
        seen = quirks.on_wire(self._quirks, raw) if raw else raw
        delivery = spoiled(seen, faults, self._simulator.faults, encoding)
        self._hangs = self._hangs or delivery.hangs
        if delivery.at_once:
            self._finish(delivery)
        else:
            self._delivery = spawn(self._deliver(delivery), self._simulator.failed)

    def _finish(self, delivery: Delivery) -> None:
        if delivery.raw:
            self.transport.write(delivery.raw)
        if delivery.closes:
            self._hangs = True
            self.transport.loseConnection()
        elif self._hangs:
            self.transport.pauseProducing()

    async def _deliver(self, delivery: Delivery) -> None:
        await asyncio.sleep(delivery.delay)
        if delivery.per_byte:
            for place in range(len(delivery.raw)):
                self.transport.write(delivery.raw[place : place + 1])
                await asyncio.sleep(delivery.per_byte)
            delivery = Delivery(closes=delivery.closes, hangs=delivery.hangs)
        self._delivery = None
        self._finish(delivery)
        self._pump()

    def _ask_again(self) -> bytes:
        return seal(b"96", None, True, self._wire.profile.terminator.encode("ascii"))

    def _sealed(self, message: Message, frame: Frame) -> bytes:
        profile = self._wire.profile
        return seal(profile.codec.encode(message), frame.sequence, True, profile.terminator.encode("ascii"))
