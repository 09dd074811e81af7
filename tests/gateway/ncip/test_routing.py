"""Loans between libraries: each message goes where it belongs, as it came, and its answer comes back as it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.demo_world import FJORDBY, INITIATORS, STORBYEN
from gateway.ncip.routing import without_secrets
from protocols.ncip import Response
from tests.gateway.ncip.vendors import AGENCIES, header, home_library, http, problem_of, update, user
from tests.gateway.worlds import Served, World, running
from tests.protocols.ncip.documents import ITEM_ID, message

KINDS = "<RequestType>Physical</RequestType><RequestScopeType>Title</RequestScopeType>"
DONE = message("<ItemRequestedResponse/>")


CONTENTS = {
    "RequestItem": f"{ITEM_ID}{user('N001000002')}{KINDS}",
    "RenewItem": ITEM_ID,
    "CancelRequestItem": f"{ITEM_ID}{user('N001000002')}",
}


class Library:
    """A library's NCIP responder: keeps what it gets, and answers what it was told to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []
        self.answer: bytes | None = None

    def reply(self, service: str) -> bytes:
        """What it answers to a service."""
        told = CONTENTS.get(service, "")
        return message(f"<{service}Response>{told}</{service}Response>") if self.answer is None else self.answer


@asynccontextmanager
async def library() -> AsyncIterator[Library]:
    """A library that listens; what it hears is the body of each POST."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                body = await reader.readexactly(length)
                here.heard.append(body)
                service = body.partition(b"Message ")[2].partition(b"<ns1:")[2].partition(b">")[0].decode()
                answer = here.reply(service)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    here = Library(server.sockets[0].getsockname()[1])
    try:
        yield here
    finally:
        server.close()


@pytest.fixture
async def storbyen() -> AsyncIterator[Library]:
    """The home library of card 2."""
    async with library() as here:
        yield here


@pytest.fixture
async def fjordby() -> AsyncIterator[Library]:
    """An owner."""
    async with library() as here:
        yield here


@pytest.fixture
async def both(world: World, storbyen: Library, fjordby: Library) -> AsyncIterator[Served]:
    """A daemon that knows both libraries' endpoints."""
    for unit, here in ((STORBYEN, storbyen), (FJORDBY, fjordby)):
        place = f'id = "{unit}"\nacceptance'
        endpoint = f'id = "{unit}"\nncip = {{ url = "http://127.0.0.1:{here.port}/ils" }}\nacceptance'
        world.rewrite_partners((place, endpoint))
    async with running(world) as daemon:
        yield daemon


def requested(card: str, *, by: str = "fjordby-ils", to: str = STORBYEN) -> bytes:
    """An ItemRequested from the owner."""
    return message(f"<ItemRequested>{header(by, to=to)}{user(card)}{ITEM_ID}{KINDS}</ItemRequested>")


def request_id(agency: str) -> str:
    """A request of this home library."""
    return (
        f"<RequestId><AgencyId>{agency}</AgencyId><RequestIdentifierValue>2026-42</RequestIdentifierValue></RequestId>"
    )


def shipped(by: str, to: str, requester: str, card: str = "") -> bytes:
    """An ItemShipped of either side."""
    who = user(card) if card else ""
    return message(
        f"<ItemShipped>{header(by, to=to)}{request_id(requester)}{ITEM_ID}{who}"
        "<DateShipped>2026-02-03T08:15:00Z</DateShipped></ItemShipped>"
    )


async def test_an_order_goes_to_the_patrons_home_library_as_it_came(
    both: Served, storbyen: Library, fjordby: Library
) -> None:
    document = requested("N001000002").replace(b"<ns1:UserId>", b"\n  <!-- Undset -->\t<ns1:UserId>")
    storbyen.answer = b'<?xml version="1.0"?>\n' + message(
        f"<ItemRequestedResponse><Ext>{user('N001000002')}{ITEM_ID}</Ext></ItemRequestedResponse>"
    )
    async with http(both) as vendor:
        page = await vendor.post(document)
    assert page.body == storbyen.answer
    assert storbyen.heard == [without_secrets(document)]
    assert fjordby.heard == []


