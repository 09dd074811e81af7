"""What becomes of an entry when contact data, language or home library are changed."""

from __future__ import annotations

from typing import Any

import pytest

from registry.domain.changing import changed, is_mobile
from registry.domain.initiating import Fields, Objected, Objection, Part, Telephone
from registry.domain.institution import InstitutionId
from registry.domain.patron import Address, Language, Patron
from tests.registry.people import UNIT, patron

ELSEWHERE = InstitutionId("NO-2120100")
HERE = InstitutionId(UNIT)


def after(taken: Fields | None = None, added: Fields | None = None) -> Patron | Objected:
    return changed(patron(), taken or Fields(), added or Fields(), lambda place: place == HERE)


@pytest.mark.parametrize(
    ("written", "texts", "mobile"),
    [
        ("+47 400 12 345", False, True),
        ("0047 911 11 111", False, True),
        ("40012345", False, True),
        ("75 00 00 00", False, False),
        ("75 00 00 00", True, True),
        ("+46 70 000 00 00", False, False),
        ("+46 70 000 00 00", True, True),
    ],
)
def test_a_mobile_number_is_known_by_norways_plan_or_told_so(written: str, texts: bool, mobile: bool) -> None:
    assert is_mobile(Telephone(written, takes_texts=texts)) == mobile


@pytest.mark.parametrize(
    ("taken", "added", "expected"),
    [
        (Fields(), Fields(), {}),
        (Fields(telephones=(Telephone("40012345"),)), Fields(), {"mobile": None}),
        (Fields(telephones=(Telephone("+4775000000"),)), Fields(), {"phone": None}),
        (Fields(emails=("KJAERSTI@patron.example",)), Fields(), {"email": None}),
        (Fields(emails=("kjaersti@patron.example",)), Fields(emails=("ny@x.no",)), {"email": "ny@x.no"}),
        (Fields(), Fields(telephones=(Telephone("75 11 11 11"),)), {"phone": "75 11 11 11"}),
        (
            Fields(address=Address(lines=("hybelveien  2",), postal_code="9008", place="TROMSØ")),
            Fields(),
            {"temporary_address": None},
        ),
        (Fields(language=Language.NB), Fields(language=Language.SE), {"language": Language.SE}),
        (Fields(), Fields(home_library=HERE), {}),
        (Fields(home_library=HERE), Fields(home_library=HERE), {}),
    ],
)
def test_what_goes_must_be_there_and_what_comes_replaces_its_like(
    taken: Fields, added: Fields, expected: dict[str, Any]
) -> None:
    assert after(taken, added) == patron(**expected)


@pytest.mark.parametrize(
    ("taken", "added", "why", "part"),
    [
        (Fields(telephones=(Telephone("40012346"),)), Fields(), Objection.NOT_THERE, Part.TELEPHONE),
        (Fields(emails=("andre@patron.example",)), Fields(), Objection.NOT_THERE, Part.EMAIL),
        (Fields(language=Language.SE), Fields(), Objection.NOT_THERE, Part.LANGUAGE),
        (Fields(home_library=HERE), Fields(), Objection.NOT_THERE, Part.HOME_LIBRARY),
        (Fields(home_library=ELSEWHERE), Fields(home_library=HERE), Objection.NOT_THERE, Part.HOME_LIBRARY),
        (Fields(foreign=(Part.NAME,)), Fields(), Objection.NOT_THERE, Part.NAME),
        (Fields(), Fields(foreign=(Part.BIRTH_DATE, Part.NAME)), Objection.NOT_ALLOWED, Part.BIRTH_DATE),
        (Fields(), Fields(home_library=ELSEWHERE), Objection.NOT_ALLOWED, Part.HOME_LIBRARY),
        (Fields(), Fields(emails=("a@b@c",)), Objection.NOT_ALLOWED, Part.EMAIL),
        (Fields(), Fields(emails=("a\u0000@b.no",)), Objection.NOT_ALLOWED, Part.EMAIL),
        (Fields(), Fields(telephones=(Telephone("12"),)), Objection.NOT_ALLOWED, Part.TELEPHONE),
        (
            Fields(),
            Fields(address=Address(lines=("x" * 200,), postal_code="", place="")),
            Objection.NOT_ALLOWED,
            Part.ADDRESS,
        ),
        (Fields(), Fields(address=Address(lines=(), postal_code="", place="")), Objection.NOT_ALLOWED, Part.ADDRESS),
        (
            Fields(),
            Fields(address=Address(lines=("1", "2", "3", "4"), postal_code="", place="")),
            Objection.NOT_ALLOWED,
            Part.ADDRESS,
        ),
    ],
)
def test_what_may_not_be_changed_is_named(taken: Fields, added: Fields, why: Objection, part: Part) -> None:
    assert after(taken, added) == Objected(why, part)
