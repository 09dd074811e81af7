"""The reactor's lag, measured on the real loop."""

from __future__ import annotations

import asyncio
import time

from gateway.observability.instruments import Spread
from gateway.observability.lag import LagSampler


async def test_a_blocked_reactor_shows_as_lag() -> None:
    lag = Spread((0.01, 0.04))
    sampler = LagSampler(lag, interval=0.001)
    sampler.start()
    blocked_until = time.monotonic() + 0.06
    while time.monotonic() < blocked_until:
        pass
    await asyncio.sleep(0.002)
    sampler.stop()
    assert lag.sum > 0.04
    measured = lag.count
    await asyncio.sleep(0.005)
    assert lag.count == measured


def test_a_sampler_that_never_ran_can_be_stopped() -> None:
    LagSampler(Spread((1.0,))).stop()
