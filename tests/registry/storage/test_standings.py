"""Standings, consents and encounters."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registry.domain.card import CardNumber
from registry.domain.patron import Credentials, Language, PatronId
from registry.domain.standing import Origin, StandingState
from registry.services.ports import AlreadyThereError
from registry.storage.database import Database
from registry.storage.outages import BrokenRuleError
from tests.registry.people import NOW, NUMBER, OTHER_UNIT, UNIT, patron
from tests.registry.storage.rows import PATRON, add_patron, add_units, consent, encounter, standing

LATER = NOW + timedelta(minutes=5)


async def _two_patrons(database: Database) -> None:
    await add_units(database)
    async with database.unit_of_work() as work:
        await add_patron(work)
        await work.patrons.add(patron(id=PatronId(2)), Credentials(), None)


@pytest.mark.parametrize("state", StandingState)
@pytest.mark.parametrize("local_id", ["S1", None])
async def test_a_standing_comes_back_as_given(database: Database, state: StandingState, local_id: str | None) -> None:
    await _two_patrons(database)
    given = standing(state=state, local_id=local_id)
    async with database.unit_of_work() as work:
        await work.standings.add(given)
        await work.standings.add(standing(unit=OTHER_UNIT))
    async with database.unit_of_work() as work:
        assert await work.standings.of(PATRON) == [given, standing(unit=OTHER_UNIT)]
        assert await work.standings.of(PatronId(2)) == []


async def test_a_patron_stands_once_at_a_unit(database: Database) -> None:
    await _two_patrons(database)
    async with database.unit_of_work() as work:
        await work.standings.add(standing())
        with pytest.raises(AlreadyThereError, match=r"^pk_standing$"):
            await work.standings.add(standing(local_id="S2"))
    async with database.unit_of_work() as work:
        assert await work.standings.of(PATRON) == [standing()]


async def test_a_local_id_is_one_patrons_at_a_unit_and_may_be_anothers_elsewhere(database: Database) -> None:
    await _two_patrons(database)
    async with database.unit_of_work() as work:
        await work.standings.add(standing())
        with pytest.raises(AlreadyThereError, match=r"^uq_standing_local_id$"):
            await work.standings.add(standing(patron=2))
        await work.standings.add(standing(patron=2, unit=OTHER_UNIT))
        await work.standings.add(standing(patron=2, local_id=None))
        with pytest.raises(AlreadyThereError, match=r"^uq_standing_local_id$"):
            await work.standings.change(standing(patron=2))


async def test_a_changed_standing_keeps_its_new_values(database: Database) -> None:
    await _two_patrons(database)
    changed = standing(state=StandingState.ENDED, since=LATER, origin=Origin.ACTIVATED, local_id="S9")
    async with database.unit_of_work() as work:
        await work.standings.add(standing())
        await work.standings.change(changed)
    async with database.unit_of_work() as work:
        assert await work.standings.of(PATRON) == [changed]


async def test_nobody_stands_at_a_unit_that_was_never_published(database: Database) -> None:
    async with database.unit_of_work() as work:
        await add_patron(work)
    with pytest.raises(BrokenRuleError):
        async with database.unit_of_work() as work:
            await work.standings.add(standing())


async def test_acceptances_are_kept_the_newest_first(database: Database) -> None:
    await _two_patrons(database)
    newer = consent(at=LATER, rules_version="3", language=Language.SE, evidence="")
    async with database.unit_of_work() as work:
        await work.consents.add(consent())
        await work.consents.add(newer)
    async with database.unit_of_work() as work:
        assert await work.consents.of(PATRON) == [newer, consent()]
        assert await work.consents.of(PatronId(2)) == []


async def test_an_encounter_lasts_until_its_end_and_is_renewed(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.encounters.record(encounter(until=NOW))
        assert await work.encounters.find(UNIT, "kiosk-1", NUMBER, NOW) is None
        renewed = encounter(until=LATER, rules_offered="2")
        await work.encounters.record(renewed)
    async with database.unit_of_work() as work:
        assert await work.encounters.find(UNIT, "kiosk-1", NUMBER, NOW) == renewed
        assert await work.encounters.find(UNIT, "kiosk-2", NUMBER, NOW) is None
        assert await work.encounters.find(OTHER_UNIT, "kiosk-1", NUMBER, NOW) is None


async def test_a_pin_that_is_proved_again_leaves_what_was_offered_as_it_is(database: Database) -> None:
    offered = encounter(until=LATER, rules_offered="2", offered_language=Language.SE, offered_until=NOW)
    async with database.unit_of_work() as work:
        await work.encounters.record(offered)
        await work.encounters.record(encounter(until=LATER))
    async with database.unit_of_work() as work:
        assert await work.encounters.last(UNIT, "kiosk-1", NUMBER) == offered


async def test_an_offer_that_is_turned_down_is_over_and_not_unmade(database: Database) -> None:
    offered = encounter(until=LATER, rules_offered="2", offered_language=Language.SE, offered_until=LATER)
    async with database.unit_of_work() as work:
        await work.encounters.record(offered)
        await work.encounters.turn_down(UNIT, "kiosk-1", NUMBER)
        assert await work.encounters.last(UNIT, "kiosk-1", NUMBER) == offered
        await work.encounters.turn_down(UNIT, "kiosk-1", CardNumber("N001000009"))
        found = await work.encounters.last(UNIT, "kiosk-1", NUMBER)
    assert found is not None
    assert (found.rules_offered, found.offered_until) == ("2", found.pin_proved_at)


async def test_encounters_are_ended_one_by_one_or_all_of_a_card(database: Database) -> None:
    async with database.unit_of_work() as work:
        for terminal in ("kiosk-1", "kiosk-2", "kiosk-3"):
            await work.encounters.record(encounter(terminal, until=LATER))
        await work.encounters.end(UNIT, "kiosk-1", NUMBER)
        assert await work.encounters.find(UNIT, "kiosk-1", NUMBER, NOW) is None
        assert await work.encounters.find(UNIT, "kiosk-2", NUMBER, NOW) is not None
        await work.encounters.end_all(NUMBER)
        for terminal in ("kiosk-2", "kiosk-3"):
            assert await work.encounters.find(UNIT, terminal, NUMBER, NOW) is None
