"""TLS at the NCIP door: over HTTPS and raw, with an initiator that is bound to its own certificate."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator

import pytest
import trustme
from twisted.internet.address import IPv4Address

from gateway.ncip.door import Entrance
from gateway.ncip.http_listener import HttpLine
from tests.gateway.ncip.vendors import (
    card_and_pin,
    header,
    http,
    look_up,
    over_tcp,
    problem_of,
    read,
    standing_of,
)
from tests.gateway.worlds import Served, World, running

GUEST = look_up(card_and_pin("N001000001", "4817"))
OURS, VENDORS, OTHERS = trustme.CA(), trustme.CA(), trustme.CA()
OWN = VENDORS.issue_cert("ils.storbyen.example")
ANOTHER = VENDORS.issue_cert("ils.fjordby.example")
STRANGE = OTHERS.issue_cert("ils.storbyen.example")

LISTENERS = "".join(
    f"""
[[listeners.ncip]]
name = "{transport}s"
transport = "{transport}"
port = 0
[listeners.ncip.tls]
certificate = "tls.pem"
key = "tls.key"
client_ca = "vendors.pem"
"""
    for transport in ("http", "tcp")
)


def client(certificate: trustme.LeafCert | None) -> ssl.SSLContext:
    """A vendor's TLS, with a certificate or without."""
    context = ssl.create_default_context()
    OURS.configure_trust(context)
    if certificate is not None:
        certificate.configure_cert(context)
    return context


@pytest.fixture
async def secured(world: World) -> AsyncIterator[Served]:
    """A daemon with listeners over TLS, at which storbyen-ils must show its own certificate."""
    leaf = OURS.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(world.directory / "credentials" / "tls.key")
    (world.directory / "credentials" / "tls.key").chmod(0o600)
    for number, blob in enumerate(leaf.cert_chain_pems):
        blob.write_to_path(world.directory / "tls.pem", append=number > 0)
    VENDORS.cert_pem.write_to_path(world.directory / "vendors.pem")
    der = ssl.PEM_cert_to_DER_cert(OWN.cert_chain_pems[0].bytes().decode())
    file = world.partners.with_name("initiators.toml")
    bound = f'id = "storbyen-ils"\ncertificate = "{hashlib.sha256(der).hexdigest()}"'
    # The others leave this network, so that only the certificate decides here.
    elsewhere = file.read_text().replace('id = "storbyen-ils"', bound).split("[[initiators]]")
    text = "[[initiators]]".join(
        [*elsewhere[:2], *(one.replace("127.0.0.0/8", "192.0.2.0/24") for one in elsewhere[2:])]
    )
    file.write_text(text.replace(', "::1/128"', ""))
    async with running(world, settings=LISTENERS) as served:
        yield served


async def test_an_initiator_that_shows_its_own_certificate_is_answered(secured: Served) -> None:
    async with http(secured, listener="https", tls=client(OWN)) as vendor:
        for _ in range(2):
            assert standing_of((await vendor.post(GUEST)).message) == "Guest"
    raw = await over_tcp(secured, GUEST, listener="tcps", tls=client(OWN))
    assert standing_of(read(raw)) == "Guest"


async def test_another_vendors_certificate_is_not_enough_even_with_the_secret(secured: Served) -> None:
    async with http(secured, listener="https", tls=client(ANOTHER)) as vendor:
        page = await vendor.post(GUEST)
    assert (page.status, problem_of(page.message)) == (401, "Agency Authentication Failed")
    raw = await over_tcp(secured, GUEST, listener="tcps", tls=client(ANOTHER))
    assert problem_of(read(raw)) == "Agency Authentication Failed"


@pytest.mark.parametrize("certificate", [None, STRANGE], ids=["none", "of another authority"])
async def test_without_a_certificate_of_the_authority_there_is_no_connection(
    certificate: trustme.LeafCert | None, secured: Served
) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        async with http(secured, listener="https", tls=client(certificate)) as vendor:
            await vendor.post(GUEST)


async def test_a_certificate_is_no_secret(secured: Served) -> None:
    async with http(secured, listener="https", tls=client(OWN)) as vendor:
        document = look_up(card_and_pin("N001000001", "4817"), head=header(secret="wrong"))
        page = await vendor.post(document)
    assert (page.status, problem_of(page.message)) == (200, "Agency Authentication Failed")


async def test_without_tls_nobody_has_a_certificate(secured: Served) -> None:
    async with http(secured) as vendor:
        assert (await vendor.post(GUEST)).status == 401


async def test_a_network_from_which_nobody_speaks_is_forbidden(world: World) -> None:
    file = world.partners.with_name("initiators.toml")
    file.write_text(file.read_text().replace("127.0.0.0/8", "192.0.2.0/24"))
    async with running(world) as served, http(served) as vendor:
        page = await vendor.post(GUEST)
    assert (page.status, problem_of(page.message)) == (403, "Agency Authentication Failed")


async def test_whoever_still_shakes_hands_does_not_stop_the_door_from_looking_after_the_others(served: Served) -> None:
    door = served.daemon._ncip
    meter = served.metrics.listener("ncip", encrypted=False)
    entrance = Entrance(
        door, name="ncip", networks=(), meter=meter, line=lambda here, host: HttpLine(here, host, b"/ncip")
    )
    line = entrance.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40_000))
    assert line is not None
    served.clock.turn(3600)
    door.sweep()
    line.leave()
    door.left(line)
