"""Faults to order from a simulated Koha: what goes wrong, at which request, how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from gateway.simulators.koha.system import ROUTES


class Kind(StrEnum):
    """What a fault does."""

    DELAY = "delay"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    CLOSE_BEFORE = "close-before"
    CLOSE_AFTER = "close-after"
    CLOSE_IN_THE_MIDDLE = "close-in-the-middle"
    SLOW_BYTES = "slow-bytes"
    FAIL_BEFORE = "fail-before"
    FAIL_AFTER = "fail-after"
    PAGE = "page"
    PAGE_AFTER = "page-after"
    REDIRECT = "redirect"
    GARBAGE = "garbage"
    TOO_LARGE = "too-large"
    OTHER_PATRON = "other-patron"
    EXPIRE_TOKENS = "expire-tokens"
    REFUSE_CONNECTIONS = "refuse-connections"


SAYS: Mapping[Kind, str] = {
    Kind.DELAY: "executed at once, answered after `seconds` (1)",
    Kind.DROP_BEFORE: "not executed, never answered",
    Kind.DROP_AFTER: "executed, never answered",
    Kind.CLOSE_BEFORE: "not executed, the connection is closed",
    Kind.CLOSE_AFTER: "executed, the connection is closed without an answer",
    Kind.CLOSE_IN_THE_MIDDLE: "executed, the connection is closed in the middle of the answer",
    Kind.SLOW_BYTES: "executed, answered a byte every `seconds` (0.02)",
    Kind.FAIL_BEFORE: "not executed, answered with `status` (500)",
    Kind.FAIL_AFTER: "executed, answered with `status` (500)",
    Kind.PAGE: "not executed, answered with `status` (502) and a page of a proxy",
    Kind.PAGE_AFTER: "executed, answered with `status` (200) and a page",
    Kind.REDIRECT: "not executed, answered with `status` (302) and another address",
    Kind.GARBAGE: "executed, answered with text that is no JSON",
    Kind.TOO_LARGE: "executed, the answer is filled up to `size` bytes (2000000)",
    Kind.OTHER_PATRON: "executed, answered with the numbers, name and key of somebody else",
    Kind.EXPIRE_TOKENS: "every token ends before the request is looked at",
    Kind.REFUSE_CONNECTIONS: "a new connection is closed at once",
}
"""What each kind does, in a line."""

CONNECT = "connect"
"""Stands for a new connection."""

NOT_EXECUTED = frozenset({Kind.DROP_BEFORE, Kind.CLOSE_BEFORE, Kind.FAIL_BEFORE, Kind.PAGE, Kind.REDIRECT})
"""The faults after which a request is not executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault: of which kind, for which requests (none: for all), and how often.

    `times` None is for ever, `after` lets so many matching requests pass first. `seconds`, `status` and `size` are
    each kind's own where they are None.
    """

    kind: Kind
    requests: frozenset[str] = frozenset()
    times: int | None = None
    after: int = 0
    seconds: float | None = None
    status: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if min(self.times or 0, self.after, self.seconds or 0, self.size or 0) < 0 or self.times == 0:
            raise ValueError("times, after, seconds and size are not negative, and times is not 0")
        if self.status is not None and not 199 < self.status < 600:
            raise ValueError("status is between 200 and 599")
        if strange := sorted(self.requests - ROUTES.keys()):
            raise ValueError(f"no such request: {', '.join(strange)}; one of {', '.join(ROUTES)} is meant")

    def meets(self, request: str) -> bool:
        """Tell whether a request is one that the fault waits for."""
        if request == CONNECT or self.kind is Kind.REFUSE_CONNECTIONS:
            return request == CONNECT and self.kind is Kind.REFUSE_CONNECTIONS
        return not self.requests or request in self.requests

    def __str__(self) -> str:
        """As it is written."""
        told = ((one.name, getattr(self, one.name)) for one in fields(self) if one.name != "kind")
        words = [f"{name}={_word(value)}" for name, value in told if value]
        return " ".join([self.kind.value, *words])


def _word(value: Any) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)


_READ: Mapping[str, Callable[[str], Any]] = {
    "requests": lambda text: frozenset(text.split(",")),
    "times": int,
    "after": int,
    "seconds": float,
    "status": int,
    "size": int,
}


def read_fault(text: str) -> Fault:
    """The fault that is written here, as in ``close-after requests=add times=1``.

    Raises `ValueError`, which says what is wrong.
    """
    kind, *words = text.split() or [""]
    if kind not in set(Kind):
        raise ValueError(f"no such fault: {kind or '(none)'}")
    values: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _READ or not value:
            raise ValueError(f"{word}: one of {', '.join(f'{known}=…' for known in _READ)} is meant")
        try:
            values[name] = _READ[name](value)
        except ValueError:
            raise ValueError(f"{word}: not a number") from None
    return Fault(kind=Kind(kind), **values)


class FaultPlan:
    """The faults in force."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        """Begin with these faults."""
        self._faults = list(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, each with the times that are left to it."""
        return tuple(self._faults)

    def add(self, fault: Fault) -> None:
        """Put a fault into force, from the next request on."""
        self._faults.append(fault)

    def clear(self, kind: Kind | None = None) -> None:
        """End the faults of this kind, or all."""
        self._faults = [one for one in self._faults if kind is not None and one.kind is not kind]

    def due(self, request: str) -> tuple[Fault, ...]:
        """The faults that this request meets now; each counts it."""
        met = [one for one in self._faults if one.meets(request)]
        due = tuple(one for one in met if not one.after)
        self._faults = [left for one in self._faults if (left := _counted(one) if one in met else one) is not None]
        return due


def _counted(fault: Fault) -> Fault | None:
    if fault.after:
        return replace(fault, after=fault.after - 1)
    if fault.times is None:
        return fault
    return replace(fault, times=fault.times - 1) if fault.times > 1 else None
