"""The same yes again (F12): at one kiosk, at another, by fifty at once, and from whoever has no PIN."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.operations.activating.people import WRONG_PIN, Person
from tests.operations.activating.scene import Scene, at_work, well_again
from tests.operations.activating.visits import is_acknowledged, is_offer
from tests.registry.storage.databases import ENGINES

_KIOSKS = 50


@pytest.fixture(scope="module", params=ENGINES)
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Storbyen with one daemon, which all these tests share."""
    async with at_work(request.param, tmp_path_factory.mktemp("said-again")) as found:
        yield found


@pytest.fixture
async def here(shared: Scene) -> AsyncIterator[Scene]:
    """Storbyen, at which the next patron is local at once after each test."""
    async with well_again(shared) as found:
        yield found


async def _is_once(here: Scene, person: Person) -> bool:
    await here.are_local(person)
    stand = (await here.register.stands([person.card]))[person.card]
    return (stand.consents, here.library.holds(person.card)) == (1, 1)


async def test_the_same_yes_again_at_any_kiosk_is_one_consent_and_one_patron(here: Scene) -> None:
    person = here.somebody()
    async with here.visits.kiosk() as kiosk, here.visits.kiosk() as another:
        await kiosk.shows(person)
        assert is_offer(await kiosk.wants(person))
        first = await kiosk.agrees(person)
        again = await kiosk.agrees(person)
        elsewhere = await another.agrees(person)
    async with here.visits.kiosk() as reconnected:
        later = await reconnected.agrees(person)
    assert is_acknowledged(first)
    # The book is the patron's by now, or is placed again: each is told as it is, and nobody is asked once more.
    assert not any(map(is_offer, (again, elsewhere, later)))
    assert await _is_once(here, person)


async def test_fifty_kiosks_saying_yes_at_once_make_one_patron(here: Scene) -> None:
    person = here.somebody()
    async with contextlib.AsyncExitStack() as kiosks:
        stands = [await kiosks.enter_async_context(here.visits.kiosk()) for _ in range(_KIOSKS)]
        await stands[0].shows(person)
        assert is_offer(await stands[0].wants(person))
        await asyncio.gather(*(stand.agrees(person) for stand in stands))
    # Where the machine has other things to do, all of them may be told to try again.
    await here.visits.until_agreed(person)
    assert await _is_once(here, person)


async def test_fifty_kiosks_with_fifty_offers_make_one_patron(here: Scene) -> None:
    person = here.somebody()
    answers = await asyncio.gather(*(here.visits.walk(person) for _ in range(_KIOSKS)))
    assert None not in answers
    await here.visits.until_agreed(person)
    assert await _is_once(here, person)


async def test_a_wrong_pin_is_no_way_in_at_any_time(here: Scene) -> None:
    person = here.somebody()
    async with here.visits.kiosk() as kiosk:
        await kiosk.mistypes(person)
        assert not is_offer(await kiosk.wants(person, WRONG_PIN))
        assert not is_offer(await kiosk.wants(person, None))
    (stand,) = (await here.register.stands([person.card])).values()
    assert stand.consents == 0
