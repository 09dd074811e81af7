"""The NCIP door: its entrances, who is inside, how much is under way, who is overdue, and how it is closed."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.internet.task import LoopingCall

from gateway.carrier import UvloopCarrier
from gateway.clock import SystemClock
from gateway.ncip.callers import Callers
from gateway.ncip.endpoint import Endpoint
from gateway.ncip.exchange import Exchange, Rules
from gateway.ncip.initiators import Initiators, Place
from gateway.ncip.routing import Forward, Routes
from gateway.ncip.wrong_secrets import WrongSecrets
from gateway.observability.logs import EventLog
from gateway.observability.meters import Closing, ListenerMeter, Rejection
from gateway.observability.metrics import Metrics
from gateway.partners.networks import Network, is_within
from gateway.partners.secrets import MachineSecrets
from registry.domain.institution import LendingUnitId
from registry.register import InitiatorRegister

_SWEEP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules(Rules):
    """How long and how much; times in seconds, sizes in bytes.

    ``linger`` is how long a connection that is answered for the last time is still read, so that the answer is not
    lost with what the peer had yet to send.
    """

    request: float = 10.0
    idle: float = 60.0
    stalled: float = 15.0
    linger: float = 1.0
    late: float = 0.5
    unsent_bytes: int = 2 * 1024 * 1024
    connections: int = 2000
    per_address: int = 64
    exempt: tuple[Network, ...] = ()
    in_flight: int = 256
    in_flight_per_address: int = 64
    wrong_secrets: int = 10


class Line(Protocol):
    """One connection to this door; its kinds are HTTP's and raw TCP's."""

    transport: UvloopCarrier

    def __init__(self, entrance: Entrance, host: str) -> None:
        """Serve a connection from ``host`` that ``entrance`` has accepted."""
        self.entrance = entrance
        self.door = entrance.door
        self.host = host
        self.closing: Closing | None = None
        self._stuck = (0, 0.0)
        self._connected = False
        self._under_way: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> asyncio.Task[None] | None:
        """The answer that is being worked out, or ``None``."""
        return self._under_way

    @property
    def place(self) -> Place:
        """Where this connection's messages come from."""
        return Place(self.host, self.transport.peer_certificate)

    def connectionMade(self) -> None:
        """Begin."""
        self._connected = True
        self.entrance.meter.opened()
        self.log("connection_opened", tls_version=self.transport.tls_version)

    def connectionLost(self, reason: object = None) -> None:
        """Forget everything; what is under way ends by itself and is told to nobody."""
        self.door.left(self)
        if not self._connected:
            self.entrance.meter.rejected("tls")
            return
        self.closing = self.closing or "peer"
        self.entrance.meter.closed(self.closing)
        self.log("connection_closed", reason=self.closing)

    @abstractmethod
    def overdue(self, now: float) -> Closing | None:
        """Return why this connection must be closed now, or ``None``."""

    @abstractmethod
    def lingers_until(self) -> float | None:
        """Return until when a connection that was answered for the last time is read, or ``None``."""

    def sweep(self, now: float) -> None:
        """Close what is overdue; cut what does not close."""
        if not self._connected:
            return  # its handshake has a time of its own
        lingers = self.lingers_until()
        if lingers is not None:
            if now > lingers:
                self.transport.abortConnection()
        elif self._is_stuck(now):
            self.cut("stalled")
        elif (why := self.overdue(now)) is not None:
            self.door.metrics.frame_errors.of("ncip", "deadline").inc() if why == "deadline" else None
            self.cut(why)

    def leave(self) -> None:
        """Close once what was written is sent, for the door is closing; what never is, the listener cuts."""
        self.closing = self.closing or "draining"
        if self._connected:
            self.transport.loseConnection()

    def cut(self, why: Closing) -> None:
        """Close at once, and throw away what was not sent."""
        self.closing = self.closing or why
        self.transport.abortConnection()

    def _is_stuck(self, now: float) -> bool:
        unsent, rules = self.transport.unsent, self.door.rules
        before, since = self._stuck
        if unsent == 0 or unsent < before or since == 0.0:
            self._stuck = (unsent, now if unsent else 0.0)
            return unsent > rules.unsent_bytes
        return unsent > rules.unsent_bytes or now - since > rules.stalled

    def spawn(self, answering: Awaitable[None]) -> None:
        """Work an answer out; the door knows of it until it is there."""
        self.door.begins(self.host)
        task = asyncio.ensure_future(answering)
        self._under_way = task
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._under_way = None
        self.door.ends(self.host)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.door.log.unexpected(failure, protocol="ncip", listener=self.entrance.name)
            self.cut("error")

    def log(self, event: str, /, **fields: object) -> None:
        """Log an event of this connection."""
        self.door.log.event(event, listener=self.entrance.name, protocol="ncip", peer_ip=self.host, **fields)


