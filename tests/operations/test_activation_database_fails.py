"""Activations whose database takes nothing in the middle (F4, F9): its disk is full, its server restarts."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import asyncpg
import pytest

from tests.operations.activating.library import CREATION
from tests.operations.activating.outages import FullDisk, FullServer, Outage, RestartingServer
from tests.operations.activating.people import Person
from tests.operations.activating.place import Budget, Place
from tests.operations.activating.scene import Scene, scene
from tests.operations.activating.serving import serving
from tests.operations.activating.visits import is_acknowledged, is_offer, is_try_later
from tests.registry.storage.databases import SERVER

_OUTAGES: list[tuple[str, type[Outage]]] = [("sqlite", FullDisk)]
if SERVER:
    _OUTAGES += [("postgresql", FullServer), ("postgresql", RestartingServer)]


@pytest.mark.parametrize(("engine", "kind"), _OUTAGES)
async def test_a_database_that_takes_nothing_acknowledges_no_yes_and_loses_none(
    engine: str, kind: type[Outage], tmp_path: Path
) -> None:
    async with (
        scene(engine, tmp_path, 3, Budget(answer=4.0, database=2.5, ils=2.0)) as here,
        serving(here.place) as daemon,
    ):
        agreed, asked, late = here.place.people
        outage = kind(daemon)
        try:
            await _is_out_in_the_middle(here, outage, agreed, asked, late)
        finally:
            outage.end()
        await here.register.connect_anew()
        stands = await here.register.stands([agreed.card, asked.card])
        assert (stands[agreed.card].consents, stands[asked.card].consents) == (1, 0)
        for person in here.place.people:
            await here.visits.until_agreed(person)
        await here.are_local(*here.place.people)
        assert here.library.created() == 3
        assert await daemon.terminate() == 0
        await here.holds()


async def _is_out_in_the_middle(here: Scene, outage: Outage, agreed: Person, asked: Person, late: Person) -> None:
    """One has agreed and is being created, one is asked just now, and one comes when it has happened."""
    async with here.visits.kiosk() as kiosk, here.visits.kiosk() as another:
        await kiosk.shows(asked)
        assert is_offer(await kiosk.wants(asked))
        here.library.at(CREATION, outage.begin)
        walk = asyncio.ensure_future(here.visits.walk(agreed))
        await here.until_created(agreed.card)
        answer = await kiosk.agrees(asked)
        assert is_try_later(answer)
        assert not is_acknowledged(answer)
        shown = await another.shows(late)
        assert (is_try_later(shown), shown.valid_patron_password) == (True, "N")
        assert is_try_later(await another.wants(late))
        told = await walk
        assert told is not None
        # Their yes was stored before; who does not hear of it in time is told to come again, and loses nothing.
        assert is_acknowledged(told) or is_try_later(told)


@pytest.mark.torture
@pytest.mark.skipif(not SERVER, reason="PORTVAKT_TEST_POSTGRES names no server")
async def test_a_database_that_cuts_every_connection_loses_no_activation(tmp_path: Path) -> None:
    async with scene("postgresql", tmp_path, 12) as here, serving(here.place) as daemon:
        cutting = asyncio.ensure_future(_cut_again_and_again(here.place))
        try:
            for group in (here.place.people[:6], here.place.people[6:]):
                await asyncio.gather(*map(here.visits.until_agreed, group))
        finally:
            cutting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await cutting
        await here.are_local(*here.place.people)
        assert await daemon.terminate() == 0
        await here.holds()


async def _cut_again_and_again(place: Place) -> None:
    connection = await asyncpg.connect(SERVER)
    try:
        while True:
            name = place.database.rpartition("/")[2]
            # The daemon's alone: whoever looks on from outside is no part of the fault.
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            await asyncio.sleep(0.25)
    finally:
        await connection.close()
