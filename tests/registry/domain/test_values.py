from __future__ import annotations

import pickle
from datetime import date

import pytest

from registry.domain.institution import InstitutionId, is_library
from registry.domain.secret import Secret
from tests.registry.people import AGREEMENT, patron


def test_a_secret_is_shown_by_nothing_but_reveal() -> None:
    secret = Secret("4817")
    assert "4817" not in f"{secret} {secret!r} {[secret]} {vars}"
    assert secret.reveal() == "4817"


def test_a_secret_cannot_be_compared_hashed_or_copied_away() -> None:
    secret = Secret("4817")
    assert secret != Secret("4817")
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_an_empty_secret_is_no_secret() -> None:
    assert not Secret("")
    assert Secret("0")


def test_a_patron_shows_no_personal_data() -> None:
    shown = repr(patron())
    assert not any(text in shown for text in ("Kjærsti", "Ødegård", "1990", "400", "Lia", "patron.example"))


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2011, 11, 23), date(2026, 11, 22), 14),
        (date(2011, 11, 23), date(2026, 11, 23), 15),
        (date(2012, 2, 29), date(2027, 2, 28), 14),
        (date(2012, 2, 29), date(2027, 3, 1), 15),
    ],
)
def test_age_is_counted_in_whole_years(born: date, on: date, age: int) -> None:
    assert patron(birth_date=born).age_on(on) == age


@pytest.mark.parametrize(
    ("day", "valid"),
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2026, 12, 31), True), (date(2027, 1, 1), False)],
)
def test_an_agreement_holds_on_its_first_and_its_last_day(day: date, valid: bool) -> None:
    assert AGREEMENT.is_valid_on(day) is valid


@pytest.mark.parametrize(
    ("written", "library"),
    [("NO-2030000", True), ("NO-0030100", True), ("film", False), ("NO-203000", False), ("SE-2030000", False)],
)
def test_a_library_is_known_by_its_isil(written: str, library: bool) -> None:
    assert is_library(InstitutionId(written)) is library
