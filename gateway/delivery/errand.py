"""One delivery from its claim to what is recorded of it: step after step, between two commits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import assert_never

from gateway.delivery.carriers import Carrier, LookedUp, Lost, NotSent, Tried
from gateway.delivery.routes import Route
from gateway.delivery.steps import FIRST, Ended, Patience, Step, after, settled, unfinished
from gateway.delivery.tally import Tally
from gateway.failpoints import FAILPOINTS
from gateway.observability.logs import EventLog
from gateway.observability.redaction import kind_of, places
from gateway.upstream.breaker import BreakerRules
from registry.activating import CourierRegister, StaleClaimError
from registry.domain.decisions import RegisterUnavailable
from registry.domain.delivery import Claim, Parcel, Settled
from registry.services.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierRules:
    """How long and how much, in seconds.

    A lease must hold the longest way: a look-up, a creation whose answer is lost, one more look-up, and recording it.
    """

    lease: float = 60.0
    look_up: float = 10.0
    change: float = 20.0
    recording: float = 10.0
    """Of a lease, kept for recording what came of it."""
    poll: float = 3.0
    """Nobody waits longer than this for a look at the queue, whatever was missed."""
    patience: Patience = field(default_factory=Patience)
    breaker: BreakerRules = field(default_factory=BreakerRules)

    def seconds_for(self, step: Step) -> float:
        """Return how long a step may take."""
        return self.change if step.changes else self.look_up


_GRACE = 2.0
"""A carrier that outstays its time by this much, in seconds, is not waited for."""
_RECORDING_TRIES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Waits before recording again, in seconds, where the database did not answer: less than ``recording`` in all."""


class Errands:
    """Brings what was claimed, and records what came of it; the same for all lending units."""

    def __init__(
        self,
        register: CourierRegister,
        *,
        clock: Clock,
        tally: Tally,
        log: EventLog,
        rules: CourierRules,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._register = register
        self._clock = clock
        self._tally = tally
        self._log = log
        self._rules = rules
        self._chance = chance

    async def bring(self, route: Route, claim: Claim, began: float, heard: list[LookedUp | Tried]) -> Ended:
        """Do step after step until there is an end, which is returned; what each step brought is put into ``heard``.

        ``began`` is when the claim was asked for, on the clock's monotonic seconds.
        """
        until = began + self._rules.lease - self._rules.recording
        following: Step | Ended = FIRST[claim.parcel.kind]
        while isinstance(following, Step):
            seconds = self._rules.seconds_for(following)
            if self._clock.monotonic() + seconds > until:
                following = unfinished(following, sent=claim.sent)
                continue
            value = await self._ask(route, following, claim.parcel, seconds)
            heard.append(value)
            following = after(following, value, sent=claim.sent)
        return following

    async def record(self, claim: Claim, ended: Ended, began: float) -> None:
        """Record what came of a claim, more than once where the database does not answer."""
        age = self._clock.now() - claim.since
        told = settled(claim, ended, age, self._rules.patience, self._chance())
        FAILPOINTS.reached("before_settle")
        if await self._recorded(claim, told):
            self._tally.settled(claim, told, self._clock.monotonic() - began)

    async def _ask(self, route: Route, step: Step, parcel: Parcel, seconds: float) -> LookedUp | Tried:
        if route.carrier is None:
            return NotSent("no_carrier")
        began = self._clock.monotonic()
        if step.changes:
            FAILPOINTS.reached("before_send")
        try:
            async with asyncio.timeout(seconds + _GRACE):
                value = await _asked(route.carrier, step, parcel, seconds)
        except TimeoutError:
            value = Lost("outstayed") if step.changes else NotSent("outstayed")
        except Exception as error:  # noqa: BLE001 - a carrier's defect must not lose a delivery
            self._log.unexpected(error)
            value = Lost("defect") if step.changes else NotSent("defect")
        if step.changes:
            FAILPOINTS.reached("after_answer")
        self._tally.asked(route, step, value, self._clock.monotonic() - began)
        return value

    async def _recorded(self, claim: Claim, told: Settled) -> bool:
        for wait in (*_RECORDING_TRIES, None):
            try:
                await self._register.settle(claim, told)
            except StaleClaimError:
                self._tally.stale(claim)
                return False
            except RegisterUnavailable as outage:
                if wait is None:
                    # The lease runs out, and the next one looks it up.
                    self._log.event("outage", error=kind_of(outage), at=places(outage.__traceback__))
                    return False
                await asyncio.sleep(wait)
            else:
                return True
        return False


def _asked(carrier: Carrier, step: Step, parcel: Parcel, seconds: float) -> Awaitable[LookedUp | Tried]:
    match step:
        case Step.LOOK_UP | Step.LOOK_UP_DUPLICATE | Step.LOOK_UP_LOST:
            return carrier.look_up(parcel, seconds)
        case Step.CREATE:
            return carrier.create(parcel, seconds)
        case Step.UPDATE:
            return carrier.update(parcel, seconds)
        case Step.END:
            return carrier.end(parcel, seconds)
        case _:
            assert_never(step)
