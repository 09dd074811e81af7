"""A yes is on the disk before the kiosk hears of it (F2): the order of system calls, as strace sees it.

``kill -9`` cannot show this, for the kernel keeps what a killed process has written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.activating.scene import scene
from tests.operations.activating.serving import serving
from tests.operations.activating.tracing import may_trace, traced
from tests.operations.activating.visits import is_acknowledged, is_offer

CALLS = "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg"
_BEGUN = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_EVIDENCE = "BO Y after BO N"
"""Stands in the consent alone."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that has ended: where its lines stand, and what it was told."""

    begun: int
    ended: int
    name: str
    told: str


def calls_in(lines: Sequence[str]) -> Iterator[Call]:
    """Return the calls in the order in which they ended."""
    under_way: dict[str, tuple[int, str, str]] = {}
    for place, line in enumerate(lines):
        if (begun := _BEGUN.match(line)) is not None:
            thread, name, told = begun.groups()
            if told.endswith("<unfinished ...>"):
                under_way[thread] = (place, name, told)
            else:
                yield Call(place, place, name, told)
        elif (resumed := _RESUMED.match(line)) is not None and resumed[1] in under_way:
            first, name, told = under_way.pop(resumed[1])
            yield Call(first, place, name, told + resumed[3])


def test_calls_are_read_whole_and_in_the_order_in_which_they_end() -> None:
    lines = [
        "7  write(3, 1) = 1",
        "8  fdatasync(4 <unfinished ...>",
        "7  write(3, 2) = 1",
        "8  <... fdatasync resumed>) = 0",
    ]
    read = [(call.begun, call.ended, call.name) for call in calls_in(lines)]
    assert read == [(0, 0, "write"), (2, 2, "write"), (1, 3, "fdatasync")]


@pytest.mark.skipif(not may_trace(), reason="strace is missing, or may not be attached here")
@pytest.mark.timeout(180)
async def test_a_yes_is_synced_to_the_disk_before_the_kiosk_is_answered(tmp_path: Path) -> None:
    output = tmp_path / "trace"
    async with scene("sqlite", tmp_path, 1) as here, serving(here.place) as daemon:
        person = here.somebody()
        async with here.visits.kiosk() as kiosk:
            await kiosk.shows(person)
            assert is_offer(await kiosk.wants(person))
            async with traced(daemon.process.pid, output, "-yy", "-s", "5000", "-e", CALLS):
                assert is_acknowledged(await kiosk.agrees(person))
        await here.are_local(person)
        await here.holds()
    calls = list(calls_in(output.read_text("utf-8", errors="replace").splitlines()))
    kept = _first(call for call in calls if call.name == "pwrite64" and "-wal>" in call.told and _EVIDENCE in call.told)
    synced = next(
        call for call in calls if call.name == "fdatasync" and "-wal>" in call.told and call.begun > kept.ended
    )
    to_kiosk = f"TCP:[127.0.0.1:{here.place.ports.sip2}->"
    answered = _first(call for call in calls if to_kiosk in call.told and '"12' in call.told)
    assert kept.ended < synced.begun <= synced.ended < answered.begun
    assert synced.told.endswith("= 0")


def _first(calls: Iterator[Call]) -> Call:
    """Return the first, of which there must be one."""
    found = list(calls)
    assert found
    return found[0]
