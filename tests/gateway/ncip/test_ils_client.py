"""Asking a library system over NCIP: what is sent, what is taken for an answer, and what is not."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from gateway.ncip.ils_client import IlsClients
from gateway.ncip.ils_outcomes import Answered, Declined, Failed, NotForwardedError, Outcome
from gateway.ncip.ils_requests import proof
from gateway.observability.metrics import Metrics
from gateway.upstream.failures import FailureKind
from protocols.ncip import (
    BareProblem,
    CreateUserResponse,
    DeleteUserResponse,
    LookupAgency,
    LookupUser,
    NotSendable,
    Problem,
    Received,
    UpdateUser,
    UpdateUserResponse,
    UserUpdated,
    UserUpdatedResponse,
    Verdict,
)
from protocols.ncip.elements import AddUserFields, UserId
from protocols.ncip.schemes import PIN as PIN_TYPE
from protocols.ncip.schemes import Coded
from tests.gateway.ncip.ils_asking import CARD, NAME, PIN, SECRET, SHORT, Asking, asking, found, newcomer
from tests.gateway.ncip.ils_responder import CLOSES, CODEC, HANGS, Says, http, responding, says
from tests.gateway.sip2.ils_world import Noted
from tests.protocols.ncip.oracle import is_valid

CREATED = CreateUserResponse(user_id=UserId(user_identifier_value="S200001"))


def problem(word: str) -> Problem:
    return Problem(problem_type=Coded(word))


# What is sent.


async def test_a_look_up_says_who_asks_whom_and_is_valid() -> None:
    async with responding(says(found())) as ils, asking(ils.port) as world:
        outcome = await world.look_up()
        assert isinstance(outcome, Answered)
        (body,), (head,) = ils.bodies, ils.heads
    assert is_valid(body)
    assert b"<ns1:LookupUser>" in body
    sent = CODEC.request(body)
    assert isinstance(sent, Received)
    assert isinstance(sent.message, LookupUser)
    header = sent.message.initiation_header
    assert header is not None
    assert header.from_agency_id == Coded("NO-0030100")
    assert header.to_agency_id == Coded("NO-2030000")
    assert header.from_agency_authentication == SECRET
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /ncip?at=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{ils.port}" in lines
    assert 'Content-Type: application/xml; charset="utf-8"' in lines
    assert "Accept-Encoding: identity" in lines


async def test_a_pin_is_sent_beside_the_card_as_the_schema_wants_it() -> None:
    async with responding(says(found())) as ils, asking(ils.port) as world:
        await world.look_up(pin=PIN)
        (body,) = ils.bodies
    assert is_valid(body)
    assert b"<ns1:UserId>" not in body
    sent = CODEC.request(body)
    assert isinstance(sent, Received)
    assert isinstance(sent.message, LookupUser)
    assert [one.authentication_input_data for one in sent.message.authentication_inputs] == [CARD, PIN]


async def test_every_service_is_asked_for_in_a_valid_message() -> None:
    answers = (CREATED, UpdateUserResponse(user_id=UserId(user_identifier_value="S200001")), UserUpdatedResponse())
    who = UserId(user_identifier_value=CARD)
    change = AddUserFields(user_languages=(Coded("nob"),))
    async with responding(*(says(one) for one in answers)) as ils, asking(ils.port) as world:
        outcomes = [
            await world.create(),
            await world.client.update_user(UpdateUser(user_id=who, add_user_fields=change), world.by),
            await world.client.user_updated(UserUpdated(user_id=who, add_user_fields=change), world.by),
        ]
        assert [type(outcome) for outcome in outcomes] == [Answered] * 3
        assert all(is_valid(body) for body in ils.bodies)
        assert world.ended() == {"ok": 3}


async def test_a_credential_never_leaves_with_a_user() -> None:
    secret = (proof(PIN_TYPE, PIN),)
    async with responding(says(CREATED)) as ils, asking(ils.port) as world:
        with pytest.raises(NotSendable):
            await world.client.create_user(replace(newcomer(), authentication_inputs=secret), world.by)
        with pytest.raises(NotSendable):
            await world.client.update_user(
                UpdateUser(
                    user_id=UserId(user_identifier_value=CARD),
                    add_user_fields=AddUserFields(authentication_inputs=secret),
                ),
                world.by,
            )
        assert ils.connections == 0


async def test_connections_are_kept_and_used_again() -> None:
    async with responding(says(found())) as ils, asking(ils.port) as world:
        for _ in range(5):
            assert isinstance(await world.look_up(), Answered)
        assert (ils.connections, len(ils.bodies)) == (1, 5)


# What is taken for an answer.


@pytest.mark.parametrize(
    "rewritten",
    [
        pytest.param(lambda body: body, id="as we write"),
        pytest.param(lambda body: body.replace(b"ns1:", b"x:").replace(b":ns1", b":x"), id="another prefix"),
        pytest.param(
            lambda body: body.replace(b"ns1:version", b"version").replace(b"ns1:", b"").replace(b":ns1", b""),
            id="no prefix",
        ),
        pytest.param(
            lambda body: body.replace(b' xmlns:ns1="http://www.niso.org/2008/ncip"', b"").replace(b"ns1:", b""),
            id="no namespace",
        ),
        pytest.param(lambda body: b"\n\xef\xbb\xbf " + body + b"\n\0", id="dirt around it"),
    ],
)
async def test_an_answer_is_read_whatever_its_prefix(rewritten: object) -> None:
    assert callable(rewritten)
    body = rewritten(CODEC.encode(found()))
    async with responding(says(body)) as ils, asking(ils.port) as world:
        assert await world.look_up() == Answered(found())


async def test_chunks_and_a_body_until_the_end_of_the_connection_are_read_too() -> None:
    body = CODEC.encode(found())
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    ways = (
        Says((b"HTTP/1.1 100 Continue\r\n\r\n", http(body))),
        Says((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n")),
        Says((b"HTTP/1.0 200 OK\r\n\r\n", body), "close"),
    )
    async with responding(*ways) as ils, asking(ils.port) as world:
        assert [await world.look_up() for _ in ways] == [Answered(found())] * 3
        assert ils.connections == 1


@pytest.mark.parametrize(
    ("asked", "answered", "outcome"),
    [
        (CARD, (CARD,), Answered),
        ("n01234567", (CARD,), Answered),
        (CARD, ("S200001", CARD), Answered),
        (CARD, ("N001234568",), Failed(FailureKind.OTHER_PATRON)),
        (CARD, ("S200001", "N001234568"), Failed(FailureKind.OTHER_PATRON)),
        (CARD, ("",), Failed(FailureKind.OTHER_PATRON)),
    ],
)
async def test_an_answer_about_another_user_is_a_failure(
    asked: str, answered: tuple[str, ...], outcome: object
) -> None:
    async with responding(says(found(*answered))) as ils, asking(ils.port) as world:
        ended = await world.look_up(asked)
        assert isinstance(ended, Answered) if outcome is Answered else ended == outcome


async def test_a_look_up_that_is_answered_for_nobody_is_a_failure() -> None:
    nobody = b'<NCIPMessage xmlns="http://www.niso.org/2008/ncip" version="2"><LookupUserResponse/></NCIPMessage>'
    async with responding(says(nobody)) as ils, asking(ils.port) as world:
        assert await world.look_up() == Failed(FailureKind.UNEXPECTED_ANSWER)


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("Temporary Processing Failure", Verdict.RETRYABLE),
        ("unknown  user", Verdict.ABSENT),
        ("Duplicate User", Verdict.DUPLICATE),
        ("Agency Authentication Failed", Verdict.PERMANENT),
        ("", Verdict.PERMANENT),
        ("finnes ikke", Verdict.PERMANENT),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "500 Internal Server Error"])
async def test_a_no_is_sorted_by_its_word_whatever_the_status(word: str, verdict: Verdict, status: str) -> None:
    inside, bare = CreateUserResponse(problems=(problem(word),)), BareProblem(problems=(problem(word),))
    async with responding(says(inside, status), says(bare, status)) as ils, asking(ils.port) as world:
        assert [await world.create(), await world.create()] == [Declined((problem(word),), verdict)] * 2
        assert world.logged("upstream_uncertain") == []


# What is not.

PAGE = b"<html><head><title>Apache Tomcat</title></head><body><h1>It is broken</h1></body></html>"
OTHER = DeleteUserResponse(user_id=CREATED.user_id)
EMPTY = b'<ns1:NCIPMessage xmlns:ns1="http://www.niso.org/2008/ncip" ns1:version="2"/>'
HUGE = http(b"x" * (1024 * 1024 + 1))


@pytest.mark.parametrize(
    ("told", "kind", "executed"),
    [
        pytest.param(says(PAGE), FailureKind.GARBAGE, True, id="a page"),
        pytest.param(says(b"OK"), FailureKind.GARBAGE, True, id="a text"),
        pytest.param(says(b""), FailureKind.GARBAGE, True, id="nothing"),
        pytest.param(says(b"<Problem><message>no</message></Problem>"), FailureKind.GARBAGE, True, id="own words"),
        pytest.param(says(EMPTY), FailureKind.UNEXPECTED_ANSWER, True, id="an empty message"),
        pytest.param(says(OTHER), FailureKind.UNEXPECTED_ANSWER, True, id="another answer"),
        pytest.param(says(PAGE, "500 Oops"), FailureKind.UNEXPECTED_ANSWER, True, id="500"),
        pytest.param(says(PAGE, "502 Bad Gateway"), FailureKind.UNEXPECTED_ANSWER, True, id="502"),
        pytest.param(says(PAGE, "503 Busy"), FailureKind.NOT_ONLINE, False, id="503"),
        pytest.param(says(PAGE, "429 Slow Down"), FailureKind.NOT_ONLINE, False, id="429"),
        pytest.param(says(PAGE, "403 Forbidden"), FailureKind.LOGIN_REFUSED, False, id="403"),
        pytest.param(says(PAGE, "404 Not Found"), FailureKind.UNEXPECTED_ANSWER, False, id="404"),
        pytest.param(says(PAGE, "413 Too Large"), FailureKind.UNEXPECTED_ANSWER, False, id="413"),
        pytest.param(says(b"", "301 Away", "Location: /"), FailureKind.UNEXPECTED_ANSWER, False, id="moved"),
        pytest.param(says(b"", "302 Away", "Location: /"), FailureKind.UNEXPECTED_ANSWER, True, id="302"),
        pytest.param(says(CREATED, "500 Oops"), FailureKind.UNEXPECTED_ANSWER, True, id="a yes with a 500"),
        pytest.param(says(CREATED, "200 OK", "Content-Encoding: gzip"), FailureKind.GARBAGE, True, id="packed"),
        pytest.param(Says((HUGE,)), FailureKind.TOO_LARGE, True, id="too large"),
        pytest.param(
            Says((b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", b"x" * 1_100_000)),
            FailureKind.TOO_LARGE,
            True,
            id="much too large",
        ),
        pytest.param(
            Says((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), "close"),
            FailureKind.HALF_ANSWER,
            True,
            id="half",
        ),
        pytest.param(Says((b"HTTP/1.1 200 ",), "close"), FailureKind.HALF_ANSWER, True, id="half a head"),
        pytest.param(Says((b"SSH-2.0-OpenSSH\r\n\r\n",)), FailureKind.GARBAGE, True, id="another protocol"),
        pytest.param(
            Says((b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,)), FailureKind.GARBAGE, True, id="endless head"
        ),
        pytest.param(Says((b"HTTP/1.1 100 Go\r\n\r\n" * 9,)), FailureKind.GARBAGE, True, id="endless continue"),
        pytest.param(CLOSES, FailureKind.CLOSED, True, id="closed"),
    ],
)
async def test_everything_else_is_a_failure_and_uncertain_where_it_may_have_been_executed(
    told: Says, kind: FailureKind, executed: bool
) -> None:
    async with responding(told) as ils, asking(ils.port) as world:
        assert await world.create() == Failed(kind, uncertain=executed)
        assert len(ils.bodies) == 1
        assert len(world.logged("upstream_uncertain")) == executed
        assert len(world.logged("upstream_failed")) == (not executed)
        assert world.counted("uncertain_total", message="other") == executed
    async with responding(told) as ils, asking(ils.port) as world:
        assert await world.look_up() == Failed(kind)
        assert world.logged("upstream_uncertain") == []


async def test_a_system_that_is_not_there_is_refused_and_never_uncertain() -> None:
    async with responding(CLOSES) as gone:
        pass
    async with asking(gone.port) as world:
        assert await world.create() == Failed(FailureKind.REFUSED)


async def test_no_name_is_unreachable() -> None:
    async with asking(80, host="nowhere.invalid") as world:
        assert await world.create() == Failed(FailureKind.UNREACHABLE)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (HANGS, FailureKind.HUNG),
        (Says((b"HTTP/1.1 200 OK\r\n",), "hold"), FailureKind.HALF_ANSWER),
        (Says(tuple(b"HTTP/1.1 200 OK\r\n"[at : at + 1] for at in range(17)), pause=0.03), FailureKind.HALF_ANSWER),
    ],
)
async def test_silence_and_slow_bytes_end_with_the_budget(told: Says, kind: FailureKind) -> None:
    async with responding(told) as ils, asking(ils.port, budgets=SHORT) as world:
        assert await world.create() == Failed(kind, uncertain=True)
        assert await world.look_up() == Failed(kind)


async def test_a_change_is_not_sent_with_too_little_time_left() -> None:
    async with responding(says(found())) as ils, asking(ils.port) as world:
        world.client.close()
        world = Asking(replace(world.endpoint, budgets=replace(SHORT, least_for_change=0.8)), world.clock)
        assert await world.create() == Failed(FailureKind.DEADLINE)
        assert ils.bodies == []
        assert isinstance(await world.look_up(), Answered)
        world.client.close()


async def test_a_change_has_a_connection_of_its_own_where_no_late_answer_can_be_taken_for_its() -> None:
    async with responding(says(found()), says(CREATED)) as ils, asking(ils.port) as world:
        assert isinstance(await world.look_up(), Answered)
        assert [await world.create() for _ in range(2)] == [Answered(CREATED)] * 2
        assert ils.connections == 3


async def test_a_kept_connection_that_was_closed_is_opened_anew_but_a_change_is_never_sent_twice() -> None:
    told = (says(found()), CLOSES, says(found()), CLOSES)
    async with responding(*told) as ils, asking(ils.port) as world:
        assert isinstance(await world.look_up(), Answered)
        assert isinstance(await world.look_up(), Answered)
        assert (ils.connections, len(ils.bodies)) == (2, 3)
        assert await world.create() == Failed(FailureKind.CLOSED, uncertain=True)
        assert len(ils.bodies) == 4


async def test_what_nobody_asked_for_ends_a_kept_connection() -> None:
    async with responding(Says((http(found()) * 2,))) as ils, asking(ils.port) as world:
        assert isinstance(await world.look_up(), Answered)
        assert isinstance(await world.look_up(), Answered)
        assert ils.connections == 2


async def test_after_five_failures_nobody_waits_and_nothing_is_sent() -> None:
    async with responding(says(PAGE, "503 Busy")) as ils, asking(ils.port) as world:
        for _ in range(5):
            await world.look_up()
        assert await world.look_up() == Failed(FailureKind.BREAKER_OPEN)
        assert len(ils.bodies) == 5
        assert world.logged("upstream_breaker") == [{"peer": "storbyen", "protocol": "ncip", "reason": "open"}]
        assert world.ended() == {"refused": 5, "shed": 1}
        assert world.counted("breaker_state") == 2


async def test_no_more_are_under_way_than_allowed() -> None:
    async with responding(HANGS) as ils, asking(ils.port, in_flight=2, queued=1) as world:
        asked = [asyncio.ensure_future(world.look_up()) for _ in range(4)]
        async with asyncio.timeout(5):
            while len(ils.bodies) < 2:
                await asyncio.sleep(0.005)
        assert await asked[3] == Failed(FailureKind.SHED)
        assert len(ils.bodies) == 2
        world.client.close()
        assert await asyncio.gather(*asked[:3]) == [Failed(FailureKind.STOPPED)] * 3
        assert len(ils.bodies) == 2


async def test_closing_ends_what_is_under_way() -> None:
    async with responding(HANGS) as ils, asking(ils.port) as world:
        under_way = asyncio.ensure_future(world.create())
        while not ils.bodies:
            await asyncio.sleep(0.005)
        world.client.close()
        assert await under_way == Failed(FailureKind.STOPPED, uncertain=True)
        assert await world.create() == Failed(FailureKind.STOPPED)


# Sent on as it stands.

DOCUMENT = b'<?xml version="1.0"?>\r\n<!-- as it came -->\n<NCIPMessage  version = "2"><ItemShipped/></NCIPMessage>\n'
ANSWER = b"<NCIPMessage version='2'><ItemShippedResponse/></NCIPMessage>\n\n"


async def test_a_document_is_sent_on_and_answered_byte_for_byte() -> None:
    async with responding(says(ANSWER), says(ANSWER, "500 Oops")) as ils, asking(ils.port) as world:
        assert await world.client.forward(DOCUMENT, world.by) == ANSWER
        assert await world.client.forward(DOCUMENT, world.by) == ANSWER
        assert ils.bodies == [DOCUMENT] * 2


@pytest.mark.parametrize(
    ("told", "changes", "kind", "uncertain"),
    [
        (says(PAGE), True, FailureKind.GARBAGE, True),
        (says(PAGE), False, FailureKind.GARBAGE, False),
        (says(PAGE, "503 Busy"), True, FailureKind.NOT_ONLINE, False),
        (CLOSES, True, FailureKind.CLOSED, True),
    ],
)
async def test_a_document_that_brings_no_ncip_is_not_forwarded(
    told: Says, changes: bool, kind: FailureKind, uncertain: bool
) -> None:
    async with responding(told) as ils, asking(ils.port) as world:
        with pytest.raises(NotForwardedError) as refused:
            await world.client.forward(DOCUMENT, world.by, changes=changes)
        assert (refused.value.kind, refused.value.uncertain) == (kind, uncertain)
        assert str(refused.value) == kind.value


async def test_one_client_serves_an_endpoint_until_its_settings_change() -> None:
    async with responding(says(ANSWER)) as ils, asking(ils.port) as world:
        metrics = Metrics(version="test", listeners=(), peers=("storbyen",))
        clients = IlsClients(clock=world.clock, meter=metrics.upstream, log=Noted())
        for _ in range(2):
            assert await clients.forward(DOCUMENT, world.endpoint, world.by, changes=False) == ANSWER
        assert ils.connections == 1
        first = clients.client(world.endpoint)
        assert clients.client(replace(world.endpoint)) is first
        assert clients.client(replace(world.endpoint, to_agency="NO-1")) is not first
        clients.close()


# What stays secret.


async def test_no_card_no_name_and_no_secret_is_told_to_logs_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = found().__class__(problems=(Problem(problem_type=Coded(f"no {PIN}"), problem_detail=f"{CARD} {NAME}"),))
    told = (says(found()), says(echo), says(PAGE), says(found("N009999999")), CLOSES)
    outcomes: list[Outcome] = []
    async with responding(*told) as ils, asking(ils.port) as world:
        outcomes.extend([await world.look_up(pin=PIN) for _ in told])
        said = [repr(outcomes), repr(world.log.events), repr(world.endpoint), caplog.text]
        said.append(world.metrics.exposition().decode())
    for text in said:
        assert not [secret for secret in (CARD, NAME, PIN, SECRET, "N009999999") if secret in text]


async def test_an_agency_is_looked_up_without_any_doubt() -> None:
    asked = LookupAgency(agency_id=Coded("NO-2030000"), agency_element_types=(Coded("Organization Name Information"),))
    async with responding(CLOSES) as ils, asking(ils.port) as world:
        assert await world.ask(asked) == Failed(FailureKind.CLOSED)
        assert all(is_valid(body) for body in ils.bodies)
