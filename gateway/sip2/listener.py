"""The SIP2 door: its entrances, who is inside, who is overdue, and how it is closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import LoopingCall

from gateway.clock import SystemClock
from gateway.delivery.waiting import WaitingWords
from gateway.observability.logs import EventLog
from gateway.observability.meters import ListenerMeter, Rejection
from gateway.observability.metrics import Metrics
from gateway.partners.networks import Network, is_within
from gateway.partners.secrets import MachineSecrets
from gateway.sip2.capture import Recorder
from gateway.sip2.consenting import Consenting
from gateway.sip2.ils_link import IlsLink
from gateway.sip2.ils_peer import IlsPeer
from gateway.sip2.ils_system import IlsLogin
from gateway.sip2.last_known import LastKnown
from gateway.sip2.logins import Logins
from gateway.sip2.offers import Offers, nobody_waits
from gateway.sip2.seeing import REGISTER_OUT_FOR, UNKNOWN_THERE_FOR, Memory, Silences, Strangers
from gateway.sip2.session import KioskSession
from gateway.sip2.terminals import Terminal, Terminals
from protocols import sip2
from registry.activating import ConsentDoor
from registry.domain.asker import Asker, AskerClass
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.register import DoorRegister

NOBODY = Asker(terminal="", kind=AskerClass.DOOR, institution=InstitutionId(""), unit=None)
"""Who asks before a login: the register admits nobody in this name."""

_SWEEP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorRules:
    """How long and how much; times in seconds.

    ``answer`` is what we have of a kiosk's patience, ``register`` the register's share of it where a library system is
    asked afterwards.
    """

    answer: float = 2.3
    register: float = 0.7
    login: float = 30.0
    login_tries: int = 3
    frame: float = 10.0
    idle: float = 900.0
    stalled: float = 15.0
    closing: float = 5.0
    unsent_bytes: int = 262_144
    connections: int = 2000
    per_address: int = 64
    per_login: int = 64
    exempt: tuple[Network, ...] = ()


class Entrance(ServerFactory):
    """One listener's factory: it refuses before anything is spent on whoever connects."""

    def __init__(
        self,
        door: Sip2Door,
        *,
        name: str,
        dialect: str,
        networks: tuple[Network, ...],
        meter: ListenerMeter,
    ) -> None:
        """Open an entrance that speaks ``dialect`` until somebody has logged in."""
        self.name = name
        self.meter = meter
        self._door = door
        self._dialect = dialect
        self._networks = networks

    def stranger(self) -> Terminal:
        """Return the terminal that stands for whoever has not logged in."""
        dialect = self._door.terminals.dialect(self._dialect)
        return Terminal(
            id="", asker=NOBODY, library="", login="", secret="", dialect=dialect, language=dialect.language
        )

    def buildProtocol(self, addr: IAddress | None) -> KioskSession | None:
        """Return a session for a connection from ``addr``, or ``None`` to refuse it."""
        host = str(getattr(addr, "host", ""))
        rejection = self._rejection(host)
        if rejection is not None:
            self.meter.rejected(rejection)
            self._door.log.event(
                "connection_rejected", listener=self.name, protocol="sip2", peer_ip=host, reason=rejection
            )
            return None
        return self._door.entered(KioskSession(self._door, self, host))

    def _rejection(self, host: str) -> Rejection | None:
        if self._door.is_draining:
            return "draining"
        if self._networks and not is_within(host, self._networks):
            return "acl"
        return self._door.rejection(host)


