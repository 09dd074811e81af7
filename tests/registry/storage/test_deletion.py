"""Erasing a patron: nothing that was theirs remains in any table, nor in the file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from registry.domain.card import CardState
from registry.domain.events import Action, Event
from registry.domain.patron import Address, Credentials, PatronId, StoredSecret
from registry.services.ports import SealedIdentity
from registry.storage.database import Database
from registry.storage.tables import metadata
from tests.registry.people import NOW, UNIT, patron
from tests.registry.storage.rows import add_units, card, consent, encounter, query, reserve, standing

KEY = PatronId(4_000_000_000_000_017)
NUMBER, FORMER = "N777000777", "N777000778"
CANARIES = (
    *("KANARIFAMILIE", "KANARIFORNAVN", "KANARIGATE", "KANARIPOST", "KANARISTED", "KANARILAND"),
    *("KANARIMOBIL", "KANARITLF", "KANARIEPOST", "KANARIPIN", "KANARIORD", "KANARIINDEKS", "KANARIKRYPT"),
    *("KANARILOKAL", "KANARITEKST", "KANARIBEVIS", "1911-11-11", str(KEY), NUMBER, FORMER),
)


async def _add_canary(database: Database) -> None:
    await add_units(database)
    address = Address(lines=("KANARIGATE 1",), postal_code="KANARIPOST", place="KANARISTED", country="KANARILAND")
    person = patron(
        id=KEY,
        family_name="KANARIFAMILIE",
        given_name="KANARIFORNAVN",
        birth_date=date(1911, 11, 11),
        registered_address=address,
        temporary_address=address,
        mobile="KANARIMOBIL",
        phone="KANARITLF",
        email="KANARIEPOST",
    )
    secrets = Credentials(
        pin=StoredSecret(hashed="KANARIPIN", pepper="p"), password=StoredSecret(hashed="KANARIORD", pepper="p")
    )
    identity = SealedIdentity(index=b"KANARIINDEKS", index_key="k", encrypted=b"KANARIKRYPT", identity_key="k")
    async with database.unit_of_work() as work:
        await work.patrons.add(person, secrets, identity)
        await work.cards.add(card(FORMER, KEY, CardState.LOST))
        await work.cards.add(card(NUMBER, KEY))
        await work.cards.change(card(FORMER, KEY, CardState.REPLACED, replaced_by=NUMBER))
        await work.standings.add(standing(KEY, UNIT, "KANARILOKAL"))
        await work.consents.add(consent(patron=KEY, text="KANARITEKST", evidence="KANARIBEVIS"))
        for number in (NUMBER, FORMER):
            await work.encounters.record(encounter(card=number))
            await reserve(work, number=number)
            await work.attempts.look_at_stranger("kiosk-1", card(number).number, NOW, 60)
        await work.audit.append(Event(action=Action.PATRON_ADDED, actor="a", at=NOW, patron=KEY))


async def _everything(database: Database) -> str:
    rows = [
        (table.name, *row) for table in metadata.sorted_tables for row in (await database._reads.rows(table.select()))
    ]
    return "\n".join(" ".join(_told(value) for value in row) for row in rows)


def _told(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def test_nothing_of_a_deleted_patron_remains_in_any_table(database: Database) -> None:
    await _add_canary(database)
    before = await _everything(database)
    assert [canary for canary in CANARIES if canary not in before] == []
    async with database.unit_of_work() as work:
        await work.patrons.delete(KEY)
        await work.cards.bury(b"keyed hash", "k")
        await work.audit.append(Event(action=Action.PATRON_DELETED, actor="a", at=NOW, patron=KEY))
    after = await _everything(database)
    assert [canary for canary in CANARIES if canary in after] == []


async def test_others_keep_everything(database: Database) -> None:
    await _add_canary(database)
    async with database.unit_of_work() as work:
        await work.patrons.add(patron(), Credentials(), None)
        await work.cards.add(card())
        await work.standings.add(standing())
        await work.consents.add(consent())
        await reserve(work)
        await work.patrons.delete(KEY)
    async with database.unit_of_work() as work:
        assert await work.patrons.find(patron().id) == (patron(), Credentials())
        assert await work.standings.of(patron().id) == [standing()]
        assert await work.consents.of(patron().id) == [consent()]
    found = await database.lookups.find(card().number)
    assert found is not None
    assert len(found.log.daily) == 1


async def test_deleting_nobody_is_a_mistake(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.unit_of_work() as work:
            await work.patrons.delete(KEY)


@pytest.mark.only("sqlite")
async def test_the_file_itself_forgets(database: Database, tmp_path: Path) -> None:
    await _add_canary(database)
    async with database.unit_of_work() as work:
        await work.patrons.delete(KEY)
    await query(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    await database.close()
    assert [canary for canary in CANARIES if canary.encode() in _bytes_of(tmp_path)] == []


def _bytes_of(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
