"""One library's ILS as all its links in this process see it: one breaker, one bulkhead, one memory of what failed."""

from __future__ import annotations

import random
from collections.abc import Callable

from gateway.observability.logs import EventLog
from gateway.observability.meters import UpstreamMeter
from gateway.sip2.ils_link import IlsLink
from gateway.sip2.ils_outcomes import Answered, Failed, Outcome
from gateway.sip2.ils_system import IlsLogin, LibrarySystem
from gateway.upstream.addresses import Addresses
from gateway.upstream.breaker import BreakerState
from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.connecting import Connector
from gateway.upstream.deadlines import Deadlines
from gateway.upstream.failures import READINGS, FailureKind, Verdict
from gateway.upstream.gate import Gate
from gateway.upstream.names import Names
from gateway.upstream.strikes import Strikes
from protocols.sip2 import AcsStatus, Message


class IlsPeer:
    """One ILS; `link` gives a kiosk session its link to it.

    `status` is the last 98 that it sent on any link, None before the first.
    """

    def __init__(
        self,
        system: LibrarySystem,
        *,
        clock: Callable[[], float],
        meter: UpstreamMeter,
        log: EventLog,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Connect to nothing yet. `clock` is monotonic, in seconds, and `chance` gives numbers from 0 to 1.

        Raises `OSError` where the files of its TLS are of no use.
        """
        self.system = system
        self.clock = clock
        self.chance = chance
        self.meter = meter
        self.log = log
        self.status: AcsStatus | None = None
        tls = system.tls
        self.connector = Connector(
            Addresses(system.addresses, clock, chance),
            Names(clock),
            tls=None if tls is None else tls.context(),
            server_name=None if tls is None else tls.server_name,
            clock=clock,
        )
        self.strikes = Strikes(system.strikes, clock, chance)
        self.gate = Gate(system.breaker, Bulkhead(system.in_flight, system.queued), clock, self._breaker_became)
        self.deadlines = Deadlines(clock)
        self.idle = Deadlines(clock)
        self.openings = 0
        self.links: set[IlsLink] = set()

    def link(self, login: IlsLogin | None = None) -> IlsLink:
        """Return a link for one kiosk session, not yet connected; it logs in with `login`, or with the system's."""
        link = IlsLink(self, login or self.system.login)
        self.links.add(link)
        return link

    def close(self) -> None:
        """Close every link at once; what is under way fails as stopped."""
        for link in list(self.links):
            link.close()

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands."""
        return self.gate.breaker.state

    # What links tell.

    def turned_away(self, asked: Message, kind: FailureKind, began: float) -> Failed:
        """Count a request that was not let through."""
        failed = Failed(kind)
        self._count(asked, failed, began)
        return failed

    def ended(self, asked: Message, outcome: Outcome, given: int, began: float) -> None:
        """Count how a request ended, and give its pass back."""
        if isinstance(outcome, Answered):
            self.gate.leave(given, Verdict.WELL)
            self.meter.ok(self.clock() - began)
        else:
            self.gate.leave(given, READINGS[outcome.kind].verdict)
            self._count(asked, outcome, began)

    def failed_unasked(self, kind: FailureKind) -> None:
        """Count what failed in the background: it may open the breaker."""
        self._log("upstream_failed", reason=kind.value)
        if READINGS[kind].verdict is Verdict.ILL:
            self.gate.failed_unasked()

    def login_refused(self, login: IlsLogin) -> None:
        """Count a refused login."""
        self.strikes.refused(login)
        self._log("upstream_login_refused")

    def _count(self, asked: Message, failed: Failed, began: float) -> None:
        seconds = self.clock() - began
        outcome = READINGS[failed.kind].outcome
        self.meter.failed(outcome, seconds)
        about = {"message": asked.number, "reason": failed.kind.value}
        if failed.uncertain:
            self.meter.uncertain(asked.number)
            self._log("upstream_uncertain", **about)
        elif outcome != "shed":
            # What is shed is counted alone: an outage must not fill the log with a line for each card.
            self._log("upstream_failed", dur_ms=round(seconds * 1000), **about)

    def _breaker_became(self, state: BreakerState) -> None:
        self.meter.breaker(state)
        self._log("upstream_breaker", reason=state.name.lower())

    def _log(self, event: str, **fields: object) -> None:
        self.log.event(event, peer=self.system.id, protocol="sip2", **fields)
