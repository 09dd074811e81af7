"""Patrons: one entry per person, every field kept as it was given."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from registry.domain.patron import Address, Credentials, Language, Level, Patron, PatronId, Sex, StoredSecret
from registry.services.ports import AlreadyThereError
from registry.storage.database import Database
from tests.registry.people import NOW, TODAY, patron
from tests.registry.storage.rows import PIN, sealed

PASSWORD = StoredSecret(hashed="$argon2id$word", pepper="p2")


@pytest.mark.parametrize(
    "given",
    [
        patron(),
        patron(sex=Sex.FEMALE, language=Language.SE, minimum_level=Level.HIGH, protected=True, identity_proved=True),
        patron(
            registered_address=None,
            temporary_address=Address(lines=("a", "b", "c"), postal_code="1", place="x", country="SE"),
        ),
        patron(registered_address=Address(lines=(), postal_code="", place="")),
        patron(mobile=None, phone=None, email=None, home_library=None, last_activity=None, temporary_address=None),
        patron(created_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), birth_date=date(1899, 2, 28)),
        patron(created_at=datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), id=PatronId(2**62 - 1)),
    ],
)
@pytest.mark.parametrize(
    "credentials", [Credentials(), Credentials(pin=PIN), Credentials(pin=PIN, password=PASSWORD)], ids=str
)
async def test_a_patron_comes_back_as_given(database: Database, given: Patron, credentials: Credentials) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(given, credentials, None)
    async with database.unit_of_work() as work:
        assert await work.patrons.find(given.id) == (given, credentials)


async def test_nobody_is_found_under_an_unknown_id(database: Database) -> None:
    async with database.unit_of_work() as work:
        assert await work.patrons.find(PatronId(1)) is None
        assert await work.patrons.with_identity(b"?") is None


async def test_a_time_without_a_zone_is_no_time(database: Database) -> None:
    with pytest.raises(Exception, match="naive time"):
        async with database.unit_of_work() as work:
            await work.patrons.add(patron(created_at=NOW.replace(tzinfo=None)), Credentials(), None)


async def test_an_identity_number_makes_one_entry(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(), sealed())
        with pytest.raises(AlreadyThereError) as broken:
            await work.patrons.add(patron(id=PatronId(2)), Credentials(), sealed())
        assert broken.value.what == "uq_patron_identity_index"
        # The unit of work goes on: on both engines the refused row alone is gone.
        await work.patrons.add(patron(id=PatronId(3)), Credentials(), sealed(b"another"))
    async with database.unit_of_work() as work:
        assert await work.patrons.with_identity(sealed().index) == patron().id
        assert await work.patrons.with_identity(b"another") == PatronId(3)
        assert await work.patrons.find(PatronId(2)) is None


@pytest.mark.parametrize(
    ("family", "given", "birth", "found"),
    [
        ("ødegård", "KJÆRSTI", date(1990, 1, 1), True),
        (" Ødegård ", "Kjærsti", date(1990, 1, 1), True),
        ("ØDEGA\u030aRD", "Kjærsti", date(1990, 1, 1), True),
        ("Ødegård", "Kjærsti", date(1990, 1, 2), False),
        ("Ødegaard", "Kjærsti", date(1990, 1, 1), False),
    ],
)
async def test_candidates_have_the_name_and_the_birth_date(
    database: Database, family: str, given: str, birth: date, found: bool
) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(), None)
        assert await work.patrons.candidates(family, given, birth) == ([patron().id] if found else [])


async def test_a_new_pin_takes_the_place_of_the_old_one(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(pin=PIN, password=PASSWORD), None)
        await work.patrons.set_pin(patron().id, StoredSecret(hashed="new", pepper="p9"))
    async with database.unit_of_work() as work:
        _, credentials = await work.patrons.find(patron().id) or (None, None)
    assert credentials == Credentials(pin=StoredSecret(hashed="new", pepper="p9"), password=PASSWORD)


@pytest.mark.parametrize(
    ("before", "day", "after"),
    [
        (None, TODAY, TODAY),
        (date(2026, 1, 1), TODAY, TODAY),
        (TODAY, date(2026, 1, 1), TODAY),
        (TODAY, TODAY, TODAY),
    ],
)
async def test_the_date_of_last_activity_only_moves_forward(
    database: Database, before: date | None, day: date, after: date
) -> None:
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(last_activity=before), Credentials(), None)
        await work.patrons.seen_on(patron().id, day)
    async with database.unit_of_work() as work:
        found, _ = await work.patrons.find(patron().id) or (patron(last_activity=None), None)
    assert found.last_activity == after
