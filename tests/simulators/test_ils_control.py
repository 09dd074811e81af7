"""The control port: breaking the simulated library from outside while it runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gateway.simulators.ils import Kind, open_control
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE
from tests.simulators.ils_line import PATIENCE, Running, running

Say = Callable[[str], Awaitable[str]]


@contextlib.asynccontextmanager
async def controlled() -> AsyncIterator[tuple[Running, Say]]:
    async with running() as lines:
        control = await open_control(lines.simulator)
        reader, writer = await asyncio.open_connection("127.0.0.1", control.addresses[0].port)

        async def say(line: str) -> str:
            writer.write(line.encode() + b"\n")
            async with asyncio.timeout(5):
                return (await reader.readline()).decode().rstrip("\n")

        try:
            yield lines, say
        finally:
            writer.close()
            await control.close()


async def test_a_fault_is_set_seen_and_cleared() -> None:
    async with controlled() as (lines, say):
        sc = await lines.sc()
        assert await say("fault drop-after messages=23") == "ok drop-after messages=23"
        assert await say("faults") == "ok drop-after messages=23"
        assert await sc.ask(asking.status(ANE), PATIENCE) == []
        assert await say("clear drop-after") == "ok cleared"
        assert await say("faults") == "ok none"
        assert (await sc.again())[-1] is not None
        assert await say("counts") == "ok 23=2 93=1 connect=1"


async def test_the_library_goes_down_and_up() -> None:
    async with controlled() as (lines, say):
        await lines.sc()
        assert await say("cut") == "ok 1 cut"
        assert await say("down") == "ok down"
        assert not lines.simulator.is_listening
        assert await say("up") == "ok up"
        await lines.sc()


async def test_loans_are_told_by_local_id() -> None:
    async with controlled() as (_, say):
        assert (await say("loans")).startswith("ok i2 S2 2026-12-03; i3 S2 2026-11-21")


async def test_help_names_every_command_and_kinds_every_kind() -> None:
    async with controlled() as (_, say):
        helped = await say("help")
        assert all(name in helped for name in ("fault", "faults", "clear", "down", "up", "cut", "counts"))
        told = await say("kinds")
        assert all(kind.value in told for kind in Kind)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dance", "error: no command dance; try help"),
        ("fault explode", "error: no such fault: explode"),
        ("fault delay seconds=x", "error: seconds=x: not a number"),
        ("clear explode", "error: 'explode' is not a valid Kind"),
        ("\r\nfaults\r", "ok none"),
    ],
)
async def test_a_wrong_command_is_answered_and_harms_nothing(line: str, said: str) -> None:
    async with controlled() as (_, say):
        assert await say(line) == said
        assert await say("faults") == "ok none"


async def test_whoever_stops_sending_still_gets_the_answers_in_order() -> None:
    async with running() as lines:
        control = await open_control(lines.simulator)
        reader, writer = await asyncio.open_connection("127.0.0.1", control.addresses[0].port)
        writer.write(b"fault delay times=1\ncut\nfaults\n")
        writer.write_eof()
        async with asyncio.timeout(5):
            assert await reader.read() == b"ok delay times=1\nok 0 cut\nok delay times=1\n"
        writer.close()
        await control.close()
