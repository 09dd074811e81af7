"""The release table against its golden copy, and against whoever might walk around it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from registry.domain.release import NEUTRAL_ADDRESS, TABLE, WIRES, Audience, Release, View, release
from tests.registry.people import holder

PERSON = holder()
FIELDS = {item.name for item in fields(View)}

# Who may know what, told a second time: a change of the table is a change of the privacy policy and must be meant.
GOLDEN = {
    Audience.TERMINAL_UNPROVED: set(),
    Audience.TERMINAL_GUEST: {"given_name", "language"},
    Audience.TERMINAL_LOCAL: {"name", "language"},
    Audience.TERMINAL_SERVICE: {"language"},
    Audience.INITIATOR_GUEST: {"card_number", "name", "birth_date", "sex", "mobile_last_three"},
    Audience.INITIATOR_LOCAL: FIELDS - {"given_name", "mobile_last_three"},
    Audience.DELIVERY: FIELDS - {"given_name", "mobile_last_three"},
    Audience.PAGE: {"given_name", "language"},
    Audience.MAIL: {"email", "language"},
    Audience.OPERATOR: {"card_number", "name", "language", "home_library"},
    Audience.OPERATOR_WITH_REASON: FIELDS - {"given_name", "mobile_last_three"},
    Audience.PATRON_LOW: {"card_number", "name", "mobile", "phone", "email", "language", "home_library"},
    Audience.PATRON_SUBSTANTIAL: {
        *("card_number", "name", "temporary_address", "mobile", "phone", "email", "language", "home_library"),
    },
    Audience.PATRON_HIGH: FIELDS - {"given_name", "mobile_last_three"},
}


def known(view: View) -> set[str]:
    return {name for name in FIELDS if getattr(view, name) is not None}


@pytest.mark.parametrize("audience", Audience)
def test_an_audience_gets_exactly_what_the_policy_says(audience: Audience) -> None:
    assert known(release(PERSON.patron, PERSON.card, audience)) == GOLDEN[audience]


def test_the_table_is_complete_over_fields_and_audiences() -> None:
    assert set(TABLE) == FIELDS == set(WIRES)
    assert all(set(row) == set(Audience) for row in TABLE.values())


@pytest.mark.parametrize("audience", Audience)
def test_a_protected_address_leaves_for_nobody_but_the_patron(audience: Audience) -> None:
    protected = holder(protected=True)
    view = release(protected.patron, protected.card, audience)
    addresses = {view.registered_address, view.temporary_address} - {None, NEUTRAL_ADDRESS}
    assert not addresses or audience in {Audience.PATRON_HIGH, Audience.PATRON_SUBSTANTIAL}


def test_delivery_gets_a_marked_placeholder_where_an_address_is_protected() -> None:
    protected = holder(protected=True)
    assert release(protected.patron, protected.card, Audience.DELIVERY).registered_address is NEUTRAL_ADDRESS


@pytest.mark.parametrize("name", ["name", "email", "mobile", "phone"])
def test_a_masked_field_keeps_the_first_sign_and_the_last_two_at_most(name: str) -> None:
    shown = getattr(release(PERSON.patron, PERSON.card, Audience.PATRON_LOW), name)
    whole = getattr(PERSON.patron, name)
    if TABLE[name][Audience.PATRON_LOW] is Release.MASKED:
        assert shown == f"{whole[0]}***{whole[-2:]}"


def test_a_view_shows_no_value_in_its_repr() -> None:
    shown = repr(release(PERSON.patron, PERSON.card, Audience.INITIATOR_LOCAL))
    assert "Kjærsti" not in shown
    assert "name" in shown


@pytest.mark.parametrize(
    ("mobile", "told"), [("+47 400 12 345", "345"), ("40012345", "345"), ("345", None), ("", None), (None, None)]
)
def test_only_three_digits_of_a_whole_mobile_number_are_told_before_linkage(
    mobile: str | None, told: str | None
) -> None:
    person = holder(mobile=mobile)
    assert release(person.patron, person.card, Audience.INITIATOR_GUEST).mobile_last_three == told
