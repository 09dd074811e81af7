"""Places where a test may kill the daemon: only the one that was named, only when the process began with its name."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from gateway.failpoints import FAILPOINTS, VARIABLE, FailpointError, Failpoints, Point
from tests.gateway.ncip.ils_responder import HANGS, responding
from tests.gateway.worlds import until

POINTS = get_args(Point)


def ended(told: str | None, *lines: str) -> int:
    """How a process ends that begins with the variable and passes these points."""
    program = "\n".join(("from gateway.failpoints import FAILPOINTS", *lines))
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if told is not None:
        environment[VARIABLE] = told
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, timeout=50, check=False
    ).returncode


def passing(*points: str) -> list[str]:
    return [f"FAILPOINTS.reached({point!r})" for point in points]


@pytest.mark.parametrize(
    ("told", "points", "dies"),
    [
        (None, POINTS, False),
        ("after_sent:kill", ("after_sent",), True),
        ("after_sent:kill", ("before_send", "after_answer"), False),
        ("after_claim:kill:2", ("after_claim",), False),
        ("after_claim:kill:2", ("after_claim", "after_claim"), True),
        ("before_settle:kill:1", ("before_settle",), True),
    ],
)
def test_a_process_dies_at_the_point_that_was_named_and_nowhere_else(
    told: str | None, points: tuple[str, ...], dies: bool
) -> None:
    assert ended(told, *passing(*points)) == (-signal.SIGKILL if dies else 0)


def test_what_is_set_later_means_nothing() -> None:
    assert ended(None, "import os", f"os.environ[{VARIABLE!r}] = 'after_sent:kill'", *passing("after_sent")) == 0


def test_what_leaves_with_the_turn_of_the_loop_has_left() -> None:
    lines = ("import asyncio", "asyncio.run(FAILPOINTS.left('after_sent'))")
    assert ended("after_sent:kill", *lines) == -signal.SIGKILL
    assert ended("after_claim:kill", *lines) == 0


@pytest.mark.parametrize("told", ["after_lunch:kill", "after_sent", "after_sent:sleep", "after_sent:kill:soon"])
def test_a_point_that_does_not_exist_is_a_mistake(told: str) -> None:
    with pytest.raises(FailpointError, match="after_claim"):
        Failpoints(told)


def test_nothing_is_armed_here() -> None:
    for point in POINTS:
        FAILPOINTS.reached(point)


_ASKS = """
import sys, time, uvloop
from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_client import IlsClient
from gateway.observability.metrics import Metrics
from tests.gateway.sip2.ils_world import Noted

async def ask():
    endpoint = Endpoint(id="ils", url=sys.argv[1], from_agency="NO-0030100", to_agency="NO-2030000")
    meter = Metrics(version="test", listeners=(), peers=("ils",)).upstream("ils")
    client = IlsClient(endpoint, clock=time.monotonic, meter=meter, log=Noted())
    await client.look_up_user("N001234567", time.monotonic() + 9)

uvloop.run(ask())
"""


async def test_what_dies_after_it_has_sent_has_sent() -> None:
    async with responding(HANGS) as ils:
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ASKS, f"http://127.0.0.1:{ils.port}/ncip"),
            env={**os.environ, VARIABLE: "after_sent:kill"},
            cwd=Path(__file__).parents[2],
        )
        assert await asking.wait() == -signal.SIGKILL
        await until(lambda: len(ils.bodies) == 1)
        assert b"N001234567" in ils.bodies[0]
