from __future__ import annotations

from datetime import date

import pytest

from registry.domain.asker import AskerClass
from registry.domain.card import CardState
from registry.domain.decisions import Granted, Refusal, Refused, Situation
from registry.domain.identification import (
    Proof,
    not_proved,
    proof_of,
    with_right_pin,
)
from registry.domain.institution import LendingUnit
from registry.domain.patron import Credentials, Level, StoredSecret
from registry.domain.release import View
from registry.domain.secret import Secret
from registry.domain.standing import StandingState
from tests.registry.people import DIGITAL, IN_PERSON, OTHER_UNIT, TODAY, asker, holder, standing

STORED = StoredSecret(hashed="h", pepper="p")
KIOSK, DOOR, PC, SORTER, STAFF, SERVICE = list(AskerClass)[:6]


@pytest.mark.parametrize(
    ("state", "without", "wrong", "right"),
    [
        (CardState.ISSUED, Refusal.NO_PIN, Refusal.WRONG_PIN, None),
        (CardState.LOST, Refusal.CARD_LOST, Refusal.CARD_LOST, Refusal.CARD_LOST),
        (CardState.WITHDRAWN, Refusal.CARD_WITHDRAWN, Refusal.CARD_WITHDRAWN, Refusal.CARD_WITHDRAWN),
        (CardState.REPLACED, Refusal.CARD_REPLACED, Refusal.CARD_REPLACED, Refusal.CARD_REPLACED),
    ],
)
@pytest.mark.parametrize("kind", AskerClass)
def test_a_card_that_is_no_longer_in_use_is_refused_everywhere_whatever_the_pin(
    state: CardState, without: Refusal, wrong: Refusal, right: Refusal | None, kind: AskerClass
) -> None:
    known = holder(standing(), state=state)
    assert not_proved(known, asker(kind), Refusal.NO_PIN) == Refused(without)
    assert not_proved(known, asker(kind), Refusal.WRONG_PIN) == Refused(wrong)
    decision = with_right_pin(known, asker(kind), DIGITAL, Proof.PIN, TODAY)
    if right is None:
        assert isinstance(decision, Granted)
    else:
        assert decision == Refused(right, pin_proved=True)


@pytest.mark.parametrize("kind", [KIOSK, DOOR, PC, SORTER, STAFF])
def test_a_local_patron_is_let_in_by_name_at_every_terminal_of_the_library(kind: AskerClass) -> None:
    decision = with_right_pin(holder(standing()), asker(kind), IN_PERSON, Proof.PIN, TODAY)
    assert isinstance(decision, Granted)
    assert decision.situation is Situation.LOCAL
    assert decision.view.name == "Ødegård, Kjærsti"


@pytest.mark.parametrize(
    ("kind", "unit", "refusal"),
    [
        (KIOSK, DIGITAL, None),
        (STAFF, DIGITAL, None),
        (STAFF, IN_PERSON, None),
        (KIOSK, IN_PERSON, Refusal.ACTIVATE_AT_DESK),
        (DOOR, DIGITAL, Refusal.ACTIVATE_FIRST),
        (PC, DIGITAL, Refusal.ACTIVATE_FIRST),
        (SORTER, DIGITAL, Refusal.ACTIVATE_FIRST),
        (DOOR, IN_PERSON, Refusal.ACTIVATE_AT_DESK),
        (SORTER, IN_PERSON, Refusal.ACTIVATE_AT_DESK),
    ],
)
def test_a_guest_is_met_only_where_the_rules_can_be_accepted(
    kind: AskerClass, unit: LendingUnit, refusal: Refusal | None
) -> None:
    decision = with_right_pin(holder(standing(unit=OTHER_UNIT)), asker(kind), unit, Proof.PIN, TODAY)
    if refusal is None:
        assert isinstance(decision, Granted)
        assert decision.situation is Situation.GUEST
    else:
        assert isinstance(decision, Refused)
        assert (decision.reason, decision.pin_proved) == (refusal, True)


