"""Twisted protocols on uvloop's transport, over real sockets on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IPushProducer, ITransport
from zope.interface.verify import verifyObject

from gateway.addresses import address_of
from gateway.bridge import Listening, listen
from tests.gateway_core.peers import Echo, Echoes, Streams, connected

ROOT = Path(__file__).parents[2]


@pytest.fixture
def echoes() -> Echoes:
    return Echoes()


@pytest.fixture
async def listening(echoes: Echoes) -> AsyncIterator[Listening]:
    listener = await listen(echoes, "127.0.0.1", 0)
    yield listener
    await listener.close()


async def asked(streams: Streams, sent: bytes) -> bytes:
    reader, writer = streams
    writer.write(sent)
    return await reader.readexactly(len(sent))


async def test_what_is_sent_comes_to_the_protocol_and_its_answer_comes_back(listening: Listening) -> None:
    async with connected(listening) as peer:
        assert await asked(peer, b"9900302.00\r") == b"9900302.00\r"


async def test_a_protocol_is_connected_before_its_first_byte_and_lost_after_its_last(
    listening: Listening, echoes: Echoes
) -> None:
    async with connected(listening) as peer:
        await asked(peer, b"a")
        await asked(peer, b"b")
    (echo,) = echoes.built
    await echo.gone.wait()
    assert echo.happened == ["made", "data", "data", "lost"]
    assert echo.reason is not None
    assert echo.reason.check(ConnectionDone)


async def test_a_carrier_is_a_twisted_transport(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as peer:
        await asked(peer, b"x")
        carrier = echoes.built[0].carrier
        assert verifyObject(ITransport, carrier)
        assert verifyObject(IPushProducer, carrier)
        assert not hasattr(carrier, "__dict__")


async def test_both_addresses_are_told(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        carrier = echoes.built[0].carrier
        assert carrier.getPeer() == IPv4Address("TCP", *writer.get_extra_info("sockname"))
        assert carrier.getHost() == IPv4Address("TCP", *writer.get_extra_info("peername"))
        assert echoes.peers == [carrier.getPeer()]


async def test_several_pieces_arrive_as_one(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        echoes.built[0].carrier.writeSequence([b"96", b"AZ", b"FEF6\r"])
        assert await reader.readexactly(9) == b"96AZFEF6\r"


async def test_losing_a_connection_sends_what_was_written_before(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        carrier = echoes.built[0].carrier
        carrier.write(b"last words" * 100_000)
        carrier.loseConnection()
        assert carrier.disconnecting
        assert len(await reader.read(-1)) == 1_000_000


async def test_aborting_throws_unsent_bytes_away(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        carrier = echoes.built[0].carrier
        carrier.write(b"x" * 50_000_000)
        assert carrier.unsent > 10_000_000
        carrier.abortConnection()
        await echoes.built[0].gone.wait()
        assert len(await reader.read(-1)) < 50_000_000


async def test_a_paused_protocol_gets_nothing_until_it_resumes(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        (echo,) = echoes.built
        echo.carrier.pauseProducing()
        echo.carrier.pauseProducing()
        writer.write(b"later")
        await writer.drain()
        for _ in range(20):
            await asyncio.sleep(0)
        assert echo.happened == ["made", "data"]
        echo.carrier.resumeProducing()
        echo.carrier.resumeProducing()
        assert await reader.readexactly(5) == b"later"


async def test_a_reset_connection_is_lost_and_not_done(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    (echo,) = echoes.built
    await echo.gone.wait()
    assert echo.reason is not None
    assert echo.reason.check(ConnectionLost)


class Finishing(Echo):
    """Answers once its peer has stopped sending."""

    def dataReceived(self, data: bytes) -> None:
        self.happened.append("data")

    def eofReceived(self) -> None:
        self.happened.append("eof")
        self.carrier.write(b"answer")
        self.carrier.loseConnection()


async def test_a_peer_that_stops_sending_still_gets_its_answers() -> None:
    echoes = Echoes(Finishing)
    listening = await listen(echoes, "127.0.0.1", 0)
    async with connected(listening) as (reader, writer):
        writer.write(b"question")
        writer.write_eof()
        assert await reader.read(-1) == b"answer"
    await echoes.built[0].gone.wait()
    assert echoes.built[0].happened == ["made", "data", "eof", "lost"]
    await listening.close()


async def test_a_protocol_that_knows_no_end_of_input_is_closed_by_it(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as (reader, writer):
        await asked((reader, writer), b"x")
        writer.write_eof()
        assert await reader.read(-1) == b""


class Faulty(Echo):
    """Breaks on every byte."""

    def dataReceived(self, data: bytes) -> None:
        raise ZeroDivisionError


async def test_a_protocol_that_breaks_loses_its_connection_and_the_loop_is_told() -> None:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context.get("exception")))
    echoes = Echoes(Faulty)
    listening = await listen(echoes, "127.0.0.1", 0)
    async with connected(listening) as (reader, writer):
        writer.write(b"x")
        assert await reader.read(-1) == b""
    await echoes.built[0].gone.wait()
    await listening.close()
    loop.set_exception_handler(None)
    assert [type(complaint) for complaint in complaints] == [ZeroDivisionError]
    assert echoes.built[0].happened == ["made", "lost"]


async def test_a_factory_may_refuse_whoever_connects() -> None:
    listening = await listen(Echoes(refuse=True), "127.0.0.1", 0)
    async with connected(listening) as (reader, _):
        assert await reader.read(-1) == b""
    assert listening.connections == 0
    await listening.close()


async def test_stopping_keeps_open_connections(listening: Listening) -> None:
    async with connected(listening) as peer:
        await asked(peer, b"x")
        listening.stop_accepting()
        listening.stop_accepting()
        with pytest.raises(ConnectionRefusedError):
            async with connected(listening):
                pass
        assert await asked(peer, b"y") == b"y"
        assert listening.connections == 1


async def test_closing_cuts_open_connections_and_tells_their_protocols(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as peer:
        await asked(peer, b"x")
        await listening.close()
        assert echoes.built[0].happened[-1] == "lost"
        assert listening.connections == 0


class Closing(Echoes):
    """Closes its listener as soon as somebody comes."""

    listening: Listening
    closing: asyncio.Future[None]

    def buildProtocol(self, addr: IAddress | None) -> Echo | None:
        self.closing = asyncio.ensure_future(self.listening.close())
        return super().buildProtocol(addr)


async def test_closing_before_a_connection_has_opened_tells_its_protocol() -> None:
    echoes = Closing()
    echoes.listening = await listen(echoes, "127.0.0.1", 0)
    async with connected(echoes.listening) as (reader, _):
        assert await reader.read(-1) == b""
    await echoes.closing
    assert [echo.happened for echo in echoes.built] == [["lost"]]
    assert echoes.listening.connections == 0


class Stopping(Echoes):
    """Stops accepting as soon as somebody comes."""

    listening: Listening

    def buildProtocol(self, addr: IAddress | None) -> Echo | None:
        self.listening.stop_accepting()
        return super().buildProtocol(addr)


async def test_a_factory_may_stop_the_listener_that_asks_it() -> None:
    echoes = Stopping()
    echoes.listening = await listen(echoes, "127.0.0.1", 0)
    async with connected(echoes.listening) as peer:
        assert await asked(peer, b"x") == b"x"
    await echoes.listening.close()


SHORT_OF_DESCRIPTORS = """
import asyncio, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from gateway.reactor import install
reactor = install()
from gateway import listening
from gateway.bridge import as_deferred, listen
from tests.gateway_core.peers import Echoes
listening.DESCRIPTOR_PAUSE = 0.05
async def begin():
    opened = await listen(Echoes(), "127.0.0.1", 0)
    print(opened.addresses[0].port, flush=True)
