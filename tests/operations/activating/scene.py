"""A place with everything around it: its library system, its register seen from outside, and its visitors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from registry.domain.card import CardNumber
from registry.domain.standing import StandingState
from tests.operations.activating.library import LibrarySystem, library_system
from tests.operations.activating.people import Person
from tests.operations.activating.place import Budget, Place, make_place
from tests.operations.activating.serving import PATIENCE, serving
from tests.operations.activating.stored import Stored, stored
from tests.operations.activating.visits import Visits
from tests.operations.invariants import check_invariants
from tests.registry.storage.databases import fresh_url, give_back


@dataclass(slots=True)
class Scene:
    """A place, its library system, its register seen from outside, and its visitors."""

    place: Place
    library: LibrarySystem
    register: Stored
    visits: Visits
    last: int = -1

    def somebody(self) -> Person:
        """The next patron who has not been here yet."""
        self.last += 1
        return self.place.people[self.last]

    async def until_created(self, card: CardNumber) -> None:
        """Wait until the library system has somebody under this card."""
        async with asyncio.timeout(PATIENCE):
            while not self.library.holds(card):
                await asyncio.sleep(0.01)

    async def are_local(self, *people: Person) -> None:
        """Wait until nothing of these is under way; they must be local then."""
        stands = await self.register.until_settled([one.card for one in people])
        assert {stand.state for stand in stands.values()} <= {StandingState.LOCAL}, stands

    async def holds(self, *logs: bytes) -> None:
        """Check the invariants; a check of nothing proves nothing."""
        checked = await check_invariants(self.register, self.library, self.visits, self.said(), *logs)
        assert min(checked.local, checked.receipts, checked.answers, checked.said) > 0

    def said(self) -> bytes:
        """Everything that the daemons of this place have written."""
        return b"".join(path.read_bytes() for path in sorted(self.place.directory.glob("**/log")))


@contextlib.asynccontextmanager
async def scene(engine: str, directory: Path, count: int, budget: Budget | None = None) -> AsyncIterator[Scene]:
    """Make a place with so many people in the register, no daemon yet."""
    directory.mkdir(exist_ok=True)
    url = await fresh_url(engine, directory)
    try:
        place = await make_place(directory / "place", url, count, budget)
        async with library_system(place) as library, stored(place) as register:
            yield Scene(place, library, register, Visits(place))
    finally:
        give_back(url)


@contextlib.asynccontextmanager
async def at_work(engine: str, directory: Path) -> AsyncIterator[Scene]:
    """Make a place with one daemon, for tests that kill nobody to share; in the end the invariants hold."""
    budget = Budget(answer=4.0, database=2.5, ils=2.0)
    async with scene(engine, directory, 40, budget) as found:
        async with serving(found.place) as daemon:
            yield found
            found.library.koha.faults.clear()
            page = await daemon.metrics()
            assert b"portvakt_requests_total" in page
            assert await daemon.terminate() == 0
        await found.holds(page)


@contextlib.asynccontextmanager
async def well_again(shared: Scene) -> AsyncIterator[Scene]:
    """Have the library system work again after the block, and see it do so: the next patron is local at once."""
    yield shared
    shared.library.koha.faults.clear()
    person = shared.somebody()
    await shared.visits.walk(person)
    await shared.are_local(person)
