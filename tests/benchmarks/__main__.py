"""``python -m tests.benchmarks [--check] [name …]``: run benchmarks, all by default, and print one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.benchmarks.activation import activation
from tests.benchmarks.alike import alike
from tests.benchmarks.codec import codec
from tests.benchmarks.forwarding import forwarding
from tests.benchmarks.idle import idle
from tests.benchmarks.lookups import lookups
from tests.benchmarks.ncip import ncip
from tests.benchmarks.report import Row, missed, table
from tests.benchmarks.start import start
from tests.benchmarks.throughput import throughput

BENCHMARKS: Mapping[str, Callable[[], list[Row]]] = {
    "codec": codec,
    "throughput": throughput,
    "idle": idle,
    "start": start,
    "lookups": lookups,
    "forwarding": forwarding,
    "ncip": ncip,
    "activation": activation,
    "alike": alike,
}


def main() -> int:
    """Return the exit status: 0, or with ``--check`` 1 where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    told = parser.parse_args()
    unknown = set(told.name) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    rows: list[Row] = []
    try:
        for name in told.name or BENCHMARKS:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows += BENCHMARKS[name]()
    finally:
        # What was measured before one of them failed is worth seeing all the same.
        print(table(rows))
    return 1 if told.check and missed(rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
