"""Where each request goes, by the card it shows, how its patron stands and what the register decided."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sip2.answers import Outage, stand
from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_routes import AnswerHere, ForwardAs, ForwardUnchanged, Recognise, Refuse, Rules, Seen
from gateway.sip2.forwarding import route
from gateway.words.screen import Screen
from protocols.sip2 import Message
from registry.domain.decisions import Decision, Refusal, Refused, Situation
from registry.domain.institution import PinAuthority
from registry.domain.release import View
from registry.domain.standing import StandingState
from tests.gateway.sip2.forwarded import (
    CARD,
    ITEM_REQUESTS,
    KIOSK,
    LOCAL_CARD,
    LOCAL_ID,
    LOCKED,
    LOST,
    NO_PIN,
    PATRON_REQUESTS,
    WRONG_PIN,
    granted,
    made,
    seen,
    without_pin,
)

UNMET = [state for state in StandingState if state not in (StandingState.LOCAL, StandingState.ENDED)]
SETTING_UP = (StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN)
SITUATIONS = {
    StandingState.GUEST: Situation.GUEST,
    StandingState.AWAITING_DESK: Situation.AWAITING_DESK,
    StandingState.NEEDS_STAFF: Situation.NEEDS_STAFF,
    **dict.fromkeys(SETTING_UP, Situation.BEING_SET_UP),
}
AFTER_THE_FACT: list[dict[str, Any]] = [{"no_block": "Y"}, {"cancel": "Y"}]


def refusal(message: Message, known: Seen, rules: Rules = KIOSK) -> tuple[Screen | None, bool]:
    """The words of a refusal, and whether staff must learn of it."""
    found = route(message, known, rules)
    assert isinstance(found, Refuse)
    return found.told.screen, found.alarm


def forwarded(message: Message, known: Seen, rules: Rules = KIOSK) -> ForwardAs:
    """The way of a request that is sent on as a local patron's."""
    found = route(message, known, rules)
    assert isinstance(found, ForwardAs)
    return found


# Local cards and items.


@pytest.mark.parametrize("number", PATRON_REQUESTS)
def test_a_local_card_passes_untouched(number: str) -> None:
    assert route(made(number, patron_identifier=LOCAL_CARD), Seen(), KIOSK) == ForwardUnchanged()


@pytest.mark.parametrize("number", PATRON_REQUESTS)
@pytest.mark.parametrize("reason", [Refusal.UNKNOWN_CARD, Refusal.NO_AGREEMENT])
def test_a_national_number_that_is_unknown_or_none_of_our_business_passes_as_a_local_card(
    number: str, reason: Refusal
) -> None:
    assert route(made(number), seen(Refused(reason), None), KIOSK) == ForwardUnchanged()


@pytest.mark.parametrize("number", ITEM_REQUESTS)
@pytest.mark.parametrize("known", [Seen(), seen(granted()), seen(LOST), seen(Outage.REGISTER, None)])
def test_item_messages_are_always_sent_on(number: str, known: Seen) -> None:
    assert route(made(number), known, KIOSK) == ForwardUnchanged()


@pytest.mark.parametrize("number", ITEM_REQUESTS)
def test_an_item_message_that_shows_a_national_card_loses_the_pin_beside_it(number: str) -> None:
    message = made(number, others=(("AA", CARD), ("AD", "5926")))
    assert route(message, Seen(), KIOSK) == ForwardUnchanged(withholds_pin=True)


@pytest.mark.parametrize("number", ["93", "97", "99"])
def test_what_belongs_to_the_connection_is_never_sent_on(number: str) -> None:
    with pytest.raises(ValueError, match=number):
        route(made(number), Seen(), KIOSK)


def test_a_national_card_without_a_decision_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="decision"):
        Seen(card=CARD)


@pytest.mark.parametrize("state", [None, *(state for state in StandingState if state is not StandingState.LOCAL)])
@pytest.mark.parametrize("decision", [granted(Situation.GUEST), LOST, Outage.REGISTER])
def test_the_local_id_of_somebody_who_is_not_local_by_the_register_is_a_local_card(
    state: StandingState | None, decision: Decision | Outage
) -> None:
    assert route(made("23", patron_identifier=LOCAL_ID), seen(decision, state), KIOSK) == ForwardUnchanged()


