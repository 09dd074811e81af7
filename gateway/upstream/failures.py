"""Why an ILS gave no usable answer, and what each reason says of the ILS itself."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.observability.meters import UpstreamOutcome


class FailureKind(enum.Enum):
    """Every way in which a request to an ILS ends without its answer; the values are words for logs."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    UNTRUSTED = "untrusted"
    HUNG_BEFORE = "hung_before"
    HUNG = "hung"
    HALF_ANSWER = "half_answer"
    GARBAGE = "garbage"
    WRONG_CHECKSUM = "wrong_checksum"
    WRONG_SEQUENCE = "wrong_sequence"
    TOO_LARGE = "too_large"
    CLOSED = "closed"
    UNEXPECTED_ANSWER = "unexpected_answer"
    OTHER_PATRON = "other_patron"
    NOT_ONLINE = "not_online"
    LOGIN_REFUSED = "login_refused"
    SHED = "shed"
    BREAKER_OPEN = "breaker_open"
    DEADLINE = "deadline"
    STOPPED = "stopped"


class Verdict(enum.Enum):
    """What an end says of the ILS, for its breaker."""

    WELL = enum.auto()
    ILL = enum.auto()
    NOTHING = enum.auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a failure is counted, and what it says of the ILS."""

    outcome: UpstreamOutcome
    verdict: Verdict


_ILL, _WELL, _NOTHING = Verdict.ILL, Verdict.WELL, Verdict.NOTHING

READINGS: Mapping[FailureKind, Reading] = {
    FailureKind.REFUSED: Reading("refused", _ILL),
    FailureKind.UNREACHABLE: Reading("error", _ILL),
    FailureKind.CONNECT_TIMEOUT: Reading("timeout", _ILL),
    FailureKind.UNTRUSTED: Reading("error", _ILL),
    FailureKind.HUNG_BEFORE: Reading("timeout", _ILL),
    FailureKind.HUNG: Reading("timeout", _ILL),
    FailureKind.HALF_ANSWER: Reading("error", _ILL),
    FailureKind.GARBAGE: Reading("error", _ILL),
    FailureKind.WRONG_CHECKSUM: Reading("error", _ILL),
    FailureKind.WRONG_SEQUENCE: Reading("error", _ILL),
    FailureKind.CLOSED: Reading("error", _ILL),
    FailureKind.UNEXPECTED_ANSWER: Reading("error", _ILL),
    # One patron's record, one terminal's password: the ILS answers, and must stay open to all others.
    FailureKind.TOO_LARGE: Reading("error", _WELL),
    FailureKind.OTHER_PATRON: Reading("error", _WELL),
    FailureKind.NOT_ONLINE: Reading("refused", _WELL),
    FailureKind.LOGIN_REFUSED: Reading("refused", _WELL),
    # Our own doing: the ILS was not asked, or not waited for.
    FailureKind.SHED: Reading("shed", _NOTHING),
    FailureKind.BREAKER_OPEN: Reading("shed", _NOTHING),
    FailureKind.DEADLINE: Reading("timeout", _NOTHING),
    FailureKind.STOPPED: Reading("error", _NOTHING),
}
"""One row for every failure; a test asserts it."""
