"""The audit trail: nothing in it can be changed, dropped, added or swapped unnoticed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from registry.domain.events import Action, Event
from registry.domain.institution import InstitutionId
from registry.domain.patron import PatronId
from registry.services.ports import ChainFault
from registry.storage.audit import AuditMacs, subject_ref
from registry.storage.database import Database
from tests.registry.people import NOW
from tests.registry.storage.databases import PATIENCE, opened
from tests.registry.storage.rows import PATRON, add_patron, execute, query

OTHER_PATRON = PatronId(4712)
_COPY = "INSERT INTO audit ({columns}, seq, mac) SELECT {columns}, 6, mac FROM audit WHERE seq = 5"


def event(number: int = 0, **changes: Any) -> Event:
    """An event with something in every field."""
    values: dict[str, Any] = {
        "patron": PATRON,
        "institution": InstitutionId("NO-1"),
        "facts": {"number": str(number)},
        **changes,
    }
    return Event(action=Action.CARD_LOST, actor="operator:kari", at=NOW + timedelta(seconds=number), **values)


async def write(database: Database, *events: Event) -> None:
    """Write these events down, one unit of work for each."""
    for each in events:
        async with database.unit_of_work() as work:
            await work.audit.append(each)


@pytest.fixture
async def trail(database: Database) -> Database:
    """A database with five sealed rows of one patron."""
    async with database.unit_of_work() as work:
        await add_patron(work)
    await write(database, *map(event, range(5)))
    assert await database.chain.seal() == 5
    return database


async def test_an_empty_trail_verifies(database: Database) -> None:
    assert await database.chain.verify() is None
    assert await database.chain.head() == (0, b"")
    assert await database.chain.oldest_unsealed() is None
    assert await database.chain.seal() == 0


async def test_a_sealed_trail_verifies_and_grows(trail: Database) -> None:
    assert await trail.chain.verify() is None
    first = await trail.chain.head()
    await write(trail, event(7, patron=None, institution=None, facts={}))
    assert await trail.chain.oldest_unsealed() == NOW + timedelta(seconds=7)
    assert await trail.chain.verify() is None
    assert await trail.chain.seal() == 1
    assert await trail.chain.oldest_unsealed() is None
    assert await trail.chain.verify(anchors=[first, await trail.chain.head()]) is None
    assert (await trail.chain.head())[0] == 6


async def test_an_event_is_kept_or_lost_with_the_change_it_tells_of(database: Database) -> None:
    async def fail() -> None:
        async with database.unit_of_work() as work:
            await add_patron(work)
            await work.audit.append(event())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await query(database, "SELECT id FROM audit") == []


async def test_an_event_of_nobody_is_a_mistake(database: Database) -> None:
    with pytest.raises(LookupError):
        await write(database, event())


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE audit SET actor = 'operator:ola' WHERE seq = 3", ChainFault(3, "the row was changed")),
        ("UPDATE audit SET facts = '{}' WHERE seq = 1", ChainFault(1, "the row was changed")),
        ("UPDATE audit SET action = 'pin_set' WHERE seq = 5", ChainFault(5, "the row was changed")),
        ("UPDATE audit SET institution = NULL WHERE seq = 2", ChainFault(2, "the row was changed")),
        ("UPDATE audit SET subject_ref = NULL WHERE seq = 2", ChainFault(2, "the row was changed")),
        ("DELETE FROM audit WHERE seq = 1", ChainFault(1, "a row is missing")),
        ("DELETE FROM audit WHERE seq = 3", ChainFault(3, "a row is missing")),
        (
            "DELETE FROM audit WHERE seq = 2; UPDATE audit SET seq = seq - 1 WHERE seq > 2",
            ChainFault(2, "the row does not follow the one before it"),
        ),
        (
            "UPDATE audit SET seq = -seq WHERE seq IN (2, 3); UPDATE audit SET seq = 5 + seq WHERE seq < 0",
            ChainFault(2, "the row does not follow the one before it"),
        ),
        (
            "UPDATE audit SET seq = NULL, mac = NULL, actor = 'x' WHERE seq = 5",
            ChainFault(5, "a row that is not sealed yet was changed (id 5)"),
        ),
        (
            _COPY.format(columns="at, action, actor, facts, row_mac"),
            ChainFault(6, "the row was changed"),
        ),
        (
            _COPY.format(columns="at, action, actor, subject_ref, institution, facts, row_mac"),
            ChainFault(6, "the row does not follow the one before it"),
        ),
    ],
)
async def test_every_tampering_is_found_where_it_is(trail: Database, tampering: str, fault: ChainFault) -> None:
    for statement in tampering.split(";"):
        await execute(trail, statement)
    assert await trail.chain.verify() == fault


async def test_a_trail_that_was_cut_off_is_found_by_its_anchor(trail: Database) -> None:
    anchor = await trail.chain.head()
    await execute(trail, "DELETE FROM audit WHERE seq > 3")
    assert await trail.chain.verify() is None
    missing = "the end of the trail is missing: an anchor lies beyond it"
    assert await trail.chain.verify(anchors=[anchor]) == ChainFault(4, missing)


async def test_a_trail_that_was_written_anew_is_found_by_its_anchor(trail: Database) -> None:
    anchor = await trail.chain.head()
    await execute(trail, "DELETE FROM audit WHERE seq = 5")
    await write(trail, event(99))
    await trail.chain.seal()
    assert await trail.chain.verify() is None
    found = await trail.chain.verify(anchors=[anchor])
    assert found == ChainFault(5, "the row is not the one that an anchor was made of")


async def test_a_row_that_was_not_sealed_in_time_is_named(trail: Database) -> None:
    await write(trail, event(6))
    written = NOW + timedelta(seconds=6)
    assert await trail.chain.verify(sealed_before=written) is None
    found = await trail.chain.verify(sealed_before=written + timedelta(seconds=1))
    assert found == ChainFault(6, "a row was not sealed in time (id 6)")


async def test_without_the_key_nothing_verifies(trail: Database, url: str) -> None:
    other = Database(url, audit_key=bytes(32), timeout=PATIENCE)
    assert await other.chain.verify() == ChainFault(1, "the row was changed")
    await other.close()


async def test_two_sealers_make_one_chain(database: Database, url: str) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    other = await opened(url)
    for number in range(6):
        await write(database if number % 2 else other, event(number))
        await (other if number % 3 else database).chain.seal()
    assert await database.chain.verify() is None
    assert (await other.chain.head())[0] == 6
    await other.close()


async def test_a_deleted_patron_is_nobody_in_a_trail_that_still_verifies(trail: Database) -> None:
    salt = (await query(trail, "SELECT audit_salt FROM patron"))[0][0]
    async with trail.unit_of_work() as work:
        await work.patrons.delete(PATRON)
        # The act itself is told of the patron whom it was about.
        await work.audit.append(Event(action=Action.PATRON_DELETED, actor="a", at=NOW, patron=PATRON))
    await trail.chain.seal()
    assert await trail.chain.verify() is None
    refs = {bytes(row[0]) for row in await query(trail, "SELECT subject_ref FROM audit")}
    assert refs == {subject_ref(salt, PATRON)}
    assert await query(trail, "SELECT audit_salt FROM patron") == []


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AuditMacs(b"short")


async def test_the_trail_of_one_patron_is_read_in_order_and_nobody_elses(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
        await add_patron(work, OTHER_PATRON, "N001000002", mobile=None)
    await write(database, event(3), event(1), event(2, patron=OTHER_PATRON), event(4, patron=None))
    async with database.unit_of_work() as work:
        found = await work.audit.of(PATRON)
        with pytest.raises(LookupError):
            await work.audit.of(PatronId(99))
    assert [(one.at, one.action, one.actor, one.institution, one.facts) for one in found] == [
        (NOW + timedelta(seconds=number), "card_lost", "operator:kari", "NO-1", {"number": str(number)})
        for number in (1, 3)
    ]
