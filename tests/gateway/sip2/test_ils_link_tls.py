"""TLS towards a library system: nobody but itself is believed, and we show who we are."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from gateway.sip2.ils_outcomes import Answered, Failed
from gateway.upstream.failures import FailureKind
from gateway.upstream.tls import UpstreamTls
from protocols.sip2 import ScStatus
from tests.gateway.sip2.ils_world import SHORT, linked
from tests.gateway.sip2.scripted_ils import scripted

ASKED = ScStatus(status_code="0", max_print_width="080", protocol_version="2.00")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def ca_file(authority: trustme.CA, folder: Path) -> Path:
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server(authority: trustme.CA, name: str = "ils.example.org") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_an_ils_with_the_right_certificate_is_spoken_to(authority: trustme.CA, tmp_path: Path) -> None:
    tls = UpstreamTls(ca=ca_file(authority, tmp_path), server_name="ils.example.org")
    async with scripted(tls=server(authority)) as ils, linked(ils.port, tls=tls) as world:
        assert isinstance(await world.ask(ASKED), Answered)
        assert ils.numbers == ["93", "99", "99"]


@pytest.mark.parametrize("name", ["other.example.org", None])
async def test_another_name_than_the_one_told_is_not_trusted(
    authority: trustme.CA, tmp_path: Path, name: str | None
) -> None:
    tls = UpstreamTls(ca=ca_file(authority, tmp_path), server_name=name)
    async with scripted(tls=server(authority)) as ils, linked(ils.port, tls=tls) as world:
        assert await world.ask(ASKED) == Failed(FailureKind.UNTRUSTED)
        assert ils.numbers == []


async def test_another_issuer_is_not_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    tls = UpstreamTls(ca=ca_file(trustme.CA(), tmp_path), server_name="ils.example.org")
    async with scripted(tls=server(authority)) as ils, linked(ils.port, tls=tls) as world:
        assert await world.ask(ASKED) == Failed(FailureKind.UNTRUSTED)


async def test_an_ils_that_wants_our_certificate_gets_it(authority: trustme.CA, tmp_path: Path) -> None:
    wanting = server(authority)
    wanting.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(wanting)
    ours = authority.issue_cert("portvakt.example.org")
    pair = tmp_path / "pair.pem"
    ours.private_key_and_cert_chain_pem.write_to_path(str(pair))
    tls = UpstreamTls(ca=ca_file(authority, tmp_path), certificate=pair, server_name="ils.example.org")
    async with scripted(tls=wanting) as ils, linked(ils.port, tls=tls) as world:
        assert isinstance(await world.ask(ASKED), Answered)


async def test_a_handshake_that_nobody_answers_takes_no_longer_than_connecting(
    authority: trustme.CA, tmp_path: Path
) -> None:
    tls = UpstreamTls(ca=ca_file(authority, tmp_path), server_name="ils.example.org")
    async with scripted() as ils, linked(ils.port, tls=tls, budgets=SHORT) as world:
        assert await world.ask(ASKED) == Failed(FailureKind.CONNECT_TIMEOUT)


async def test_an_issuer_file_that_is_not_there_is_told_when_the_settings_are_taken(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        UpstreamTls(ca=tmp_path / "missing.pem").context()
