"""A day in front of a library system that is killed and started again: each of them a process, the kiosk stays."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.cli.demo import tell_of_ils
from gateway.demo_world import PASSWORDS

PATIENCE = 60.0
DATE = "20261123    101512"
LOGIN = f"9300CNstorbyen-1|CO{PASSWORDS['storbyen-1']}|"
STATUS = "9900802.00"
BOOK = "30101000001"


def lend(card: str) -> str:
    return f"11YN{DATE}{' ' * 18}AONO-2030000|AA{card}|AB{BOOK}|AC|"


RETURN = f"09N{DATE}{DATE}APHOVED|AONO-2030000|AB{BOOK}|AC|"
LEAVE = f"35{DATE}AONO-2030000|AAN001000002|"


@asynccontextmanager
async def process(ready: str, *arguments: str | Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A running ``portvakt``, and the port that it says it is ready at."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := re.search(ready, (await running.stdout.readline()).decode())):
                assert not running.stdout.at_eof()
        # What it says from now on is read, or it would stop when the pipe is full.
        reading = asyncio.ensure_future(running.stdout.read())
        yield running, int(found.group(1))
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()
    await reading


@asynccontextmanager
async def library_system(state: Path, port: int = 0) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Storbyen's library system, whose books are kept in this folder."""
    told = ("simulate", "ils", "--port", str(port), "--state", state)
    async with process(r"ready.*127\.0\.0\.1:(\d+)", *told) as started:
        yield started


class Kiosk:
    """One connection that stays open all day."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, frame: str) -> str:
        self._writer.write(frame.encode() + b"\r")
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.readuntil(b"\r")).decode()

    async def until(self, frame: str, answer: str) -> None:
        """Ask again and again until it is answered so."""
        async with asyncio.timeout(PATIENCE):
            while not (await self.say(frame)).startswith(answer):
                await asyncio.sleep(0.1)


@asynccontextmanager
async def kiosk_at(port: int) -> AsyncIterator[Kiosk]:
    """A kiosk that hangs up in the evening."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Kiosk(reader, writer)
    finally:
        writer.close()


async def test_a_library_system_is_killed_in_the_middle_of_a_visit_and_comes_back(state: Path, tmp_path: Path) -> None:
    books = tmp_path / "books"
    served = process(r'"listener":"sip2".*"address":"127\.0\.0\.1:(\d+)"', "serve", "--config", state / "portvakt.toml")
    async with library_system(books) as (ils, at):
        tell_of_ils(state, at, 0)
        async with served as (_, port), kiosk_at(port) as kiosk:
            assert await kiosk.say(LOGIN) == "941\r"
            await kiosk.until(STATUS, "98YYY")
            assert (await kiosk.say(lend("N001000002"))).startswith("121")

            ils.send_signal(signal.SIGKILL)
            await ils.wait()
            assert (await kiosk.say(RETURN)).startswith("100")
            assert (await kiosk.say(lend("S100001"))).startswith("120")
            assert (await kiosk.say(LEAVE)).startswith("36Y")
            assert (await kiosk.say(STATUS)).startswith("98YNN")

            async with library_system(books, at):
                await kiosk.until(STATUS, "98YYY")
                # It knows what was lent before it was killed.
                assert (await kiosk.say(lend("S100001"))).startswith("120")
                assert (await kiosk.say(RETURN)).startswith("101")
                assert (await kiosk.say(lend("S100001"))).startswith("121")
                assert (await kiosk.say(RETURN)).startswith("101")
