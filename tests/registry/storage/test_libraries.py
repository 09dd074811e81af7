"""Publishing the partner files: one generation at a time, texts that never change."""

from __future__ import annotations

import dataclasses

import pytest

from registry.domain.institution import (
    Acceptance,
    Institution,
    InstitutionId,
    LendingUnit,
    LoanRules,
    PinAuthority,
    Publication,
    RulesText,
)
from registry.services.ports import RulesTextChangedError
from registry.storage.database import Database
from tests.registry.people import AGREEMENT, OTHER_UNIT, UNIT
from tests.registry.storage.rows import add_patron, publication, query, standing

TEXTS = {"nb": RulesText(short="Kort", full="Lang"), "se": RulesText(short="Oanehaš", full="Guhkki")}
FIRST = LendingUnit(
    id=UNIT,
    agreement=AGREEMENT,
    rules=LoanRules(version="1", texts=TEXTS, renew_acceptance=True),
    acceptance=Acceptance.DIGITAL,
    minimum_age=12,
    pin_authority=PinAuthority.REGISTER_THEN_ILS,
)
SECOND = LendingUnit(id=OTHER_UNIT, agreement=None, rules=None)
BRANCH = Institution(id=InstitutionId("NO-2030001"), name="Filial", parent=InstitutionId(UNIT), unit=UNIT)
MAIN = Institution(id=InstitutionId(UNIT), name="Hovedbiblioteket", unit=UNIT, agreement=AGREEMENT)
SERVICE = Institution(id=InstitutionId("filmtjenesten"), name="Film", agreement=AGREEMENT)
WHOLE = Publication(institutions=(MAIN, BRANCH, SERVICE), units=(FIRST, SECOND))


async def test_nothing_is_in_force_at_first(database: Database) -> None:
    async with database.unit_of_work() as work:
        assert await work.libraries.generation() == 0
        assert await work.libraries.published() == Publication()


async def test_what_is_published_comes_back(database: Database) -> None:
    async with database.unit_of_work() as work:
        # A branch may come before its parent.
        backward = Publication(institutions=(SERVICE, BRANCH, MAIN), units=(SECOND, FIRST))
        assert await work.libraries.publish(backward) == 1
    async with database.unit_of_work() as work:
        assert await work.libraries.generation() == 1
        assert await work.libraries.published() == WHOLE


async def test_the_same_content_keeps_the_generation(database: Database) -> None:
    async with database.unit_of_work() as work:
        assert await work.libraries.publish(WHOLE) == 1
    async with database.unit_of_work() as work:
        assert await work.libraries.publish(dataclasses.replace(WHOLE, units=(SECOND, FIRST))) == 1
        assert await work.libraries.publish(dataclasses.replace(WHOLE, institutions=(MAIN,))) == 2


async def test_an_empty_publication_is_a_generation_too(database: Database) -> None:
    async with database.unit_of_work() as work:
        assert await work.libraries.publish(Publication()) == 1
        assert await work.libraries.publish(Publication()) == 1


async def test_what_is_gone_is_kept_for_history_and_no_longer_in_force(database: Database) -> None:
    async with database.unit_of_work() as work:
        await work.libraries.publish(WHOLE)
        await add_patron(work)
        await work.standings.add(standing(unit=OTHER_UNIT))
        await work.libraries.publish(Publication(institutions=(MAIN,), units=(FIRST,)))
    async with database.unit_of_work() as work:
        assert await work.libraries.published() == Publication(institutions=(MAIN,), units=(FIRST,))
    assert len(await query(database, "SELECT id FROM institution")) == 3
    assert len(await query(database, "SELECT id FROM lending_unit")) == 2


@pytest.mark.parametrize(
    "text", [RulesText(short="Kort!", full="Lang"), RulesText(short="Kort", full="Lang!")], ids=["short", "full"]
)
async def test_a_published_text_never_changes(database: Database, text: RulesText) -> None:
    changed = dataclasses.replace(FIRST, rules=LoanRules(version="1", texts={"nb": text}))
    async with database.unit_of_work() as work:
        await work.libraries.publish(WHOLE)
        # Not even after it was out of force for a while.
        await work.libraries.publish(Publication())
    with pytest.raises(RulesTextChangedError, match=r"NO-2030000.*version 1.*nb"):
        async with database.unit_of_work() as work:
            await work.libraries.publish(publication(changed))
    async with database.unit_of_work() as work:
        assert await work.libraries.generation() == 2


async def test_a_new_version_brings_new_texts_and_the_old_ones_stay(database: Database) -> None:
    texts = {"en": RulesText(short="Short", full="Long")}
    newer = dataclasses.replace(FIRST, rules=LoanRules(version="2", texts=texts))
    async with database.unit_of_work() as work:
        await work.libraries.publish(publication(FIRST))
        await work.libraries.publish(publication(newer))
        assert await work.libraries.published() == publication(newer)
        assert await work.libraries.publish(publication(FIRST)) == 3
        assert await work.libraries.published() == publication(FIRST)
    assert len(await query(database, "SELECT language FROM rules_text")) == 3


async def test_a_language_may_come_and_go_without_a_new_version(database: Database) -> None:
    fewer = dataclasses.replace(FIRST, rules=LoanRules(version="1", texts={"nb": TEXTS["nb"]}, renew_acceptance=True))
    async with database.unit_of_work() as work:
        await work.libraries.publish(publication(fewer))
        await work.libraries.publish(publication(FIRST))
        assert await work.libraries.published() == publication(FIRST)
        await work.libraries.publish(publication(fewer))
        assert await work.libraries.published() == publication(fewer)
