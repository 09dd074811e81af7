"""A failed look-up over NCIP (T5): whether time tells an unknown card, a wrong PIN and a locked card apart."""

from __future__ import annotations

import math
import socket
import statistics
import time
from collections.abc import Iterator, Sequence

from tests.benchmarks import world
from tests.benchmarks.ncip import connected, question, running
from tests.benchmarks.report import Row

# Below this, two rows of times are not of one kind.
REJECTED = 0.001
WRONG_PIN = "2469"
TRIES = 3
FAILED = b">User Authentication Failed<"

# The card alone is locked here, and by few tries: one initiator asks for all of them.
_LIMITS = f"""
[attempts.card_at_terminal]
failures = 100
[attempts.card]
failures = {TRIES}
[attempts.institution]
alert = 100000
refuse = 100000
"""


def alike() -> list[Row]:
    """Return the rows: the p-value of each pair by Mann and Whitney, and medians to be known."""
    wrong = world.people(world.PRICED)
    locked = world.people(range(world.PRICED.stop, world.PRICED.stop + len(wrong)))
    nobody = [(f"N9{number:08}", WRONG_PIN) for number in range(len(wrong))]
    with running(_LIMITS) as server, connected(server.port) as line:
        for card, _ in locked:
            for _ in range(TRIES):
                _time(line, card, WRONG_PIN)
        times: dict[str, list[float]] = {"unknown card": [], "wrong PIN": [], "locked card": []}
        # In turns, so that whatever else the machine does is shared by all.
        for (unknown, _), (known, _), (shut, pin) in zip(nobody, wrong, locked, strict=True):
            times["unknown card"].append(_time(line, unknown, WRONG_PIN))
            times["wrong PIN"].append(_time(line, known, WRONG_PIN))
            times["locked card"].append(_time(line, shut, pin))
    return list(_rows(times))


def _rows(times: dict[str, list[float]]) -> Iterator[Row]:
    medians = ", ".join(f"{name} {statistics.median(values) * 1000:.2f} ms" for name, values in times.items())
    yield Row(f"median of a failed look-up over NCIP, {len(times['wrong PIN'])} of each kind", medians)
    for one, other in (("unknown card", "wrong PIN"), ("locked card", "wrong PIN")):
        found = p_value(times[one], times[other])
        yield Row(
            f"{one} and {other}: p by Mann and Whitney", f"{found:.3g}", f"at least {REJECTED}", found >= REJECTED
        )


def _time(line: socket.socket, card: str, pin: str) -> float:
    """Return the seconds from sending a look-up to the first of its refusal."""
    began = time.perf_counter()
    line.sendall(question(card, pin))
    answer = line.recv(65536)
    took = time.perf_counter() - began
    if FAILED not in answer:
        raise ValueError("a look-up that should fail did not")
    return took


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how probable so large a difference of ranks is where both are of one kind: two-sided, by the normal
    distribution, for rows of twenty and more."""
    ranked = _ranks([*one, *other])
    size, others = len(one), len(other)
    above = sum(ranked[:size]) - size * (size + 1) / 2
    spread = math.sqrt(size * others * (size + others + 1) / 12)
    return math.erfc(abs(above - size * others / 2) / spread / math.sqrt(2))


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, equal ones sharing theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in order[at : end + 1]:
            ranks[place] = (at + end) / 2 + 1
        at = end + 1
    return ranks
