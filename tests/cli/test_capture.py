"""capture: asked at the prompt, done by the daemon beside it, and clear about why not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.commands import portvakt
from tests.gateway.kiosks import Kiosk
from tests.gateway.worlds import Served, demo, running


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon on this loop; commands run in a thread beside it."""
    async with running(await demo(tmp_path / "world")) as daemon:
        yield daemon


def settings(tmp_path: Path) -> Path:
    return tmp_path / "world" / "portvakt.toml"


async def test_a_terminal_is_captured_listed_and_stopped(served: Served, tmp_path: Path) -> None:
    config = settings(tmp_path)
    assert "nothing is being captured" in (await portvakt("capture", "--list", config=config)).output
    begun = await portvakt("capture", "fjordby-1", "--reason", "case 4711", config=config)
    assert begun.exit_code == 0, begun.output
    path = Path(begun.output.splitlines()[0])
    assert "0 connections open now" in begun.output
    listed = await portvakt("capture", "--list", config=config)
    assert "fjordby-1" in listed.output
    assert path.name in listed.output
    async with served.kiosk("fjordby-1") as kiosk:
        await _asks(kiosk)
    stopped = await portvakt("capture", "fjordby-1", "--stop", config=config)
    assert stopped.output.strip() == str(path)
    said = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [line.get("message") for line in said if "message" in line] == ["94", "23", "24"]
    assert "nothing is being captured" in (await portvakt("capture", "--stop", config=config)).output


async def _asks(kiosk: Kiosk) -> None:
    await kiosk.status("N001000001", "4817")


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("nobody-1", "--reason", "x"), 1, "serves no terminal nobody-1"),
        (("fjordby-1",), 2, "--reason"),
        (("--reason", "x"), 2, "name a terminal"),
        (("fjordby-1", "--reason", "a\nb"), 2, "a reason is one line"),
        (("fjordby-1", "--reason", "x" * 201), 2, "a reason is one line"),
        (("fjordby-1", "--minutes", "61", "--reason", "x"), 2, "61"),
        (("fjordby-1", "--minutes", "0", "--reason", "x"), 2, "0"),
        (("--list", "--stop"), 2, "not both"),
        (("fjordby-1", "--stop"), 1, "not being captured"),
    ],
)
async def test_what_cannot_be_captured_is_said_why(
    served: Served, tmp_path: Path, words: tuple[str, ...], status: int, why: str
) -> None:
    result = await portvakt("capture", *words, config=settings(tmp_path))
    assert (result.exit_code, why in result.output) == (status, True), result.output


async def test_without_a_daemon_there_is_nobody_to_ask(config: Path) -> None:
    result = await portvakt("capture", "fjordby-1", "--reason", "x", config=config)
    assert (result.exit_code, "no daemon serves" in result.output) == (1, True)
