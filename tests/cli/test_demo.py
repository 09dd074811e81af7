"""demo and serve as processes of their own: start, signals, what others on the machine can see."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.demo_world import PASSWORDS
from tests.cli.commands import portvakt

PATIENCE = 30.0


@asynccontextmanager
async def process(*arguments: str | Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[str]]]:
    """A running ``portvakt``, and what it has said on standard error so far."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.cli", *map(str, arguments), stderr=asyncio.subprocess.PIPE
    )
    said: list[str] = []
    assert running.stderr is not None
    stderr = running.stderr

    async def listen() -> None:
        async for line in stderr:
            said.append(line.decode())

    listening = asyncio.ensure_future(listen())
    try:
        yield running, said
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()
        await listening


async def until(said: list[str], pattern: str) -> re.Match[str]:
    async with asyncio.timeout(PATIENCE):
        while True:
            for line in said:
                if found := re.search(pattern, line):
                    return found
            await asyncio.sleep(0.02)


async def conversation(port: int, *frames: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    async with asyncio.timeout(PATIENCE):
        for frame in frames:
            writer.write(frame + b"\r")
            answers.append(await reader.readuntil(b"\r"))
    writer.close()
    return answers


LOGIN = b"9300CNstorbyen-1|CO" + PASSWORDS["storbyen-1"].encode() + b"|"
ASK = b"2301220261123    101512AONO-2030000|AAN001000001|AC|AD4817|"


async def test_a_demo_says_what_it_made_answers_a_kiosk_and_stops_at_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "var"
    demo = ("demo", "--state", state, "--port", "0", "--http-port", "0", "--ncip-port", "0")
    async with process(*demo) as (running, said):
        assert "made" in (await until(said, r"demo world (\w+) in")).group(0)
        port = int((await until(said, r"^sip2 +127\.0\.0\.1:(\d+)")).group(1))
        login, answer = await conversation(port, LOGIN, ASK)
        assert login == b"941\r"
        assert b"|BLY|CQY|" in answer
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await running.wait() == 0
    async with process(*demo) as (running, said):
        assert "found" in (await until(said, r"demo world (\w+) in")).group(0)
        await until(said, "daemon_ready")
        running.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await running.wait() == 0


async def test_serve_reads_partners_anew_at_sighup_and_keeps_the_old_ones_when_they_are_wrong(state: Path) -> None:
    config, partners = state / "portvakt.toml", state / "partners.d" / "demo.toml"
    whole = partners.read_text(encoding="utf-8")
    async with process("serve", "--config", config) as (running, said):
        port = int((await until(said, r'"listener":"sip2".*"address":"127\.0\.0\.1:(\d+)"')).group(1))
        await until(said, "daemon_ready")
        partners.write_text(whole + "\n[[terminals]]\nid = 7\n", encoding="utf-8")
        running.send_signal(signal.SIGHUP)
        refused = await until(said, '"reload_failed"')
        assert "demo.toml" in refused.string
        assert (await conversation(port, LOGIN))[0] == b"941\r"
        partners.write_text(whole.replace('login = "storbyen-1"', 'login = "storbyen-2"'), encoding="utf-8")
        running.send_signal(signal.SIGHUP)
        await until(said, '"reload_succeeded"')
        assert (await conversation(port, LOGIN))[0] == b"940\r"


async def test_a_port_in_use_is_said_in_one_line(state: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with process("demo", "--state", state, "--port", str(port), "--http-port", "0", "--ncip-port", "0") as (
        running,
        said,
    ):
        async with asyncio.timeout(PATIENCE):
            assert await running.wait() == 1
    assert any(line.startswith("Error: cannot listen") for line in said)
    assert not any("Traceback" in line for line in said)
    server.close()


async def test_a_folder_that_is_no_demo_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("years of work")
    for fresh in ([], ["--fresh"]):
        result = await portvakt("demo", "--state", tmp_path, *fresh)
        assert result.exit_code == 1
        assert "no demo" in result.output
    assert (tmp_path / "thesis.odt").read_text() == "years of work"


async def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = await portvakt("demo", "--state", tmp_path / "file" / "var")
    assert result.exit_code == 1
    assert result.output == f"Error: {tmp_path / 'file' / 'var'}: Not a directory\n"


async def test_a_demo_is_not_begun_anew_under_one_that_runs(state: Path) -> None:
    demo = ("demo", "--state", state, "--port", "0", "--http-port", "0", "--ncip-port", "0", "--ils-port", "0")
    async with process(*demo) as (_, said):
        await until(said, "daemon_ready")
        result = await portvakt(*demo, "--fresh")
        assert (result.exit_code, "in use" in result.output) == (1, True)
        port = int((await until(said, r"^sip2 +127\.0\.0\.1:(\d+)")).group(1))
        assert b"|BLY|CQY|" in (await conversation(port, LOGIN, ASK))[1]


async def test_a_demo_that_was_interrupted_while_it_was_made_is_made_again(state: Path) -> None:
    (state / "populated").unlink()
    async with process("demo", "--state", state, "--port", "0", "--http-port", "0", "--ncip-port", "0") as (_, said):
        assert "made" in (await until(said, r"demo world (\w+) in")).group(0)
        port = int((await until(said, r"^sip2 +127\.0\.0\.1:(\d+)")).group(1))
        assert b"|BLY|CQY|" in (await conversation(port, LOGIN, ASK))[1]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
async def test_no_secret_stands_in_the_list_of_processes(state: Path) -> None:
    async with process("demo", "--state", state, "--port", "0", "--http-port", "0", "--ncip-port", "0") as (
        running,
        said,
    ):
        await until(said, "daemon_ready")
        process_folder = Path(f"/proc/{running.pid}")
        visible = (process_folder / "cmdline").read_bytes() + (process_folder / "environ").read_bytes()
    assert not any(password.encode() in visible for password in PASSWORDS.values())
    assert b"4817" not in (process_folder.name.encode() + visible)
