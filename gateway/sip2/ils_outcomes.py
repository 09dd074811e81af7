"""How a request to the ILS ends: answered, or failed in one of the ways of `FailureKind`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.upstream.failures import FailureKind
from protocols.sip2 import HARMLESS, Because, Message


@dataclass(frozen=True, slots=True)
class Answered:
    """The ILS's answer to what was asked, and to nothing else."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer. `uncertain`: the request changes something, and the ILS may have executed it all the same."""

    kind: FailureKind
    uncertain: bool = False


Outcome: TypeAlias = Answered | Failed


def may_change(asked: Message) -> bool:
    """Tell whether a request changes anything at the ILS, so that it must not be repeated."""
    # 93 changes who we are on one connection, and that connection does not outlive a doubt.
    return asked.number not in HARMLESS and asked.number != "93"


KINDS: Mapping[Because, FailureKind] = {
    Because.FRAME_TOO_LONG: FailureKind.TOO_LARGE,
    Because.UNREADABLE: FailureKind.GARBAGE,
    Because.UNEXPECTED_ANSWER: FailureKind.UNEXPECTED_ANSWER,
    Because.RETRIES_USED_UP: FailureKind.WRONG_CHECKSUM,
    Because.RESEND_REFUSED: FailureKind.WRONG_CHECKSUM,
    Because.TIMED_OUT: FailureKind.HUNG,
    Because.LOST: FailureKind.CLOSED,
}
"""What the asking side of a connection gives up because of, in the words of the outage table."""