def test_a_guest_gives_a_kiosk_the_given_name_and_the_language_and_nothing_else() -> None:
    decision = with_right_pin(holder(), asker(), DIGITAL, Proof.PIN, TODAY)
    assert isinstance(decision, Granted)
    assert decision.view == View(given_name="Kjærsti", language=holder().patron.language)


@pytest.mark.parametrize(
    ("state", "situation"),
    [
        (StandingState.GUEST, Situation.GUEST),
        (StandingState.ENDED, Situation.GUEST),
        (StandingState.AWAITING_DESK, Situation.AWAITING_DESK),
        (StandingState.CONSENTED, Situation.BEING_SET_UP),
        (StandingState.DELIVERING, Situation.BEING_SET_UP),
        (StandingState.UNKNOWN, Situation.BEING_SET_UP),
        (StandingState.NEEDS_STAFF, Situation.NEEDS_STAFF),
        (StandingState.LOCAL, Situation.LOCAL),
    ],
)
def test_every_standing_has_its_situation(state: StandingState, situation: Situation) -> None:
    decision = with_right_pin(holder(standing(state)), asker(), DIGITAL, Proof.PIN, TODAY)
    assert isinstance(decision, Granted)
    assert decision.situation is situation
    assert (decision.view.name is not None) == (state is StandingState.LOCAL)


@pytest.mark.parametrize(
    ("born", "situation"),
    [(date(2011, 11, 23), Situation.GUEST), (date(2011, 11, 24), Situation.GUEST_TOO_YOUNG)],
)
def test_who_is_too_young_to_accept_rules_alone_is_sent_to_the_desk(born: date, situation: Situation) -> None:
    decision = with_right_pin(holder(birth_date=born), asker(), DIGITAL, Proof.PIN, TODAY)
    assert isinstance(decision, Granted)
    assert decision.situation is situation


@pytest.mark.parametrize(
    ("level", "proof", "granted"),
    [
        (Level.LOW, Proof.PIN, True),
        (Level.SUBSTANTIAL, Proof.PIN, False),
        (Level.SUBSTANTIAL, Proof.PASSWORD, True),
        (Level.HIGH, Proof.PASSWORD, False),
    ],
)
def test_a_patrons_own_minimum_level_is_honoured_at_services(level: Level, proof: Proof, granted: bool) -> None:
    decision = with_right_pin(holder(minimum_level=level), asker(SERVICE), None, proof, TODAY)
    if granted:
        assert decision == Granted(View(language=holder().patron.language), Situation.SERVICE)
    else:
        assert decision == Refused(Refusal.LEVEL_TOO_LOW, pin_proved=True)


def test_a_kiosk_takes_the_pin_whatever_level_the_patron_demands() -> None:
    decision = with_right_pin(holder(minimum_level=Level.HIGH), asker(), DIGITAL, Proof.PIN, TODAY)
    assert isinstance(decision, Granted)


@pytest.mark.parametrize(
    ("kind", "password", "given", "proof"),
    [
        (KIOSK, False, None, Proof.NONE),
        (KIOSK, True, "", Proof.NONE),
        (KIOSK, True, "4817", Proof.PIN),
        (SERVICE, False, "4817", Proof.PIN),
        (SERVICE, True, "4817", Proof.PIN_NOT_ENOUGH),
        (SERVICE, True, "fjellrev-og-mus-46", Proof.PASSWORD),
        (SERVICE, True, "", Proof.NONE),
    ],
)
def test_a_pin_is_not_enough_at_a_service_for_who_has_set_a_password(
    kind: AskerClass, password: bool, given: str | None, proof: Proof
) -> None:
    credentials = Credentials(pin=STORED, password=STORED if password else None)
    secret = None if given is None else Secret(given)
    assert proof_of(secret, asker(kind), credentials) is proof
