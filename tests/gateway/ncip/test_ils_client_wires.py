"""The ways to a library system: TLS that is always proved, raw TCP framed by the closing tag, and no others."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_outcomes import Answered, Declined, Failed, NotForwardedError
from gateway.upstream.addresses import Address
from gateway.upstream.failures import FailureKind
from gateway.upstream.tls import UpstreamTls
from protocols.ncip import LookupUserResponse, Problem, Verdict
from protocols.ncip.schemes import Coded
from tests.gateway.ncip.ils_asking import SHORT, asking, found
from tests.gateway.ncip.ils_responder import CLOSES, CODEC, HANGS, Says, responding, says
from tests.protocols.ncip.oracle import is_valid

NAME = "ils.example.org"
FOUND = CODEC.encode(found())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return tmp_path / "ca.pem"


def server(authority: trustme.CA, name: str = NAME) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize(("scheme", "raw"), [("https", False), ("tcps", True)])
async def test_a_system_with_the_right_certificate_is_asked(
    authority: trustme.CA, ca: Path, scheme: str, raw: bool
) -> None:
    told = Says((FOUND,), "close") if raw else says(found())
    tls = UpstreamTls(ca=ca, server_name=NAME)
    async with responding(told, raw=raw, tls=server(authority)) as ils, asking(ils.port, scheme, tls=tls) as world:
        assert await world.look_up() == Answered(found())


@pytest.mark.parametrize("scheme", ["https", "tcps"])
@pytest.mark.parametrize("name", ["other.example.org", None])
async def test_another_name_is_not_trusted_and_gets_nothing(
    authority: trustme.CA, ca: Path, scheme: str, name: str | None
) -> None:
    tls = UpstreamTls(ca=ca, server_name=name)
    async with responding(HANGS, tls=server(authority)) as ils, asking(ils.port, scheme, tls=tls) as world:
        assert await world.create() == Failed(FailureKind.UNTRUSTED)
        assert ils.bodies == []


async def test_another_issuer_is_not_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    tls = UpstreamTls(ca=tmp_path / "other.pem", server_name=NAME)
    async with responding(HANGS, tls=server(authority)) as ils, asking(ils.port, "https", tls=tls) as world:
        assert await world.create() == Failed(FailureKind.UNTRUSTED)


async def test_a_system_that_wants_our_certificate_gets_it(authority: trustme.CA, ca: Path, tmp_path: Path) -> None:
    wanting = server(authority)
    wanting.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(wanting)
    pair = tmp_path / "pair.pem"
    authority.issue_cert("portvakt.example.org").private_key_and_cert_chain_pem.write_to_path(str(pair))
    tls = UpstreamTls(ca=ca, certificate=pair, server_name=NAME)
    async with responding(says(found()), tls=wanting) as ils, asking(ils.port, "https", tls=tls) as world:
        assert await world.look_up() == Answered(found())


async def test_a_raw_answer_may_come_in_any_pieces_and_each_message_has_its_connection() -> None:
    told = (Says(tuple(FOUND[at : at + 1] for at in range(len(FOUND))), "hold"), Says((FOUND + b"\r\n",), "close"))
    async with responding(*told, raw=True) as ils, asking(ils.port, "tcp") as world:
        assert [await world.look_up() for _ in told] == [Answered(found())] * 2
        assert ils.connections == 2
        assert all(is_valid(body) for body in ils.bodies)


async def test_a_raw_no_is_a_no() -> None:
    no = LookupUserResponse(problems=(Problem(problem_type=Coded("Unknown User")),))
    async with responding(Says((CODEC.encode(no),)), raw=True) as ils, asking(ils.port, "tcp") as world:
        assert await world.look_up() == Declined(no.problems, Verdict.ABSENT)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (CLOSES, FailureKind.CLOSED),
        (HANGS, FailureKind.HUNG),
        (Says((FOUND[:-5],), "close"), FailureKind.HALF_ANSWER),
        (Says((FOUND[:-5],), "hold"), FailureKind.HALF_ANSWER),
        (Says((b"x" * 1_100_000,)), FailureKind.TOO_LARGE),
        (Says((b"<html></NCIPMessage>",)), FailureKind.GARBAGE),
    ],
)
async def test_a_raw_failure_is_uncertain_for_a_change_alone(told: Says, kind: FailureKind) -> None:
    async with responding(told, raw=True) as ils, asking(ils.port, "tcp", budgets=SHORT) as world:
        assert await world.create() == Failed(kind, uncertain=True)
        assert await world.look_up() == Failed(kind)


async def test_a_raw_document_is_sent_on_as_it_stands() -> None:
    document, answer = b"<NCIPMessage> <ItemShipped/>\n</NCIPMessage>", b"<a:NCIPMessage>\xe6</a:NCIPMessage>"
    async with responding(Says((answer,)), CLOSES, raw=True) as ils, asking(ils.port, "tcp") as world:
        assert await world.client.forward(document, world.by) == answer
        assert ils.bodies == [document]
        with pytest.raises(NotForwardedError, match="closed"):
            await world.client.forward(document, world.by)


@pytest.mark.parametrize(
    ("url", "address", "host", "target"),
    [
        ("http://ils.example.org", ("ils.example.org", 80), b"ils.example.org", b"/"),
        ("https://ils.example.org/ncip?x=1", ("ils.example.org", 443), b"ils.example.org", b"/ncip?x=1"),
        ("https://[::1]:8443/ncip", ("::1", 8443), b"[::1]:8443", b"/ncip"),
        ("tcp://192.0.2.7:5000", ("192.0.2.7", 5000), b"192.0.2.7:5000", b"/"),
    ],
)
def test_an_address_tells_where_to_ask(url: str, address: tuple[str, int], host: bytes, target: bytes) -> None:
    endpoint = Endpoint(id="x", url=url, from_agency="a", to_agency="b")
    assert (endpoint.address, endpoint.host, endpoint.target) == (Address(*address), host, target)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ils.example.org",
        "http://",
        "//ils.example.org",
        "http://user:word@ils.example.org/",
        "tcp://ils.example.org",
        "tcp://ils.example.org:5000/ncip",
        "http://ils.example.org:99999/",
        "http://ils.example.org/a b",
        "http://ils.example.org/\r\nX: y",
        "http://ils.example.org/æ",
    ],
)
def test_what_is_no_address_is_refused_when_the_settings_are_taken(url: str) -> None:
    with pytest.raises(ValueError):
        Endpoint(id="x", url=url, from_agency="a", to_agency="b")
