"""What is sent of a patron to a Koha, and who is taken for the same person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.delivery.koha_records import changed_record, ended_record, fits, new_record, read_patron
from gateway.delivery.mapping import AgeGroup, RecordMapping
from registry.domain.delivery import Parcel
from registry.domain.patron import Address
from registry.domain.release import NEUTRAL_ADDRESS, View
from tests.gateway.delivery.koha_world import CARD, MAPPING, NEWER_CARD, VIEW, changed, parcel

TODAY = date(2026, 11, 23)
BARE = View(card_number=CARD, name="Ødegård", birth_date=date(1991, 3, 14))
STORED = {
    "patron_id": 4711,
    "cardnumber": CARD,
    "userid": CARD,
    "surname": "Ødegård",
    "firstname": "Åse Marie",
    "date_of_birth": "1991-03-14",
    "library_id": "HAVN",
    "category_id": "SENIOR",
}
PLAIN = RecordMapping(categories=(AgeGroup(0, "ALLE"),), default_branch="HOVED")


def created(one: Parcel, mapping: RecordMapping = MAPPING, attribute: str | None = None) -> dict[str, Any]:
    record = new_record(one, mapping, TODAY, attribute)
    assert record is not None
    return record


def updated(one: Parcel, mapping: RecordMapping = MAPPING, **stored: Any) -> dict[str, Any]:
    found = read_patron({**STORED, **stored})
    assert found is not None
    record = changed_record(found, one, mapping)
    assert record is not None
    return record


def test_a_new_patron_is_sent_with_both_numbers_and_all_that_the_library_may_have() -> None:
    assert created(parcel()) == {
        "cardnumber": CARD,
        "userid": CARD,
        "surname": "Ødegård",
        "firstname": "Åse Marie",
        "date_of_birth": "1991-03-14",
        "address": "Fjordveien 7",
        "address2": "H0201",
        "postal_code": "9990",
        "city": "Båtsfjord",
        "email": "aase@example.org",
        "phone": "+4778000001",
        "mobile": "+4790000001",
        "sms_number": "+4790000001",
        "lang": "se-NO",
        "library_id": "NORD",
        "category_id": "VOKSEN",
    }


def test_what_is_not_known_is_not_sent_of_a_new_patron() -> None:
    assert created(parcel(view=BARE), PLAIN) == {
        "cardnumber": CARD,
        "userid": CARD,
        "surname": "Ødegård",
        "date_of_birth": "1991-03-14",
        "library_id": "HOVED",
        "category_id": "ALLE",
    }


def test_an_expiry_and_an_attribute_are_sent_where_the_mapping_and_the_library_have_them() -> None:
    record = created(parcel(), replace(MAPPING, expiry_years=3), "NLNR")
    assert record["expiry_date"] == "2029-11-23"
    assert record["extended_attributes"] == [{"type": "NLNR", "value": CARD}]


def test_the_patrons_own_address_goes_before_the_registered_one_and_abroad_has_a_country() -> None:
    away = Address(lines=("Storgatan 1", "c/o Berg", "Lgh 3"), postal_code="95231", place="Kalix", country="SE")
    record = created(parcel(view=changed(temporary_address=away)))
    told = {name: record[name] for name in ("address", "address2", "postal_code", "city", "country")}
    assert told == {
        "address": "Storgatan 1",
        "address2": "c/o Berg, Lgh 3",
        "postal_code": "95231",
        "city": "Kalix",
        "country": "SE",
    }


def test_a_protected_address_is_sent_as_the_placeholder_that_was_released() -> None:
    view = changed(registered_address=NEUTRAL_ADDRESS, temporary_address=NEUTRAL_ADDRESS)
    record = updated(parcel(view=view))
    assert (record["address"], record["postal_code"], record["city"]) == ("Adresse ikke oppgitt", "0000", "-")
    assert record["address2"] is None


def test_a_change_clears_what_was_given_up_and_leaves_what_is_the_librarys() -> None:
    record = updated(parcel(view=changed(email=None, phone=None, mobile=None, registered_address=None)))
    assert record == {
        "surname": "Ødegård",
        "firstname": "Åse Marie",
        "date_of_birth": "1991-03-14",
        "email": None,
        "phone": None,
        "mobile": None,
        "sms_number": None,
        "lang": "se-NO",
        "library_id": "HAVN",
        "category_id": "SENIOR",
    }


def test_a_change_does_not_touch_notices_or_languages_that_the_mapping_leaves_to_the_library() -> None:
    assert not {"sms_number", "lang"} & updated(parcel(), PLAIN).keys()


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ({}, {"userid": NEWER_CARD}),
        ({"userid": "aase"}, {}),
        ({"cardnumber": "S100009"}, {"userid": NEWER_CARD}),
        # The login name is the local id here, and must stay.
        ({"cardnumber": None}, {}),
    ],
)
def test_a_newer_card_becomes_the_login_name_and_the_local_id_stays(
    stored: dict[str, Any], sent: dict[str, str]
) -> None:
    record = updated(parcel(card=NEWER_CARD, former_cards=(CARD,)), **stored)
    assert {name: value for name, value in record.items() if name in ("cardnumber", "userid")} == sent


@pytest.mark.parametrize("name", [None, "", " , Åse"])
def test_nobody_is_sent_without_a_family_name(name: str | None) -> None:
    found = read_patron(STORED)
    assert found is not None
    assert new_record(parcel(view=changed(name=name)), MAPPING, TODAY, None) is None
    assert changed_record(found, parcel(view=changed(name=name)), MAPPING) is None


@pytest.mark.parametrize(
    ("expires", "sent"),
    [(None, "2026-11-22"), ("2031-01-31", "2026-11-22"), ("2026-11-23", "2026-11-22"), ("2026-11-22", None)],
)
def test_an_end_is_an_expiry_of_yesterday_and_no_expiry_is_put_off(expires: str | None, sent: str | None) -> None:
    found = read_patron({**STORED, "expiry_date": expires})
    assert found is not None
    record = ended_record(found, VIEW, TODAY)
    whole = {"surname": "Ødegård", "library_id": "HAVN", "category_id": "SENIOR", "expiry_date": sent}
    assert record == (None if sent is None else whole)


@pytest.mark.parametrize(
    ("stored", "same"),
    [
        ({}, True),
        ({"surname": "ØDEGÅRD", "firstname": "ÅSE MARIE"}, True),
        ({"surname": "Odegard", "firstname": "Ase"}, True),
        ({"date_of_birth": None}, True),
        ({"surname": "Berg", "firstname": "Jonas"}, False),
        ({"date_of_birth": "1991-03-15"}, False),
        ({"date_of_birth": "14.03.1991"}, False),
        ({"surname": None, "firstname": None}, False),
    ],
)
def test_the_same_person_has_this_name_and_birth_date(stored: dict[str, Any], same: bool) -> None:
    found = read_patron({**STORED, **stored})
    assert found is not None
    assert fits(found, VIEW) is same


@pytest.mark.parametrize("body", [None, [], "x", {}, {"patron_id": "4711"}, {"patron_id": True}, {"patron_id": 0}])
def test_what_has_no_key_is_no_patron(body: object) -> None:
    assert read_patron(body) is None


def test_odd_values_in_an_answer_are_read_as_absent() -> None:
    odd = {"patron_id": 1, "cardnumber": 17, "surname": ["x"], "extended_attributes": [1, {"type": "A"}, {}]}
    found = read_patron(odd)
    assert found is not None
    assert (found.card, found.surname, found.attributes) == (None, "", ())


def test_neither_a_found_patron_nor_a_parcel_shows_anybody() -> None:
    shown = repr(read_patron(STORED)) + repr(parcel())
    assert not [value for value in map(str, STORED.values()) if value in shown]
