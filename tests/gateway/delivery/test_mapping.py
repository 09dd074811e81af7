"""What a lending unit's mapping makes of a patron, and which mappings are none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.delivery.mapping import AgeGroup, RecordMapping
from registry.domain.institution import InstitutionId
from registry.domain.patron import Language

NORD = InstitutionId("NO-2030001")


def mapping(**changes: Any) -> RecordMapping:
    usual: dict[str, Any] = {
        "categories": (AgeGroup(0, "BARN"), AgeGroup(15, "UNGDOM"), AgeGroup(18, "VOKSEN")),
        "default_branch": "HOVED",
    }
    return RecordMapping(**{**usual, **changes})


@pytest.mark.parametrize(
    ("age", "category"), [(0, "BARN"), (14, "BARN"), (15, "UNGDOM"), (17, "UNGDOM"), (18, "VOKSEN"), (104, "VOKSEN")]
)
def test_a_category_begins_at_its_age(age: int, category: str) -> None:
    assert mapping().category_for(age) == category


def test_who_is_not_born_yet_by_a_clock_that_is_wrong_is_of_the_youngest() -> None:
    assert mapping().category_for(-1) == "BARN"


def test_a_place_without_a_branch_of_its_own_gets_the_usual_one() -> None:
    branches = mapping(branches={NORD: "NORD"})
    assert branches.branch_for(NORD) == "NORD"
    assert branches.branch_for(InstitutionId("NO-2030002")) == "HOVED"


@pytest.mark.parametrize(
    ("years", "today", "expiry"),
    [
        (None, date(2026, 11, 23), None),
        (5, date(2026, 11, 23), date(2031, 11, 23)),
        (1, date(2028, 2, 29), date(2029, 2, 28)),
        (4, date(2028, 2, 29), date(2032, 2, 28)),
    ],
)
def test_an_expiry_is_years_away_or_left_to_the_library_system(
    years: int | None, today: date, expiry: date | None
) -> None:
    assert mapping(expiry_years=years).expiry_from(today) == expiry


def test_a_language_without_a_code_is_left_out() -> None:
    spoken = mapping(languages={Language.NB: "nb-NO"})
    assert spoken.language_for(Language.NB) == "nb-NO"
    assert spoken.language_for(Language.SE) is None
    assert spoken.language_for(None) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"categories": ()}, "the first category begins at age 0"),
        ({"categories": (AgeGroup(1, "A"),)}, "the first category begins at age 0"),
        ({"categories": (AgeGroup(0, "A"), AgeGroup(0, "B"))}, "each category begins at a higher age"),
        ({"categories": (AgeGroup(0, "A"), AgeGroup(18, "B"), AgeGroup(15, "C"))}, "each category begins at a higher"),
        ({"categories": (AgeGroup(0, ""),)}, "a code is a text"),
        ({"default_branch": " HOVED"}, "a code is a text"),
        ({"branches": {NORD: "N\n"}}, "a code is a text"),
        ({"languages": {Language.NB: ""}}, "a code is a text"),
        ({"expiry_years": 0}, "1 to 100 years"),
        ({"expiry_years": 101}, "1 to 100 years"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_when_it_is_built(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        mapping(**changes)
