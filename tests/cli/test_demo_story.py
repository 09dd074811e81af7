"""``portvakt demo --story``: the whole story once, as whoever tries it first would run it; and what goes wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.commands import portvakt

PATIENCE = 120.0

_TOLD = """\
== A card from the other end of the country, at a kiosk of Storbyen
  AE  personal name            Ågot
  BT  fee type                 01                   other
-- She says yes. Her record goes to Storbyen's library system, and the book is hers, in the same breath.
  AJ  title identifier         Vinter i Lærdal
== The same on a phone: the page that the poster's code leads to
< 422, /NO-2030000/rules, in nb
      Takk! Svaret ditt er lagret
== Fjordby wants to see its guests
      Skranken veit at du kjem
      N001000001 is approved at NO-2120100
== Pål is twelve
  AF  screen message           Ta med en foresatt til skranken for å aktivere kortet her.
      Ta med en foresatt til skranken
== Storbyen's library system is closed for the day
-- The library system is switched off.
  AF  screen message           Your card is being set up. Wait a moment, and place the book again.
-- The library system is switched on. Nobody says yes again.
  AJ  title identifier         Havet som aldri sov
""".splitlines()


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it said."""

    status: int | None
    out: list[str]
    err: str


async def told(tmp_path: Path, *arguments: str | Path) -> Ended:
    """A Python process whose temporary files are ``tmp_path``'s."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUTF8": "1"},
    )
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    return Ended(running.returncode, out.decode().splitlines(), err.decode())


def in_this_order(wanted: list[str], lines: list[str]) -> str | None:
    """The first wanted line that does not come behind the ones before it; None where all do."""
    left = iter(lines)
    return next((line for line in wanted if line not in left), None)


@pytest.mark.timeout(150)
async def test_the_story_goes_as_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = await told(tmp_path, "-m", "gateway.cli", "demo", "--story")
    assert (ended.status, ended.err) == (0, ""), "\n".join(ended.out)
    assert in_this_order(_TOLD, ended.out) is None
    assert not any(line.startswith("!!") for line in ended.out)
    assert ended.out[-1].startswith("The story went as told")
    assert not any("4817" in line or "8261" in line for line in ended.out)
    assert list(tmp_path.iterdir()) == []


# Stands in for the scenes: what they say is what somebody has changed in the world.
_OTHERWISE = """
import sys
from gateway.cli import demo_story
from gateway.cli.main import main
def play(stage):
    {scene}
demo_story.play = play
main(["demo", "--story", "--state", sys.argv[1]])
"""


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("stage.at_kiosk('Somebody logs in.', 'login storbyen-1 wrong')", "Somebody logs in.:1: the login was refused"),
        ("stage.says(stage.opens('Nobody reads.', stage.phone(), '/'), 'Velkommen')", "/ does not say: Velkommen"),
        ("stage.command('Staff err.', ['guests', 'list', '--unit', 'NO-1'])", "guests list ended with status 1"),
        ("stage.kiosk.close(); stage.at_kiosk('Gone.', 'status')", "it broke off: ConnectionLost"),
        ("1 / 0", "the story was interrupted"),
    ],
    ids=["kiosk", "page", "command", "connection", "defect"],
)
async def test_what_is_different_is_told_and_the_folder_kept(scene: str, said: str, tmp_path: Path) -> None:
    state = tmp_path / "kept"
    ended = await told(tmp_path, "-c", _OTHERWISE.format(scene=scene), state)
    assert ended.status == 1
    assert "the story did not go as told" in ended.err
    assert said in ended.err
    assert "daemon_ready" in (state / "story.log").read_text(encoding="utf-8")


async def test_a_world_that_is_there_is_not_played_in(state: Path) -> None:
    result = await portvakt("demo", "--story", "--state", state)
    assert (result.exit_code, "is not empty" in result.output) == (1, True)
    assert (state / "portvakt.db").exists()
