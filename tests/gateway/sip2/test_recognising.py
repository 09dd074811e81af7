"""A library system's 64 read as a sighting of a patron."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.sip2.forward_requests import IlsHabits
from gateway.sip2.recognising import asks_who, sighting
from protocols.sip2 import Codec, PatronInformationResponse
from registry.domain.recognition import Sighting
from tests.gateway.sip2.forwarded import AO, CARD, LOCAL_ID, NOW, made

BORN = date(1987, 3, 9)


def answer(**values: Any) -> PatronInformationResponse:
    """The answer about a patron whom the library system knows."""
    made_of = made("64", **({"patron_identifier": LOCAL_ID, "valid_patron": "Y"} | values))
    assert isinstance(made_of, PatronInformationResponse)
    return made_of


def test_what_is_told_is_read() -> None:
    found = sighting(answer(others=(("PB", "19870309"),)))
    assert found == Sighting(known=True, name="Hætta, Jonas Lie", birth_date=BORN, local_id=LOCAL_ID)


def test_what_is_not_told_is_nothing() -> None:
    found = sighting(answer(personal_name=" ", patron_identifier=""))
    assert found == Sighting(known=True)


@pytest.mark.parametrize(
    ("bl", "flags", "name", "known"),
    [
        ("Y", "YYYY", "", True),
        ("N", "", "Hætta", False),
        (None, "YYYY", "", False),
        ("", "YYYY", "Hætta", True),
        (None, "", "", True),
    ],
)
def test_a_card_is_known_by_bl_or_without_one_by_flags_and_name(
    bl: str | None, flags: str, name: str, known: bool
) -> None:
    assert sighting(answer(valid_patron=bl, patron_status=flags.ljust(14), personal_name=name)).known is known


def test_nothing_is_read_of_somebody_who_is_not_known() -> None:
    assert sighting(answer(valid_patron="N", others=(("PB", "19870309"),))) == Sighting(known=False)


@pytest.mark.parametrize(
    ("written", "born"),
    [
        ("19870309", BORN),
        (" 1987-03-09 ", BORN),
        ("19870309    000000", BORN),
        ("1987-03-09T00:00:00", BORN),
        ("20261124", None),
        ("18500101", None),
        ("19870230", None),
        ("870309", None),
        ("09.03.1987", None),
        ("STUDENT", None),
        ("", None),
    ],
)
def test_only_a_day_on_which_somebody_can_have_been_born_is_a_birth_date(written: str, born: date | None) -> None:
    assert sighting(answer(others=(("PB", written),))).birth_date == born


def test_a_birth_date_is_looked_for_where_the_library_system_tells_it() -> None:
    told = answer(others=(("PA", "19870309"), ("PB", "D")))
    assert sighting(told).birth_date is None
    assert sighting(told, IlsHabits(birth_date_tags=("PB", "PA"))).birth_date == BORN


def test_the_question_is_about_the_card_alone() -> None:
    asked = asks_who(CARD, institution=AO, now=NOW)
    assert Codec("utf-8").encode(asked).decode() == f"63000{NOW}          AO{AO}|AA{CARD}|"


def test_a_system_that_wants_ac_and_ad_gets_them_empty() -> None:
    habits = IlsHabits(wants_terminal_password=True, wants_empty_pin=True)
    assert Codec("utf-8").encode(asks_who(CARD, institution=AO, now=NOW, habits=habits)).endswith(b"|AC|AD|")


def test_a_sighting_shows_nobody() -> None:
    assert "Hætta" not in repr(sighting(answer(others=(("PB", "19870309"),))))
