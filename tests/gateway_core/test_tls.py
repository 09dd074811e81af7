"""TLS listeners: whom they accept, and how their certificate is replaced while they serve."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from gateway.bridge import HandshakeError, Listening, listen
from gateway.handshakes import Handshake
from gateway.tls import CertificateRefusedError, ServerTls, server_context
from tests.gateway_core.peers import Echoes, connected

LONG_PAST, YESTERYEAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
Change = Callable[[ssl.SSLContext], None]


@dataclass(frozen=True, slots=True)
class Files:
    """Where a listener's certificate is, and who issued it."""

    authority: trustme.CA
    certificate: Path
    key: Path

    def issue(self) -> None:
        """Write a new pair over the old one."""
        write(self.authority.issue_cert("localhost"), self)

    def client(self) -> ssl.SSLContext:
        """Return a client that trusts the issuer."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


def write(pair: trustme.LeafCert, files: Files) -> None:
    pair.private_key_pem.write_to_path(str(files.key))
    pair.cert_chain_pems[0].write_to_path(str(files.certificate))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> Files:
    made = Files(authority, tmp_path / "tls.pem", tmp_path / "tls.key")
    made.issue()
    return made


async def serve(tls: ServerTls, echoes: Echoes, seen: list[Handshake], timeout: float = 10) -> Listening:
    return await listen(
        echoes,
        "127.0.0.1",
        0,
        ssl_context=tls.current,
        on_handshake=seen.append,
        handshake_timeout=timeout,
    )


async def serial_of(listening: Listening, client: ssl.SSLContext) -> int:
    async with connected(listening, client) as (_, writer):
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


async def test_a_message_passes_over_tls_1_3(files: Files) -> None:
    echoes, seen = Echoes(), list[Handshake]()
    listening = await serve(server_context(files.certificate, files.key), echoes, seen)
    async with connected(listening, files.client()) as (reader, writer):
        writer.write(b"9900302.00\r")
        assert await reader.readexactly(11) == b"9900302.00\r"
        assert echoes.built[0].carrier.tls_version == "TLSv1.3"
        assert echoes.built[0].carrier.peer_certificate is None
    await listening.close()
    assert [(handshake.result, handshake.version) for handshake in seen] == [("ok", "TLSv1.3")]
    assert echoes.built[0].happened == ["made", "data", "lost"]


@pytest.mark.parametrize(
    "suite",
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"],
)
async def test_tls_1_2_passes_with_the_suites_of_rfc_9325(files: Files, suite: str) -> None:
    client, seen = files.client(), list[Handshake]()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(suite)
    listening = await serve(server_context(files.certificate, files.key), Echoes(), seen)
    async with connected(listening, client) as (_, writer):
        assert writer.get_extra_info("cipher")[0] == suite
    await listening.close()
    assert seen[0].version == "TLSv1.2"


def old_version(client: ssl.SSLContext) -> None:
    # Without the lowered level the client itself would refuse, and nothing would be shown.
    client.set_ciphers("DEFAULT@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion.TLSv1_1


def chaining_mode(client: ssl.SSLContext) -> None:
    client.set_ciphers("ECDHE-ECDSA-AES128-SHA@SECLEVEL=0")
    client.maximum_version = ssl.TLSVersion.TLSv1_2


def without_forward_secrecy(client: ssl.SSLContext) -> None:
    client.set_ciphers("AES128-GCM-SHA256@SECLEVEL=0")
    client.maximum_version = ssl.TLSVersion.TLSv1_2


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("weaken", [old_version, chaining_mode, without_forward_secrecy])
async def test_weak_tls_is_refused_counted_and_told_to_the_protocol(files: Files, weaken: Change) -> None:
    client, echoes, seen = files.client(), Echoes(), list[Handshake]()
    weaken(client)
    listening = await serve(server_context(files.certificate, files.key), echoes, seen)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with connected(listening, client):
            pass
    (echo,) = echoes.built
    await echo.gone.wait()
    assert echo.reason is not None
    assert echo.reason.check(HandshakeError)
    assert echo.happened == ["lost"]
    assert [(handshake.result, handshake.version) for handshake in seen] == [("failed", "none")]
    assert listening.connections == 0
    await listening.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("weaken", [old_version, chaining_mode])
async def test_the_weak_clients_do_reach_a_weak_server(files: Files, weaken: Change) -> None:
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    lax.minimum_version = ssl.TLSVersion.TLSv1
    lax.set_ciphers("DEFAULT@SECLEVEL=0")
    lax.load_cert_chain(files.certificate, files.key)
    client = files.client()
    weaken(client)
    listening = await listen(Echoes(), "127.0.0.1", 0, ssl_context=lambda: lax)
    async with connected(listening, client) as (reader, writer):
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
    await listening.close()


async def test_a_plain_peer_is_no_tls_peer(files: Files) -> None:
    echoes, seen = Echoes(), list[Handshake]()
    listening = await serve(server_context(files.certificate, files.key), echoes, seen)
    async with connected(listening) as (reader, writer):
        writer.write(b"9300CNlogin|COsecret|\r")
        await reader.read(-1)
    await echoes.built[0].gone.wait()
    assert (echoes.built[0].happened, seen[0].result) == (["lost"], "failed")
    await listening.close()


async def test_a_peer_that_never_begins_its_handshake_is_dropped(files: Files) -> None:
    echoes, seen = Echoes(), list[Handshake]()
    listening = await serve(server_context(files.certificate, files.key), echoes, seen, timeout=0.05)
    async with connected(listening) as (reader, _):
        assert await reader.read(-1) == b""
    await echoes.built[0].gone.wait()
    assert (echoes.built[0].happened, seen[0].result) == (["lost"], "timeout")
    await listening.close()


async def test_closing_ends_handshakes_under_way(files: Files) -> None:
    echoes, seen = Echoes(), list[Handshake]()
    listening = await serve(server_context(files.certificate, files.key), echoes, seen)
    async with connected(listening) as (reader, _):
        await echoes.arrivals.acquire()
        await listening.close()
        assert (echoes.built[0].happened, listening.connections) == (["lost"], 0)
        assert await reader.read(-1) == b""


async def test_more_handshakes_than_allowed_wait_their_turn(files: Files) -> None:
    echoes, begun = Echoes(), list[str]()
    tls = server_context(files.certificate, files.key)

    def context() -> ssl.SSLContext:
        begun.append("handshake")
        return tls.current()

    listening = await listen(echoes, "127.0.0.1", 0, ssl_context=context, handshakes_at_once=1)
    async with connected(listening):  # holds the only slot and says nothing
        await echoes.arrivals.acquire()
        waiting = asyncio.ensure_future(serial_of(listening, files.client()))
        await echoes.arrivals.acquire()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(begun) == 1
    assert await waiting
    assert len(begun) == 2
    await listening.close()


async def test_who_shows_no_certificate_is_refused_where_one_is_demanded(files: Files, tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    files.authority.cert_pem.write_to_path(str(authorities))
    echoes, seen = Echoes(), list[Handshake]()
    listening = await serve(server_context(files.certificate, files.key, authorities), echoes, seen)
    # In TLS 1.3 a client believes itself connected before the server has judged its certificate.
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        async with connected(listening, files.client()) as (reader, _):
            await reader.readexactly(1)
    client = files.client()
    files.authority.issue_cert("kiosk.example").configure_cert(client)
    async with connected(listening, client) as (reader, writer):
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        shown = echoes.built[-1].carrier.peer_certificate
    await listening.close()
    assert shown is not None
    names = x509.load_der_x509_certificate(shown).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.value.get_values_for_type(x509.DNSName) == ["kiosk.example"]
    assert [handshake.result for handshake in seen] == ["failed", "ok"]


async def test_a_new_certificate_serves_new_handshakes_and_old_connections_live(files: Files) -> None:
    tls = server_context(files.certificate, files.key)
    listening = await serve(tls, Echoes(), [])
    async with connected(listening, files.client()) as (reader, writer):
        writer.write(b"a")
        await reader.readexactly(1)
        before = await serial_of(listening, files.client())
        files.issue()
        tls.reload()
        assert await serial_of(listening, files.client()) != before
        writer.write(b"b")
        assert await reader.readexactly(1) == b"b"
    await listening.close()


def mismatch(files: Files) -> None:
    files.authority.issue_cert("localhost").private_key_pem.write_to_path(str(files.key))


def unreadable(files: Files) -> None:
    files.certificate.unlink()


def expired(files: Files) -> None:
    write(files.authority.issue_cert("localhost", not_after=YESTERYEAR, not_before=LONG_PAST), files)


def nonsense(files: Files) -> None:
    files.certificate.write_text("no certificate")


def encrypted_key(files: Files) -> None:
    files.key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (mismatch, "mismatch"),
        (unreadable, "unreadable"),
        (expired, "expired"),
        (nonsense, "unreadable"),
        (encrypted_key, "mismatch"),
    ],
)
async def test_a_bad_certificate_is_refused_and_the_old_one_serves_on(
    files: Files, spoil: Callable[[Files], None], reason: str
) -> None:
    tls = server_context(files.certificate, files.key)
    listening = await serve(tls, Echoes(), [])
    before, not_after = await serial_of(listening, files.client()), tls.not_after
    spoil(files)
    with pytest.raises(CertificateRefusedError) as refused:
        tls.reload()
    assert refused.value.reason == reason
    assert (await serial_of(listening, files.client()), tls.not_after) == (before, not_after)
    await listening.close()


def test_the_end_of_the_certificate_is_known(files: Files) -> None:
    shown = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert server_context(files.certificate, files.key).not_after == shown.not_valid_after_utc.timestamp()


def test_a_client_authority_that_is_none_is_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(CertificateRefusedError, match="client_ca"):
        server_context(files.certificate, files.key, tmp_path / "absent.pem")


def test_nothing_that_weakens_tls_is_on(files: Files) -> None:
    context = server_context(files.certificate, files.key).current()
    for option in (ssl.OP_NO_COMPRESSION, ssl.OP_NO_RENEGOTIATION, ssl.OP_NO_TICKET):
        assert context.options & option
    assert context.num_tickets == 0
    suites = {suite["name"] for suite in context.get_ciphers()}
    assert all("GCM" in suite or "POLY1305" in suite for suite in suites)


async def test_an_operator_may_demand_tls_1_3(files: Files) -> None:
    client, seen = files.client(), list[Handshake]()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    tls = server_context(files.certificate, files.key, oldest=ssl.TLSVersion.TLSv1_3)
    listening = await serve(tls, Echoes(), seen)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with connected(listening, client):
            pass
    await serial_of(listening, files.client())
    await listening.close()
    assert seen[0].result == "failed"
