"""Activations whose daemon is killed or told to stop in the middle (F1, F13): a real daemon, and a new one after it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.simulators.koha import Kind
from tests.operations.activating.people import Person
from tests.operations.activating.place import Budget
from tests.operations.activating.scene import scene
from tests.operations.activating.serving import serving
from tests.registry.storage.databases import ENGINES

_IN_TURN: Sequence[tuple[str, bool]] = (
    ("after_claim:kill", False),
    # The second: the first is the creation that the one before died of.
    ("before_send:kill:2", False),
    # Three requests (two look-ups, one creation) for the one before, three for this one.
    ("after_sent:kill:6", True),
    ("after_answer:kill", True),
    # Settled before this one dies: the one before.
    ("before_settle:kill:2", True),
)
"""Failpoint, and whether the library system has the patron when the daemon dies there."""


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_daemon_killed_at_any_point_of_an_activation_ends_it_after_its_restart(
    engine: str, tmp_path: Path
) -> None:
    async with scene(engine, tmp_path, len(_IN_TURN)) as here:
        before: list[Person] = []
        for failpoint, is_there in _IN_TURN:
            await here.register.let_leases_end()
            async with serving(here.place, failpoint=failpoint) as daemon:
                await here.are_local(*before)
                person = here.somebody()
                assert await here.visits.walk(person) is None
                assert await daemon.died() == -9
                if is_there:
                    await here.until_created(person.card)
                assert here.library.holds(person.card) == is_there, failpoint
                before.append(person)
        await here.register.let_leases_end()
        async with serving(here.place):
            await here.are_local(*before)
        assert here.library.created() == len(before)
        await here.holds()


@pytest.mark.torture
async def test_a_daemon_told_to_stop_in_the_middle_ends_in_good_order_and_loses_nothing(tmp_path: Path) -> None:
    async with scene("sqlite", tmp_path, 8, Budget(answer=4.0, database=2.5, ils=2.0)) as here:
        people = here.place.people
        here.library.breaks(Kind.DELAY, requests=frozenset({"add"}), seconds=0.3)
        async with serving(here.place) as daemon:
            walks = [asyncio.ensure_future(here.visits.walk(person)) for person in people]
            await here.until_created(people[0].card)
            assert await daemon.terminate() == 0
            answers = await asyncio.gather(*walks)
        assert any(answer is not None for answer in answers)
        assert b"daemon_stopped" in here.said()
        here.library.koha.faults.clear()
        async with serving(here.place):
            agreed = [one for one in people if (await here.register.stands([one.card]))[one.card].consents]
            await here.are_local(*agreed)
            assert set(here.visits.acknowledged) <= {one.card for one in agreed}
        await here.holds()
