"""TLS at the SIP2 door: a kiosk shows a certificate, and each terminal is bound to its own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import trustme

from config.errors import ConfigurationError
from config.load import load_settings
from tests.gateway.worlds import Served, World, running, until


@dataclass(frozen=True)
class Authorities:
    """Who issues the listener's certificate, and whose kiosks are let in."""

    ours: trustme.CA
    kiosks: trustme.CA
    others: trustme.CA

    def client(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """A kiosk's TLS, with a certificate or without."""
        context = ssl.create_default_context()
        self.ours.configure_trust(context)
        if certificate is not None:
            certificate.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities(trustme.CA(), trustme.CA(), trustme.CA())


@pytest.fixture(scope="module")
def own(authorities: Authorities) -> trustme.LeafCert:
    """The certificate of storbyen-1."""
    return authorities.kiosks.issue_cert("storbyen-1.kiosk.example")


@pytest.fixture
async def secured(world: World, authorities: Authorities, own: trustme.LeafCert) -> AsyncIterator[Served]:
    """A daemon with a second listener, over TLS, at which storbyen-1 must show its own certificate."""
    issue(world, authorities)
    world.say(TLS)
    bind(world, fingerprint(own))
    async with running(world) as served:
        yield served


TLS = """
[[listeners.sip2]]
name = "tls"
port = 0
[listeners.sip2.tls]
certificate = "tls.pem"
key = "tls.key"
client_ca = "kiosks.pem"
"""


def issue(world: World, authorities: Authorities) -> None:
    """Write the listener's certificate and key, and the authority of the kiosks."""
    leaf = authorities.ours.issue_cert("localhost")
    leaf.cert_chain_pems[0].write_to_path(str(world.directory / "tls.pem"))
    key = world.directory / "credentials" / "tls.key"
    leaf.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    authorities.kiosks.cert_pem.write_to_path(str(world.directory / "kiosks.pem"))


def fingerprint(leaf: trustme.LeafCert) -> str:
    pem = leaf.cert_chain_pems[0].bytes().decode()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def bind(world: World, certificate: str) -> None:
    """Bind storbyen-1 to a certificate."""
    world.rewrite_partners(('login = "storbyen-1"\n', f'login = "storbyen-1"\ncertificate = "{certificate}"\n'))


async def test_a_kiosk_with_its_own_certificate_logs_in_over_tls(
    secured: Served, authorities: Authorities, own: trustme.LeafCert
) -> None:
    async with secured.kiosk("storbyen-1", listener="tls", tls=authorities.client(own)) as kiosk:
        assert await kiosk.works()
        assert secured.counted("plaintext_connections") == 0
    await until(lambda: secured.events("connection_closed") != [])
    assert secured.events("connection_opened")[0]["tls_version"] == "TLSv1.3"


async def test_another_kiosks_certificate_is_not_ones_own(
    secured: Served, authorities: Authorities, own: trustme.LeafCert
) -> None:
    another = authorities.kiosks.issue_cert("storbyen-2.kiosk.example")
    async with secured.kiosk(listener="tls", tls=authorities.client(another)) as kiosk:
        assert await kiosk.log_in("storbyen-1") == "0"
        # A terminal that is bound to none may come with any that the listener accepts.
        assert await kiosk.log_in("film-1") == "1"
    async with secured.kiosk(listener="tls", tls=authorities.client(own)) as kiosk:
        assert await kiosk.log_in("storbyen-1", "wrong") == "0"


async def test_without_tls_there_is_no_certificate_and_no_login_for_who_is_bound_to_one(secured: Served) -> None:
    async with secured.kiosk() as kiosk:
        assert await kiosk.log_in("storbyen-1") == "0"
        assert await kiosk.log_in("film-1") == "1"


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's"])
async def test_a_certificate_of_nobody_or_of_a_stranger_gets_no_connection(
    secured: Served, authorities: Authorities, whose: str
) -> None:
    shown = None if whose == "nobody's" else authorities.others.issue_cert("storbyen-1.kiosk.example")
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        async with secured.kiosk(listener="tls", tls=authorities.client(shown)) as kiosk:
            await kiosk.say(b"9900802.00")
    await until(lambda: secured.counted("connections_rejected_total", listener="tls", reason="tls") == 1)
    assert secured.door.connections == 0
    failed = {"listener": "tls", "result": "failed", "version": "none"}
    assert secured.counted("tls_handshakes_total", **failed) == 1


async def test_plain_sip2_to_a_tls_listener_gets_no_answer(secured: Served) -> None:
    async with secured.kiosk(listener="tls") as kiosk:
        kiosk.send(b"9300CNfilm-1|COdemo-film|\r9900802.00\r")
        with contextlib.suppress(ConnectionError):
            assert b"94" not in await kiosk.rest()
    await until(lambda: secured.door.connections == 0)


async def test_a_new_certificate_serves_from_the_next_handshake_on_and_a_bad_one_never(
    secured: Served, world: World, authorities: Authorities, own: trustme.LeafCert
) -> None:
    async with secured.kiosk("storbyen-1", listener="tls", tls=authorities.client(own)) as kiosk:
        issue(world, authorities)
        assert await secured.daemon.reload()
        async with secured.kiosk("storbyen-1", listener="tls", tls=authorities.client(own)) as later:
            assert await later.works()
        (world.directory / "tls.pem").write_text("no certificate")
        assert not await secured.daemon.reload()
        async with secured.kiosk("storbyen-1", listener="tls", tls=authorities.client(own)) as later:
            assert await later.works()
        assert await kiosk.works()


async def test_a_terminal_bound_to_another_certificate_is_closed_at_the_reload(
    secured: Served, world: World, authorities: Authorities, own: trustme.LeafCert
) -> None:
    async with secured.kiosk("storbyen-1", listener="tls", tls=authorities.client(own)) as kiosk:
        world.rewrite_partners((fingerprint(own), "0" * 64))
        assert await secured.daemon.reload()
        assert await kiosk.is_closed()


@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7", "::"])
async def test_plain_tcp_is_for_loopback_unless_the_settings_say_so_in_so_many_words(world: World, host: str) -> None:
    text = world.settings.read_text("utf-8")
    world.settings.write_text(
        text.replace('name = "sip2"\nhost = "127.0.0.1"', f'name = "sip2"\nhost = "{host}"'), "utf-8"
    )
    with pytest.raises(ConfigurationError):
        load_settings(world.settings, {})
    world.say('plaintext = "allowed"\n')
    with pytest.raises(ConfigurationError):
        load_settings(world.settings, {})
    world.say('networks = ["192.0.2.0/24"]\n')
    assert load_settings(world.settings, {}).listeners.sip2[0].host == host


@contextlib.asynccontextmanager
async def hesitating(served: Served) -> AsyncIterator[None]:
    """Somebody who has connected to the TLS listener and does not shake hands."""
    _, writer = await asyncio.open_connection(*served.daemon.addresses["tls"])
    try:
        await until(lambda: served.door.connections == 1)
        yield
    finally:
        writer.close()
        await writer.wait_closed()


async def test_who_does_not_shake_hands_stops_no_deadline_of_others(secured: Served) -> None:
    async with hesitating(secured), secured.kiosk() as kiosk:
        await until(lambda: secured.door.connections == 2)
        secured.clock.turn(31)
        secured.door.sweep()
        assert await kiosk.is_closed()


async def test_who_does_not_shake_hands_does_not_hold_up_the_end(secured: Served) -> None:
    async with hesitating(secured):
        await secured.door.drain(0, lambda: 1.0)
    await until(lambda: secured.door.connections == 0)
