"""Activations under whatever can happen to them: a real daemon, killed, cut off and stopped in the middle (F1–F13).

After every fault the invariants are checked (``tests/operations/invariants.py``). Nothing here sleeps for a time that
something may need: tests wait for conditions, and the time between two tries passes in the outbox alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from gateway.simulators.koha import Kind
from tests.operations.activating.people import WRONG_PIN, Person
from tests.operations.activating.place import Budget, Place, free_ports
from tests.operations.activating.scene import Scene, scene
from tests.operations.activating.serving import PATIENCE, Serving, serving
from tests.operations.activating.visits import is_acknowledged, is_offer
from tests.registry.storage.databases import ENGINES, SERVER

pytestmark = pytest.mark.timeout(240)

ADD = frozenset({"add"})
LOOK_UP = frozenset({"list"})


# kill -9 (F1).

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
        here.library.breaks(Kind.DELAY, requests=ADD, seconds=0.3)
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


# One daemon, and a library system that fails.


@pytest.fixture(scope="module", params=ENGINES)
async def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Storbyen with one daemon, which all tests that kill nobody share; in the end the invariants hold."""
    budget = Budget(answer=4.0, database=2.5, ils=2.0)
    async with scene(request.param, tmp_path_factory.mktemp("faults"), 40, budget) as found:
        async with serving(found.place) as daemon:
            yield found
            found.library.koha.faults.clear()
            page = await daemon.metrics()
            assert b"portvakt_requests_total" in page
            assert await daemon.terminate() == 0
        await found.holds(page)


@pytest.fixture
async def here(shared: Scene) -> AsyncIterator[Scene]:
    """Storbyen, whose library system works again after each test, and is seen to: the next patron is local at once."""
    yield shared
    shared.library.koha.faults.clear()
    person = shared.somebody()
    await shared.visits.walk(person)
    await shared.are_local(person)


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


async def test_a_library_system_that_drips_is_waited_for_and_then_looked_up(here: Scene) -> None:
    person = here.somebody()
    here.library.breaks(Kind.SLOW_BYTES, requests=ADD, seconds=0.005, times=1)
    assert await here.visits.walk(person) is not None
    await here.are_local(person)
    assert here.library.holds(person.card) == 1


async def test_a_library_system_that_answers_with_another_patron_is_not_believed(here: Scene) -> None:
    person = here.somebody()
    here.library.breaks(Kind.OTHER_PATRON, requests=ADD, times=1)
    await here.visits.walk(person)
    await here.are_local(person)
    (stand,) = (await here.register.stands([person.card])).values()
    assert stand.local_id == person.card


async def test_a_library_closed_for_the_day_gets_its_patrons_when_it_opens(here: Scene) -> None:
    people = [here.somebody() for _ in range(3)]
    await here.library.koha.close_port()
    try:
        answers = [await here.visits.walk(person) for person in people]
    finally:
        await here.library.koha.open_port()
    assert all(answer is not None and is_acknowledged(answer) for answer in answers)
    await here.are_local(*people)
    assert [here.library.holds(person.card) for person in people] == [1, 1, 1]


async def test_a_wrong_pin_is_no_way_in_at_any_time(here: Scene) -> None:
    person = here.somebody()
    async with here.visits.kiosk() as kiosk:
        await kiosk.mistypes(person)
        assert not is_offer(await kiosk.wants(person, WRONG_PIN))
        assert not is_offer(await kiosk.wants(person, None))
    (stand,) = (await here.register.stands([person.card])).values()
    assert stand.consents == 0


# The same yes again (F12).


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
    await here.are_local(person)
    stand = (await here.register.stands([person.card]))[person.card]
    assert (stand.consents, here.library.holds(person.card)) == (1, 1)


async def test_twenty_kiosks_saying_yes_at_once_make_one_patron(here: Scene) -> None:
    person = here.somebody()
    async with contextlib.AsyncExitStack() as kiosks:
        stands = [await kiosks.enter_async_context(here.visits.kiosk()) for _ in range(20)]
        await stands[0].shows(person)
        assert is_offer(await stands[0].wants(person))
        answers = await asyncio.gather(*(stand.agrees(person) for stand in stands))
    assert any(map(is_acknowledged, answers))
    await here.are_local(person)
    stand = (await here.register.stands([person.card]))[person.card]
    assert (stand.consents, here.library.holds(person.card)) == (1, 1)


# PostgreSQL.


@pytest.mark.torture
@pytest.mark.skipif(not SERVER, reason="PORTVAKT_TEST_POSTGRES names no server")
async def test_a_database_that_cuts_every_connection_loses_no_activation(tmp_path: Path) -> None:
    async with scene("postgresql", tmp_path, 12) as here, serving(here.place) as daemon:
        cutting = asyncio.ensure_future(_cut_again_and_again(here.place))
        try:
            for group in (here.place.people[:6], here.place.people[6:]):
                await asyncio.gather(*(_walk_until_agreed(here, person) for person in group))
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


async def _walk_until_agreed(here: Scene, person: Person) -> None:
    """Come back until the yes is acknowledged, as a patron would who is told to try again later."""
    async with asyncio.timeout(PATIENCE):
        while person.card not in here.visits.acknowledged:
            await here.visits.walk(person)


@pytest.mark.skipif(not SERVER, reason="PORTVAKT_TEST_POSTGRES names no server")
async def test_two_daemons_share_one_queue_and_bring_nobody_twice(tmp_path: Path) -> None:
    count = 100
    async with scene("postgresql", tmp_path, count) as here:
        other = here.place.beside("other", free_ports())
        async with serving(here.place) as one, serving(other) as two:
            walking = asyncio.Semaphore(8)

            async def walk(person: Person, place: Place) -> None:
                async with walking:
                    await here.visits.walk(person, place)

            places = (here.place, other)
            await asyncio.gather(*(walk(person, places[number % 2]) for number, person in enumerate(here.place.people)))
            await here.are_local(*here.place.people)
            shares = [await _settled_by(daemon) for daemon in (one, two)]
        assert (sum(shares), here.library.created(), min(shares) > 0) == (count, count, True)
        await here.holds()


async def _settled_by(daemon: Serving) -> int:
    said = daemon.log.read_bytes()
    return sum(b'"delivery_settled"' in line and b'"brought"' in line for line in said.splitlines())
