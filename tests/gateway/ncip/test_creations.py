"""CreateUser at the door: guests are taken in with their consent, people at a desk are registered."""

from __future__ import annotations

import asyncio

import pytest

from gateway.demo_world import FJORDBY, STORBYEN
from protocols.ncip import CreateUserResponse
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import Origin, StandingState
from tests.gateway.ncip.vendors import (
    HttpVendor,
    accepted,
    card_and_pin,
    create,
    delete,
    electronic,
    http,
    look_up,
    named,
    postal,
    problem_of,
    standing_of,
    user,
)
from tests.gateway.worlds import Served
from tests.protocols.ncip.documents import NO_NAME, credential, message
from tests.registry.placing import put

GUEST = card_and_pin("N001000001", "4817")
NOT_TOGETHER = "Unauthorized Combination Of Element Values For Agency"
FAILED = "User Authentication Failed"
ANDE = named("Næss", "Ánde")


async def made(vendor: HttpVendor, document: bytes) -> str:
    answer = await vendor.ask(document)
    assert isinstance(answer, CreateUserResponse)
    assert problem_of(answer) == ""
    assert answer.user_id is not None
    return answer.user_id.user_identifier_value


# Activation.


async def test_a_guest_who_accepts_with_the_pin_is_local_at_once(served: Served) -> None:
    async with http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Guest"
        assert await made(vendor, create(GUEST)) == "N001000001"
        after = await vendor.ask(look_up(GUEST))
    assert standing_of(after) == "Active"
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001000001"))
        assert card is not None
        (consent,) = await work.consents.of(card.patron)
        (standing,) = await work.standings.of(card.patron)
    assert (consent.unit, consent.rules_version, consent.channel, consent.language) == (STORBYEN, "3", "ils", "nn")
    assert consent.at.isoformat() == "2026-01-15T09:30:00+00:00"
    assert consent.text.startswith("Lånetida er 28 dagar")
    assert "storbyen-ils" in consent.evidence
    assert (standing.state, standing.origin, standing.local_id) == (StandingState.LOCAL, Origin.ACTIVATED, "N001000001")


async def test_the_name_in_an_activation_changes_nothing(served: Served) -> None:
    async with http(served) as vendor:
        await made(vendor, create(GUEST, named("Somebody", "Else"), born="2001-01-01T00:00:00Z"))
        page = await vendor.post(look_up(GUEST))
    assert "Bjørnstad".encode() in page.body
    assert b"1986-05-17" in page.body


async def test_an_equal_request_is_answered_alike_byte_for_byte_and_executed_once(served: Served) -> None:
    async with http(served) as vendor:
        pages = [await vendor.post(create(GUEST)) for _ in range(3)]
        assert len({page.body for page in pages}) == 1
        assert problem_of(pages[0].message) == ""
        other = create(GUEST, rows=accepted().replace("2026-01-15", "2026-01-16"))
        assert await vendor.problem(other) == "Duplicate User"
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001000001"))
        assert card is not None
        assert len(await work.consents.of(card.patron)) == 1


async def test_fifty_equal_requests_at_once_make_one_local_patron(served: Served) -> None:
    async def one() -> bytes:
        async with http(served) as vendor:
            return (await vendor.post(create(GUEST))).body

    assert len(set(await asyncio.gather(*(one() for _ in range(50))))) == 1
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001000001"))
        assert card is not None
        assert len(await work.consents.of(card.patron)) == 1


async def test_a_replay_still_needs_the_right_pin(served: Served) -> None:
    async with http(served) as vendor:
        await made(vendor, create(GUEST))
        assert await vendor.problem(create(card_and_pin("N001000001", "1111"))) == FAILED


async def test_after_the_standing_has_ended_the_same_words_are_a_new_consent(served: Served) -> None:
    async with http(served) as vendor:
        await made(vendor, create(GUEST))
        assert await vendor.problem(delete(user("N001000001"))) == ""
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Ended"
        await made(vendor, create(GUEST))
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Active"


