"""Sealed identity numbers come back as they were sealed, and to no entry but their own."""

from __future__ import annotations

from registry.domain.patron import Credentials, PatronId
from registry.storage.database import Database
from tests.registry.people import patron
from tests.registry.storage.rows import sealed


async def test_an_identity_number_comes_back_as_it_was_sealed(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(), sealed())
        await work.patrons.add(patron(id=PatronId(2)), Credentials(), None)
    async with database.unit_of_work() as work:
        found = await work.patrons.identity_of(patron().id)
        assert found is not None
        wanted = sealed()
        assert (found.index, found.index_key, found.encrypted, found.identity_key) == (
            wanted.index,
            wanted.index_key,
            wanted.encrypted,
            wanted.identity_key,
        )
        assert await work.patrons.identity_of(PatronId(2)) is None
        assert await work.patrons.identity_of(PatronId(3)) is None
