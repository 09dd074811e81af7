"""Names of library systems: looked up by one for all, and remembered when the name servers are silent."""

from __future__ import annotations

import asyncio

import pytest

from gateway.upstream.addresses import Address, Addresses
from gateway.upstream.connecting import Connector
from gateway.upstream.failures import FailureKind
from gateway.upstream.names import Names, Numbers, ask_resolver
from tests.clocks import HandClock


class NameServer:
    """Answers when it is told to, and counts what it was asked."""

    def __init__(self, *numbers: str) -> None:
        self.numbers = numbers
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def look_up(self, host: str, port: int) -> Numbers:
        self.asked += 1
        await self.answers.wait()
        if not self.numbers:
            raise OSError("no such name")
        return self.numbers


async def test_many_who_ask_at_once_are_answered_by_one_look_up() -> None:
    server = NameServer("192.0.2.7", "2001:db8::7")
    names = Names(HandClock().monotonic, server.look_up)
    server.answers.clear()
    asking = [asyncio.ensure_future(names.numbers_of("ils", 6001)) for _ in range(20)]
    await asyncio.sleep(0)
    asking.pop().cancel()
    server.answers.set()
    assert set(await asyncio.gather(*asking)) == {("192.0.2.7", "2001:db8::7")}
    assert server.asked == 1


async def test_a_name_is_looked_up_anew_after_a_minute_and_nobody_waits_for_it() -> None:
    clock, server = HandClock(), NameServer("192.0.2.7")
    names = Names(clock.monotonic, server.look_up)
    await names.numbers_of("ils", 6001)
    clock.turn(60.0)
    server.numbers = ("192.0.2.8",)
    assert await names.numbers_of("ils", 6001) == ("192.0.2.7",)
    for _ in range(3):
        await asyncio.sleep(0)
    assert await names.numbers_of("ils", 6001) == ("192.0.2.8",)


async def test_without_name_servers_a_library_is_found_where_it_was() -> None:
    clock, server = HandClock(), NameServer("192.0.2.7")
    names = Names(clock.monotonic, server.look_up)
    await names.numbers_of("ils", 6001)
    server.numbers = ()
    for _ in range(3):
        clock.turn(3600.0)
        assert await names.numbers_of("ils", 6001) == ("192.0.2.7",)
        await asyncio.sleep(0)
    assert server.asked >= 3


async def test_a_name_that_stands_for_nothing_is_asked_for_again_the_next_time() -> None:
    server = NameServer()
    names = Names(HandClock().monotonic, server.look_up)
    for _ in range(2):
        with pytest.raises(OSError, match="no such name"):
            await names.numbers_of("ils", 6001)
    assert server.asked == 2


async def test_a_numeric_address_is_not_looked_up() -> None:
    names = Names(HandClock().monotonic, NameServer().look_up)
    assert await names.numbers_of("192.0.2.7", 6001) == ("192.0.2.7",)
    assert await names.numbers_of("2001:db8::7", 6001) == ("2001:db8::7",)


async def test_the_system_knows_this_machine() -> None:
    assert "127.0.0.1" in await ask_resolver("localhost", 6001)


async def test_each_number_that_a_name_stands_for_is_tried() -> None:
    class Taken(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.close()

    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = HandClock().monotonic

    def connector(*numbers: str) -> Connector:
        addresses = Addresses((Address("ils", port),), clock, lambda: 0.0)
        return Connector(addresses, Names(clock, NameServer(*numbers).look_up), None, None, clock)

    until = clock() + 5.0
    assert isinstance(await connector("127.0.0.9", "127.0.0.1").connect(lambda _: Taken(), until), Taken)
    assert await connector("127.0.0.8", "127.0.0.9").connect(lambda _: Taken(), until) is FailureKind.REFUSED
    server.close()
    await server.wait_closed()