reactor.callLater(0, lambda: as_deferred(begin()))
reactor.run()
"""


def echoed(peer: socket.socket) -> bool:
    peer.sendall(b"x")
    return peer.recv(1) == b"x"


def test_a_listener_out_of_descriptors_serves_whom_it_has_and_recovers() -> None:
    with contextlib.ExitStack() as undo:
        daemon = undo.enter_context(
            subprocess.Popen([sys.executable, "-c", SHORT_OF_DESCRIPTORS], cwd=ROOT, stdout=subprocess.PIPE)
        )
        undo.callback(daemon.kill)
        assert daemon.stdout is not None
        port = int(daemon.stdout.readline())
        peers = [undo.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(40)]
        assert all(echoed(peer) for peer in peers[:15])
        for peer in peers[:25]:
            peer.close()
        assert all(echoed(peer) for peer in peers[25:])
        daemon.terminate()
        assert daemon.wait(20) == 0


async def test_a_port_that_is_taken_is_an_error(listening: Listening) -> None:
    with pytest.raises(OSError, match="in use"):
        await listen(Echoes(), "127.0.0.1", listening.addresses[0].port)


async def test_an_inherited_socket_is_served() -> None:
    inherited = socket.create_server(("127.0.0.1", 0))
    listening = await listen(Echoes(), "", 0, sock=inherited)
    async with connected(listening) as peer:
        assert await asked(peer, b"x") == b"x"
    await listening.close()


async def test_accepted_sockets_notice_peers_that_vanish(listening: Listening, echoes: Echoes) -> None:
    async with connected(listening) as peer:
        await asked(peer, b"x")
        accepted = echoes.built[0].carrier.socket
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (("192.0.2.7", 6001), IPv4Address("TCP", "192.0.2.7", 6001)),
        (("::ffff:192.0.2.7", 6001, 0, 0), IPv4Address("TCP", "192.0.2.7", 6001)),
        (("2001:db8::7", 6001, 0, 0), IPv6Address("TCP", "2001:db8::7", 6001, 0, 0)),
        (("fe80::1%eth0", 6001, 0, 2), IPv6Address("TCP", "fe80::1%eth0", 6001, 0, 2)),
    ],
)
def test_one_kiosk_has_one_spelling(name: tuple[str | int, ...], expected: IPv4Address | IPv6Address) -> None:
    assert address_of(name) == expected
