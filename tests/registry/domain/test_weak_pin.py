from __future__ import annotations

from datetime import date

import pytest

from registry.domain.secret import Secret
from registry.domain.weak_pin import PinOwner, PinRules, is_weak

TODAY = date(2026, 11, 23)
OWNER = PinOwner(birth_date=date(1986, 5, 17), numbers=("N001234567", "+47 400 98 163"))


def weak(pin: str, rules: PinRules | None = None) -> bool:
    return is_weak(Secret(pin), OWNER, TODAY, rules or PinRules())


@pytest.mark.parametrize(
    "pin",
    [
        *("", "123", "12a4", "٤٨١٧", "48 17"),
        *("0000", "7777", "1234", "9876", "2468", "8901", "8642", "135791"),
        *("1212", "4884", "7799", "483483"),
        *("1920", "1986", "2036"),
        *("2580", "0007"),
        *("1705", "0517", "1786", "0586", "8605", "170586", "860517", "17051986"),
        *("3112", "1231", "2902"),
        *("2345", "3456", "5432", "9816", "6189"),
    ],
)
def test_a_pin_that_a_thief_tries_first_is_refused(pin: str) -> None:
    assert weak(pin)


@pytest.mark.parametrize("pin", ["4817", "5926", "3704", "8261", "9153", "6038", "7495", "2683", "583920"])
def test_a_pin_that_says_nothing_of_its_owner_is_taken(pin: str) -> None:
    assert not weak(pin)


def test_dates_of_others_may_be_allowed() -> None:
    rules = PinRules(refuse_all_dates=False)
    assert not weak("2807", rules)
    assert weak("1705", rules)


def test_the_rules_together_refuse_about_a_tenth_of_all_pins() -> None:
    refused = sum(weak(f"{pin:04d}") for pin in range(10_000))
    assert 950 <= refused <= 1100


def test_lengths_are_kept() -> None:
    rules = PinRules(minimum_length=5, maximum_length=6)
    assert weak("4817", rules)
    assert not weak("58392", rules)
    assert weak("5839274", rules)
