"""Activations while the wall clock is set (F11): hours and days, forward and back, in the middle of everything.

The real register and the real courier, under a clock turned by hand that is the database's too, at a library system
that creates a patron as often as it is told to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from gateway.clock import SystemClock
from gateway.delivery.courier import Courier
from gateway.delivery.routes import Carriers, Route, peer_of
from gateway.delivery.tally import Tally
from gateway.observability.metrics import Metrics
from registry.activating import StaleClaimError
from registry.domain.activating import Accepted, Hindered, Hindrance
from registry.domain.delivery import Result, Settled
from registry.domain.institution import CarrierKind
from registry.domain.standing import StandingState
from tests.gateway.delivery.libraries import Library
from tests.gateway.sip2.ils_world import Noted
from tests.gateway.worlds import until
from tests.registry.services.activations import accepted, claimed, libraries, offered, soon, standing, state
from tests.registry.services.houses import CARD, UNIT, House, house, kiosk, new_patron
from tests.registry.storage.databases import ENGINES

_HOUR, _DAY = 3600.0, 86_400.0
_JUMPS = (_HOUR, -_HOUR, _DAY, -_DAY, 5 * _DAY)


@asynccontextmanager
async def _register(engine: str, directory: Path) -> AsyncIterator[House]:
    """A register with one patron, whose audit trail verifies in the end."""
    async with house(engine, directory) as register:
        await register.libraries.publish(libraries("3", CarrierKind.KOHA))
        await register.patrons.add_patron(new_patron(), "test")
        yield register
        await register.database.chain.seal()
        assert await register.database.chain.verify() is None


def _courier(register: House, library: Library) -> Courier:
    log = Noted()
    tally = Tally(Metrics(version="test", listeners=(), peers=(peer_of(UNIT),)), log)
    carriers = Carriers([Route(unit=UNIT, kind=CarrierKind.KOHA, carrier=library, at_once=4)])
    return Courier(register.courier, carriers, clock=register.clock, tally=tally, log=log, chance=lambda: 0.5)


@pytest.mark.parametrize("jump", _JUMPS)
@pytest.mark.parametrize("step", ["look_up", "create"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_an_activation_under_way_is_ended_once_whatever_the_clock_is_set_to(
    engine: str, step: str, jump: float, tmp_path: Path
) -> None:
    async with _register(engine, tmp_path) as register:
        library = Library(is_careless=True, gate=asyncio.Event())
        library.will(*{"look_up": ["held"], "create": ["well", "held"]}[step])
        courier = _courier(register, library)
        await accepted(register)
        await courier.look()
        await until(lambda: library.sent[-1:] == [(step, CARD)])
        register.clock.set_wall(jump)
        await courier.look()
        assert library.gate is not None
        library.gate.set()
        await until(lambda: not courier.under_way)
        local = await standing(register)
        assert local is not None
        assert (local.state, local.local_id) == (StandingState.LOCAL, library.patrons[CARD])
        assert library.created[CARD] == 1
        assert await register.courier.backlog() == (0, None)
        await courier.stop(0.0)


@pytest.mark.parametrize("jump", _JUMPS)
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_courier_that_died_before_the_clock_was_set_is_followed_when_it_is_right_again(
    engine: str, jump: float, tmp_path: Path
) -> None:
    async with _register(engine, tmp_path) as register:
        await accepted(register)
        dead = await claimed(register)
        register.clock.set_wall(jump)
        assert await state(register) is StandingState.DELIVERING
        register.clock.turn(61)
        register.clock.set_wall(-jump)
        follows = await claimed(register)
        assert follows.sent
        await register.courier.settle(follows, Settled(result=Result.BROUGHT, local_id="4711"))
        with pytest.raises(StaleClaimError):
            await register.courier.settle(dead, Settled(result=Result.BROUGHT, local_id="4712"))
        local = await standing(register)
        assert local is not None
        assert (local.state, local.local_id) == (StandingState.LOCAL, "4711")


@pytest.mark.parametrize("engine", ENGINES)
async def test_who_waits_while_the_clock_goes_five_days_ahead_is_in_the_sight_of_staff(
    engine: str, tmp_path: Path
) -> None:
    async with _register(engine, tmp_path) as register:
        await accepted(register)
        register.clock.set_wall(5 * _DAY)
        assert await register.courier.give_up() == 1
        assert await state(register) is StandingState.NEEDS_STAFF
        ((stuck, _),) = await register.hands.deliveries(UNIT, "staff")
        await register.hands.retry(stuck.id, "staff")
        await register.courier.settle(await claimed(register), Settled(result=Result.BROUGHT, local_id="4711"))
        assert await state(register) is StandingState.LOCAL


@pytest.mark.parametrize("jump", _JUMPS)
@pytest.mark.parametrize("engine", ENGINES)
async def test_an_offer_lives_for_five_minutes_whatever_the_clock_is_set_to(
    engine: str, jump: float, tmp_path: Path
) -> None:
    async with _register(engine, tmp_path) as register:
        await offered(register)
        register.clock.set_wall(jump)
        register.clock.turn(301)
        told = await register.consent.accept(kiosk(), CARD, "BOY", soon(register))
        assert told == Hindered(Hindrance.OFFER_EXPIRED)
        await offered(register)
        register.clock.set_wall(-jump)
        register.clock.turn(200)
        told = await register.consent.accept(kiosk(), CARD, "BOY", soon(register))
        assert told == Accepted(StandingState.CONSENTED)


@pytest.mark.parametrize("back", [_HOUR, _DAY])
@pytest.mark.parametrize("engine", ENGINES)
async def test_an_offer_that_has_expired_stays_so_when_a_daemon_starts_with_the_clock_set_back(
    engine: str, back: float, tmp_path: Path
) -> None:
    async with _register(engine, tmp_path) as register:
        await offered(register)
        # Ten minutes later; and then, to a new process, hours before.
        register.clock.turn(600)
        register.clock.turn(-back)
        told = await register.consent.accept(kiosk(), CARD, "BOY", soon(register))
        assert told == Hindered(Hindrance.OFFER_EXPIRED)
        assert await state(register) is None
        await accepted(register)


def test_the_steady_clock_does_not_follow_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    class SetAhead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=1)

    clock = SystemClock()
    before = clock.steady(), clock.monotonic()
    monkeypatch.setattr("gateway.clock.datetime", SetAhead)
    assert clock.now() - datetime.now(UTC) > timedelta(hours=23)
    passed = clock.steady() - before[0]
    assert timedelta() <= passed < timedelta(hours=1)
