"""A library's list of its patrons, on both engines: who becomes local, who is refused, and that it is all or none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from registry.domain.card import CardKind, CardNumber
from registry.domain.decisions import Granted, Situation
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Origin, StandingState
from registry.register import ImportReport, ImportRules, NotDoneError, StandingRow
from tests.registry.placing import put
from tests.registry.services.houses import CARD, OTHER, UNIT, House, new_patron

SECOND, THIRD, FORMER = "N001000002", "N001000003", "N001000004"
STAFFS_OR_COURIERS = (
    StandingState.CONSENTED,
    StandingState.DELIVERING,
    StandingState.UNKNOWN,
    StandingState.NEEDS_STAFF,
)


def row(card: str = CARD, local_id: str = "S1", since: date | None = None) -> StandingRow:
    return StandingRow(card=CardNumber(card), local_id=local_id, since=since)


async def imported(register: House, *rows: StandingRow, **rules: Any) -> ImportReport:
    told: list[int] = []
    unit = rules.pop("unit", UNIT)
    report = await register.standings.import_standings(unit, rows, "test", ImportRules(**rules), told.append)
    assert sum(told) == len(rows)
    return report


async def at(register: House, card: str = CARD, unit: str = UNIT) -> tuple[StandingState, str | None, Origin] | None:
    sheet = await register.patrons.show(CardNumber(card), "test")
    return next(((one.state, one.local_id, one.origin) for one in sheet.standings if one.unit == unit), None)


async def stand(register: House, state: StandingState, local_id: str | None = None, card: str = CARD) -> None:
    await put(register.database, CardNumber(card), UNIT, state, local_id)


async def add(register: House, *cards: str) -> None:
    for card in cards:
        await register.patrons.add_patron(new_patron(card=card), "test")


async def test_whom_the_list_names_is_local_from_the_next_card_on(register: House) -> None:
    before = await register.ask()
    assert isinstance(before, Granted)
    assert before.situation is not Situation.LOCAL
    assert await imported(register, row()) == ImportReport(kept=True, made=1, unchanged=0, refused=())
    assert await at(register) == (StandingState.LOCAL, "S1", Origin.IMPORTED)
    assert await at(register, unit=OTHER) is None
    after = await register.ask()
    assert isinstance(after, Granted)
    assert after.situation is Situation.LOCAL


@pytest.mark.parametrize(
    ("since", "stored"),
    [(date(2019, 8, 31), datetime(2019, 8, 31, tzinfo=UTC)), (None, datetime(2026, 11, 23, 9, 15, tzinfo=UTC))],
)
async def test_a_patron_is_local_since_the_date_told_or_since_now(
    register: House, since: date | None, stored: datetime
) -> None:
    await imported(register, row(since=since))
    assert (await register.patrons.show(CARD, "test")).standings[0].since == stored


async def test_the_same_list_again_changes_nothing(register: House) -> None:
    await add(register, SECOND)
    rows = [row(since=date(2019, 8, 31)), row(SECOND, "S2")]
    await imported(register, *rows)
    sheets = [(await register.patrons.show(CardNumber(card), "test")).standings for card in (CARD, SECOND)]
    register.clock.turn(days=1)
    assert await imported(register, *rows, rows[0]) == ImportReport(kept=True, made=0, unchanged=3, refused=())
    assert [(await register.patrons.show(CardNumber(card), "test")).standings for card in (CARD, SECOND)] == sheets


@pytest.mark.parametrize("state", [StandingState.GUEST, StandingState.AWAITING_DESK, StandingState.ENDED])
async def test_a_guest_or_a_former_patron_becomes_local(register: House, state: StandingState) -> None:
    await stand(register, state, "old")
    assert (await imported(register, row())).made == 1
    assert await at(register) == (StandingState.LOCAL, "S1", Origin.IMPORTED)


@pytest.mark.parametrize("state", STAFFS_OR_COURIERS)
async def test_what_is_the_couriers_or_staffs_is_ended_only_by_force(register: House, state: StandingState) -> None:
    await stand(register, state)
    report = await imported(register, row())
    assert (report.made, len(report.refused)) == (0, 1)
    assert state in report.refused[0][1]
    found = await at(register)
    assert found is not None
    assert found[0] is state
    assert (await imported(register, row(), force=True)).made == 1
    assert await at(register) == (StandingState.LOCAL, "S1", Origin.IMPORTED)


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (row("N009999999"), "no card has this number"),
        (row(FORMER), f"replaced by {THIRD}"),
        (row(SECOND, "S9"), "card: lost"),
        (row(CARD, "S3"), "another patron has it"),
        (row(since=date(2026, 11, 24)), "until today"),
        (row(since=date(1, 1, 1)), "from 1900-01-01"),
        (row(local_id=""), "printable"),
        (row(local_id="S\n1"), "printable"),
        (row(local_id="S" * 65), "64"),
        (row(local_id="S|1"), "no |"),
        (row(local_id=SECOND), "not this patron's"),
        (row(local_id="n09999999"), "not this patron's"),
        (row(THIRD, "S4"), "local here already, under another id"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
async def test_a_row_that_cannot_be_is_refused_with_the_reason(
    register: House, refused: StandingRow, why: str, force: bool
) -> None:
    await add(register, SECOND, FORMER)
    await register.cards.report_lost(CardNumber(SECOND), "test")
    await register.cards.replace(CardNumber(FORMER), CardNumber(THIRD), CardKind.PRINTED, "test")
    await stand(register, StandingState.LOCAL, "S3", THIRD)
    report = await imported(register, refused, force=force)
    assert (report.kept, report.made) == (False, 0)
    ((place, told),) = report.refused
    assert place == 0
    assert why in told
    assert await at(register) is None


async def test_one_refused_row_stops_all_unless_it_may_be_skipped(register: House) -> None:
    await add(register, SECOND)
    rows = [row(), row("N009999999", "S8"), row(SECOND, "S1"), row(SECOND, "S2")]
    report = await imported(register, *rows)
    assert (report.kept, [place for place, _ in report.refused]) == (False, [1, 2])
    assert await at(register) is None
    report = await imported(register, *rows, skip_refused=True)
    assert (report.kept, report.made, [place for place, _ in report.refused]) == (True, 2, [1, 2])
    assert await at(register, SECOND) == (StandingState.LOCAL, "S2", Origin.IMPORTED)


async def test_a_dry_run_tells_the_same_and_keeps_nothing(register: House) -> None:
    rows = [row(), row("N009999999", "S8")]
    dry = await imported(register, *rows, skip_refused=True, dry_run=True)
    assert await at(register) is None
    wet = await imported(register, *rows, skip_refused=True)
    assert (dry.kept, wet.kept) == (False, True)
    assert (dry.made, dry.unchanged, dry.refused) == (wet.made, wet.unchanged, wet.refused)


async def test_a_local_id_that_a_row_gives_up_may_be_anothers_further_down(register: House) -> None:
    await add(register, SECOND)
    await stand(register, StandingState.ENDED, "S1", SECOND)
    assert (await imported(register, row(SECOND, "S2"), row(CARD, "S1"))).made == 2
    assert await at(register) == (StandingState.LOCAL, "S1", Origin.IMPORTED)


async def test_the_card_number_itself_may_be_the_local_id_the_former_one_too(register: House) -> None:
    await imported(register, row(local_id=CARD))
    assert await at(register) == (StandingState.LOCAL, CARD, Origin.IMPORTED)
    await register.cards.replace(CARD, CardNumber(THIRD), CardKind.PRINTED, "test")
    assert (await imported(register, row(THIRD, CARD))).unchanged == 1


async def test_a_unit_that_no_partner_file_tells_of_is_refused(register: House) -> None:
    with pytest.raises(NotDoneError, match="no lending unit"):
        await imported(register, row(), unit=LendingUnitId("NO-9999999"))
    with pytest.raises(NotDoneError, match="no lending unit"):
        await register.standings.standings_at(LendingUnitId("NO-9999999"), "test")


async def test_more_rows_than_are_judged_at_once_are_still_one_transaction(register: House) -> None:
    rows = [row(f"N0{number:08d}", f"S{number}") for number in range(2001)]
    refused = await imported(register, row(), *rows)
    assert (refused.kept, len(refused.refused)) == (False, 2001)
    report = await imported(register, *rows, row(), skip_refused=True)
    assert (report.made, len(report.refused)) == (1, 2001)
    assert (await imported(register, *[row()] * 2500)).unchanged == 2500


async def test_who_is_local_is_listed_with_the_card_in_use(register: House) -> None:
    await add(register, SECOND)
    await imported(register, row(), row(SECOND, "S2"))
    await register.cards.report_lost(CardNumber(SECOND), "test")
    listed = await register.standings.standings_at(UNIT, "test")
    assert sorted((one.card, one.standing.local_id) for one in listed) == [("", "S2"), (CARD, "S1")]
    assert list(await register.standings.standings_at(OTHER, "test")) == []


async def test_each_standing_made_and_each_list_read_is_audited_and_the_trail_verifies(register: House) -> None:
    from sqlalchemy import select

    from registry.storage import tables

    await imported(register, row(), row("N009999999", "S8"), skip_refused=True)
    await register.standings.standings_at(UNIT, "test")
    await register.database.chain.seal()
    assert await register.database.chain.verify() is None
    rows = await register.database._reads.rows(select(tables.audit.c.action, tables.audit.c.facts))
    told = {action: facts for action, facts in rows if action.startswith("standing")}
    assert set(told) == {"standing_changed", "standings_imported", "standings_listed"}
    assert '"before":"none"' in told["standing_changed"]
    assert '"refused":"1"' in told["standings_imported"]
    assert not any("S1" in facts or CARD in facts for facts in told.values())