async def test_nothing_but_the_senders_secret_is_taken_out_of_a_document(both: Served, storbyen: Library) -> None:
    document = requested("N001000002")
    async with http(both) as vendor:
        await vendor.post(document)
    secret = f"<ns1:FromAgencyAuthentication>{INITIATORS['fjordby-ils']}</ns1:FromAgencyAuthentication>".encode()
    assert document.count(secret) == 1
    assert storbyen.heard == [document.replace(secret, b"")]


async def test_a_document_without_a_secret_is_sent_on_byte_for_byte() -> None:
    document = requested("N001000002").replace(b"FromAgencyAuthentication", b"SomethingElse")
    assert without_secrets(document) == document


async def test_a_secret_that_cannot_be_taken_out_goes_nowhere(both: Served, storbyen: Library) -> None:
    async with http(both) as vendor:
        answer = await vendor.ask(requested("N001000002").decode().encode("utf-16"))
    assert problem_of(answer) == "Unauthorized Combination Of Element Values For Agency"
    assert storbyen.heard == []


@pytest.mark.parametrize(
    "written",
    ["<![CDATA[{}]]>", "{}<!-- -->", "<!-- -->{}", "&#{first};{rest}<!-- -->"],
    ids=["CDATA", "a comment behind", "a comment before", "a reference and a comment"],
)
@pytest.mark.parametrize("beside", ["", "<ns1:FromSystemAuthentication>x</ns1:FromSystemAuthentication>"])
async def test_nor_does_one_that_is_written_so_that_it_is_not_found(
    written: str, beside: str, both: Served, storbyen: Library
) -> None:
    secret = INITIATORS["fjordby-ils"]
    told = written.format(secret, first=ord(secret[0]), rest=secret[1:])
    document = requested("N001000002").replace(secret.encode(), told.encode())
    document = document.replace(b"<ns1:FromAgencyId>", beside.encode() + b"<ns1:FromAgencyId>", 1)
    async with http(both) as vendor:
        assert await vendor.problem(document) == "Unauthorized Combination Of Element Values For Agency"
    assert storbyen.heard == []


async def test_an_empty_place_for_a_secret_goes_on_as_it_is(both: Served, storbyen: Library) -> None:
    empty = b"<ns1:FromSystemAuthentication />"
    document = requested("N001000002").replace(b"<ns1:FromAgencyId>", empty + b"<ns1:FromAgencyId>", 1)
    async with http(both) as vendor:
        assert await vendor.problem(document) == ""
    assert storbyen.heard == [without_secrets(document)]
    assert empty in storbyen.heard[0]


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("N009999999", "Unknown User"),
        ("N001000009", "Unknown User"),
        ("S200002", "Unknown User"),
        ("N001000001", "User Ineligible To Request This Item"),
    ],
    ids=["unknown", "deleted", "local number", "guest everywhere"],
)
async def test_a_patron_without_a_home_library_is_refused(
    card: str, expected: str, both: Served, storbyen: Library, fjordby: Library
) -> None:
    async with http(both) as vendor:
        assert await vendor.problem(requested(card)) == expected
    assert storbyen.heard == fjordby.heard == []


async def test_a_new_home_library_counts_for_the_next_order_and_not_for_one_that_runs(
    both: Served, storbyen: Library, fjordby: Library
) -> None:
    async with http(both) as vendor:
        await vendor.post(requested("N001000007", by="fjordby-ils"))
        assert (len(storbyen.heard), len(fjordby.heard)) == (1, 0)
        assert await vendor.problem(update(user("N001000007"), added=home_library(FJORDBY))) == ""
        await vendor.post(requested("N001000007", by="storbyen-ils", to=FJORDBY))
        assert (len(storbyen.heard), len(fjordby.heard)) == (1, 1)
        await vendor.post(shipped("fjordby-ils", STORBYEN, STORBYEN, "N001000007"))
        assert (len(storbyen.heard), len(fjordby.heard)) == (2, 1)


Sent = Callable[[], bytes]