@pytest.mark.parametrize(
    ("document", "expected"),
    {
        "no acceptance": (create(GUEST, rows=""), "Needed Data Missing"),
        "acceptance at another library": (create(GUEST, rows=accepted(FJORDBY, "1")), "Needed Data Missing"),
        "rules merely required": (create(GUEST, rows=accepted(status="Required")), "Needed Data Missing"),
        "another version": (create(GUEST, rows=accepted(version="2")), "Element Rule Violated"),
        "no version": (create(GUEST, rows=accepted(version="")), "Element Rule Violated"),
        "wrong PIN": (create(card_and_pin("N001000001", "1111")), FAILED),
        "empty PIN": (create(card_and_pin("N001000001", "")), FAILED),
        "unknown card": (create(card_and_pin("N009999999", "4817")), FAILED),
        "unknown card, real name": (create(card_and_pin("N009999999", "4817"), ANDE, born="1990-05-17"), FAILED),
        "two people": (create(user("N001000002") + GUEST), FAILED),
        "lost card": (create(card_and_pin("N001000003", "3704")), "User Access Denied"),
        "already local": (create(card_and_pin("N001000002", "5926")), "Duplicate User"),
        "already local, card alone": (create(user("N001000002")), "Duplicate User"),
        "a guest's card alone": (create(user("N001000001")), NOT_TOGETHER),
        "an unknown card alone": (create(user("N009999999")), NOT_TOGETHER),
        "an identity number": (create(user("17858610044")), "Element Rule Violated"),
        "a child alone at a digital library": (create(card_and_pin("N001000008", "7495")), "Element Rule Violated"),
        "nobody": (create(), "Needed Data Missing"),
        "a PIN without a card": (create(credential("PIN", "4817")), "Needed Data Missing"),
    }.values(),
    ids=lambda value: None if isinstance(value, bytes) else value,
)
async def test_nobody_is_taken_in_on_any_other_authority(document: bytes, expected: str, served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(document) == expected
        page = await vendor.post(look_up(GUEST))
    assert standing_of(page.message) == "Guest"


async def test_a_child_is_taken_in_at_a_library_where_everybody_accepts_at_the_desk(served: Served) -> None:
    async with http(served) as vendor:
        await made(vendor, create(card_and_pin("N001000008", "7495"), by="fjordby-ils"))
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001000008"))
        assert card is not None
        (consent,) = await work.consents.of(card.patron)
    assert consent.channel == "desk"


async def stands(served: Served, card: str, state: StandingState) -> None:
    async with served.register.database.unit_of_work() as work:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        work.changed(found.patron)
    await put(served.register.database, CardNumber(card), LendingUnitId(STORBYEN), state)


async def test_a_patron_who_waits_at_the_desk_is_taken_in_by_the_card_alone(served: Served) -> None:
    await stands(served, "N001000001", StandingState.AWAITING_DESK)
    async with http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Pending"
        assert await vendor.problem(create(user("N001000001"), by="fjordby-ils")) == NOT_TOGETHER
        await made(vendor, create(user("N001000001")))
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Active"
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001000001"))
        assert card is not None
        (consent,) = await work.consents.of(card.patron)
    assert consent.channel == "desk"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (StandingState.CONSENTED, "Temporary Processing Failure"),
        (StandingState.DELIVERING, "Temporary Processing Failure"),
        (StandingState.UNKNOWN, "Temporary Processing Failure"),
        (StandingState.NEEDS_STAFF, "User Access Denied"),
    ],
)
async def test_what_is_being_delivered_or_in_doubt_is_not_taken_over(
    state: StandingState, expected: str, served: Served
) -> None:
    await stands(served, "N001000001", state)
    async with http(served) as vendor:
        assert await vendor.problem(create(GUEST)) == expected


async def test_a_service_takes_nobody_in(served: Served) -> None:
    async with http(served) as vendor:
        document = create(GUEST, by="film", rows=accepted())
        assert await vendor.problem(document) == "Unauthorized Service For Agency"


# A new patron at a desk.

CONTACTS = (
    postal("Kirkeveien 12", "9520", "Kautokeino", role="Home")
    + electronic("tel", "+47 400 00 001")
    + electronic("mailto", "ande@patron.example")
)


