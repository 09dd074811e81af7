"""Deliveries in a running daemon: the courier, the feed and its listener, and what is measured of the queue.

delivering = Delivering(register, partners, settings, clock=…, metrics=…, log=…)
delivering.start()
carriers = delivering.read(partners, settings)  # at a reload: raises before anything has changed
delivering.take(carriers, partners)
await delivering.stop(seconds)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from config.partner_set import Partners
from config.settings import FeedListener, Settings
from gateway.application import Register
from gateway.chores import Chore
from gateway.clock import SystemClock
from gateway.delivery.courier import Courier
from gateway.delivery.enrolment import Workshop, carriers_of, peers_of
from gateway.delivery.feed import Feed
from gateway.delivery.feed_callers import FeedCallers
from gateway.delivery.feed_rules import FeedRules
from gateway.delivery.feed_site import FeedSite
from gateway.delivery.routes import Carriers
from gateway.delivery.tally import Tally
from gateway.delivery.waiting import WaitingWords
from gateway.ncip.enrolment import initiators_of
from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics
from registry.domain.institution import LendingUnitId

_MEASURED_EVERY = 15.0


class Delivering:
    """Everything that brings patrons to library systems, or lets them be fetched."""

    def __init__(
        self,
        register: Register,
        partners: Partners,
        settings: Settings,
        *,
        clock: SystemClock,
        metrics: Metrics,
        log: EventLog,
    ) -> None:
        """Make carriers of the partner files; nothing is connected to. Raises ``ConfigurationError``."""
        self._register = register
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._workshop = Workshop(clock=clock, log=log, meter=metrics.upstream)
        self._carriers = Carriers()
        self._rules = FeedRules(wrong_secrets=settings.ncip.wrong_secrets)
        self._callers = FeedCallers(register.machine_secrets, register.initiators.admits, self._rules, clock.monotonic)
        self._sites: list[FeedSite] = []
        carriers = self.read(partners, settings)
        self._courier = Courier(register.courier, carriers, clock=clock, tally=Tally(metrics, log), log=log)
        self._feed = Feed(register.deliveries, self._callers, carriers, clock=clock, rules=self._rules)
        self.take(carriers, partners)

    # The course of a daemon.

    def start(self) -> None:
        """Bring what is due from now on; the loop must be running."""
        self._register.database.signal.listen(lambda _: self.wake())
        self._courier.start()

    def wake(self) -> None:
        """Look at once: something in the register has changed."""
        self._courier.wake()
        self._feed.wake()

    def read(self, partners: Partners, settings: Settings) -> Carriers:
        """Return the carriers of new partner files; nothing changes by it. Raises ``ConfigurationError``."""
        for peer in peers_of(partners):
            self._metrics.add_peer(peer)
        return carriers_of(partners, settings, self._workshop, self._carriers)

    def take(self, carriers: Carriers, partners: Partners) -> None:
        """Put what was read into force."""
        self._carriers = carriers
        self._callers.take(initiators_of(partners))
        self._courier.take(carriers)
        self._feed.take(carriers)

    async def stop(self, seconds: float, elapsed: Callable[[], float] = lambda: 0.0) -> None:
        """Let what is under way end, for ``seconds`` less what has ``elapsed``, and close everything."""
        left = max(seconds - elapsed(), 0.0)
        await asyncio.gather(self._courier.stop(left), *(site.drain(left) for site in self._sites))

    # What others ask.

    def words_for(self, unit: LendingUnitId) -> WaitingWords:
        """Return how long patrons of a unit are told to wait after their yes."""
        return self._carriers.words_for(unit)

    def feed_site(self, told: FeedListener) -> FeedSite:
        """Return what answers at a listener; to be listened with by :func:`gateway.listening.listen`."""
        site = FeedSite(
            self._feed,
            rules=self._rules,
            networks=told.networks,
            encrypted=told.tls is not None,
            metrics=self._metrics,
            meter=self._metrics.listener(told.name, encrypted=told.tls is not None),
            log=self._log,
        )
        self._sites.append(site)
        return site

    def chores(self) -> tuple[Chore, ...]:
        """Return what is measured again and again."""
        return (Chore("backlog", _MEASURED_EVERY, self.measure),)

    async def measure(self) -> None:
        """Measure what waits for a courier; what staff or library systems are to fetch may wait until tomorrow."""
        pending, oldest = await self._register.courier.backlog(tuple(self._carriers.active()))
        self._metrics.outbox_pending.set(pending)
        self._metrics.outbox_oldest_pending.set(0.0 if oldest is None else oldest.timestamp())
