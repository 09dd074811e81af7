"""The outbox worker: takes what is due, and has it brought.

    courier = Courier(register.courier, carriers, …)
    courier.start()  # until ``await courier.stop(seconds)``
    courier.wake()  # something may be due: look at once

Claims are made for one lending unit at a time, and never more than it has room for, so that a library system which
is dead or slow holds up nobody but itself. Many couriers, in other processes too, share the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from datetime import timedelta

from gateway.bridge import spawn
from gateway.delivery.carriers import LookedUp, Tried
from gateway.delivery.errand import CourierRules, Errands
from gateway.delivery.lane import Lane
from gateway.delivery.routes import Carriers, Route
from gateway.delivery.tally import Tally
from gateway.failpoints import FAILPOINTS
from gateway.observability.logs import EventLog
from gateway.observability.redaction import kind_of, places
from gateway.upstream.breaker import BreakerState
from registry.activating import CourierRegister
from registry.domain.decisions import RegisterUnavailable
from registry.domain.delivery import Claim
from registry.domain.institution import LendingUnitId
from registry.services.ports import Clock


class Courier:
    """Brings deliveries to the library systems of all lending units that have a carrier."""

    def __init__(
        self,
        register: CourierRegister,
        carriers: Carriers,
        *,
        clock: Clock,
        tally: Tally,
        log: EventLog,
        rules: CourierRules | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Bring nothing yet; ``chance`` gives numbers from 0 to 1."""
        self._register = register
        self._clock = clock
        self._tally = tally
        self._log = log
        self._rules = rules or CourierRules()
        self._errands = Errands(register, clock=clock, tally=tally, log=log, rules=self._rules, chance=chance)
        self._lanes: dict[LendingUnitId, Lane] = {}
        self._left: set[Lane] = set()
        self._woken = asyncio.Event()
        self._going: asyncio.Task[None] | None = None
        self._stopping = False
        self._was_out = False
        self.take(carriers)

    # From outside.

    def start(self) -> None:
        """Begin; the loop must be running."""
        self._going = spawn(self._go(), self._log.unexpected)

    def wake(self) -> None:
        """Look at the queue at once: something may have fallen due."""
        self._woken.set()

    def take(self, carriers: Carriers) -> None:
        """Use these carriers from now on; what is under way on others goes on to its end, and then they are closed."""
        routes = carriers.active()
        for unit, lane in list(self._lanes.items()):
            if unit not in routes or routes[unit].carrier is not lane.route.carrier:
                self._leave(self._lanes.pop(unit))
        for unit, route in routes.items():
            if unit in self._lanes:
                self._lanes[unit].route = route
            else:
                self._lanes[unit] = self._lane(route)
        self.wake()

    async def stop(self, seconds: float) -> None:
        """Take nothing more, let what is under way end within ``seconds``, and close all carriers.

        What has not ended by then is recorded nowhere: its lease runs out, and it is looked up.
        """
        self._stopping = True
        self.wake()
        if self._going is not None:
            await asyncio.wait((self._going,))
        lanes = self._all_lanes()
        under_way = [task for lane in lanes for task in lane.under_way]
        if under_way:
            await asyncio.wait(under_way, timeout=seconds)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.gather(*(_close(lane.route) for lane in lanes))
        self._lanes.clear()
        self._left.clear()

    @property
    def under_way(self) -> int:
        """How many deliveries are being brought now."""
        return sum(len(lane.under_way) for lane in self._all_lanes())

    # The queue.

    async def _go(self) -> None:
        while not self._stopping:
            self._woken.clear()
            wait = await self._look_whatever_comes()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()

    async def _look_whatever_comes(self) -> float:
        """Look once, and return how long to wait before the next time: the queue is never given up."""
        try:
            wait = await self.look()
        except RegisterUnavailable as outage:
            if not self._was_out:
                self._was_out = True
                self._log.event("outage", error=kind_of(outage), at=places(outage.__traceback__))
            return self._rules.poll
        except Exception as error:  # noqa: BLE001 - a defect met once must not end all deliveries
            self._log.unexpected(error)
            return self._rules.poll
        self._was_out = False
        return wait

    async def look(self) -> float:
        """Take what is due and begin to bring it; return how long to wait before looking again, in seconds.

        Raises ``RegisterUnavailable``.
        """
        claimed = 0
        for lane in await self._due([lane for lane in self._lanes.values() if lane.room()]):
            claimed += await self._claim(lane)
        return 0.0 if claimed else await self._until_next()

    async def _due(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Return those of the lanes at which something is due, asking for all of them at once and then for halves."""
        if not lanes:
            return []
        due = await self._register.next_due([lane.route.unit for lane in lanes])
        if due is None or due > self._clock.now():
            return []
        if len(lanes) == 1:
            return list(lanes)
        middle = len(lanes) // 2
        return await self._due(lanes[:middle]) + await self._due(lanes[middle:])

    async def _until_next(self) -> float:
        waits = [seconds for lane in self._lanes.values() if (seconds := lane.opens_in()) is not None]
        units = [lane.route.unit for lane in self._lanes.values() if lane.room()]
        due = await self._register.next_due(units) if units else None
        if due is not None:
            waits.append(max((due - self._clock.now()).total_seconds(), 0.0))
        return min(self._rules.poll, *waits) if waits else self._rules.poll

    async def _claim(self, lane: Lane) -> int:
        """Take what there is room for, and begin to bring it; return how many."""
        room = 0 if self._stopping else lane.room()
        given = lane.breaker.admit() if room else 0
        if not given:
            return 0
        # On our own clock, and from before the claim: by whatever clock the lease runs, it ends no earlier.
        began = self._clock.monotonic()
        claims: Sequence[Claim] = ()
        try:
            claims = await self._register.claim([lane.route.unit], room, timedelta(seconds=self._rules.lease))
        finally:
            if not claims:
                lane.breaker.withdrawn(given)
        if not claims:
            # Due, and not to be had: another courier was quicker, or a card was blocked.
            lane.rest(self._rules.poll)
            return 0
        lane.found()
        FAILPOINTS.reached("after_claim")
        for claim in claims:
            self._begin(lane, claim, given, began)
        return len(claims)

    def _begin(self, lane: Lane, claim: Claim, given: int, began: float) -> None:
        delivery = claim.parcel.delivery
        earlier = [task for one in self._all_lanes() for task, brings in one.under_way.items() if brings == delivery]
        task = spawn(self._carry(lane, claim, given, began, earlier), self._log.unexpected)
        lane.under_way[task] = delivery
        task.add_done_callback(lambda ended: self._ended(lane, ended))

    async def _carry(
        self, lane: Lane, claim: Claim, given: int, began: float, earlier: Sequence[asyncio.Task[None]]
    ) -> None:
        route, heard = lane.route, list[LookedUp | Tried]()
        try:
            if earlier:
                # The same is being brought here: its lease ended too soon, for the database's clock was set forward.
                # Two at once could create a patron twice.
                await asyncio.wait(earlier)
            ended = await self._errands.bring(route, claim, began, heard)
        finally:
            halted = lane.heard(given, heard)
        if halted:
            self._log.event("deliveries_halted", unit=route.unit, peer=route.peer, reason=ended.reason)
        await self._errands.record(claim, ended, began)

    def _ended(self, lane: Lane, task: asyncio.Task[None]) -> None:
        lane.under_way.pop(task, None)
        if lane in self._left and not lane.under_way:
            self._left.discard(lane)
            spawn(_close(lane.route), self._log.unexpected)
        self.wake()

    # Lanes.

    def _all_lanes(self) -> Sequence[Lane]:
        return (*self._lanes.values(), *self._left)

    def _lane(self, route: Route) -> Lane:
        return Lane(
            route, self._rules.breaker, self._clock.monotonic, lambda state: self._breaker_became(route.peer, state)
        )

    def _breaker_became(self, peer: str, state: BreakerState) -> None:
        self._tally.breaker(peer, state)
        self._log.event("upstream_breaker", peer=peer, reason=state.name.lower())

    def _leave(self, lane: Lane) -> None:
        if lane.under_way:
            self._left.add(lane)
        else:
            spawn(_close(lane.route), self._log.unexpected)


async def _close(route: Route) -> None:
    if route.carrier is not None:
        await route.carrier.close()
