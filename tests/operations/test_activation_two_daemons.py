"""Two daemons on one outbox: both at work, or one of them paused for longer than its lease (F8)."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from tests.operations.activating.library import CREATION, LAST_LOOK_UP
from tests.operations.activating.pausing import is_paused, pause, resume, until_paused
from tests.operations.activating.people import Person
from tests.operations.activating.place import Place, free_ports
from tests.operations.activating.scene import Scene, scene
from tests.operations.activating.serving import Serving, serving
from tests.registry.storage.databases import ENGINES, SERVER

_MOMENTS = (LAST_LOOK_UP, CREATION)
"""Claimed and nothing sent, or sent and nothing settled."""


@pytest.mark.parametrize("engine", ENGINES)
async def test_who_was_paused_past_the_lease_neither_creates_again_nor_settles_over_another(
    engine: str, tmp_path: Path
) -> None:
    async with scene(engine, tmp_path, len(_MOMENTS)) as here:
        other = here.place.beside("other", free_ports())
        async with serving(here.place) as slow, serving(other) as quick:
            for number, moment in enumerate(_MOMENTS, start=1):
                pause(quick)
                person, walk = await _paused_at(here, slow, moment)
                resume(quick)
                await here.are_local(person)
                settled = await here.register.stands([person.card])
                assert is_paused(slow)
                resume(slow)
                await walk
                # It had an answer in its hands, and could not record it.
                await slow.until_said("delivery_stale", number)
                assert await here.register.stands([person.card]) == settled
                assert here.library.holds(person.card) == 1
            assert [await daemon.terminate() for daemon in (slow, quick)] == [0, 0]
        # One creation for each, and that of the one who did not know yet; the library system refused it.
        assert here.library.created() == len(_MOMENTS) + 1
        await here.holds()


@pytest.mark.parametrize("engine", ENGINES)
async def test_who_was_paused_past_the_lease_with_nobody_else_there_goes_on(engine: str, tmp_path: Path) -> None:
    async with scene(engine, tmp_path, len(_MOMENTS)) as here, serving(here.place) as daemon:
        for moment in _MOMENTS:
            person, walk = await _paused_at(here, daemon, moment)
            resume(daemon)
            await here.are_local(person)
            await walk
            assert here.library.holds(person.card) == 1
        assert await daemon.terminate() == 0
        await here.holds()


async def _paused_at(here: Scene, daemon: Serving, moment: int) -> tuple[Person, asyncio.Future[object]]:
    """Have a patron go the whole way, pause the daemon when the library system is asked, and let its lease end."""
    person = here.somebody()
    here.library.at(moment, lambda: pause(daemon))
    walk: asyncio.Future[object] = asyncio.ensure_future(here.visits.walk(person))
    await until_paused(daemon)
    await here.register.let_leases_end()
    return person, walk


@pytest.mark.skipif(not SERVER, reason="PORTVAKT_TEST_POSTGRES names no server")
async def test_two_daemons_share_one_queue_and_bring_nobody_twice(tmp_path: Path) -> None:
    count = 100
    async with scene("postgresql", tmp_path, count) as here:
        other = here.place.beside("other", free_ports())
        async with serving(here.place) as one, serving(other) as two:
            # Each for a while alone, so that each has a share; then both at once.
            people = iter(here.place.people)
            for daemon, absent in ((one, two), (two, one)):
                pause(absent)
                alone = list(itertools.islice(people, 4))
                await asyncio.gather(*(here.visits.walk(person, daemon.place) for person in alone))
                await here.are_local(*alone)
                resume(absent)
            walking = asyncio.Semaphore(8)

            async def walk(person: Person, place: Place) -> None:
                async with walking:
                    await here.visits.walk(person, place)

            places = itertools.cycle((here.place, other))
            await asyncio.gather(*map(walk, people, places))
            await here.are_local(*here.place.people)
            # Their logs are whole when they have ended.
            assert [await daemon.terminate() for daemon in (one, two)] == [0, 0]
            shares = [_settled_by(daemon) for daemon in (one, two)]
        assert (sum(shares), here.library.created(), min(shares) > 0) == (count, count, True)
        await here.holds()


def _settled_by(daemon: Serving) -> int:
    said = daemon.log.read_bytes()
    return sum(b'"delivery_settled"' in line and b'"brought"' in line for line in said.splitlines())
