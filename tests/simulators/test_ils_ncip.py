"""The simulated library over NCIP: patrons found, made, changed and removed, and the same ones over SIP2."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.ncip.ils_outcomes import Answered, Declined
from gateway.ncip.ils_requests import proof
from gateway.simulators.ils.ledger import Ledger
from gateway.simulators.ils.ncip_services import SERVICES
from gateway.simulators.ils.world import Ncip
from protocols import ncip, sip2
from protocols.ncip import MESSAGES, Codec, Request, Verdict
from protocols.ncip import elements as e
from protocols.ncip.schemes import BARCODE_ID, MAILTO, NOTICE, PIN, Coded
from tests.protocols.ncip.oracle import is_valid
from tests.simulators import ils_requests as asking
from tests.simulators.ils_initiator import CARD, STRANGER, initiator, name, newcomer
from tests.simulators.ils_library import ANE, BO, WORLD

BOTH = pytest.mark.parametrize("scheme", ["http", "tcp"])


def who(number: str) -> e.UserId:
    return e.UserId(user_identifier_value=number)


def word(outcome: object) -> str:
    assert isinstance(outcome, Declined)
    return outcome.problems[0].problem_type.value


@BOTH
async def test_a_patron_is_found_by_card_and_by_local_id(scheme: str) -> None:
    async with initiator(scheme=scheme) as asks:
        for number in (CARD, ANE):
            told = await asks.record(number)
            assert told.user_id == who(number)
            assert told.user_optional_fields is not None
            assert told.user_optional_fields.name_information == name("Ane Ås")
            assert told.user_optional_fields.date_of_birth == date(1990, 2, 3)
            assert told.user_optional_fields.user_ids == (who(ANE), who(CARD))


@pytest.mark.parametrize(
    ("number", "pin", "said"),
    [
        (STRANGER, None, "Unknown User"),
        (CARD, "0000", "User Authentication Failed"),
        (STRANGER, "4711", "Unknown User"),
    ],
)
async def test_a_look_up_that_fails_says_why(number: str, pin: str | None, said: str) -> None:
    async with initiator() as asks:
        assert word(await asks.look_up(number, pin)) == said
        assert isinstance(await asks.look_up(CARD, "4711"), Answered)


@BOTH
async def test_whoever_is_created_is_a_patron_at_the_kiosk_too(scheme: str) -> None:
    async with initiator(scheme=scheme) as asks:
        pin = (proof(BARCODE_ID, STRANGER), proof(PIN, "9182"))
        made = await asks.answer(newcomer(user_id=None, authentication_inputs=pin, date_of_birth=date(2001, 2, 3)))
        assert isinstance(made, ncip.CreateUserResponse)
        assert made.user_id == who("S200001")
        sc = await asks.lines.sc()
        for number in (STRANGER, "S200001"):
            told = await sc.answer(asking.information(number, "9182"))
            assert isinstance(told, sip2.PatronInformationResponse)
            assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "Y", "Nora Ny")
        lent = await sc.answer(asking.checkout(STRANGER, "i1"))
        assert isinstance(lent, sip2.CheckoutResponse)
        assert lent.ok == "1"


async def test_a_second_creation_is_a_duplicate_and_one_without_a_number_gets_one() -> None:
    async with initiator() as asks:
        assert isinstance(await asks.create(), Answered)
        again = await asks.create()
        assert isinstance(again, Declined)
        assert again.verdict is Verdict.DUPLICATE
        assert word(await asks.create(user_id=who(CARD))) == "Duplicate User"
        assert isinstance(made := await asks.answer(newcomer(user_id=None)), ncip.CreateUserResponse)
        assert made.user_id == who("S200002")


async def test_a_library_may_answer_with_the_number_it_was_given() -> None:
    async with initiator(world=replace(WORLD, ncip=Ncip(answers_with="card"))) as asks:
        assert isinstance(made := await asks.answer(newcomer()), ncip.CreateUserResponse)
        assert made.user_id == who(STRANGER)


async def test_an_update_changes_what_it_tells_and_a_pin_only_for_the_old_one() -> None:
    where = e.ElectronicAddress(electronic_address_type=MAILTO, electronic_address_data="ny@example.org")
    mail = e.UserAddressInformation(user_address_role_type=NOTICE, electronic_address=where)
    async with initiator() as asks:
        change = e.AddUserFields(user_address_informations=(mail,), name_information=name("Ane Ny"))
        await asks.answer(ncip.UpdateUser(user_id=who(CARD), add_user_fields=change))
        wrong, right = (e.DeleteUserFields(authentication_inputs=(proof(PIN, pin),)) for pin in ("0000", "4711"))
        new = e.AddUserFields(authentication_inputs=(proof(PIN, "5577"),))
        refused = await asks.ask(ncip.UpdateUser(user_id=who(CARD), delete_user_fields=wrong, add_user_fields=new))
        assert word(refused) == "User Authentication Failed"
        await asks.answer(ncip.UpdateUser(user_id=who(CARD), delete_user_fields=right, add_user_fields=new))
        told = await (await asks.lines.sc()).answer(asking.information(CARD, "5577"))
        assert isinstance(told, sip2.PatronInformationResponse)
        assert (told.valid_patron_password, told.personal_name, told.email_address) == (
            "Y",
            "Ane Ny",
            "ny@example.org",
        )
        assert word(await asks.ask(ncip.UpdateUser(user_id=who(STRANGER), add_user_fields=change))) == "Unknown User"


async def test_a_removed_patron_is_unknown_everywhere_but_not_one_with_loans() -> None:
    async with initiator() as asks:
        assert word(await asks.ask(ncip.DeleteUser(user_id=who(BO)))) == "Element Rule Violated"
        await asks.answer(ncip.DeleteUser(user_id=who(CARD)))
        assert word(await asks.look_up(CARD)) == "Unknown User"
        told = await (await asks.lines.sc()).answer(asking.information(CARD, "4711"))
        assert isinstance(told, sip2.PatronInformationResponse)
        assert told.valid_patron == "N"


async def test_what_was_made_and_removed_outlives_a_restart(tmp_path: Path) -> None:
    async with initiator(state=tmp_path) as asks:
        await asks.create()
        await asks.answer(ncip.DeleteUser(user_id=who(CARD)))
        await asks.answer(ncip.UserUpdated(user_id=who(BO)))
    async with initiator(state=tmp_path) as asks:
        assert isinstance(await asks.look_up(STRANGER), Answered)
        assert word(await asks.look_up(CARD)) == "Unknown User"
        assert [one.service for one in asks.lines.simulator.ledger.notices] == ["UserUpdated"]
        assert isinstance(made := await asks.answer(newcomer(user_id=None)), ncip.CreateUserResponse)
        assert made.user_id == who("S200002")


def test_a_patron_whose_number_the_world_has_given_away_is_dropped() -> None:
    ledger = Ledger(enrolled={"S9": replace(WORLD.patrons[0], id="S9"), BO: replace(WORLD.patrons[1], name="Bo Ny")})
    assert ledger.fit(WORLD) == 1
    assert list(ledger.enrolled) == [BO]


async def test_only_the_right_secret_and_the_right_agency_are_answered() -> None:
    world = replace(WORLD, ncip=Ncip(secret="hemmelig"))
    for secret, said in ((None, "Agency Authentication Failed"), ("gjettet", "Agency Authentication Failed")):
        async with initiator(world=world, authentication=secret) as asks:
            assert word(await asks.look_up(CARD)) == said
    async with initiator(world=world, authentication="hemmelig") as asks:
        assert isinstance(await asks.look_up(CARD), Answered)
    async with initiator(to_agency="NO-9999999") as asks:
        assert word(await asks.look_up(CARD)) == "Unknown Agency"


# Told, and noted.

_ITEM = e.ItemId(item_identifier_value="30101000001")
_REQUEST = e.RequestId(agency_id=Coded("NO-2030000"), request_identifier_value="4711")
_KIND: dict[str, Any] = {"request_type": Coded("Physical"), "request_scope_type": Coded("Title")}
NOTED: list[Request] = [
    ncip.UserCreated(user_id=who(CARD), name_information=name("Ane")),
    ncip.UserUpdated(user_id=who(CARD)),
    ncip.ItemRequested(user_id=who(CARD), item_id=_ITEM, **_KIND),
    ncip.RequestItem(user_id=who(CARD), item_ids=(_ITEM,), request_id=_REQUEST, **_KIND),
    ncip.CancelRequestItem(user_id=who(CARD), request_id=_REQUEST, **_KIND),
    ncip.RenewItem(user_id=who(CARD), item_id=_ITEM),
]


@pytest.mark.parametrize("asked", NOTED, ids=lambda asked: asked.name)
async def test_what_is_told_is_noted_and_answered_validly(asked: Request) -> None:
    async with initiator() as asks:
        assert (await asks.answer(asked)).name == asked.answered_by
        (notice,) = asks.lines.simulator.ledger.notices
        assert notice.service == asked.name
        assert CARD in notice.numbers


def test_every_service_has_a_row() -> None:
    assert set(SERVICES) == {cls for cls in MESSAGES.values() if cls.answered_by}


# Bytes.


async def talk(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5):
        received = await reader.read()
    writer.close()
    return received


def post(body: bytes, *headers: bytes, method: bytes = b"POST") -> bytes:
    lines = (method + b" /any/where HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), b"Connection: close")
    return b"\r\n".join((*lines, *headers)) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"<html/>", b"Invalid Message Syntax Error"),
        (b"", b"Invalid Message Syntax Error"),
        (Codec().encode(ncip.UserUpdatedResponse()), b"Protocol Error"),
        (
            b'<NCIPMessage xmlns="http://www.niso.org/2008/ncip" version="2"><AcceptItem/></NCIPMessage>',
            b"Unsupported Service",
        ),
        (
            b'<NCIPMessage xmlns="http://www.niso.org/2008/ncip" version="2"><RequestItem/></NCIPMessage>',
            b"Needed Data Missing",
        ),
    ],
)
async def test_what_is_no_request_is_answered_with_a_valid_problem(document: bytes, said: bytes) -> None:
    async with initiator() as asks:
        port = await asks.lines.simulator.ncip.start()
        head, _, body = (await talk(port, post(document))).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert said in body
        assert is_valid(body)


async def test_other_methods_and_other_protocols_are_refused() -> None:
    async with initiator() as asks:
        port = await asks.lines.simulator.ncip.start()
        assert (await talk(port, post(b"", method=b"GET"))).startswith(b"HTTP/1.1 405 ")
        assert await talk(port, b"SSH-2.0\r\n\r\n") == b""
        raw = await asks.lines.simulator.ncip.start(raw=True)
        assert await talk(raw, b"x" * 300_000) == b""


async def test_a_port_that_was_closed_opens_where_it_was() -> None:
    async with initiator() as asks:
        simulator = asks.lines.simulator
        assert isinstance(await asks.look_up(CARD), Answered)
        assert simulator.cut() == 1
        await simulator.close_port()
        assert not isinstance(await asks.look_up(CARD), Answered)
        await simulator.open_port()
        assert isinstance(await asks.look_up(CARD), Answered)


async def test_no_new_patron_gets_a_number_that_somebody_has() -> None:
    own = replace(WORLD.patrons[0], id="S200001", cards=())
    async with initiator(world=replace(WORLD, patrons=(*WORLD.patrons, own))) as asks:
        assert isinstance(made := await asks.answer(newcomer()), ncip.CreateUserResponse)
        assert made.user_id == who("S200002")
