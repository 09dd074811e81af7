"""Who judged a local patron's PIN, whether it travels on, and what that makes of the answer: two tables.

A PIN that the library system need not check is not sent to it: needless checks lock accounts there, and an empty PIN
is one too.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import assert_never

from gateway.sip2.answers import Outage
from registry.domain.decisions import Decision, Granted, Refusal, Refused
from registry.domain.institution import PinAuthority


class Verdict(enum.Enum):
    """What the register's decision says of the PIN in a request."""

    RIGHT = enum.auto()
    NOT_GIVEN = enum.auto()
    NOT_JUDGED = enum.auto()
    WRONG = enum.auto()
    THROTTLED = enum.auto()
    BLOCKED = enum.auto()
    NO_REGISTER = enum.auto()


class PinProof(enum.Enum):
    """What is known of a local patron's PIN when the request is sent on."""

    REGISTER = "the register found it right, and it stays here"
    REGISTER_AND_PASSED = "the register found it right, and the library system gets it, too"
    ILS = "the library system gets it and judges"
    NONE = "nothing was proved, and the library system decides without it"
    NOT_REQUIRED = "the library asks for no PIN, and the library system answers as it does"

    @property
    def passes_pin(self) -> bool:
        """Tell whether the PIN goes to the library system; an empty one never does."""
        return self in (PinProof.REGISTER_AND_PASSED, PinProof.ILS)

    @property
    def by_register(self) -> bool:
        """Tell whether the register itself found the PIN right."""
        return self in (PinProof.REGISTER, PinProof.REGISTER_AND_PASSED)


_VERDICTS: Mapping[Refusal, Verdict] = {
    Refusal.WRONG_PIN: Verdict.WRONG,
    Refusal.WAIT: Verdict.THROTTLED,
    Refusal.LOCKED: Verdict.THROTTLED,
    Refusal.ILS_JUDGES: Verdict.NOT_JUDGED,
    # Decided of a guest, before the patron was recognised as local.
    Refusal.ACTIVATE_FIRST: Verdict.RIGHT,
    Refusal.ACTIVATE_AT_DESK: Verdict.RIGHT,
}


def verdict_of(decision: Decision | Outage, *, given: bool) -> Verdict:
    """Return what ``decision`` says of the PIN; ``given`` tells whether the request holds one that is not empty."""
    match decision:
        case Granted():
            return Verdict.RIGHT
        case Refused(reason=Refusal.NO_PIN):
            return Verdict.NOT_JUDGED if given else Verdict.NOT_GIVEN
        case Refused(reason=reason):
            return _VERDICTS.get(reason, Verdict.BLOCKED)
        case Outage():
            return Verdict.NO_REGISTER if given else Verdict.NOT_GIVEN
        case _:
            assert_never(decision)


_REGISTER, _ILS, _BOTH = PinAuthority.REGISTER, PinAuthority.ILS, PinAuthority.REGISTER_THEN_ILS

PROOFS: Mapping[Verdict, Mapping[PinAuthority, PinProof | None]] = {
    Verdict.RIGHT: {_REGISTER: PinProof.REGISTER, _ILS: PinProof.ILS, _BOTH: PinProof.REGISTER},
    Verdict.NOT_GIVEN: {_REGISTER: PinProof.NONE, _ILS: PinProof.NONE, _BOTH: PinProof.NONE},
    # Asked for the card alone, because the library system is to judge. Where it is not, the PIN must not leave.
    Verdict.NOT_JUDGED: {_REGISTER: PinProof.NONE, _ILS: PinProof.ILS, _BOTH: PinProof.ILS},
    Verdict.WRONG: {_REGISTER: None, _ILS: PinProof.ILS, _BOTH: PinProof.ILS},
    # The same limits, whoever judges.
    Verdict.THROTTLED: {_REGISTER: None, _ILS: None, _BOTH: None},
    Verdict.BLOCKED: {_REGISTER: None, _ILS: None, _BOTH: None},
    # Nobody else can judge now.
    Verdict.NO_REGISTER: {_REGISTER: PinProof.ILS, _ILS: PinProof.ILS, _BOTH: PinProof.ILS},
}
"""What the register says × who is the authority → what is proved when the request is sent on; ``None``: refused."""


def proof_by(verdict: Verdict, authority: PinAuthority, *, ils_wants_pin: bool) -> PinProof | None:
    """Return what is proved of a local patron's PIN, or ``None`` where it keeps the request from being sent on."""
    proof = PROOFS[verdict][authority]
    return PinProof.REGISTER_AND_PASSED if ils_wants_pin and proof is PinProof.REGISTER else proof