@pytest.mark.parametrize("number", PATRON_REQUESTS)
def test_a_local_id_of_a_local_patron_is_treated_as_that_patron(number: str) -> None:
    assert forwarded(made(number, patron_identifier=LOCAL_ID), seen(granted())).local_id == LOCAL_ID
    if number in {"23", "63"}:
        wrong = route(made(number, patron_identifier=LOCAL_ID), seen(WRONG_PIN), KIOSK)
        assert wrong == AnswerHere(WRONG_PIN)


# Local here: decision × message.

FORWARDED, HERE, NO = "forwarded", "answered here", "refused"

LOCAL_TABLE: dict[str, tuple[Decision, bool, dict[str, str]]] = {
    #                        decision, PIN given, what becomes of each message
    "right": (granted(), True, dict.fromkeys(PATRON_REQUESTS, FORWARDED)),
    "none": (NO_PIN, False, {**dict.fromkeys(PATRON_REQUESTS, FORWARDED), "23": HERE, "63": HERE}),
    "wrong": (
        WRONG_PIN,
        True,
        {**dict.fromkeys(PATRON_REQUESTS, NO), "23": HERE, "63": HERE, "25": HERE, "01": FORWARDED},
    ),
    "locked": (
        LOCKED,
        True,
        {**dict.fromkeys(PATRON_REQUESTS, NO), "23": HERE, "63": HERE, "25": HERE, "01": FORWARDED},
    ),
    "lost": (
        LOST,
        True,
        {**dict.fromkeys(PATRON_REQUESTS, NO), "23": HERE, "63": HERE, "25": HERE, "35": HERE, "01": FORWARDED},
    ),
    "replaced": (
        Refused(Refusal.CARD_REPLACED),
        False,
        {**dict.fromkeys(PATRON_REQUESTS, NO), "23": HERE, "63": HERE, "25": HERE, "35": HERE, "01": FORWARDED},
    ),
}


@pytest.mark.parametrize("number", PATRON_REQUESTS)
@pytest.mark.parametrize("case", LOCAL_TABLE)
def test_a_local_patron_passes_by_the_registers_pin_and_block_rules(case: str, number: str) -> None:
    decision, given, table = LOCAL_TABLE[case]
    message = made(number) if given else without_pin(number)
    found = route(message, seen(decision), KIOSK)
    kinds: dict[type[object], str] = {ForwardAs: FORWARDED, AnswerHere: HERE, Refuse: NO}
    assert kinds[type(found)] == table[number]
    if isinstance(found, AnswerHere):
        assert found.decision is decision
    if isinstance(found, Refuse):
        expected = Screen.PAYMENT_NOT_BOOKED if number == "37" else stand(decision).screen
        assert (found.told.screen, found.alarm) == (expected, number == "37")


@pytest.mark.parametrize("decision", [granted(), NO_PIN, WRONG_PIN, LOCKED, LOST, Refused(Refusal.CARD_WITHDRAWN)])
@pytest.mark.parametrize("values", AFTER_THE_FACT)
def test_what_has_happened_to_a_local_patron_is_always_sent_on(decision: Decision, values: dict[str, Any]) -> None:
    for pin in (made, without_pin):
        assert forwarded(pin("11", **values), seen(decision)).local_id == LOCAL_ID


def test_an_off_line_renewal_of_a_local_patron_is_always_sent_on() -> None:
    assert forwarded(made("29", no_block="Y"), seen(LOST)).local_id == LOCAL_ID


@pytest.mark.parametrize("values", AFTER_THE_FACT)
def test_what_has_happened_never_takes_an_unproved_pin_along(values: dict[str, Any]) -> None:
    assert not forwarded(made("11", **values), seen(WRONG_PIN)).proof.passes_pin


def test_a_local_id_in_a_cancelling_checkout_passes_untouched_where_it_is_a_third_persons() -> None:
    message = made("11", cancel="Y", patron_identifier="S300003")
    assert route(message, Seen(), KIOSK) == ForwardUnchanged()


def test_a_block_of_a_lost_card_shows_it_as_lost() -> None:
    assert forwarded(without_pin("01"), seen(LOST)).denied.value == "YYYYY" + " " * 9


@pytest.mark.parametrize("number", ["23", "63"])
def test_a_library_that_asks_no_pin_gets_card_only_questions_of_local_patrons(number: str) -> None:
    rules = Rules(pin_required=False)
    assert forwarded(without_pin(number), seen(NO_PIN), rules).proof is PinProof.NOT_REQUIRED
    assert route(made(number), seen(WRONG_PIN), rules) == AnswerHere(WRONG_PIN)
    assert route(without_pin(number), seen(LOST), rules) == AnswerHere(LOST)