async def test_somebody_at_a_desk_becomes_local_there_at_once(served: Served) -> None:
    document = create(user("N001234575"), ANDE, born="2008-11-02T00:00:00Z", more=CONTACTS)
    async with http(served) as vendor:
        assert await made(vendor, document) == "N001234575"
        assert await made(vendor, document) == "N001234575"
        page = await vendor.post(look_up(user("N001234575")))
        elsewhere = await vendor.problem(look_up(user("N001234575"), by="fjordby-ils"))
    assert standing_of(page.message) == "Active"
    assert elsewhere == NOT_TOGETHER
    for told in ("Næss", "Kirkeveien 12", "+47 400 00 001", "ande@patron.example", f"<ns1:AgencyId>{STORBYEN}"):
        assert told.encode() in page.body
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber("N001234575"))
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
    patron = found[0]
    assert (patron.home_library, patron.identity_proved, patron.registered_address) == (STORBYEN, False, None)


async def test_a_number_is_allocated_where_none_was_handed_out(served: Served) -> None:
    document = create("", ANDE, born="2008-11-02T00:00:00Z")
    async with http(served) as vendor:
        number = await made(vendor, document)
        assert number == await made(vendor, document)
    assert number.startswith("N")
    assert len(number) == 10


AGOT = named("Bjørnstad", "Ågot")


@pytest.mark.parametrize(
    ("document", "expected"),
    {
        "card in use": (create(user("N001000001"), ANDE, born="2008-11-02"), "Duplicate User"),
        "card of a deleted patron": (create(user("N001000009"), ANDE, born="2008-11-02"), "Duplicate User"),
        "card lost": (create(user("N001000003"), ANDE, born="2008-11-02"), "Duplicate User"),
        "person known": (create("", AGOT, born="1986-05-17"), "Duplicate User"),
        "person known, other case": (create("", named("BJØRNSTAD", "ågot"), born="1986-05-17"), "Duplicate User"),
        "no birth date": (create("", ANDE), "Needed Data Missing"),
        "birth date to come": (create("", ANDE, born="2999-01-01"), "Invalid Date"),
        "birth date long ago": (create("", ANDE, born="1799-01-01"), "Invalid Date"),
        "no date": (create("", ANDE, born="tomorrow"), "Invalid Date"),
        "a local number": (create(user("12345678"), ANDE, born="2008-11-02"), "Element Rule Violated"),
        "an identity number": (create(user("17858610044"), ANDE, born="2008-11-02"), "Element Rule Violated"),
        "no rules": (create("", ANDE, born="2008-11-02", rows=""), "Needed Data Missing"),
        "no e-mail address": (
            create("", ANDE, born="2008-11-02", more=electronic("mailto", "nobody")),
            "Unable To Add Element",
        ),
        "no name at all": (
            message("<CreateUser><UserId><UserIdentifierValue>N009999999</UserIdentifierValue></UserId></CreateUser>"),
            "Needed Data Missing",
        ),
    }.values(),
    ids=lambda value: None if isinstance(value, bytes) else value,
)
async def test_nobody_is_registered_twice_or_by_half(document: bytes, expected: str, served: Served) -> None:
    before = [card.number async for card in served.register.database.searches.cards()]
    async with http(served) as vendor:
        assert await vendor.problem(document) == expected
    assert [card.number async for card in served.register.database.searches.cards()] == before


async def test_whoever_was_registered_may_be_somebody_elses_namesake_only_with_another_birth_date(
    served: Served,
) -> None:
    async with http(served) as vendor:
        await made(vendor, create("", AGOT, born="1987-05-17"))


@pytest.mark.parametrize(
    ("told", "family", "given"),
    [
        ("Bjørnstad, Åse Marie", "Bjørnstad", "Åse Marie"),
        ("Åse Marie Bjørnstad", "Bjørnstad", "Åse Marie"),
        ("Bjørnstad", "Bjørnstad", ""),
    ],
)
async def test_a_name_may_be_one_text(told: str, family: str, given: str, served: Served) -> None:
    name = NO_NAME.replace(">-<", f">{told}<")
    async with http(served) as vendor:
        number = await made(vendor, create("", name, born="2008-11-02"))
    async with served.register.database.unit_of_work() as work:
        card = await work.cards.find(CardNumber(number))
        assert card is not None
        found = await work.patrons.find(card.patron)
        assert found is not None
    assert (found[0].family_name, found[0].given_name) == (family, given)
