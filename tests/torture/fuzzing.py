"""Runs a fuzz target for a while, in a process of its own, and tells what came of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.torture.outcome import Outcome

ROOT = Path(__file__).parents[2]
FOUND = ROOT / ".torture"
"""Where inputs are kept that failed, and what the fuzzer has learned."""

_TRIED = re.compile(r"number_of_executed_units:\s*(\d+)")
_COVERED = re.compile(r"\bcov: (\d+)")
# What the fuzzer needs beside the time that it was given: to start, to read what it knows, to end.
_GRACE = 120


def fuzzed(target: str, seconds: float, found: Path = FOUND) -> Outcome:
    """Return how the fuzz target of this name ended; what failed is kept in ``found``."""
    folder = found / target
    known = _failures(folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    with log.open("w", encoding="utf-8", errors="replace") as written:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.torture.fuzz_child", target, str(seconds), str(folder)],
            stdout=written,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            timeout=seconds + _GRACE,
            check=False,
        )
    told = log.read_text("utf-8", "replace")
    tried = int(next(iter(_TRIED.findall(told)), 0))
    covered = _COVERED.findall(told)
    guided = f", {covered[-1]} places covered" if covered else ", by chance"
    new = sorted(_failures(folder) - known)
    if ended.returncode != 0 or new or not tried:
        return Outcome(False, "; ".join([f"{tried} inputs{guided}", f"see {log}", *map(str, new)]))
    return Outcome(True, f"{tried} inputs{guided}, none failed")


def _failures(folder: Path) -> set[Path]:
    return {path for kind in ("crash", "timeout", "oom", "slow-unit") for path in folder.glob(f"{kind}-*")}
