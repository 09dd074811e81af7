"""Whom a request speaks of, and with what proof."""

from __future__ import annotations

import pytest

from protocols.ncip import (
    Claim,
    Codec,
    CreateUser,
    DeleteUser,
    LookupUser,
    Problem,
    Proof,
    Received,
    UpdateUser,
    claim_of,
    proof_in,
)
from tests.protocols.ncip import documents as d

CODEC = Codec()


def claim(body: str, service: str = "LookupUser") -> Claim | Problem:
    name = d.NO_NAME if service == "CreateUser" else ""
    found = CODEC.request(d.message(f"<{service}>{body}{name}</{service}>"))
    assert isinstance(found, Received)
    assert isinstance(found.message, LookupUser | CreateUser | UpdateUser | DeleteUser)
    return claim_of(found.message)


CLAIMS = {
    "card and PIN": (d.CARD_AND_PIN, Claim((d.CARD,), Proof(d.PIN))),
    "PIN first": (d.credential("pin", d.PIN) + d.credential("USERNAME", d.CARD), Claim((d.CARD,), Proof(d.PIN))),
    "a password": (
        d.credential("User Id", d.CARD) + d.credential("Password", "hest"),
        Claim((d.CARD,), Proof("hest", is_password=True)),
    ),
    "UserId alone": (d.USER_ID, Claim((d.CARD,))),
    "card alone": (d.credential("Barcode", d.CARD), Claim((d.CARD,))),
    "UserId and PIN": (d.USER_ID + d.credential("PIN", d.PIN), Claim((d.CARD,), Proof(d.PIN))),
    "UserId and the same card": (d.USER_ID + d.CARD_AND_PIN, Claim((d.CARD,), Proof(d.PIN))),
    "UserId and another card": (
        d.USER_ID + d.credential("Barcode Id", "N000000001") + d.credential("PIN", d.PIN),
        Claim((d.CARD, "N000000001"), Proof(d.PIN)),
    ),
    "an empty PIN": (d.USER_ID + d.credential("PIN", ""), Claim((d.CARD,), Proof(""))),
}


@pytest.mark.parametrize(("body", "expected"), CLAIMS.values(), ids=CLAIMS)
@pytest.mark.parametrize("service", ["LookupUser", "CreateUser", "UpdateUser", "DeleteUser"])
def test_a_claim_is_read(body: str, expected: Claim, service: str) -> None:
    assert claim(body, service) == expected


@pytest.mark.parametrize(
    ("body", "word", "about"),
    [
        (
            d.USER_ID + d.credential("MD5 Message Digest Algorithm", "0"),
            "Unknown Value From Known Scheme",
            "AuthenticationInputType",
        ),
        (d.CARD_AND_PIN + d.credential("PIN", "1"), "User Authentication Failed", "AuthenticationInput"),
        (d.credential("PIN", d.PIN), "Needed Data Missing", "UserId"),
        (d.credential("Barcode Id", " "), "Needed Data Missing", "UserId"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_a_problem(body: str, word: str, about: str) -> None:
    found = claim(body)
    assert isinstance(found, Problem)
    assert (found.problem_type.value, found.problem_element) == (word, about)


def test_a_new_patron_may_come_without_a_number() -> None:
    assert claim("", "CreateUser") == Claim()
    assert isinstance(claim(d.credential("PIN", d.PIN), "CreateUser"), Problem)


def test_a_change_of_pin_holds_the_old_and_the_new() -> None:
    body = (
        f"{d.USER_ID}<DeleteUserFields>{d.credential('PIN', '1234')}</DeleteUserFields>"
        f"<AddUserFields>{d.credential('PIN', '5678')}</AddUserFields>"
    )
    found = CODEC.request(d.message(f"<UpdateUser>{body}</UpdateUser>"))
    assert isinstance(found, Received)
    assert isinstance(found.message, UpdateUser)
    assert found.message.delete_user_fields is not None
    assert found.message.add_user_fields is not None
    assert proof_in(found.message.delete_user_fields.authentication_inputs, "UpdateUser") == Proof("1234")
    assert proof_in(found.message.add_user_fields.authentication_inputs, "UpdateUser") == Proof("5678")


def test_neither_number_nor_proof_is_shown() -> None:
    assert repr(claim(d.CARD_AND_PIN)) == "Claim(proof=Proof(is_password=False))"
