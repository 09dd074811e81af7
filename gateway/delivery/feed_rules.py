"""What passes between the feed and its site, and how much of it there may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from gateway.ncip.initiators import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRules:
    """Times in seconds; ``rate`` is requests a second of one initiator, ``burst`` how many at once after a rest."""

    answer: float = 5.0
    longest_wait: float = 25.0
    look_again: float = 5.0
    """Who waits for changes is answered by the change signal; the feed is looked at this often all the same."""
    rate: float = 20.0
    burst: int = 100
    waiting: int = 4
    """So many requests of one initiator may wait for changes."""
    entries: int = 1000
    """In one answer, at most."""
    body_bytes: int = 4096
    wrong_secrets: int = 10
    """From one address in a minute; then it must wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, as far as the feed reads it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    place: Place
    authorization: str | None = field(default=None, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON object and headers of its own."""

    status: HTTPStatus
    body: Mapping[str, object] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is answered by ``answer``; nothing was done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: HTTPStatus, error: str, expected: str = "", **headers: str) -> RefusedError:
    """Return what ends a request: a word for machines, and for people what was expected."""
    told = {"error": error, **({"expected": expected} if expected else {})}
    return RefusedError(Answer(status, told, {name.replace("_", "-"): value for name, value in headers.items()}))


class Allowance:
    """How many requests each initiator may still make: a bucket for each, filled steadily."""

    def __init__(self, rules: FeedRules, monotonic: Callable[[], float]) -> None:
        self._rules = rules
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def spend(self, initiator: str) -> bool:
        """Take one request off; return whether there was one left."""
        now = self._monotonic()
        left, at = self._left.get(initiator, (float(self._rules.burst), now))
        left = min(left + (now - at) * self._rules.rate, self._rules.burst)
        self._left[initiator] = (max(left - 1.0, 0.0) if left >= 1.0 else left, now)
        return left >= 1.0