class Entrance(ServerFactory):
    """One listener's factory: it refuses before anything is spent on whoever connects."""

    def __init__(
        self,
        door: NcipDoor,
        *,
        name: str,
        networks: tuple[Network, ...],
        meter: ListenerMeter,
        line: Callable[[Entrance, str], Line],
    ) -> None:
        """Open an entrance whose connections are made by ``line``."""
        self.door = door
        self.name = name
        self.meter = meter
        self._networks = networks
        self._line = line

    def buildProtocol(self, addr: IAddress | None) -> Line | None:
        """Return a line for a connection from ``addr``, or ``None`` to refuse it."""
        host = str(getattr(addr, "host", ""))
        rejection = self._rejection(host)
        if rejection is not None:
            self.meter.rejected(rejection)
            self.door.log.event(
                "connection_rejected", listener=self.name, protocol="ncip", peer_ip=host, reason=rejection
            )
            return None
        return self.door.entered(self._line(self, host))

    def _rejection(self, host: str) -> Rejection | None:
        if self._networks and not is_within(host, self._networks):
            return "acl"
        return self.door.rejection(host)


class NcipDoor:
    """All NCIP connections of one daemon."""

    def __init__(
        self,
        register: InitiatorRegister,
        initiators: Initiators,
        endpoints: Mapping[LendingUnitId, Endpoint],
        secrets: MachineSecrets,
        forward: Forward,
        *,
        clock: SystemClock,
        rules: DoorRules,
        metrics: Metrics,
        log: EventLog,
    ) -> None:
        self.initiators = initiators
        self.clock = clock
        self.rules = rules
        self.metrics = metrics
        self.log = log
        self.in_progress = metrics.requests_in_progress.of("ncip")
        self.is_draining = False
        self._routes = Routes(endpoints, forward)
        self._lines: set[Line] = set()
        self._from: Counter[str] = Counter()
        self._in_flight: Counter[str] = Counter()
        wrong = WrongSecrets(clock.monotonic, lambda: self.rules.wrong_secrets)
        self.exchange = Exchange(
            register,
            Callers(lambda: self.initiators, secrets, register, wrong),
            lambda: self._routes,
            clock=clock,
            rules=lambda: self.rules,
            metrics=metrics,
            log=log,
        )
        self._sweeper = LoopingCall(self.sweep)

    def start(self) -> None:
        """Begin to look for what is overdue, twice a second."""
        self._sweeper.start(_SWEEP, now=False)

    def stop(self) -> None:
        """Look no more; harmless when never started."""
        if self._sweeper.running:
            self._sweeper.stop()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._lines)

    def take(self, initiators: Initiators, endpoints: Mapping[LendingUnitId, Endpoint]) -> None:
        """Put newly read initiators and endpoints into force, for every message from now on."""
        self.initiators = initiators
        self._routes = Routes(endpoints, self._routes.forward)

    def rejection(self, host: str) -> Rejection | None:
        """Return why one more connection from ``host`` is refused, or ``None``."""
        if len(self._lines) >= self.rules.connections:
            return "cap"
        if self._from[host] >= self.rules.per_address and not is_within(host, self.rules.exempt):
            return "ip_cap"
        return None

    def entered(self, line: Line) -> Line:
        """Count a connection in."""
        self._lines.add(line)
        self._from[line.host] += 1
        return line

    def left(self, line: Line) -> None:
        """Count a connection out."""
        self._lines.discard(line)
        _less(self._from, line.host)

    def is_full(self) -> bool:
        """Tell whether no more requests can be taken now."""
        return self.is_draining or self._in_flight.total() >= self.rules.in_flight

    def is_full_from(self, host: str) -> bool:
        """Tell whether no more requests can be taken from an address now."""
        return self._in_flight[host] >= self.rules.in_flight_per_address and not is_within(host, self.rules.exempt)

    def begins(self, host: str) -> None:
        """Count a request in."""
        self._in_flight[host] += 1
        self.in_progress.inc()

    def ends(self, host: str) -> None:
        """Count a request out."""
        _less(self._in_flight, host)
        self.in_progress.dec()

    def sweep(self) -> None:
        """Close what is overdue."""
        now = self.clock.monotonic()
        for line in list(self._lines):
            line.sweep(now)

    async def drain(self, soft: float, elapsed: Callable[[], float]) -> None:
        """Let answers under way be given, for ``soft`` seconds at most, and close every connection."""
        self.is_draining = True
        while (left := soft - elapsed()) > 0:
            under_way = [line.under_way for line in self._lines if line.under_way is not None]
            if not under_way:
                break
            await asyncio.wait(under_way, timeout=left)
        for line in list(self._lines):
            line.leave()


def _less(counter: Counter[str], host: str) -> None:
    counter[host] -= 1
    if counter[host] <= 0:
        del counter[host]
