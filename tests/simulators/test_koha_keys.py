"""Who may ask a simulated Koha: tokens, accounts, permissions; and the passwords of its patrons."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from gateway.simulators.koha import KohaLibrary, Profile, built_in_koha
from gateway.simulators.koha.wire import EMPTY
from tests.simulators.koha_asking import MARTE, Asking

both = pytest.mark.parametrize("profile", ["old", "new"])


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("habits", "changes", "status", "text"),
    [
        ({}, {}, 200, None),
        ({}, {"grant_type": "password"}, 400, "Unimplemented grant type"),
        ({"oauth": False}, {}, 400, "Unimplemented grant type"),
        ({}, {"client_id": "other"}, 403, "unauthorized_client"),
        ({}, {"client_secret": "wrong"}, 403, "unauthorized_client"),
        ({}, {"client_secret": None}, 403, "unauthorized_client"),
        ({}, {"grant_type": None}, 400, None),
    ],
)
def test_a_token_is_given_for_a_key(
    habits: dict[str, Any], changes: dict[str, str | None], status: int, text: str | None
) -> None:
    answer = Asking("new", **habits).token(**changes)
    assert (answer.status, answer.body.get("error")) == (status, text)


def test_a_token_lasts_its_time() -> None:
    asking = Asking("new", token_seconds=60)
    assert asking.token().body["expires_in"] == 60
    assert asking.ask("GET", "/patrons").status == 200
    asking.clock.turn(59)
    assert asking.ask("GET", "/patrons").status == 200
    asking.clock.turn(1)
    answer = asking.ask("GET", "/patrons")
    assert (answer.status, answer.body) == (401, {"error": "Authentication failure."})


@pytest.mark.parametrize(
    ("switched_on", "headers", "status", "text"),
    [
        (False, basic("portvakt", "demo-storbyen-koha"), 401, "Basic authentication disabled"),
        (True, basic("portvakt", "demo-storbyen-koha"), 200, None),
        (True, basic("portvakt", "wrong"), 401, "Authentication failure."),
        (True, {"authorization": "Basic !"}, 401, "Authentication failure."),
        (True, {"authorization": "Bearer guessed"}, 401, "Authentication failure."),
        (True, {}, 401, "Authentication failure."),
    ],
)
def test_an_account_opens_only_where_that_is_switched_on(
    switched_on: bool, headers: dict[str, str], status: int, text: str | None
) -> None:
    answer = Asking("new", basic=switched_on).say("GET", "/patrons", None, {}, headers)
    assert answer.status == status
    assert text is None or answer.body["error"] == text


OLD_NEEDS = {"list": "1", "get": "edit_borrowers", "add": "edit_borrowers", "update": "1", "delete": "delete_borrowers"}
NEW_NEEDS = {**OLD_NEEDS, "list": "list_borrowers", "update": "edit_borrowers"}
ASKED = {
    "list": ("GET", "/patrons"),
    "get": ("GET", f"/patrons/{MARTE}"),
    "add": ("POST", "/patrons"),
    "update": ("PUT", f"/patrons/{MARTE}"),
    "delete": ("DELETE", f"/patrons/{MARTE}"),
}


@pytest.mark.parametrize("asked", ASKED)
@both
def test_a_missing_permission_is_named(profile: Profile, asked: str) -> None:
    world = built_in_koha()
    asking = Asking(profile, replace(world, key=replace(world.key, permissions=frozenset())))
    answer = asking.ask(*ASKED[asked])
    needed = (OLD_NEEDS if profile == "old" else NEW_NEEDS)[asked]
    assert (answer.status, answer.body["required_permissions"]) == (403, {"borrowers": needed})


@both
def test_who_may_list_may_not_create(profile: Profile) -> None:
    world = built_in_koha()
    permissions = frozenset({"list_borrowers"})
    asking = Asking(profile, replace(world, key=replace(world.key, permissions=permissions)))
    assert asking.ask("GET", "/patrons").status == (200 if profile == "new" else 403)
    assert asking.ask("POST", "/patrons", {}).status == 403


@pytest.mark.parametrize(
    ("first", "second", "status", "text"),
    [
        ("4821", "4821", 200, None),
        ("4821", "4822", 400, "Passwords don't match"),
        ("48", "48", 400, "Password length (2) is shorter than required (3)"),
        ("4821 ", "4821 ", 400, "[Password contains leading/trailing whitespace character(s)]"),
    ],
)
def test_a_password_is_set(first: str, second: str, status: int, text: str | None) -> None:
    answer = Asking().ask("POST", f"/patrons/{MARTE}/password", {"password": first, "password_2": second})
    assert answer.status == status
    assert answer.body == ("" if text is None else {"error": text})


@both
def test_a_password_is_validated_as_the_version_does(profile: Profile) -> None:
    asking = Asking(profile)
    validate = "/auth/password/validation"
    assert asking.ask("POST", validate, {"userid": "marte", "password": "!"}).status == 400
    asking.ask("POST", f"/patrons/{MARTE}/password", {"password": "4821", "password_2": "4821"})
    right = asking.ask("POST", validate, {"userid": "marte", "password": "4821"})
    wrong = asking.ask("POST", validate, {"userid": "marte", "password": "0000"})
    by_card = asking.ask("POST", validate, {"identifier": "S100001", "password": "4821"})
    both_names = asking.ask("POST", validate, {"userid": "marte", "identifier": "marte", "password": "4821"})
    assert (wrong.status, wrong.body, both_names.status) == (400, {"error": "Validation failed"}, 400)
    if profile == "old":
        assert (right.status, right.body is EMPTY, by_card.status) == (204, True, 400)
    else:
        told = {"cardnumber": "S100001", "userid": "marte", "patron_id": MARTE}
        assert (right.status, right.body, by_card.body) == (201, told, told)


def test_neither_a_key_nor_a_patron_shows_its_secrets() -> None:
    library: KohaLibrary = Asking().library
    library.books.patrons[MARTE].set_password("4821")
    shown = repr(library.world) + repr(library.books)
    for secret in ("demo-storbyen-koha", "4821", "Fjeldstad", library.books.patrons[MARTE].password):
        assert secret not in shown
