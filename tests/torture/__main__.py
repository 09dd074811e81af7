"""``python -m tests.torture [--seconds N] [name …]``: run tortures, all by default, and print what came of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial

from tests.torture.faults import faults
from tests.torture.fuzzing import fuzzed
from tests.torture.outcome import Outcome

TORTURES: Mapping[str, Callable[[float], Outcome]] = {
    "faults": faults,
    "ncip-parser": partial(fuzzed, "ncip_parser"),
}
"""Each is given the seconds that it may take, about."""


def main() -> int:
    """Return the exit status: 0, or 1 where something was not borne."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(TORTURES)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each, about; 60 by default")
    told = parser.parse_args()
    unknown = set(told.name) - set(TORTURES)
    if unknown:
        parser.error(f"no torture {', '.join(sorted(unknown))}")
    borne = True
    for name in told.name or TORTURES:
        print(f"{name} …", file=sys.stderr, flush=True)
        outcome = TORTURES[name](told.seconds)
        borne &= outcome.borne
        print(f"{name}: {'ok' if outcome.borne else 'FAILED'}, {outcome.told}", flush=True)
    return 0 if borne else 1


if __name__ == "__main__":
    raise SystemExit(main())