@pytest.mark.parametrize("number", ["23", "63"])
@pytest.mark.parametrize("state", UNMET)
def test_a_guest_needs_the_pin_also_where_none_is_asked(number: str, state: StandingState) -> None:
    rules = Rules(pin_required=False)
    assert route(without_pin(number), seen(NO_PIN, state), rules) == AnswerHere(NO_PIN)


def test_a_missing_local_id_is_the_card_itself() -> None:
    assert forwarded(made("23"), seen(granted(), local_id=None)).local_id == CARD


def test_a_patron_recognised_after_the_decision_passes_by_the_pin_that_was_right() -> None:
    decision = Refused(Refusal.ACTIVATE_AT_DESK, pin_proved=True, view=View())
    assert forwarded(made("23"), seen(decision)).proof is PinProof.REGISTER


@pytest.mark.parametrize("authority", [PinAuthority.ILS, PinAuthority.REGISTER_THEN_ILS])
@pytest.mark.parametrize("number", ["23", "63", "11", "15", "29", "65", "35", "37", "25"])
def test_where_the_library_system_judges_a_pin_that_the_register_refuses_is_passed_on(
    authority: PinAuthority, number: str
) -> None:
    rules = Rules(pin_authority=authority)
    assert forwarded(made(number), seen(WRONG_PIN), rules).proof is PinProof.ILS
    assert not isinstance(route(made(number), seen(LOCKED), rules), ForwardAs)


# Not local: message × state.


@pytest.mark.parametrize("number", ["23", "63", "01", "25", "35"])
@pytest.mark.parametrize("state", UNMET)
def test_identifying_blocking_enabling_and_leaving_are_answered_here(number: str, state: StandingState) -> None:
    for decision in (granted(SITUATIONS[state]), NO_PIN, WRONG_PIN, LOST):
        assert route(made(number), seen(decision, state), KIOSK) == AnswerHere(decision)


CHECKOUT_WORDS = {
    StandingState.GUEST: Screen.RULES_FIRST,
    StandingState.AWAITING_DESK: Screen.AWAITING_DESK,
    **dict.fromkeys(SETTING_UP, Screen.BEING_SET_UP_PLACE_AGAIN),
    StandingState.NEEDS_STAFF: Screen.SEE_STAFF,
}


@pytest.mark.parametrize("state", UNMET)
def test_a_loan_before_the_patron_is_local_is_refused_in_words_that_tell_how_far_it_is(state: StandingState) -> None:
    known = seen(granted(SITUATIONS[state]), state)
    assert refusal(made("11"), known) == (CHECKOUT_WORDS[state], False)


@pytest.mark.parametrize("state", UNMET)
def test_a_pin_proved_a_moment_ago_counts_for_the_words_of_a_loan(state: StandingState) -> None:
    known = seen(Refused(Refusal.NO_PIN, pin_proved=True), state)
    assert refusal(without_pin("11"), known) == (CHECKOUT_WORDS[state], False)


@pytest.mark.parametrize("state", UNMET)
def test_how_far_the_patron_is_is_told_to_nobody_without_the_pin(state: StandingState) -> None:
    assert refusal(without_pin("11"), seen(NO_PIN, state)) == (Screen.NOT_A_PATRON_HERE, False)


@pytest.mark.parametrize(
    ("decision", "screen"),
    [
        (granted(Situation.GUEST_TOO_YOUNG), Screen.TOO_YOUNG),
        (Refused(Refusal.ACTIVATE_FIRST, pin_proved=True), Screen.ACTIVATE_FIRST),
        (Refused(Refusal.ACTIVATE_AT_DESK, pin_proved=True), Screen.ACTIVATE_AT_DESK),
        (WRONG_PIN, Screen.WRONG_PIN),
        (LOCKED, Screen.TOO_MANY_TRIES_STAFF),
        (LOST, Screen.CARD_LOST),
        (Refused(Refusal.CARD_WITHDRAWN), Screen.CARD_WITHDRAWN),
        (Refused(Refusal.CARD_REPLACED), Screen.CARD_REPLACED),
    ],
)
def test_a_guests_loan_is_refused_for_the_reason_that_stops_it(decision: Decision, screen: Screen) -> None:
    assert refusal(made("11"), seen(decision, StandingState.GUEST)) == (screen, False)


@pytest.mark.parametrize("number", ["15", "29", "65"])
@pytest.mark.parametrize("state", UNMET)
def test_holds_and_renewals_are_refused_to_who_is_not_yet_a_patron_here(number: str, state: StandingState) -> None:
    for decision in (granted(SITUATIONS[state]), NO_PIN):
        assert refusal(made(number), seen(decision, state)) == (Screen.NOT_A_PATRON_HERE, False)


