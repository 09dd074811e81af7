"""LookupUser at the door: what is told of whom, to whom, and on which proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gateway.demo_world import FJORDBY, STORBYEN
from protocols.ncip import LookupUserResponse, Response
from protocols.ncip import elements as e
from registry.activating import Ticket
from registry.domain.activating import Accepted
from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from tests.gateway.ncip.vendors import (
    HttpVendor,
    card_and_pin,
    create,
    delete,
    header,
    http,
    look_up,
    problem_of,
    standing_of,
    user,
)
from tests.gateway.worlds import Served, World, running
from tests.protocols.ncip.documents import credential

GUEST, LOCAL = card_and_pin("N001000001", "4817"), card_and_pin("N001000002", "5926")
FAILED = "User Authentication Failed"
NOT_GRANTED = "Unauthorized Combination Of Element Values For Agency"


async def told(vendor: HttpVendor, document: bytes) -> e.UserOptionalFields:
    answer = await vendor.ask(document)
    assert isinstance(answer, LookupUserResponse)
    assert not answer.problems
    assert answer.user_optional_fields is not None
    return answer.user_optional_fields


async def test_a_guest_gives_exactly_the_minimum(shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(look_up(GUEST))
        assert isinstance(answer, LookupUserResponse)
        fields = answer.user_optional_fields
    assert answer.user_id is not None
    assert answer.user_id.user_identifier_value == "N001000001"
    assert fields is not None
    assert fields.date_of_birth == date(1986, 5, 17)
    assert fields.name_information is not None
    person = fields.name_information.personal_name_information
    assert person is not None
    assert person.structured_personal_user_name == e.StructuredPersonalUserName(given_name="Ågot", surname="Bjørnstad")
    electronic = [one.electronic_address for one in fields.user_address_informations]
    assert [one.electronic_address_data for one in electronic if one] == ["101"]
    assert not any(one.physical_address for one in fields.user_address_informations)
    assert not fields.user_languages
    rows = [row.agency_user_privilege_type.value for row in fields.user_privileges]
    assert rows == ["Standing", "Loan Rules"]
    assert standing_of(answer) == "Guest"
    assert {block.block_or_trap_type.value for block in fields.block_or_traps} == {
        "Block Check Out",
        "Block Request Item",
        "Block Renewal",
    }


async def test_a_local_patron_gives_the_full_record(shared: Served) -> None:
    async with http(shared) as vendor:
        fields = await told(vendor, look_up(LOCAL))
    kinds = [
        one.electronic_address.electronic_address_type.value
        if one.electronic_address
        else one.user_address_role_type.value
        for one in fields.user_address_informations
    ]
    assert kinds == ["Home", "mailto", "tel"]
    assert [one.value for one in fields.user_languages] == ["sme"]
    rows = {row.agency_user_privilege_type.value: row.agency_id.value for row in fields.user_privileges}
    assert rows == {"Standing": STORBYEN, "Home Library": STORBYEN}
    assert not fields.block_or_traps


async def test_who_is_local_at_one_library_is_a_guest_at_another(shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(look_up(LOCAL, by="fjordby-ils"))
        assert isinstance(answer, LookupUserResponse)
    assert standing_of(answer) == "Guest"
    assert answer.user_optional_fields is not None
    assert not any(one.physical_address for one in answer.user_optional_fields.user_address_informations)


async def test_a_protected_address_is_told_to_nobody(shared: Served) -> None:
    async with http(shared) as vendor:
        fields = await told(vendor, look_up(card_and_pin("N001000007", "6038")))
    assert not any(one.physical_address for one in fields.user_address_informations)


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        (("Name Information",), {"name_information"}),
        (("name  information", "DATE OF BIRTH"), {"name_information", "date_of_birth"}),
        (("User Address Information",), {"user_address_informations"}),
        (("User Language", "User Privilege"), {"user_languages", "user_privileges"}),
    ],
)
async def test_what_is_asked_for_is_told_and_nothing_else(
    wanted: tuple[str, ...], present: set[str], shared: Served
) -> None:
    async with http(shared) as vendor:
        fields = await told(vendor, look_up(LOCAL, *wanted))
    assert {place.attribute for place, _ in fields.children()} == present


@pytest.mark.parametrize("wanted", ["User Id", "Authentication Input", "Favourite Colour"])
async def test_what_has_nothing_to_tell_tells_nothing(wanted: str, shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(look_up(LOCAL, wanted))
    assert isinstance(answer, LookupUserResponse)
    assert answer.user_id is not None
    assert answer.user_optional_fields is None


async def test_a_service_learns_that_the_patron_is_valid_and_no_more(shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(look_up(GUEST, by="film"))
    assert isinstance(answer, LookupUserResponse)
    assert (problem_of(answer), answer.user_optional_fields) == ("", None)


# The loan rules.

NEW_RULES = ('[lending_units.rules]\nversion = "3"', '[lending_units.rules]\nversion = "4"\nrenew_acceptance = true')


async def loan_rules(vendor: HttpVendor, who: str) -> list[tuple[str, str | None, datetime | None]]:
    """Status, version and time of the rows that tell of loan rules."""
    fields = await told(vendor, look_up(who))
    statuses = [
        (row.user_privilege_status, row.user_privilege_description)
        for row in fields.user_privileges
        if row.agency_user_privilege_type.value == "Loan Rules"
    ]
    return [
        (status.user_privilege_status_type.value, version, status.date_of_user_privilege_status)
        for status, version in statuses
        if status
    ]


@pytest.mark.parametrize("by_card", [True, False])
async def test_who_has_accepted_the_rules_is_told_with_version_and_time(by_card: bool, served: Served) -> None:
    who = user("N001000001") if by_card else GUEST
    async with http(served) as vendor:
        assert await loan_rules(vendor, who) == [("Required", "3", None)]
        assert await vendor.problem(create(GUEST)) == ""
        for _ in range(2):  # once with the database, once from memory
            accepted = ("Accepted", "3", datetime(2026, 1, 15, 9, 30, tzinfo=UTC))
            assert await loan_rules(vendor, who) == [accepted]
        # Whoever has left must accept anew.
        assert await vendor.problem(delete(user("N001000001"))) == ""
        assert await loan_rules(vendor, who) == [("Required", "3", None)]


async def test_a_local_patron_who_was_never_asked_and_need_not_answer_has_no_row(shared: Served) -> None:
    async with http(shared) as vendor:
        assert await loan_rules(vendor, LOCAL) == []


async def test_new_rules_are_required_of_local_patrons_until_they_say_yes_on_the_page(world: World) -> None:
    async with running(world) as served, http(served) as vendor:
        assert await vendor.problem(create(GUEST)) == ""
    world.rewrite_partners(NEW_RULES)
    async with running(world) as served, http(served) as vendor:
        for who in (GUEST, LOCAL, LOCAL):
            assert await loan_rules(vendor, who) == [("Required", "4", None)]
            answer = await vendor.ask(look_up(who))
            assert standing_of(answer) == "Active"
            assert not (await told(vendor, look_up(who))).block_or_traps
        await say_yes(served, "N001000002", "5926")
        ((status, version, at),) = await loan_rules(vendor, LOCAL)
        assert (status, version, at is not None) == ("Accepted", "4", True)
        assert await loan_rules(vendor, GUEST) == [("Required", "4", None)]


async def say_yes(served: Served, card: str, pin: str) -> None:
    """Accept the rules in force at Storbyen on its page."""
    portal, deadline = served.register.portal, served.clock.monotonic() + 20
    ticket = await portal.enter(InstitutionId(STORBYEN), CardNumber(card), None, Secret(pin), "a phone", deadline)
    assert isinstance(ticket, Ticket)
    visit = await portal.visit(ticket, deadline)
    assert visit is not None
    assert visit.offer is not None
    said = await portal.accept(ticket, visit.offer.version, visit.offer.language, deadline)
    assert said == Accepted(StandingState.LOCAL)


# How a card and a PIN may be told.


@pytest.mark.parametrize(
    "who",
    [
        user("N001000001") + credential("PIN", "4817"),
        user("N001000001") + card_and_pin("N001000001", "4817"),
        user(" n1000001 ") + card_and_pin("N001000001", "4817"),
        credential("Username", "n1000001") + credential("Password", "4817"),
        credential("User Id", "N01000001") + credential("pin", "4817"),
    ],
)
async def test_card_and_pin_may_be_told_in_many_ways(who: str, shared: Served) -> None:
    async with http(shared) as vendor:
        assert standing_of(await vendor.ask(look_up(who))) == "Guest"


async def test_a_librarys_own_number_means_its_patron(shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(look_up(user("S200002") + credential("PIN", "5926")))
        assert isinstance(answer, LookupUserResponse)
        assert answer.user_id is not None
        assert answer.user_id.user_identifier_value == "N001000002"
        # Both of them are the same person.
        assert not await vendor.problem(look_up(user("S200002") + LOCAL))
        # It means nobody to another library.
        elsewhere = look_up(user("S200002") + credential("PIN", "5926"), by="fjordby-ils")
        assert await vendor.problem(elsewhere) == FAILED


ALIKE = {
    "wrong PIN": card_and_pin("N001000001", "1111"),
    "unknown card": card_and_pin("N009999999", "4817"),
    "deleted card": card_and_pin("N001000009", "2683"),
    "unknown local number": card_and_pin("GRØNN-17", "4817"),
    "identity number": card_and_pin("17858610044", "4817"),
    "empty PIN": card_and_pin("N001000001", ""),
    "lost card, wrong PIN": card_and_pin("N001000003", "1111"),
    "ids of two people": user("N001000002") + GUEST,
    "ids of two people, both unknown": user("N009999998") + card_and_pin("N009999999", "4817"),
    "local number of another": user("S200002") + GUEST,
}


@pytest.mark.parametrize("who", ALIKE.values(), ids=ALIKE)
async def test_failures_are_told_apart_by_no_byte(who: str, shared: Served) -> None:
    async with http(shared) as vendor:
        page, wrong = await vendor.post(look_up(who)), await vendor.post(look_up(ALIKE["wrong PIN"]))
    assert problem_of(page.message) == FAILED
    assert (page.status, page.headers, page.body) == (wrong.status, wrong.headers, wrong.body)


@pytest.mark.parametrize(("card", "pin"), [("N001000003", "3704"), ("N001000004", "8261")], ids=["lost", "replaced"])
async def test_a_card_that_is_no_longer_in_use_is_denied_to_who_has_the_pin(
    card: str, pin: str, shared: Served
) -> None:
    async with http(shared) as vendor:
        assert await vendor.problem(look_up(card_and_pin(card, pin))) == "User Access Denied"


async def test_the_same_problem_comes_back_whatever_credential_type_cannot_be_checked(shared: Served) -> None:
    async with http(shared) as vendor:
        digest = look_up(user("N001000001") + credential("MD5 Message Digest Algorithm", "0" * 32))
        assert await vendor.problem(digest) == "Unknown Value From Known Scheme"


async def test_ids_that_disagree_are_an_attempt_on_neither_card(served: Served) -> None:
    async with http(served) as vendor:
        for _ in range(12):
            assert await vendor.problem(look_up(user("N001000002") + card_and_pin("N001000001", "1111"))) == FAILED
        assert standing_of(await vendor.ask(look_up(GUEST))) == "Guest"
        assert standing_of(await vendor.ask(look_up(LOCAL))) == "Active"
    assert served.hashed() == 0


async def test_wrong_pins_lock_a_card_at_this_door_as_at_the_other(served: Served) -> None:
    async with http(served) as vendor:
        for _ in range(3):
            await vendor.problem(look_up(card_and_pin("N001000001", "1111")))
        assert await vendor.problem(look_up(GUEST)) == FAILED
        assert standing_of(await vendor.ask(look_up(LOCAL))) == "Active"
    assert served.hashed() == 3


# At a service.


@pytest.mark.parametrize(
    ("card", "secret", "expected"),
    [
        ("N001000006", "9153", FAILED),
        ("N001000006", "fjellrev-og-mus-46", "User Access Denied"),
        ("S200002", "5926", "Element Rule Violated"),
    ],
    ids=["PIN though a password is set", "below the patron's own level", "local card"],
)
async def test_a_service_refuses_what_is_not_enough(card: str, secret: str, expected: str, shared: Served) -> None:
    async with http(shared) as vendor:
        who = credential("Barcode Id", card) + credential("Password", secret)
        assert await vendor.problem(look_up(who, by="film")) == expected


# Without a PIN.


async def test_a_card_alone_is_looked_up_by_who_was_granted_it(served: Served) -> None:
    async with http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(user("N001000001")))) == "Guest"
        assert standing_of(await vendor.ask(look_up(user("S200002")))) == "Active"
        assert await vendor.problem(look_up(user("N009999999"))) == "Unknown User"
        assert await vendor.problem(look_up(user("GRØNN-17"))) == "Unknown User"
        assert await vendor.problem(look_up(user("N001000003"))) == "User Access Denied"


@pytest.mark.parametrize("card", ["N001000001", "N001000007", "N009999999", "GRØNN-17"])
@pytest.mark.parametrize("initiator", ["fjordby-ils", "film"])
async def test_a_card_alone_is_refused_to_anybody_else_whoever_it_is(card: str, initiator: str, shared: Served) -> None:
    async with http(shared) as vendor:
        assert await vendor.problem(look_up(user(card), by=initiator)) == NOT_GRANTED


async def test_the_daily_budget_of_guests_outlives_a_restart(world: World) -> None:
    strangers = [f"N00900{number:04}" for number in range(19)]
    async with running(world) as served, http(served) as vendor:
        assert standing_of(await vendor.ask(look_up(user("N001000001")))) == "Guest"
        for stranger in strangers:
            assert await vendor.problem(look_up(user(stranger))) == "Unknown User"
        assert await vendor.problem(look_up(user("N009999999"))) == NOT_GRANTED
    async with running(world) as served, http(served) as vendor:
        assert await vendor.problem(look_up(user("N009999999"))) == NOT_GRANTED
        assert await vendor.problem(look_up(user("N001000006"))) == NOT_GRANTED
        # Who was looked at today costs nothing more, and the library's own patrons never cost anything.
        assert standing_of(await vendor.ask(look_up(user("N001000001")))) == "Guest"
        assert standing_of(await vendor.ask(look_up(user("N001000007")))) == "Active"
        served.clock.turn(24 * 3600 + 1)
        assert standing_of(await vendor.ask(look_up(user("N001000006")))) == "Guest"


async def test_an_answer_carries_nothing_of_the_header_but_its_agencies(shared: Served) -> None:
    head = header().replace("<FromAgencyId>", "<FromSystemId>storbyen-ils</FromSystemId><FromAgencyId>", 1)
    async with http(shared) as vendor:
        page = await vendor.post(look_up(GUEST, head=head))
    assert isinstance(page.message, Response)
    replied = page.message.response_header
    assert replied is not None
    assert b"Authentication" not in page.body
    assert b"demo-storbyen-ils" not in page.body
    assert b"4817" not in page.body
    assert replace(replied, to_system_id=None).from_agency_id is not None
    assert FJORDBY.encode() not in page.body
