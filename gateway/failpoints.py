"""Places where a test may kill the daemon: ``PORTVAKT_FAILPOINT=after_sent:kill``, read once when the process begins.

A third part says at which passing, from 1: ``after_sent:kill:2`` spares the look-up and kills at the creation. Without
the variable a passing costs one comparison.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Literal, get_args

Point = Literal["after_claim", "before_send", "after_sent", "after_answer", "before_settle"]
"""After a claim is durable; before and after a request leaves; after its answer; before what came of it is stored."""

VARIABLE = "PORTVAKT_FAILPOINT"


class FailpointError(ValueError):
    """The variable names no point, or does not say ``kill``."""


class Failpoints:
    """The one point that is armed in a process, or none."""

    def __init__(self, told: str | None) -> None:
        """Read what the variable says; raises :class:`FailpointError` for what means nothing."""
        self._point, self._passings = _read(told) if told else ("", 0)

    def reached(self, point: Point) -> None:
        """Die here, as by ``kill -9``, where this is the point and the passing that was named."""
        if point == self._point:
            self._passings -= 1
            if self._passings <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    async def left(self, point: Point) -> None:
        """Do as ``reached``, once what was written has left: uvloop writes when a turn of its loop ends."""
        if point == self._point:
            await asyncio.sleep(0.01)
            self.reached(point)


def _read(told: str) -> tuple[str, int]:
    point, _, rest = told.partition(":")
    action, _, passing = rest.partition(":")
    if point not in get_args(Point) or action != "kill" or not (passing or "1").isdecimal():
        raise FailpointError(f"{VARIABLE} is {'|'.join(get_args(Point))}:kill, and a number where not the first")
    return point, int(passing or 1)


FAILPOINTS = Failpoints(os.environ.get(VARIABLE))
"""Those of this process."""
