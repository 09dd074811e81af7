"""The vectors are synthetic (+80) but for the tax authority's own published examples of the rule from 2032."""

from __future__ import annotations

import pytest

from registry.domain.identity_number import NumberPolicy, is_accepted, kind_of
from registry.domain.secret import Secret

SYNTHETIC = [
    *("01819000200", "01819000219", "01819000227", "01819000235"),
    *("01819012365", "01819012373", "01819012381"),
    *("04831250076", "04831250084", "04831250092"),
    *("04831299954", "04831299962", "04831299970", "04831299989"),
    *("15845512334", "15845512342", "15845512350", "15845512369"),
    "29820050043",
]
SYNTHETIC_D = ["41819012359", "41819012367", "41819012375", "41819012383"]
PUBLISHED_EXAMPLES = ["02013299997", "02013299806", "30108299920", "30108299939", "02013299903"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        *((number, "fnr+80") for number in SYNTHETIC),
        *((number, "dnr+80") for number in SYNTHETIC_D),
        *((number, "fnr") for number in PUBLISHED_EXAMPLES),
        ("01419000228", "fnr+40"),
        ("01669000274", "fnr+65"),
        ("41419000211", "dnr+40"),
    ],
)
def test_every_residue_of_the_rule_from_2032_is_a_correct_number(number: str, kind: str) -> None:
    assert kind_of(number) == kind


@pytest.mark.parametrize(
    "number",
    ["29829900384", "30820000230", "00819000271", "01939000239", "12345678910", "52345678910", "", "1", "0181900020x"],
)
def test_wrong_sums_dates_and_signs_are_no_numbers(number: str) -> None:
    assert kind_of(number) is None


@pytest.mark.parametrize("number", SYNTHETIC + SYNTHETIC_D)
def test_a_synthetic_number_is_accepted_in_test_and_never_in_production(number: str) -> None:
    assert is_accepted(Secret(number), NumberPolicy.TEST)
    assert not is_accepted(Secret(number), NumberPolicy.PRODUCTION)


@pytest.mark.parametrize("number", PUBLISHED_EXAMPLES)
def test_a_production_number_is_never_accepted_in_test(number: str) -> None:
    assert is_accepted(Secret(number), NumberPolicy.PRODUCTION)
    assert not is_accepted(Secret(number), NumberPolicy.TEST)


@pytest.mark.parametrize("position", range(11))
def test_one_wrong_digit_is_found(position: int) -> None:
    number = "01819012365"
    wrong = number[:position] + str((int(number[position]) + 5) % 10) + number[position + 1 :]
    assert kind_of(wrong) is None
