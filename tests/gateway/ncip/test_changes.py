"""UpdateUser, DeleteUser and the reports: what a library may change of its own patrons, and of nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from gateway.demo_world import FJORDBY, STORBYEN
from protocols.ncip import UserCreatedResponse, UserUpdatedResponse
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Patron, StoredSecret
from registry.domain.standing import StandingState
from registry.storage import tables
from tests.gateway.ncip.vendors import (
    card_and_pin,
    create,
    delete,
    electronic,
    header,
    home_library,
    http,
    look_up,
    named,
    postal,
    problem_of,
    standing_of,
    update,
    user,
)
from tests.gateway.worlds import Served
from tests.protocols.ncip.documents import NO_NAME, credential, message
from tests.registry.placing import put

JONAS = user("N001000002")
MAIL = "n001000002@patron.example"
FAILED = "User Authentication Failed"


async def patron(served: Served, card: str = "N001000002") -> Patron:
    async with served.register.database.unit_of_work() as work:
        found = await work.cards.find(CardNumber(card))
        assert found is not None
        person = await work.patrons.find(found.patron)
        assert person is not None
    return person[0]


async def changed_elsewhere(served: Served, **fields: Any) -> None:
    """Change an entry as its patron would, on a page of their own."""
    person = await patron(served)
    async with served.register.database.unit_of_work() as work:
        await work.patrons.change(replace(person, **fields))
        work.changed(person.id)


async def test_contact_data_is_exchanged(served: Served) -> None:
    async with http(served) as vendor:
        document = update(
            JONAS,
            electronic("mailto", MAIL.upper()),
            electronic("mailto", "ny@patron.example")
            + electronic("tel", "75 00 00 00")
            + electronic("sms", "+46 70 000 00 00")
            + postal("Hybelveien 2", "9008", "Tromsø")
            + "<UserLanguage>nno</UserLanguage>",
        )
        assert await vendor.problem(document) == ""
        # A lost answer: the same again is answered alike, though what it takes away is gone.
        assert await vendor.problem(document) == ""
        page = await vendor.post(look_up(card_and_pin("N001000002", "5926")))
    told = await patron(served)
    assert (told.email, told.phone, told.mobile) == ("ny@patron.example", "75 00 00 00", "+46 70 000 00 00")
    assert told.temporary_address is not None
    assert (told.temporary_address.lines, told.temporary_address.place) == (("Hybelveien 2",), "Tromsø")
    assert told.language == "nn"
    for value in ("ny@patron.example", "Hybelveien 2", "75 00 00 00", "nno"):
        assert value.encode() in page.body


async def test_what_comes_alone_replaces_its_like(served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(update(JONAS, added=electronic("tel", "+47 911 11 111"))) == ""
    assert (await patron(served)).mobile == "+47 911 11 111"


async def test_what_goes_alone_is_gone(served: Served) -> None:
    async with http(served) as vendor:
        gone = electronic("tel", "40055102") + electronic("mailto", MAIL)
        assert await vendor.problem(update(JONAS, gone)) == ""
    told = await patron(served)
    assert (told.mobile, told.email) == (None, None)


REFUSED = {
    "a name": (update(JONAS, added=named("Ny", "Ny")), "Unable To Add Element"),
    "the same name": (update(JONAS, added=named("Hætta", "Jonas Lie")), "Unable To Add Element"),
    "a birth date": (update(JONAS, added="<DateOfBirth>1994-11-09</DateOfBirth>"), "Unable To Add Element"),
    "the registered address": (
        update(JONAS, added=postal("Nyveien 1", "0184", "Byen", "Home")),
        "Unable To Add Element",
    ),
    "the registered address taken away": (
        update(JONAS, postal("Storgata 12", "0184", "Storbyen", "Home")),
        "Unable To Delete Element",
    ),
    "a language nobody speaks here": (
        update(JONAS, added="<UserLanguage>tlh</UserLanguage>"),
        "Unable To Add Element",
    ),
    "no e-mail address": (update(JONAS, added=electronic("mailto", "a b@c")), "Unable To Add Element"),
    "no telephone number": (update(JONAS, added=electronic("tel", "ring me")), "Unable To Add Element"),
    "an old value that is not there": (
        update(JONAS, electronic("mailto", "andre@patron.example"), electronic("mailto", "ny@patron.example")),
        "Unable To Delete Element",
    ),
    "an address that is not there": (
        update(JONAS, postal("Hybelveien 2", "9008", "Tromsø")),
        "Unable To Delete Element",
    ),
    "a home library elsewhere": (update(JONAS, added=home_library(FJORDBY)), "Unable To Add Element"),
    "a home library that is none any more": (
        update(JONAS, added=home_library(STORBYEN).replace(">Active<", ">Ended<")),
        "Unable To Add Element",
    ),
    "a home library nowhere": (update(JONAS, added=home_library("NO-9999999")), "Unable To Add Element"),
    "the home library taken away": (update(JONAS, home_library(STORBYEN)), "Unable To Delete Element"),
    "a standing": (
        update(JONAS, added=home_library(STORBYEN).replace("Home Library", "Standing")),
        "Unable To Add Element",
    ),
    "a new PIN that is weak": (
        update(JONAS, credential("PIN", "5926"), credential("PIN", "1234")),
        "Unable To Add Element",
    ),
    "a new PIN out of the identity number": (
        update(JONAS, credential("PIN", "5926"), credential("PIN", "9194")),
        "Unable To Add Element",
    ),
    "the same backwards": (
        update(JONAS, credential("PIN", "5926"), credential("PIN", "4919")),
        "Unable To Add Element",
    ),
    "the old PIN again": (update(JONAS, credential("PIN", "5926"), credential("PIN", "5926")), "Unable To Add Element"),
    "a PIN taken away": (update(JONAS, credential("PIN", "5926")), "Unable To Delete Element"),
    "a new PIN without the old": (update(JONAS, added=credential("PIN", "8064")), FAILED),
    "a new PIN with an empty old": (update(JONAS, credential("PIN", ""), credential("PIN", "8064")), FAILED),
    "a new PIN with a wrong old": (update(JONAS, credential("PIN", "1111"), credential("PIN", "8064")), FAILED),
    "a password": (update(JONAS, added=credential("Password", "et langt passord")), "Unable To Add Element"),
    "a wrong PIN beside the id": (
        update(card_and_pin("N001000002", "1111"), added=electronic("tel", "91111111")),
        FAILED,
    ),
    "a guest": (update(user("N001000001"), added=electronic("tel", "91111111")), "Unknown User"),
    "a stranger": (update(user("N009999999"), added=electronic("tel", "91111111")), "Unknown User"),
    "another library's patron": (
        update(user("N001000002"), added=electronic("tel", "91111111"), by="fjordby-ils"),
        "Unknown User",
    ),
    "somebody of two": (update(user("N001000001") + card_and_pin("N001000002", "5926")), FAILED),
}


@pytest.mark.parametrize(("document", "expected"), REFUSED.values(), ids=REFUSED)
async def test_what_may_not_be_changed_is_refused_whole(document: bytes, expected: str, served: Served) -> None:
    before = await patron(served)
    async with http(served) as vendor:
        assert await vendor.problem(document) == expected
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000002", "5926")))) == "Active"
    assert (await patron(served)).email == before.email
    assert (await patron(served)).mobile == before.mobile


async def test_one_thing_that_may_not_be_changed_keeps_all_the_others(served: Served) -> None:
    added = electronic("tel", "91111111") + named("Ny", "Ny")
    async with http(served) as vendor:
        document = update(JONAS, added=named("Ny", "Ny") + electronic("tel", "91111111"))
        assert await vendor.problem(document) == "Unable To Add Element"
        assert await vendor.problem(update(JONAS, added=added)) == "Unable To Add Element"
    assert (await patron(served)).mobile == "+47 400 55 102"


async def test_a_pin_is_exchanged_for_a_new_one_by_who_knows_the_old(served: Served) -> None:
    document = update(JONAS, credential("PIN", "5926"), credential("PIN", "8064"))
    async with http(served) as vendor:
        assert await vendor.problem(document) == ""
        assert await vendor.problem(document) == "", "a lost answer, asked for again"
        assert await vendor.problem(look_up(card_and_pin("N001000002", "5926"))) == FAILED
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000002", "8064")))) == "Active"
    assert served.hashed() == 1


@pytest.mark.parametrize("old", ["", credential("PIN", ""), credential("PIN", "2469")], ids=["none", "empty", "guess"])
async def test_a_first_pin_is_not_set_from_here_for_nobody_has_an_old_one_to_prove(old: str, served: Served) -> None:
    async with http(served) as vendor:
        registered = create(user("N001234575"), named("Næss", "Ánde"), born="2008-11-02")
        assert await vendor.problem(registered) == ""
        assert await vendor.problem(update(user("N001234575"), old, credential("PIN", "8064"))) == FAILED
        assert await vendor.problem(look_up(card_and_pin("N001234575", "8064"))) == FAILED


async def test_an_equal_change_is_made_anew_where_somebody_else_has_changed_it_since(served: Served) -> None:
    first = update(JONAS, electronic("mailto", MAIL), electronic("mailto", "ny@patron.example"))
    back = electronic("mailto", MAIL)
    async with http(served) as vendor:
        assert await vendor.problem(first) == ""
        await changed_elsewhere(served, email=MAIL)
        assert await vendor.problem(first) == ""
        assert (await patron(served)).email == "ny@patron.example"
        taken = update(JONAS, electronic("mailto", "ny@patron.example"))
        assert await vendor.problem(taken) == ""
        assert await vendor.problem(taken) == "", "a lost answer, asked for again"
        await changed_elsewhere(served, email="ny@patron.example")
        assert await vendor.problem(taken) == ""
        assert (await patron(served)).email is None
        assert await vendor.problem(update(JONAS, added=back)) == ""


async def test_an_equal_change_of_pin_is_not_done_where_the_pin_is_another_by_now(served: Served) -> None:
    there = update(JONAS, credential("PIN", "5926"), credential("PIN", "8064"))
    back = update(JONAS, credential("PIN", "8064"), credential("PIN", "5926"))
    async with http(served) as vendor:
        assert [await vendor.problem(one) for one in (there, there, back)] == ["", "", ""]
        assert await vendor.problem(there) == ""
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000002", "8064")))) == "Active"
        jonas = (await patron(served)).id
        async with served.register.database.unit_of_work() as work:
            await work.patrons.set_pin(jonas, StoredSecret(hashed="", pepper="gone"))
            work.changed(jonas)
        assert await vendor.problem(there) == FAILED


async def test_the_home_library_may_be_any_where_the_patron_is_local(served: Served) -> None:
    async with http(served) as vendor:
        document = update(user("N001000007"), home_library(STORBYEN), home_library(FJORDBY))
        assert await vendor.problem(document) == ""
    assert (await patron(served, "N001000007")).home_library == FJORDBY


# Ending.


async def test_an_end_ends_that_institutions_standing_and_no_other(served: Served) -> None:
    ragnhild = card_and_pin("N001000007", "6038")
    async with http(served) as vendor:
        assert await vendor.problem(delete(user("N001000007"), by="fjordby-ils")) == ""
        assert await vendor.problem(delete(user("N001000007"), by="fjordby-ils")) == "", "repeated, it succeeds"
        assert standing_of(await vendor.ask(look_up(ragnhild, by="fjordby-ils"))) == "Ended"
        assert standing_of(await vendor.ask(look_up(ragnhild))) == "Active"
    assert (await patron(served, "N001000007")).home_library == STORBYEN


async def test_who_is_no_longer_local_at_the_home_library_has_none(served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(delete(JONAS)) == ""
        fields = await vendor.post(look_up(card_and_pin("N001000002", "5926")))
    assert (await patron(served)).home_library is None
    assert b"Home Library" not in fields.body
    assert b"Storgata" not in fields.body


@pytest.mark.parametrize("card", ["N001000001", "N009999999", "N001000009", "GRØNN-17"])
async def test_nobody_ends_what_is_not_theirs(card: str, served: Served) -> None:
    async with http(served) as vendor:
        assert await vendor.problem(delete(user(card))) == "Unknown User"


@pytest.mark.parametrize(
    ("state", "expected", "after"),
    [
        (StandingState.AWAITING_DESK, "", "Guest"),
        (StandingState.NEEDS_STAFF, "", "Guest"),
        (StandingState.CONSENTED, "", "Guest"),
        (StandingState.DELIVERING, "Temporary Processing Failure", "Pending"),
        (StandingState.UNKNOWN, "Temporary Processing Failure", "Pending"),
    ],
)
async def test_what_was_on_its_way_is_called_off_unless_the_courier_has_it(
    state: StandingState, expected: str, after: str, served: Served
) -> None:
    await put(served.register.database, CardNumber("N001000001"), LendingUnitId(STORBYEN), state)
    async with http(served) as vendor:
        assert await vendor.problem(delete(user("N001000001"))) == expected
        assert await vendor.problem(delete(user("N001000001"))) == expected, "repeated, it ends alike"
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000001", "4817")))) == after


# Reports.


def report(who: str, taken: str = "", added: str = "", *, by: str = "storbyen-ils") -> bytes:
    """A UserUpdated."""
    return update(who, taken, added, by=by).replace(b"UpdateUser>", b"UserUpdated>")


@pytest.mark.parametrize("card", ["N001000001", "N009999999", "GRØNN-17"])
async def test_reports_are_answered_and_make_nobody_local(card: str, served: Served) -> None:
    created = message(f"<UserCreated>{header()}{user(card)}{NO_NAME}</UserCreated>")
    updated = report(user(card), added=electronic("tel", "91111111"))
    async with http(served) as vendor:
        answers = [await vendor.ask(created), await vendor.ask(updated)]
        assert [type(answer) for answer in answers] == [UserCreatedResponse, UserUpdatedResponse]
        assert [problem_of(answer) for answer in answers] == ["", ""]
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000001", "4817")))) == "Guest"
    assert (await patron(served, "N001000001")).mobile == "+47 400 55 101"


@pytest.mark.parametrize("who", ["N001000002", "S200002"])
@pytest.mark.parametrize("gone", [MAIL, "never-was@patron.example"])
async def test_what_a_library_reports_of_its_own_patron_is_taken_over(who: str, gone: str, served: Served) -> None:
    new = electronic("mailto", "ny@patron.example") + electronic("tel", "91111111") + "<UserLanguage>eng</UserLanguage>"
    async with http(served) as vendor:
        for _ in range(2):
            assert await vendor.problem(report(user(who), electronic("mailto", gone), new)) == ""
    told = await patron(served)
    assert (told.email, told.mobile, told.language) == ("ny@patron.example", "91111111", "en")


NO_REPORTS = {
    "a name": named("Ny", "Ny"),
    "a birth date": "<DateOfBirth>1994-11-10</DateOfBirth>",
    "the registered address": postal("Nyveien 1", "0184", "Byen", "Home"),
    "a PIN": credential("PIN", "8064"),
    "a home library": home_library(FJORDBY),
    "no e-mail address": electronic("mailto", "a b@c"),
}


@pytest.mark.parametrize("added", NO_REPORTS.values(), ids=NO_REPORTS)
async def test_what_is_not_the_librarys_to_change_is_reported_in_vain(added: str, served: Served) -> None:
    before = await patron(served)
    async with http(served) as vendor:
        assert await vendor.problem(report(JONAS, added=added)) == ""
        assert standing_of(await vendor.ask(look_up(card_and_pin("N001000002", "5926")))) == "Active"
    assert replace(await patron(served), last_activity=None) == replace(before, last_activity=None)


async def test_nobody_reports_of_another_librarys_patron(served: Served) -> None:
    before = await patron(served)
    async with http(served) as vendor:
        change = electronic("tel", "91111111")
        assert await vendor.problem(report(JONAS, added=change, by="fjordby-ils")) == ""
        assert await vendor.problem(report(JONAS, added=change, by="film")) == "Unauthorized Service For Agency"
    assert await patron(served) == before


async def test_every_act_is_written_into_the_audit_trail(served: Served) -> None:
    documents = [
        look_up(user("N001000001")),
        create(card_and_pin("N001000001", "4817")),
        create("", named("Næss", "Ánde"), born="2008-11-02"),
        create("", named("Bjørnstad", "Ågot"), born="1986-05-17"),
        update(JONAS, credential("PIN", "5926"), electronic("tel", "91111111") + credential("PIN", "8064")),
        delete(JONAS),
        message(f"<UserCreated>{header()}{JONAS}{NO_NAME}</UserCreated>"),
    ]
    before = len(await audited(served))
    async with http(served) as vendor:
        for document in documents:
            await vendor.ask(document)
    told = (await audited(served))[before:]
    assert [action for action, *_ in told] == [
        "patron_looked_up",
        *("rules_accepted", "standing_changed"),
        *("rules_accepted", "patron_registered"),
        "registration_refused",
        *("patron_changed", "pin_set"),
        "standing_changed",
        "change_reported",
    ]
    assert {(actor, institution) for _, actor, institution, _ in told} == {("storbyen-ils", STORBYEN)}
    assert not any(secret in facts for *_, facts in told for secret in ("Næss", "91111111", "N0010", "8064"))


async def test_an_act_that_its_agency_has_mandated_is_done_and_logged_as_such(served: Served) -> None:
    mandated = b"</ns1:InitiationHeader><ns1:MandatedAction><ns1:DateEventOccurred>2026-02-03T08:15:00Z"
    mandated += b"</ns1:DateEventOccurred></ns1:MandatedAction>"
    async with http(served) as vendor:
        assert await vendor.problem(delete(JONAS).replace(b"</ns1:InitiationHeader>", mandated)) == ""
        assert await vendor.problem(delete(JONAS)) == ""
    assert [line["mandated"] for line in served.events("performed")] == [True, False]


async def audited(served: Served) -> list[tuple[str, str, str, str]]:
    columns = tables.audit.c
    rows = await served.register.database._reads.rows(
        select(columns.action, columns.actor, columns.institution, columns.facts).order_by(columns.id)
    )
    return [(str(action), str(actor), str(institution), str(facts)) for action, actor, institution, facts in rows]
