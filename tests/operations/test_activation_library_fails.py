"""Activations at a library system that fails (F5–F8): answers lost, half-open, slow, lying, closed for an hour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.simulators.koha import Kind
from tests.operations.activating.scene import Scene, at_work, well_again
from tests.operations.activating.visits import is_acknowledged
from tests.registry.storage.databases import ENGINES

ADD = frozenset({"add"})
LOOK_UP = frozenset({"list"})


@pytest.fixture(scope="module", params=ENGINES)
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Storbyen with one daemon, which all these tests share."""
    async with at_work(request.param, tmp_path_factory.mktemp("library-fails")) as found:
        yield found


@pytest.fixture
async def here(shared: Scene) -> AsyncIterator[Scene]:
    """Storbyen, whose library system works again after each test."""
    async with well_again(shared) as found:
        yield found


async def test_the_loan_follows_in_the_same_breath(here: Scene) -> None:
    person = here.somebody()
    answer = await here.visits.walk(person)
    assert answer is not None
    await here.are_local(person)
    if answer.ok != "1":
        # A machine with other things to do: the patron was told to place the book again.
        assert is_acknowledged(answer)
        async with here.visits.kiosk() as kiosk:
            await kiosk.shows(person)
            answer = await kiosk.wants(person)
    assert (answer.ok, here.library.borrower(person.item)) == ("1", person.card)


@pytest.mark.parametrize("fault", [Kind.CLOSE_AFTER, Kind.CLOSE_IN_THE_MIDDLE, Kind.FAIL_AFTER, Kind.GARBAGE])
async def test_an_answer_lost_after_the_creation_creates_nobody_twice(here: Scene, fault: Kind) -> None:
    person, created = here.somebody(), here.library.created()
    here.library.breaks(fault, requests=ADD, times=1)
    assert await here.visits.walk(person) is not None
    await here.are_local(person)
    assert (here.library.holds(person.card), here.library.created() - created) == (1, 1)


async def test_nothing_sent_is_tried_again(here: Scene) -> None:
    person, created = here.somebody(), here.library.created()
    here.library.breaks(Kind.CLOSE_BEFORE, requests=ADD, times=1)
    await here.visits.walk(person)
    await here.are_local(person)
    assert (here.library.holds(person.card), here.library.created() - created) == (1, 2)


@pytest.mark.parametrize("requests", [LOOK_UP, ADD])
async def test_a_library_system_that_does_not_answer_keeps_the_kiosk_no_longer_than_told(
    here: Scene, requests: frozenset[str]
) -> None:
    person = here.somebody()
    here.library.breaks(Kind.DROP_BEFORE, requests=requests, times=1)
    answer = await here.visits.walk(person)
    assert answer is not None
    assert is_acknowledged(answer)
    # Half-open: the connection is there and nothing comes. Whoever waits gives up; here the network does.
    here.library.koha.cut()
    await here.are_local(person)
    assert here.library.holds(person.card) == 1


async def test_a_library_system_that_drips_is_waited_for(here: Scene) -> None:
    person, created = here.somebody(), here.library.created()
    here.library.breaks(Kind.SLOW_BYTES, requests=ADD, seconds=0.001, times=1)
    assert await here.visits.walk(person) is not None
    await here.are_local(person)
    assert (here.library.holds(person.card), here.library.created() - created) == (1, 1)


async def test_a_library_system_that_answers_with_another_patron_is_not_believed(here: Scene) -> None:
    person = here.somebody()
    here.library.breaks(Kind.OTHER_PATRON, requests=ADD, times=1)
    await here.visits.walk(person)
    await here.are_local(person)
    (stand,) = (await here.register.stands([person.card])).values()
    assert stand.local_id == person.card


async def test_a_library_closed_for_an_hour_gets_its_patrons_when_it_opens(here: Scene) -> None:
    # Two, each tried twice: after five failures a breaker would have everybody wait.
    people = [here.somebody(), here.somebody()]
    cards = [person.card for person in people]
    await here.library.koha.close_port()
    try:
        answers = await asyncio.gather(*map(here.visits.walk, people))
        await here.register.let_an_hour_pass(cards)
    finally:
        await here.library.koha.open_port()
    assert all(answer is not None and is_acknowledged(answer) for answer in answers)
    await here.are_local(*people)
    assert [here.library.holds(card) for card in cards] == [1, 1]
