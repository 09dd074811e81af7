"""The stock of sample messages, where it is at hand: what the door makes of each, as is told beside them."""

from __future__ import annotations

import pytest

from gateway.ncip.cards import card_in
from gateway.ncip.wishes import accepted_rules, fields_in, name_in, person_in
from protocols.ncip import Claim, Codec, CreateUser, DeleteUser, LookupUser, Received, UpdateUser, claim_of
from registry.domain.initiating import Fields
from tests.protocols.ncip.oracle import SAMPLES, needs_samples

CODEC = Codec()
STORBYEN = frozenset({"no-2030000"})


def sample(prefix: str) -> object:
    """The message in a sample."""
    (path,) = (one for one in SAMPLES if one.name.startswith(prefix))
    found = CODEC.request(path.read_bytes())
    assert isinstance(found, Received)
    return found.message


@needs_samples
@pytest.mark.parametrize(
    ("prefix", "card", "pin"),
    [
        ("ex-01", "N001234567", "1234"),
        ("ex-06", "N001234567", None),
        ("ex-10", "N001234567", "1234"),
        ("ex-15", "N001234575", None),
        ("ex-20", "N001234567", None),
        ("ex-21", "N001234567", None),
        ("ex-24", "N001234567", None),
        ("ex-30", "N001234567", None),
        ("v1-10", "N001234567", "1234"),
        ("dirty-01", "N001234567", "1234"),
        ("dirty-02", "N001234567", None),
        ("dirty-03", "N001234567", "1234"),
        ("dirty-04", "N001234567", None),
        ("dirty-06", "N001234567", None),
        ("dirty-08", "N001234567", None),
        ("dirty-11", None, None),
        ("X_LookupUser_userid_and_auth", "N000000000", "0000"),
    ],
)
def test_a_sample_means_this_card_and_pin(prefix: str, card: str | None, pin: str | None) -> None:
    message = sample(prefix)
    assert isinstance(message, LookupUser | CreateUser | UpdateUser | DeleteUser)
    claim = claim_of(message)
    assert isinstance(claim, Claim)
    assert {card_in(number) for number in claim.numbers} == {card}
    assert (claim.proof.word if claim.proof else None) == pin


@needs_samples
@pytest.mark.parametrize(
    ("prefix", "version"), [("ex-10", "2026-01"), ("ex-15", "2026-01"), ("dirty-06", None), ("dirty-07", None)]
)
def test_a_sample_accepts_these_loan_rules(prefix: str, version: str | None) -> None:
    message = sample(prefix)
    assert isinstance(message, CreateUser)
    accepted = accepted_rules(message.user_privileges, STORBYEN)
    assert (accepted.version if accepted else None) == version


@needs_samples
def test_the_new_patron_of_the_samples_is_read_whole() -> None:
    message = sample("ex-15")
    assert isinstance(message, CreateUser)
    name = name_in(message.name_information)
    assert name == ("Næss", "Ánde")
    person = person_in(message, name)
    assert person is not None
    assert person.birth_date.isoformat() == "2008-11-02"
    assert person.contacts.language == "se"
    assert [one.number for one in person.contacts.telephones] == ["+4740000001"]
    assert person.contacts.address is not None
    assert (person.contacts.address.lines, person.contacts.address.postal_code) == (("Kirkeveien 12",), "9520")


@needs_samples
def test_the_changes_of_the_samples_are_read_whole() -> None:
    told: dict[str, tuple[Fields, Fields]] = {}
    for prefix in ("ex-20", "ex-21", "ex-24"):
        message = sample(prefix)
        assert isinstance(message, UpdateUser)
        taken = fields_in(message.delete_user_fields, message.name)
        added = fields_in(message.add_user_fields, message.name)
        assert isinstance(taken, Fields)
        assert isinstance(added, Fields)
        assert not (*taken.foreign, *added.foreign)
        told[prefix] = (taken, added)
    assert [fields.address.lines for fields in told["ex-20"] if fields.address] == [
        ("Studentveien 4",),
        ("Storgata 1",),
    ]
    pins = [fields.pin.reveal() for fields in told["ex-21"] if fields.pin]
    assert pins == ["1234", "5678"]
    assert told["ex-24"][1].home_library == "NO-2030000"