class Sip2Door:
    """All SIP2 connections of one daemon."""

    def __init__(
        self,
        register: DoorRegister,
        terminals: Terminals,
        secrets: MachineSecrets,
        *,
        clock: SystemClock,
        rules: DoorRules,
        metrics: Metrics,
        log: EventLog,
        consent: ConsentDoor | None = None,
        pages: str | None = None,
        waiting: Callable[[LendingUnitId], WaitingWords] = nobody_waits,
    ) -> None:
        """Serve ``terminals``; guests become patrons by ``consent``.

        ``pages`` is the address of the pages for patrons, ``waiting`` tells how long an activation takes at a unit.
        """
        offers = Offers(consent, clock.monotonic, pages=pages, waiting=waiting)
        self.consenting = Consenting(consent, offers, clock.monotonic, log, metrics.consent_misused)
        self.register = register
        self.terminals = terminals
        self.clock = clock
        self.rules = rules
        self.metrics = metrics
        self.log = log
        self.logins = Logins(lambda: self.terminals, secrets, register)
        self.frame_size = metrics.frame_size.of("sip2")
        self.in_progress = metrics.requests_in_progress.of("sip2")
        self.is_draining = False
        self._sessions: set[KioskSession] = set()
        self._from: Counter[str] = Counter()
        self._speaking_for: Counter[str] = Counter()
        self._secrets = secrets
        self._peers: dict[str, IlsPeer] = {}
        self._recorders: dict[str, Recorder] = {}
        self.memory = Memory(
            LastKnown(), Strangers(clock.monotonic, UNKNOWN_THERE_FOR), Silences(clock.monotonic, REGISTER_OUT_FOR)
        )
        self._sweeper = LoopingCall(self.sweep)
        self._date, self._date_until = "", float("-inf")

    def start(self) -> None:
        """Begin to look for what is overdue, twice a second."""
        self._sweeper.start(_SWEEP, now=False)

    def stop(self) -> None:
        """Look no more; harmless when never started."""
        if self._sweeper.running:
            self._sweeper.stop()

    def date(self) -> str:
        """Return the date in an answer: the library's time, written anew each second."""
        now = self.clock.monotonic()
        if now >= self._date_until:
            when = self.clock.local()
            self._date, self._date_until = sip2.write_date(when), now + 1 - when.microsecond / 1_000_000
        return self._date

    def link(self, terminal: Terminal, login: IlsLogin | None) -> IlsLink | None:
        """Return a new link to the library system behind ``terminal``, or ``None`` where there is none."""
        system = terminal.system
        if system is None:
            return None
        peer = self._peers.get(system.id)
        if peer is None or peer.system != system:
            # Sessions that are linked to a system as it was keep it until they end or become another's.
            peer = IlsPeer(system, clock=self.clock.monotonic, meter=self.metrics.upstream(system.id), log=self.log)
            self._peers[system.id] = peer
        return peer.link(login)

    # Captures.

    def institution_of(self, terminal: str) -> InstitutionId | None:
        """Return where a terminal stands, by its id; ``None`` for one that the partner files do not tell of."""
        found = self.terminals.by_id(terminal)
        return None if found is None else found.asker.institution

    def recorder(self, terminal: str) -> Recorder | None:
        """Return what records this terminal, or ``None``."""
        return self._recorders.get(terminal)

    def record(self, terminal: str, recorder: Recorder) -> int:
        """Have a terminal's sessions recorded, those to come too; return how many are open."""
        self._recorders[terminal] = recorder
        return self._have_recorded(terminal)

    def stop_recording(self, terminal: str) -> None:
        """Record a terminal no longer."""
        self._recorders.pop(terminal, None)
        self._have_recorded(terminal)

    def _have_recorded(self, terminal: str) -> int:
        meant = [session for session in self._sessions if session.terminal.id == terminal]
        for session in meant:
            session.be_recorded()
        return len(meant)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    def rejection(self, host: str) -> Rejection | None:
        """Return why one more connection from ``host`` is refused, or ``None``."""
        if len(self._sessions) >= self.rules.connections:
            return "cap"
        if self._from[host] >= self.rules.per_address and not is_within(host, self.rules.exempt):
            return "ip_cap"
        return None

    def entered(self, session: KioskSession) -> KioskSession:
        """Count a session in."""
        self._sessions.add(session)
        self._from[session.host] += 1
        self._speaking_for[session.terminal.id] += 1
        return session

    def left(self, session: KioskSession) -> None:
        """Count a session out."""
        self._sessions.discard(session)
        _count_down(self._from, session.host)
        _count_down(self._speaking_for, session.terminal.id)

    def becomes(self, session: KioskSession, terminal: Terminal) -> None:
        """Count a session as one of ``terminal`` from now on; it is told before the session itself changes."""
        _count_down(self._speaking_for, session.terminal.id)
        self._speaking_for[terminal.id] += 1

    def is_crowded(self, terminal: Terminal, newcomer: KioskSession) -> bool:
        """Tell whether a terminal's login is in use on as many connections as it may be, the newcomer's aside."""
        others = self._speaking_for[terminal.id] - (newcomer.terminal.id == terminal.id)
        return others >= self.rules.per_login

    def sweep(self) -> None:
        """Close what is overdue."""
        now = self.clock.monotonic()
        for session in list(self._sessions):
            session.sweep(now)

    def take(self, terminals: Terminals) -> None:
        """Put newly read terminals into force: sessions of those that are gone, or are others now, are closed."""
        self.terminals = terminals
        self._secrets.forget()
        for session in list(self._sessions):
            if session.terminal.id:
                self._revise(session, terminals.by_login(session.terminal.login))

    def _revise(self, session: KioskSession, terminal: Terminal | None) -> None:
        if terminal is None or _proof(terminal) != _proof(session.terminal):
            session.close("revoked")
        elif terminal != session.terminal:
            session.succeed(terminal)

    async def drain(self, soft: float, elapsed: Callable[[], float]) -> None:
        """Let answers under way be given, for ``soft`` seconds at most, and close every connection."""
        self.is_draining = True
        while (left := soft - elapsed()) > 0:
            under_way = [session.under_way for session in self._sessions if session.under_way is not None]
            if not under_way:
                break
            await asyncio.wait(under_way, timeout=left)
        for session in list(self._sessions):
            session.close("draining")
        for peer in self._peers.values():
            peer.close()


def _count_down(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]


def _proof(terminal: Terminal) -> tuple[object, ...]:
    """What a terminal has proved at its login; when this changes, it must prove itself anew."""
    return (terminal.id, terminal.secret, terminal.networks, terminal.certificate, terminal.asker.institution)
