"""A courier over an outbox in memory, its clock turned by hand and its library systems of our own making."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.delivery.courier import Courier
from gateway.delivery.errand import CourierRules
from gateway.delivery.routes import Carriers, Route, peer_of
from gateway.delivery.tally import Tally
from gateway.observability.metrics import Metrics
from registry.domain.institution import CarrierKind, LendingUnitId
from tests.clocks import HandClock
from tests.gateway.delivery.libraries import Library
from tests.gateway.delivery.outbox import OTHER, UNIT, Outbox
from tests.gateway.sip2.ils_world import Noted


class Round:
    """A world with a courier that looks at its outbox when it is told to."""

    def __init__(
        self,
        libraries: Mapping[LendingUnitId, Library] | None = None,
        *,
        clock: HandClock | None = None,
        outbox: Outbox | None = None,
        rules: CourierRules | None = None,
        at_once: int = 4,
    ) -> None:
        self.clock = clock or HandClock()
        self.outbox = outbox or Outbox(self.clock)
        self.libraries = dict(libraries) if libraries is not None else {UNIT: Library(), OTHER: Library()}
        self.log = Noted()
        self.metrics = Metrics(version="test", listeners=(), peers=tuple(map(peer_of, (UNIT, OTHER))))
        self.at_once = at_once
        self.courier = Courier(
            self.outbox,
            self.carriers(),
            clock=self.clock,
            tally=Tally(self.metrics, self.log),
            log=self.log,
            rules=rules,
            chance=lambda: 0.5,
        )

    def carriers(self) -> Carriers:
        """The carriers to these library systems."""
        return Carriers(
            Route(unit=unit, kind=CarrierKind.KOHA, carrier=library, at_once=self.at_once)
            for unit, library in self.libraries.items()
        )

    @property
    def library(self) -> Library:
        """The library system of the first unit."""
        return self.libraries[UNIT]

    async def look(self) -> float:
        """Look at the outbox once, and let what was begun go as far as it goes without time; return the wait."""
        wait = await self.courier.look()
        await self.settle()
        return wait

    async def settle(self) -> None:
        """Let everything that needs no time happen."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def until_done(self, rounds: int = 2000) -> None:
        """Look again and again, the clock turned as far as the courier would wait, until nothing is pending."""
        for _ in range(rounds):
            wait = await self.look()
            if not (await self.outbox.backlog())[0]:
                return
            self.clock.turn(max(wait, 0.05))
        raise AssertionError("something is still pending")

    def logged(self, name: str) -> list[dict[str, object]]:
        """The lines of one event."""
        return [fields for event, fields in self.log.events if event == name]

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value."""
        found = self.metrics.registry.get_sample_value(f"portvakt_{name}", labels)
        assert found is not None
        return found
