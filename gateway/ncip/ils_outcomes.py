"""How a request to a library system ends: answered, declined, or failed in one of the ways of `FailureKind`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.upstream.failures import READINGS, FailureKind
from gateway.upstream.failures import Verdict as Health
from protocols.ncip import LookupAgency, LookupUser, LookupVersion, Message, Problem, Verdict


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to what was asked: the service was performed."""

    message: Message


@dataclass(frozen=True, slots=True)
class Declined:
    """The system's no, and what it means for the same request later; nothing was performed."""

    problems: tuple[Problem, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Failed:
    """No usable answer. `uncertain`: the request changes something, and may have been executed all the same."""

    kind: FailureKind
    uncertain: bool = False


Outcome: TypeAlias = Answered | Declined | Failed


class NotForwardedError(Exception):
    """A message that was to be sent on brought no answer; `uncertain` as in `Failed`."""

    def __init__(self, kind: FailureKind, *, uncertain: bool) -> None:
        """Say why: the text is the kind's own word, and holds nothing of the message."""
        super().__init__(kind.value)
        self.kind = kind
        self.uncertain = uncertain


_HARMLESS = (LookupUser, LookupAgency, LookupVersion)


def may_change(asked: Message) -> bool:
    """Tell whether a request changes anything at the system, so that it must not be repeated."""
    return not isinstance(asked, _HARMLESS)


def health(kind: FailureKind) -> Health:
    """What a failure says of the system, for its breaker."""
    # A SIP2 terminal that is off-line leaves the system open to others; a web server that answers "unavailable" (503)
    # is closed to all.
    return Health.ILL if kind is FailureKind.NOT_ONLINE else READINGS[kind].verdict
