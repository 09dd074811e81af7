"""Who judges a local patron's PIN, and when it travels on."""

from __future__ import annotations

import itertools

import pytest

from gateway.sip2.answers import Outage
from gateway.sip2.forward_pins import PROOFS, PinProof, Verdict, proof_by, verdict_of
from registry.domain.decisions import Decision, Refusal, Refused, Situation
from registry.domain.institution import PinAuthority
from tests.gateway.sip2.forwarded import granted

REGISTER, ILS, BOTH = PinAuthority.REGISTER, PinAuthority.ILS, PinAuthority.REGISTER_THEN_ILS


def test_every_verdict_has_a_row_for_every_authority() -> None:
    assert set(PROOFS) == set(Verdict)
    assert all(set(row) == set(PinAuthority) for row in PROOFS.values())


@pytest.mark.parametrize(
    ("verdict", "authority", "proof"),
    [
        (Verdict.RIGHT, REGISTER, PinProof.REGISTER),
        (Verdict.RIGHT, ILS, PinProof.ILS),
        (Verdict.RIGHT, BOTH, PinProof.REGISTER),
        (Verdict.NOT_JUDGED, REGISTER, PinProof.NONE),
        (Verdict.NOT_JUDGED, ILS, PinProof.ILS),
        (Verdict.NOT_JUDGED, BOTH, PinProof.ILS),
        (Verdict.WRONG, REGISTER, None),
        (Verdict.WRONG, ILS, PinProof.ILS),
        (Verdict.WRONG, BOTH, PinProof.ILS),
        *((Verdict.NOT_GIVEN, authority, PinProof.NONE) for authority in PinAuthority),
        *((Verdict.THROTTLED, authority, None) for authority in PinAuthority),
        *((Verdict.BLOCKED, authority, None) for authority in PinAuthority),
        *((Verdict.NO_REGISTER, authority, PinProof.ILS) for authority in PinAuthority),
    ],
)
def test_the_authority_decides_what_is_proved(
    verdict: Verdict, authority: PinAuthority, proof: PinProof | None
) -> None:
    assert proof_by(verdict, authority, ils_wants_pin=False) is proof


@pytest.mark.parametrize(("verdict", "authority"), list(itertools.product(Verdict, PinAuthority)))
def test_a_library_system_that_insists_gets_a_proved_pin_and_no_other(
    verdict: Verdict, authority: PinAuthority
) -> None:
    plain = proof_by(verdict, authority, ils_wants_pin=False)
    wanted = proof_by(verdict, authority, ils_wants_pin=True)
    assert wanted is (PinProof.REGISTER_AND_PASSED if plain is PinProof.REGISTER else plain)


@pytest.mark.parametrize(("verdict", "insists"), list(itertools.product(Verdict, (True, False))))
def test_a_pin_that_the_register_did_not_find_right_never_leaves_where_the_register_is_the_authority(
    verdict: Verdict, insists: bool
) -> None:
    proof = proof_by(verdict, REGISTER, ils_wants_pin=insists)
    leaves = proof is not None and proof.passes_pin
    # With the register out the library system is all there is.
    assert leaves == ((verdict is Verdict.RIGHT and insists) or verdict is Verdict.NO_REGISTER)


@pytest.mark.parametrize(
    ("decision", "given", "verdict"),
    [
        (granted(), True, Verdict.RIGHT),
        (granted(Situation.GUEST), True, Verdict.RIGHT),
        (Refused(Refusal.NO_PIN), False, Verdict.NOT_GIVEN),
        (Refused(Refusal.NO_PIN), True, Verdict.NOT_JUDGED),
        (Outage.REGISTER, True, Verdict.NO_REGISTER),
        (Outage.REGISTER, False, Verdict.NOT_GIVEN),
    ],
)
def test_a_decision_says_this_of_the_pin(decision: Decision | Outage, given: bool, verdict: Verdict) -> None:
    assert verdict_of(decision, given=given) is verdict


@pytest.mark.parametrize("reason", [reason for reason in Refusal if reason is not Refusal.NO_PIN])
def test_only_a_guests_refusal_means_that_the_pin_was_right(reason: Refusal) -> None:
    right = verdict_of(Refused(reason), given=True) is Verdict.RIGHT
    assert right == (reason in {Refusal.ACTIVATE_FIRST, Refusal.ACTIVATE_AT_DESK})
