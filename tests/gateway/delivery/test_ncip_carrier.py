"""Bringing patrons over NCIP: what is sent, what an answer means for the courier, and that nothing else leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.delivery.carriers import (
    Brought,
    Duplicate,
    LookedUp,
    Lost,
    NotSent,
    NotThere,
    Rejected,
    SomebodyElse,
    There,
    Tried,
)
from gateway.delivery.ncip import NcipCarrier
from gateway.observability.redaction import is_word
from protocols.ncip import (
    BareProblem,
    CreateUser,
    CreateUserResponse,
    LookupUserResponse,
    Message,
    Problem,
    Received,
    UpdateUser,
    UpdateUserResponse,
)
from protocols.ncip.elements import NameInformation, PersonalNameInformation, UserId, UserOptionalFields
from protocols.ncip.schemes import Coded
from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryKind, Parcel
from registry.domain.patron import Address, Language
from registry.domain.release import NEUTRAL_ADDRESS, View
from tests.clocks import HandClock
from tests.gateway.delivery.outbox import parcel
from tests.gateway.ncip.ils_asking import LONG, SHORT, asking
from tests.gateway.ncip.ils_responder import CLOSES, CODEC, HANGS, Responder, Says, http, responding, says
from tests.protocols.ncip.oracle import is_valid

CARD, OLD = CardNumber("N001234567"), CardNumber("N000000077")
ACCEPTED = datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=UTC)
VIEW = View(
    card_number=CARD,
    name="Bjørnstad, Åse Marie",
    birth_date=date(1990, 5, 17),
    registered_address=Address(lines=("Ørneveien 3 B",), postal_code="9012", place="Tromsø"),
    mobile="+4740000000",
    email="ase@patron.example",
    language=Language.NN,
)


def newcomer(**changes: Any) -> Parcel:
    """Somebody who has accepted the rules."""
    return replace(parcel(), card=CARD, view=VIEW, rules_version="2026-1", accepted=ACCEPTED, **changes)


def user(number: str) -> UserId:
    return UserId(user_identifier_value=number)


def found(
    number: str = CARD, *others: str, name: str | None = "Åse Marie Bjørnstad", born: date | None = date(1990, 5, 17)
) -> LookupUserResponse:
    told = NameInformation(personal_name_information=PersonalNameInformation(unstructured_personal_user_name=name))
    return LookupUserResponse(
        user_id=user(number),
        user_optional_fields=UserOptionalFields(
            name_information=told if name else None, date_of_birth=born, user_ids=tuple(map(user, others))
        ),
    )


def no(word: str, to: type[Any] = LookupUserResponse) -> Message:
    declined: Message = to(problems=(Problem(problem_type=Coded(word)),))
    return declined


@asynccontextmanager
async def carrying(*answers: Says, short: bool = False) -> AsyncIterator[tuple[NcipCarrier, Responder]]:
    """A carrier to a library system that gives these answers."""
    async with responding(*answers) as ils, asking(ils.port, budgets=SHORT if short else LONG) as world:
        clock = HandClock()
        clock.monotonic = world.clock  # type: ignore[method-assign]
        yield NcipCarrier(world.client, clock), ils


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (found(), There(CARD)),
        (found("S200001", CARD), There("S200001")),
        (found(CARD, "S200001", CARD), There("S200001")),
        (found(name=None, born=None), There(CARD)),
        (found(name="-"), There(CARD)),
        (found(name="Kari Nordmann"), SomebodyElse("other_person")),
        (found(born=date(1990, 5, 18)), SomebodyElse("other_person")),
        (no("Unknown User"), NotThere()),
        (no("user not found"), NotThere()),
        (no("Non-Unique User"), SomebodyElse("several_persons")),
        (no("Temporary Processing Failure"), NotSent("temporary")),
        (no("Agency Authentication Failed"), NotSent("agency_authentication_failed", whole_unit=True)),
        (no("Unsupported Service"), NotSent("unsupported_service", whole_unit=True)),
        (no("User Authentication Failed"), NotSent("pin_wanted", whole_unit=True)),
        (no("Bad hair day of Åse"), NotSent("declined")),
        (BareProblem(problems=(Problem(problem_type=Coded("Unknown Service")),)), NotSent("unknown_service", True)),
        # An answer about somebody else proves nothing about anybody.
        (found("N009999999"), NotSent("other_patron")),
    ],
)
async def test_a_look_up_is_sorted_by_what_it_says_of_the_person(answer: Message, expected: LookedUp) -> None:
    async with carrying(says(answer)) as (carrier, ils):
        assert await carrier.look_up(newcomer(), 5.0) == expected
    assert all(map(is_valid, ils.bodies))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says(b"Gone", "401 Unauthorized"), NotSent("login_refused", whole_unit=True)),
        (says(b"Busy", "503 Service Unavailable"), NotSent("not_online")),
        (says(b"<html>"), NotSent("garbage")),
        (CLOSES, NotSent("closed")),
        (HANGS, NotSent("hung")),
    ],
)
async def test_a_look_up_without_an_answer_has_done_nothing(answer: Says, expected: LookedUp) -> None:
    async with carrying(answer, short=True) as (carrier, _):
        assert await carrier.look_up(newcomer(), 5.0) == expected


async def test_who_is_not_known_by_the_card_in_use_is_looked_for_by_former_ones() -> None:
    async with carrying(says(no("Unknown User")), says(found(OLD))) as (carrier, ils):
        assert await carrier.look_up(newcomer(former_cards=(OLD,)), 5.0) == There(OLD)
        assert [_asked_number(body) for body in ils.bodies] == [CARD, OLD]


async def test_a_person_of_whom_we_know_too_little_is_nobody_we_recognise() -> None:
    async with carrying(says(found())) as (carrier, _):
        assert await carrier.look_up(replace(newcomer(), view=View()), 5.0) == SomebodyElse("other_person")


CREATIONS: list[tuple[Says, Tried]] = [
    (says(CreateUserResponse(user_id=user("S200001"))), Brought("S200001")),
    (says(CreateUserResponse(user_id=user(CARD))), Brought(CARD)),
    (says(no("Duplicate User", CreateUserResponse)), Duplicate("duplicate_user")),
    (says(no("Temporary Processing Failure", CreateUserResponse)), NotSent("temporary")),
    (says(no("Needed Data Missing", CreateUserResponse)), Rejected("needed_data_missing")),
    (says(no("Element Rule Violated", CreateUserResponse)), Rejected("element_rule_violated")),
    (says(no("Ikke i dag, Åse", CreateUserResponse)), Rejected("declined")),
    (says(no("Unsupported Service", CreateUserResponse)), NotSent("unsupported_service", whole_unit=True)),
    (says(b"Nei", "403 Forbidden"), NotSent("login_refused", whole_unit=True)),
    (says(b"<html>Oops", "500 Internal Server Error"), Lost("unexpected_answer")),
    (says(b"<html>"), Lost("garbage")),
    (CLOSES, Lost("closed")),
    (HANGS, Lost("hung")),
    (Says((http(CreateUserResponse(user_id=user("S1")))[:200],), "close"), Lost("half_answer")),
    (says(b"Busy", "503 Service Unavailable"), NotSent("not_online")),
]


@pytest.mark.parametrize(("answer", "expected"), CREATIONS)
async def test_a_creation_is_done_refused_or_in_doubt(answer: Says, expected: Tried) -> None:
    async with carrying(answer, short=True) as (carrier, ils):
        assert await carrier.create(newcomer(), 5.0) == expected
        assert len(ils.bodies) == 1, "never sent again by itself"


async def test_a_library_system_that_cannot_be_reached_has_been_sent_nothing() -> None:
    async with responding(HANGS) as ils:
        port = ils.port
    async with asking(port) as world:
        clock = HandClock()
        clock.monotonic = world.clock  # type: ignore[method-assign]
        carrier = NcipCarrier(world.client, clock)
        assert await carrier.create(newcomer(), 5.0) == NotSent("refused")
        assert await carrier.look_up(newcomer(), 5.0) == NotSent("refused")


async def test_the_whole_record_is_sent_and_no_credential() -> None:
    async with carrying(says(CreateUserResponse(user_id=user("S1")))) as (carrier, ils):
        await carrier.create(newcomer(), 5.0)
        (body,) = ils.bodies
    assert is_valid(body)
    assert b"AuthenticationInput>" not in body
    sent = _read(body, CreateUser)
    assert sent.user_id is not None
    assert (sent.user_id.user_identifier_value, sent.date_of_birth) == (CARD, date(1990, 5, 17))
    assert [one.value for one in sent.user_languages] == ["nno"]
    assert {one.agency_user_privilege_type.value: one.user_privilege_description for one in sent.user_privileges} == {
        "Standing": None,
        "Loan Rules": "2026-1",
    }
    for text in ("Ørneveien 3 B", "9012", "Tromsø", "+4740000000", "ase@patron.example", "2026-11-20T09:30:15Z"):
        assert text.encode() in body


async def test_of_a_protected_patron_a_placeholder_is_sent() -> None:
    view = replace(VIEW, registered_address=NEUTRAL_ADDRESS)
    async with carrying(says(CreateUserResponse(user_id=user("S1")))) as (carrier, ils):
        await carrier.create(replace(newcomer(), view=view), 5.0)
        (body,) = ils.bodies
    assert is_valid(body)
    assert b"Adresse ikke oppgitt" in body
    assert b"rneveien" not in body


@pytest.mark.parametrize("local_id", ["S200001", CARD, None])
async def test_a_change_goes_to_the_id_that_the_library_system_knows(local_id: str | None) -> None:
    changed = newcomer(kind=DeliveryKind.UPDATE, local_id=local_id)
    async with carrying(says(UpdateUserResponse(user_id=user("S200001")))) as (carrier, ils):
        assert await carrier.update(changed, 5.0) == Brought("S200001")
        (body,) = ils.bodies
    assert is_valid(body)
    sent = _read(body, UpdateUser)
    assert sent.user_id is not None
    assert sent.user_id.user_identifier_value == (local_id or CARD)
    assert sent.delete_user_fields is None
    assert b"DateOfBirth" not in body
    assert b"ase@patron.example" in body


@pytest.mark.parametrize(
    ("answer", "changed", "ended"),
    [
        (no("Unknown User", UpdateUserResponse), Rejected("unknown_user"), Brought()),
        (no("Unable To Add Element", UpdateUserResponse), *[Rejected("unable_to_add_element")] * 2),
        (no("Temporary Processing Failure", UpdateUserResponse), *[NotSent("temporary")] * 2),
        (no("Unsupported Service", UpdateUserResponse), *[NotSent("unsupported_service", whole_unit=True)] * 2),
    ],
)
async def test_changes_and_ends_are_sorted_alike_but_for_who_has_gone(
    answer: Message, changed: Tried, ended: Tried
) -> None:
    async with carrying(says(answer)) as (carrier, _):
        assert await carrier.update(newcomer(local_id="S1"), 5.0) == changed
        assert await carrier.end(newcomer(local_id="S1"), 5.0) == ended


async def test_an_end_tells_that_the_standing_has_ended_and_deletes_nobody() -> None:
    async with carrying(says(UpdateUserResponse(user_id=user("S1")))) as (carrier, ils):
        assert await carrier.end(newcomer(kind=DeliveryKind.END, local_id="S1"), 5.0) == Brought("S1")
        (body,) = ils.bodies
    assert is_valid(body)
    sent = _read(body, UpdateUser)
    assert sent.add_user_fields is not None
    (row,) = sent.add_user_fields.user_privileges
    assert row.user_privilege_status is not None
    assert row.user_privilege_status.user_privilege_status_type.value == "Ended"
    for text in ("Bj", "ase@patron", "rneveien"):
        assert text.encode() not in body


def test_every_reason_is_a_word_that_a_log_may_hold() -> None:
    reasons = [getattr(expected, "reason", "brought") for _, expected in CREATIONS]
    assert [reason for reason in reasons if not is_word(reason)] == []


def _read(body: bytes, kind: type[Any]) -> Any:
    sent = CODEC.request(body)
    assert isinstance(sent, Received)
    assert isinstance(sent.message, kind)
    return sent.message


def _asked_number(body: bytes) -> str:
    sent = CODEC.request(body)
    assert isinstance(sent, Received)
    told: str = sent.message.user_id.user_identifier_value  # type: ignore[attr-defined]
    return told
