"""The simulated Koha's patrons: found, created, changed and deleted, as older and newer versions do it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.simulators.koha import FirstPatron, KohaRequest, Profile, built_in_koha
from gateway.simulators.koha.wire import EMPTY
from tests.simulators.koha_asking import MARTE, NEW, Asking

both = pytest.mark.parametrize("profile", ["old", "new"])
LEAST = {name: NEW[name] for name in ("surname", "library_id", "category_id")}


@both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"cardnumber": "S100001", "_match": "exact"}, [4711]),
        ({"cardnumber": "s100001", "_match": "exact"}, [4711]),
        ({"cardnumber": "S10000", "_match": "exact"}, []),
        ({"cardnumber": "S10000"}, [4711, 4712]),
        ({"cardnumber": "S1", "_match": "starts_with"}, [4711, 4712]),
        ({"cardnumber": "3", "_match": "ends_with"}, [4712]),
        ({"userid": "marte", "_match": "exact"}, [4711]),
        ({"surname": "Åsvang", "date_of_birth": "2009-02-03"}, [4712]),
        ({"q": '{"cardnumber":"S100001"}'}, [4711]),
        ({"q": '{"cardnumber":"S100001","userid":"x"}'}, []),
        ({"q": '[{"cardnumber":"S100001"},{"userid":"kjaersti"}]'}, [4711, 4712]),
        ({"q": '{"surname":{"-like":"%jeld%"}}'}, [4711]),
        ({"_per_page": "1"}, [4711]),
        ({"_per_page": "1", "_page": "2"}, [4712]),
        ({"_per_page": "-1"}, [4711, 4712]),
    ],
)
def test_a_list_holds_who_is_meant(profile: Profile, query: dict[str, Any], found: list[int]) -> None:
    assert Asking(profile).found(**query) == found


@both
def test_an_attribute_is_searched_only_where_attributes_are_embedded(profile: Profile) -> None:
    first = FirstPatron(
        cardnumber="1", surname="Berg", library_id="HOVED", category_id="VOKSEN", attributes={"NLNR": "N000123456"}
    )
    asking = Asking(profile, replace(built_in_koha(), patrons=(first,)))
    query = json.dumps({"extended_attributes.code": "NLNR", "extended_attributes.attribute": "N000123456"})
    assert asking.found(embed=True, q=query) == [4711]
    assert asking.ask("GET", "/patrons", q=query).status == 400
    assert "extended_attributes" not in asking.ask("GET", "/patrons/4711").body


@pytest.mark.parametrize("query", [{"x": "1"}, {"cardnumber": "1", "patron": "2"}])
def test_a_parameter_that_is_unknown_is_refused_with_a_bare_list(query: dict[str, str]) -> None:
    answer = Asking().ask("GET", "/patrons", **query)
    assert answer.status == 400
    assert answer.body == [{"path": f"/query/{max(query)}", "message": "Malformed query string"}]


@pytest.mark.parametrize("query", [{"_match": "like"}, {"_per_page": "x"}, {"q": "{"}])
def test_a_query_that_is_none_is_refused(query: dict[str, str]) -> None:
    assert Asking().ask("GET", "/patrons", **query).status == 400


def test_a_newer_koha_counts_and_pages_and_an_older_one_gives_all() -> None:
    patrons = tuple(
        FirstPatron(cardnumber=f"S{number}", surname="Berg", library_id="HOVED", category_id="VOKSEN")
        for number in range(25)
    )
    world = replace(built_in_koha(), patrons=patrons)
    new, old = (Asking(profile, world).ask("GET", "/patrons") for profile in ("new", "old"))
    assert (len(new.body), new.headers["X-Total-Count"], new.headers["X-Base-Total-Count"]) == (20, "25", "25")
    assert (len(old.body), dict(old.headers)) == (25, {})


@both
def test_a_new_patron_is_answered_with_a_key_and_with_what_koha_fills_in(profile: Profile) -> None:
    asking = Asking(profile)
    answer = asking.ask("POST", "/patrons", {**NEW, "surname": " Ødegård ", "email": None})
    assert (answer.status, answer.headers["Location"]) == (201, "/api/v1/patrons/4713")
    told = {name: answer.body[name] for name in ("patron_id", "surname", "date_enrolled", "expiry_date", "restricted")}
    assert told == {
        "patron_id": 4713,
        "surname": "Ødegård",
        "date_enrolled": "2026-11-23",
        "expiry_date": "2031-11-23",
        "restricted": False,
    }
    assert ("preferred_name" in answer.body) is (profile == "new")
    assert asking.ask("GET", "/patrons/4713").body["cardnumber"] == "N000123456"
    assert asking.ask("POST", "/patrons", LEAST).body["userid"] == "ødegård"


NAMES = ("preferred_name", "middle_name", "pronouns", "protected", "primary_contact_method", "extended_attributes")


@both
@pytest.mark.parametrize("name", ["restricted", "anonymized", "patron_id", "expired", "password", "fodselsnummer"])
def test_what_is_only_read_or_unheard_of_is_refused_with_the_whole(profile: Profile, name: str) -> None:
    asking = Asking(profile)
    answer = asking.ask("POST", "/patrons", {**NEW, name: "x"})
    assert answer.status == 400
    assert answer.body["errors"] == [{"message": f"Properties not allowed: {name}.", "path": "/body"}]
    assert asking.found(cardnumber="N000123456") == []


@pytest.mark.parametrize("name", NAMES)
def test_fields_of_the_newer_versions_are_refused_by_the_older_ones(name: str) -> None:
    values: dict[str, Any] = {"protected": True, "extended_attributes": []}
    record = {**NEW, name: values.get(name, "x")}
    assert Asking("old").ask("POST", "/patrons", record).status == 400
    assert Asking("new").ask("POST", "/patrons", record).status == 201


@both
@pytest.mark.parametrize(
    ("body", "path"),
    [
        *(({name: value for name, value in NEW.items() if name != missing}, f"/body/{missing}") for missing in LEAST),
        ({**NEW, "date_of_birth": ""}, "/body/date_of_birth"),
        ({**NEW, "expiry_date": "31.01.2026"}, "/body/expiry_date"),
        ({**NEW, "surname": ""}, "/body/surname"),
        ({**NEW, "library_id": None}, "/body/library_id"),
        ({**NEW, "email": 7}, "/body/email"),
        ({**NEW, "patron_card_lost": "no"}, "/body/patron_card_lost"),
        ([NEW], "/body"),
        (None, "/body"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_place(profile: Profile, body: Any, path: str) -> None:
    answer = Asking(profile).ask("POST", "/patrons", body)
    assert (answer.status, [one["path"] for one in answer.body["errors"]]) == (400, [path])


CONFLICTS: list[tuple[Profile, dict[str, Any], int, str, str | None]] = [
    ("new", {"userid": "N1"}, 409, "Your action breaks a unique constraint on the attribute.", "borrowers.cardnumber"),
    ("old", {"userid": "N1"}, 409, "Your action breaks a unique constraint on the attribute.", "cardnumber"),
    ("new", {"cardnumber": "N1"}, 400, "Problem with N000123456", None),
    ("old", {"cardnumber": "N1"}, 409, "Problem with N000123456", "userid"),
    ("new", {"category_id": "X"}, 400, "Given category_id does not exist", None),
    ("old", {"library_id": "X"}, 400, "Given library_id does not exist", None),
    # The order of the newest: category, then userid, then library and card.
    ("new", {"category_id": "X", "library_id": "X"}, 400, "Given category_id does not exist", None),
    ("new", {}, 400, "Problem with N000123456", None),
]


@pytest.mark.parametrize(("profile", "changes", "status", "text", "conflict"), CONFLICTS)
def test_what_is_taken_or_unknown_is_refused_as_the_version_does(
    profile: Profile, changes: dict[str, Any], status: int, text: str, conflict: str | None
) -> None:
    asking = Asking(profile)
    assert asking.ask("POST", "/patrons", NEW).status == 201
    answer = asking.ask("POST", "/patrons", {**NEW, **changes})
    assert (answer.status, answer.body["error"], answer.body.get("conflict")) == (status, text, conflict)


@both
def test_the_same_name_and_birth_date_are_refused_where_a_newer_koha_is_told_to(profile: Profile) -> None:
    asking = Asking(profile, duplicate_match=True)
    asking.ask("POST", "/patrons", NEW)
    twin = {**NEW, "cardnumber": "N1", "userid": "N1"}
    answer = asking.ask("POST", "/patrons", twin)
    assert answer.status == (409 if profile == "new" else 201)
    if profile == "new":
        assert answer.body == {"error": "A patron record matching these details already exists"}
        headers = {"authorization": asking.authorization, "x-confirm-not-duplicate": "1"}
        assert asking.say("POST", "/patrons", twin, {}, headers).status == 201


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ([{"type": "NLNR", "value": "N1"}], None),
        ([{"type": "X", "value": "N1"}], "invalid_attribute_type"),
        ([{"type": "NLNR", "value": "N1"}, {"type": "NLNR", "value": "N2"}], "non_repeatable_attribute"),
        ([{"type": "NLNR", "value": "N0"}], "attribute_not_unique"),
        ([], "missing_mandatory_attribute"),
    ],
)
def test_attributes_are_judged(attributes: list[dict[str, str]], code: str | None) -> None:
    world = built_in_koha()
    kinds = tuple(replace(one, mandatory=True) for one in world.attribute_types)
    asking = Asking("new", replace(world, attribute_types=kinds))
    other = {**NEW, "cardnumber": "N0", "userid": "N0", "extended_attributes": [{"type": "NLNR", "value": "N0"}]}
    assert asking.ask("POST", "/patrons", other).status == 201
    answer = asking.ask("POST", "/patrons", {**NEW, "extended_attributes": attributes})
    assert (answer.status, answer.body.get("error_code")) == (400 if code else 201, code)


def test_attributes_of_a_change_replace_all_and_absent_ones_stay() -> None:
    asking = Asking()
    asking.ask("POST", "/patrons", {**NEW, "extended_attributes": [{"type": "NLNR", "value": "N1"}]})
    stored = asking.library.books.patrons[4713]
    asking.ask("PUT", "/patrons/4713", LEAST)
    assert stored.attributes == [("NLNR", "N1")]
    asking.ask("PUT", "/patrons/4713", {**LEAST, "extended_attributes": []})
    assert stored.attributes == []


@both
def test_a_change_keeps_what_is_left_out_and_clears_by_null(profile: Profile) -> None:
    asking = Asking(profile)
    asking.ask("POST", "/patrons", {**NEW, "email": "aase@example.org", "phone": "1"})
    answer = asking.ask("PUT", "/patrons/4713", {**LEAST, "phone": None, "expiry_date": "2026-01-31"})
    told = {name: answer.body[name] for name in ("email", "phone", "expiry_date", "cardnumber")}
    assert told == {
        "email": "aase@example.org",
        "phone": None,
        "expiry_date": "2026-01-31",
        "cardnumber": "N000123456",
    }
    again = asking.ask("PUT", "/patrons/4713", {**LEAST, "phone": None})
    assert (again.status, again.body is EMPTY) == ((204, True) if profile == "old" else (200, False))


@both
def test_a_whole_answer_sent_back_is_refused(profile: Profile) -> None:
    asking = Asking(profile)
    whole = asking.ask("GET", f"/patrons/{MARTE}").body
    assert asking.ask("PUT", f"/patrons/{MARTE}", whole).status == 400


@both
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", LEAST), ("DELETE", None)])
def test_nobody_is_not_found(profile: Profile, method: str, body: Any) -> None:
    assert Asking(profile).ask(method, "/patrons/9", body).status == 404


def test_a_superlibrarians_address_for_mail_is_not_changed() -> None:
    first = FirstPatron(cardnumber="1", surname="Sjef", library_id="HOVED", category_id="VOKSEN", superlibrarian=True)
    asking = Asking("new", replace(built_in_koha(), patrons=(first,)))
    answer = asking.ask("PUT", "/patrons/4711", {**LEAST, "email": "x@example.org"})
    assert (answer.status, answer.body["error"]) == (403, "Not enough privileges to change a superlibrarian's email")
    assert asking.ask("PUT", "/patrons/4711", LEAST).status == 200


@both
def test_patrons_of_other_libraries_may_be_invisible_and_their_numbers_are_taken_all_the_same(profile: Profile) -> None:
    asking = Asking(profile, sees_only="NORD")
    assert asking.found() == [4712]
    assert asking.ask("GET", f"/patrons/{MARTE}").status == 404
    assert asking.ask("POST", "/patrons", {**NEW, "cardnumber": "S100001"}).status == 409


@both
def test_who_has_loans_is_not_deleted_and_others_are(profile: Profile) -> None:
    asking = Asking(profile)
    kept = asking.ask("DELETE", "/patrons/4712")
    assert (kept.status, kept.body["error_code"]) == (409, "has_checkouts")
    gone = asking.ask("DELETE", f"/patrons/{MARTE}")
    assert (gone.status, gone.body is EMPTY) == ((200, False) if profile == "old" else (204, True))
    assert asking.found() == [4712]


@both
def test_surnames_are_stored_in_capitals_where_the_library_wants_it(profile: Profile) -> None:
    asking = Asking(profile, uppercase_surnames=True)
    assert asking.ask("POST", "/patrons", NEW).body["surname"] == "ØDEGÅRD"


@both
def test_under_maintenance_nothing_is_answered(profile: Profile) -> None:
    asking = Asking(profile, maintenance=True)
    answer = asking.ask("GET", "/patrons")
    assert (answer.status, answer.body) == (503, {"error": "System is under maintenance."})


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/patrons/4711"), ("GET", "/holds"), ("PUT", "/patrons/x")])
def test_what_the_interface_does_not_have_is_not_found(method: str, path: str) -> None:
    asking = Asking()
    assert asking.library.answer(KohaRequest(method=method, path=path)).status == 404
