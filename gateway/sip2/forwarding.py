"""Where a request goes: on to the library system, unchanged or as a local patron's, or answered here.

By the card alone: a local card and all item messages pass untouched, a patron who is local here passes by the
register's rules, and whoever is not yet local is answered here. Pure: values in, a route out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from gateway.sip2.answers import Denied, Outage, stand
from gateway.sip2.forward_pins import PinProof, Verdict, proof_by, verdict_of
from gateway.sip2.forward_routes import (
    AnswerHere,
    Await,
    Consult,
    ForwardAs,
    ForwardUnchanged,
    Recognise,
    Refuse,
    Route,
    Rules,
    Seen,
)
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.card import CardNumber, national
from registry.domain.decisions import Decision, Granted, Refusal, Refused
from registry.domain.standing import StandingState

ITEM_MESSAGES = frozenset({"09", "17", "19"})
"""About an item and nobody: always sent on."""

IDENTIFYING = frozenset({"23", "63"})
PATRON_MESSAGES = IDENTIFYING | {"01", "25", "11", "15", "29", "65", "37", "35"}
"""About a patron: the card decides."""

# Their answers tell how a patron stands, or that a session has ended, and have a row for every decision.
_ANSWERED_BY_ROW = IDENTIFYING | {"01", "25"}
# Local cards: unknown nationally, or no exchange with the register at all.
_PASSED_BY = frozenset({Refusal.UNKNOWN_CARD, Refusal.NO_AGREEMENT})
# These say nothing of the PIN or the card that comes before how the patron stands here.
_BY_STANDING = frozenset({Refusal.NO_PIN, Refusal.ACTIVATE_FIRST, Refusal.ACTIVATE_AT_DESK})

# What a checkout is told before the patron is local; the words of a guest are the decision's own.
_CHECKOUT_WORDS: Mapping[StandingState, Screen] = {
    StandingState.AWAITING_DESK: Screen.AWAITING_DESK,
    StandingState.CONSENTED: Screen.BEING_SET_UP_PLACE_AGAIN,
    StandingState.DELIVERING: Screen.BEING_SET_UP_PLACE_AGAIN,
    StandingState.UNKNOWN: Screen.BEING_SET_UP_PLACE_AGAIN,
    StandingState.NEEDS_STAFF: Screen.SEE_STAFF,
}


_BEING_SET_UP = frozenset({StandingState.CONSENTED, StandingState.DELIVERING, StandingState.UNKNOWN})


def pin_of(message: Message) -> str:
    """Return the PIN in a request, empty where there is none."""
    return sip2.first(message, "AD") or ""


def is_after_the_fact(message: Message) -> bool:
    """Tell whether a request reports what has happened: off-line (no block), or a return undone (cancel)."""
    return getattr(message, "no_block", "N") == "Y" or getattr(message, "cancel", None) == "Y"


def route(message: Message, seen: Seen, rules: Rules) -> Route:
    """Return where a request goes at a terminal with a library system behind it.

    Raises ``ValueError`` for 93, 97 and 99, which belong to the connection.
    """
    if message.number in ITEM_MESSAGES:
        return _item(message)
    if message.number not in PATRON_MESSAGES:
        raise ValueError(f"{message.number} is not sent on")
    if seen.card is None or seen.decision is None or _is_passed_by(seen.decision):
        return ForwardUnchanged()
    if seen.state is StandingState.LOCAL:
        return _local(message, seen.card, seen.decision, seen, rules)
    if national(_shown(message)) is None:
        # The id of a local card whose owner is not local by the register: the library system's own affair.
        return ForwardUnchanged()
    if isinstance(seen.decision, Outage):
        return _unjudged(message, seen.decision)
    if seen.state is None or seen.state is StandingState.ENDED:
        return _unrecognised(message, seen.card, seen.decision)
    return _not_local(message, seen.decision, seen.state, rules)


def _shown(message: Message) -> str:
    return sip2.first(message, "AA") or ""


def _is_passed_by(decision: Decision | Outage) -> bool:
    return isinstance(decision, Refused) and decision.reason in _PASSED_BY


def _item(message: Message) -> Route:
    # Some kiosks add the patron to item messages. Their PIN is none of the library system's business there.
    return ForwardUnchanged(withholds_pin=national(_shown(message)) is not None)


# Local here.


def _local(message: Message, card: CardNumber, decision: Decision | Outage, seen: Seen, rules: Rules) -> Route:
    verdict = verdict_of(decision, given=bool(pin_of(message)))
    proof = proof_by(verdict, rules.pin_authority, ils_wants_pin=rules.ils_wants_pin)
    if message.number == "01" or is_after_the_fact(message):
        # What has happened is recorded, whatever the card has become since; a block can only help.
        proof = proof or PinProof.NONE
    if proof is None:
        return _stopped(message, decision, verdict)
    if proof is PinProof.NONE and message.number in IDENTIFYING:
        if rules.pin_required:
            return AnswerHere(Refused(Refusal.NO_PIN) if isinstance(decision, Outage) else decision)
        if verdict is Verdict.NOT_GIVEN:
            proof = PinProof.NOT_REQUIRED
    return ForwardAs(
        local_id=seen.local_id or card,
        card=card,
        proof=proof,
        protected=seen.protected,
        denied=Denied(stand(decision).patron_status) if verdict is Verdict.BLOCKED else Denied.NOTHING,
    )


def _stopped(message: Message, decision: Decision | Outage, verdict: Verdict) -> Route:
    if message.number in _ANSWERED_BY_ROW or (message.number == "35" and verdict is Verdict.BLOCKED):
        return AnswerHere(decision)
    return _refused(message, decision, stand(decision).screen or Screen.SEE_STAFF)


# Not local here, or not yet.


def _unjudged(message: Message, outage: Outage) -> Route:
    if is_after_the_fact(message):
        return _refused(message, outage, Screen.OFFLINE_REFUSED, alarm=True)
    if message.number in _ANSWERED_BY_ROW or message.number == "35":
        return AnswerHere(outage)
    return _refused(message, outage, Screen.TRY_LATER)


def _unrecognised(message: Message, card: CardNumber, decision: Decision) -> Route:
    if message.number == "35":
        return AnswerHere(decision)
    verdict = verdict_of(decision, given=bool(pin_of(message)))
    if verdict is Verdict.BLOCKED and not is_after_the_fact(message):
        return _stopped(message, decision, verdict)
    return Recognise(card)


def _not_local(message: Message, decision: Decision, state: StandingState, rules: Rules) -> Route:
    if message.number in _ANSWERED_BY_ROW or message.number == "35":
        return AnswerHere(decision)
    if message.number == "11" and is_after_the_fact(message):
        return _refused(message, decision, Screen.OFFLINE_REFUSED, alarm=True)
    if isinstance(decision, Refused) and decision.reason not in _BY_STANDING:
        return _refused(message, decision, stand(decision).screen or Screen.SEE_STAFF)
    if message.number == "11":
        return _loan(message, decision, state, rules)
    return _refused(message, decision, Screen.NOT_A_PATRON_HERE)


def _loan(message: Message, decision: Decision, state: StandingState, rules: Rules) -> Route:
    proved = is_proved(decision)
    if proved:
        screen = _CHECKOUT_WORDS.get(state, stand(decision).screen or Screen.RULES_FIRST)
    else:
        # How far the patron has come is told to nobody who has not shown the PIN.
        screen = Screen.PIN_NEEDED if rules.has_kiosk_channel else Screen.NOT_A_PATRON_HERE
    refusal = _refused(message, decision, screen)
    if state in _BEING_SET_UP:
        return Await(refusal.told, is_proved=proved)
    # Who showed no PIN now may have shown it a moment ago, which only the register knows.
    may_accept = not proved or screen is Screen.RULES_FIRST
    is_asked = state is StandingState.GUEST and may_accept
    return Consult(refusal.told, is_proved=proved) if is_asked else refusal


def is_proved(decision: Decision | Outage) -> bool:
    """Tell whether the PIN that came with a request was right, whatever else was decided."""
    return isinstance(decision, Granted) or (isinstance(decision, Refused) and decision.pin_proved)


def _refused(message: Message, decision: Decision | Outage, screen: Screen, *, alarm: bool = False) -> Refuse:
    if message.number == "37":
        # The money is taken already: the one thing to say is that it is not booked.
        screen, alarm = Screen.PAYMENT_NOT_BOOKED, True
    return Refuse(dataclasses.replace(stand(decision), name="", screen=screen), alarm)
