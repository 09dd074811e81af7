"""NCIP on a raw connection: one message, one answer in one write, the end."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.gateway.ncip.vendors import card_and_pin, look_up, over_tcp, problem_of, read, standing_of, user
from tests.gateway.worlds import Served, until

GUEST = look_up(card_and_pin("N001000001", "4817"))


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r\n", b" \0"])
async def test_a_message_is_answered_and_the_connection_closed(tail: bytes, shared: Served) -> None:
    assert standing_of(read(await over_tcp(shared, GUEST + tail))) == "Guest"


async def test_a_message_may_come_byte_by_byte(shared: Served) -> None:
    host, port = shared.daemon.addresses["raw"]
    reader, writer = await asyncio.open_connection(host, port)
    for at in range(len(GUEST)):
        writer.write(GUEST[at : at + 1])
        await asyncio.sleep(0)
    assert standing_of(read(await reader.read())) == "Guest"
    writer.close()


async def test_what_is_undeclared_latin_1_is_read(shared: Served) -> None:
    document = look_up(user("GRØNN-17")).decode().encode("latin-1")
    assert problem_of(read(await over_tcp(shared, document + b"\n"))) == "Unknown User"


async def test_the_whole_answer_comes_in_the_first_read(shared: Served) -> None:
    host, port = shared.daemon.addresses["raw"]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(GUEST + b"\n")
    first = await reader.read(65536)
    assert standing_of(read(first)) == "Guest"
    assert await reader.read() == b""
    writer.close()


async def test_only_the_first_of_two_messages_is_answered(shared: Served) -> None:
    answer = await over_tcp(shared, GUEST + look_up(user("GRØNN-17")))
    assert standing_of(read(answer)) == "Guest"


async def test_a_message_without_an_end_is_refused_at_the_limit(shared: Served) -> None:
    answer = await over_tcp(shared, b"<x>" + b" " * 300_000)
    assert problem_of(read(answer)) == "Invalid Message Syntax Error"


async def test_half_a_message_is_not_answered(shared: Served) -> None:
    host, port = shared.daemon.addresses["raw"]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(GUEST[:-5])
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()


async def test_slow_bytes_do_not_renew_the_deadline(shared: Served) -> None:
    door = shared.daemon._ncip
    host, port = shared.daemon.addresses["raw"]
    reader, writer = await asyncio.open_connection(host, port)
    await until(lambda: door.connections == 1)
    for _ in range(3):
        writer.write(b"<")
        await asyncio.sleep(0.02)
        shared.clock.turn(4)
        door.sweep()
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def test_beyond_what_is_answered_at_once_messages_are_turned_away(shared: Served) -> None:
    door = shared.daemon._ncip
    door.rules = dataclasses.replace(door.rules, in_flight=0)
    assert problem_of(read(await over_tcp(shared, GUEST))) == "Temporary Processing Failure"