COURSES = {
    "RequestItem by the home library": (
        message(
            f"<RequestItem>{header('storbyen-ils', to=FJORDBY)}{user('N001000002')}{ITEM_ID}"
            f"{request_id(STORBYEN)}{KINDS}</RequestItem>"
        ),
        FJORDBY,
    ),
    "RenewItem by the home library": (
        message(f"<RenewItem>{header('storbyen-ils', to=FJORDBY)}{user('N001000002')}{ITEM_ID}</RenewItem>"),
        FJORDBY,
    ),
    "ItemShipped by the owner": (shipped("fjordby-ils", STORBYEN, STORBYEN, "N001000002"), STORBYEN),
    "ItemShipped back": (shipped("storbyen-ils", FJORDBY, STORBYEN, "N001000002"), FJORDBY),
    "ItemReceived by the owner, nobody named": (
        message(f"<ItemReceived>{header('fjordby-ils', to=STORBYEN)}{ITEM_ID}{request_id(STORBYEN)}</ItemReceived>"),
        STORBYEN,
    ),
    "ItemReceived by the home library": (
        message(f"<ItemReceived>{header('storbyen-ils', to=FJORDBY)}{ITEM_ID}{request_id(STORBYEN)}</ItemReceived>"),
        FJORDBY,
    ),
    "CancelRequestItem by the owner": (
        message(
            f"<CancelRequestItem>{header('fjordby-ils', to=STORBYEN)}{user('N001000002')}{request_id(STORBYEN)}"
            f"{ITEM_ID}<RequestType>Physical</RequestType></CancelRequestItem>"
        ),
        STORBYEN,
    ),
    "ItemShipped of a patron who is gone": (shipped("fjordby-ils", STORBYEN, STORBYEN, "N009999999"), STORBYEN),
}


@pytest.mark.parametrize(("document", "goal"), COURSES.values(), ids=COURSES)
async def test_each_message_goes_where_it_belongs(
    document: bytes, goal: str, both: Served, storbyen: Library, fjordby: Library
) -> None:
    async with http(both) as vendor:
        answer = await vendor.ask(document)
    assert isinstance(answer, Response)
    assert problem_of(answer) == ""
    assert [len(storbyen.heard), len(fjordby.heard)] == [goal == STORBYEN, goal == FJORDBY]


async def test_nobody_sends_in_anothers_name(both: Served, storbyen: Library) -> None:
    forged = requested("N001000002").replace(AGENCIES["fjordby-ils"].encode(), b"NO-2110300", 1)
    async with http(both) as vendor:
        assert await vendor.problem(forged) == "Agency Authentication Failed"
        assert await vendor.problem(requested("N001000002", by="film")) == "Unauthorized Service For Agency"
    assert storbyen.heard == []


@pytest.mark.parametrize("to", ["NO-9999999", "NO-2110300"])
async def test_a_library_that_takes_no_loans_is_told_as_such(to: str, both: Served) -> None:
    document = message(f"<RenewItem>{header('storbyen-ils', to=to)}{user('N001000002')}{ITEM_ID}</RenewItem>")
    async with http(both) as vendor:
        expected = "Unknown Agency" if to == "NO-9999999" else "Unsupported Service"
        assert await vendor.problem(document) == expected


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>503</html>",
        b"",
        message("<LookupUserResponse/>"),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + DONE,
    ],
    ids=["HTML", "nothing", "another answer", "entities"],
)
async def test_an_answer_of_no_use_becomes_try_again_later(answer: bytes, both: Served, storbyen: Library) -> None:
    storbyen.answer = answer
    async with http(both) as vendor:
        assert await vendor.problem(requested("N001000002")) == "Temporary Processing Failure"


async def test_an_answer_without_our_prefix_is_written_anew(both: Served, storbyen: Library) -> None:
    storbyen.answer = message("<ItemRequestedResponse/>", prefix="")
    async with http(both) as vendor:
        page = await vendor.post(requested("N001000002"))
    assert b"<ns1:ItemRequestedResponse" in page.body


async def test_a_library_that_does_not_answer_becomes_try_again_later(world: World) -> None:
    place = f'id = "{STORBYEN}"\nacceptance'
    world.rewrite_partners((place, f'id = "{STORBYEN}"\nncip = {{ url = "tcp://127.0.0.1:1" }}\nacceptance'))
    async with running(world) as served, http(served) as vendor:
        assert await vendor.problem(requested("N001000002")) == "Temporary Processing Failure"
