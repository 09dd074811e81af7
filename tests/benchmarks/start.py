"""From the start of the process to READY, with the whole register there."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks import daemon, world
from tests.benchmarks.report import Row, at_most

ROUNDS = 5
MOST = 2.0


def start() -> list[Row]:
    """Return the rows; the register's file is in the page cache, having been copied a moment ago."""
    seconds = []
    for _ in range(ROUNDS + 1):
        with daemon.running(core=None) as server:
            seconds.append(server.seconds_to_ready)
    kept = seconds[1:]
    said = f"{ROUNDS} starts, the slowest {max(kept):.2f} s"
    return [
        at_most(f"start to READY, {world.PATRONS} patrons", statistics.median(kept), MOST, "s", said),
        Row("of which importing, with the interpreter's own start", f"{_typical('import gateway.daemon'):.2f} s"),
        Row("the interpreter's own start", f"{_typical('pass'):.2f} s"),
    ]


def _typical(statement: str) -> float:
    return statistics.median(_seconds(statement) for _ in range(ROUNDS))


def _seconds(statement: str) -> float:
    # As `portvakt serve` does it: the command first, then the reactor, then what stands on it.
    code = (
        statement if statement == "pass" else f"import gateway.cli.main, gateway.reactor as r; r.install(); {statement}"
    )
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began