@pytest.mark.parametrize("state", UNMET)
@pytest.mark.parametrize("known", [granted(Situation.GUEST), NO_PIN, WRONG_PIN, LOST])
def test_a_payment_by_a_guest_is_refused_as_not_booked_and_staff_learn_of_it(
    state: StandingState, known: Decision
) -> None:
    assert refusal(made("37"), seen(known, state)) == (Screen.PAYMENT_NOT_BOOKED, True)


@pytest.mark.parametrize("state", UNMET)
@pytest.mark.parametrize("values", AFTER_THE_FACT)
@pytest.mark.parametrize("decision", [granted(Situation.GUEST), NO_PIN, WRONG_PIN, LOST])
def test_a_guests_off_line_loan_or_undone_return_is_refused_and_staff_learn_of_it(
    state: StandingState, values: dict[str, Any], decision: Decision
) -> None:
    assert refusal(made("11", **values), seen(decision, state)) == (Screen.OFFLINE_REFUSED, True)


def test_a_refusal_names_nobody() -> None:
    found = route(made("11"), seen(granted(Situation.GUEST), StandingState.GUEST), KIOSK)
    assert isinstance(found, Refuse)
    assert found.told.name == ""


# Not recognised yet.


@pytest.mark.parametrize("state", [None, StandingState.ENDED])
@pytest.mark.parametrize("decision", [granted(Situation.GUEST), NO_PIN, WRONG_PIN, LOCKED])
@pytest.mark.parametrize("number", [number for number in PATRON_REQUESTS if number != "35"])
def test_who_has_no_standing_is_recognised_before_anything_else(
    state: StandingState | None, decision: Decision, number: str
) -> None:
    assert route(made(number), seen(decision, state), KIOSK) == Recognise(CARD)


@pytest.mark.parametrize("state", [None, StandingState.ENDED])
def test_a_card_that_opens_nothing_is_not_asked_after(state: StandingState | None) -> None:
    assert route(made("63"), seen(LOST, state), KIOSK) == AnswerHere(LOST)
    assert refusal(made("11"), seen(LOST, state)) == (Screen.CARD_LOST, False)
    assert route(made("11", no_block="Y"), seen(LOST, state), KIOSK) == Recognise(CARD)


@pytest.mark.parametrize("state", [None, StandingState.ENDED])
def test_leaving_needs_no_recognition(state: StandingState | None) -> None:
    assert route(made("35"), seen(NO_PIN, state), KIOSK) == AnswerHere(NO_PIN)


# The register is out.


@pytest.mark.parametrize("number", PATRON_REQUESTS)
def test_with_the_register_out_local_cards_pass_untouched(number: str) -> None:
    assert route(made(number, patron_identifier=LOCAL_CARD), Seen(), KIOSK) == ForwardUnchanged()


@pytest.mark.parametrize("number", [number for number in PATRON_REQUESTS if number != "01"])
def test_with_the_register_out_the_library_system_judges_who_was_last_known_local(number: str) -> None:
    assert forwarded(made(number), seen(Outage.REGISTER)).proof is PinProof.ILS


def test_with_the_register_out_nobody_is_let_in_without_a_pin() -> None:
    assert route(without_pin("63"), seen(Outage.REGISTER), KIOSK) == AnswerHere(NO_PIN)
    assert forwarded(without_pin("11"), seen(Outage.REGISTER)).proof is PinProof.NONE


@pytest.mark.parametrize("state", [None, *UNMET])
def test_with_the_register_out_any_other_national_card_is_asked_to_try_later(state: StandingState | None) -> None:
    known = seen(Outage.REGISTER, state)
    for number in ("01", "23", "25", "35", "63"):
        assert route(made(number), known, KIOSK) == AnswerHere(Outage.REGISTER)
    for number in ("11", "15", "29", "65"):
        assert refusal(made(number), known) == (Screen.TRY_LATER, False)
    assert refusal(made("37"), known) == (Screen.PAYMENT_NOT_BOOKED, True)
    assert refusal(made("11", no_block="Y"), known) == (Screen.OFFLINE_REFUSED, True)


# Nothing personal is shown.


def test_routes_show_neither_cards_nor_names() -> None:
    known = seen(granted())
    shown = repr([known, forwarded(made("23"), known), Recognise(CARD), AnswerHere(granted())])
    assert CARD not in shown
    assert LOCAL_ID not in shown
    assert "Hætta" not in shown
