"""Requests, answers and what is known of cards, for the tables of forwarding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.sip2.answers import Denied, Outage
from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_routes import ForwardAs, Rules, Seen
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import MESSAGES, Message
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision, Granted, Refusal, Refused, Situation
from registry.domain.release import View
from registry.domain.standing import StandingState

CARD, LOCAL_ID, LOCAL_CARD, THIRD = CardNumber("N001000002"), "S200002", "S100001", "S300003"
PIN, ITEM, AO = "5926", "30101000001", "NO-2030000"
NOW = "20261123    101512"
STREET, MAIL, PHONE = "Storgata 14B, 8006 Bodø", "kari@canary.example", "90012345"

KIOSK = Rules()

REQUESTS = tuple(sorted(number for number, cls in MESSAGES.items() if cls.answered_by and number not in {"93", "97"}))
PATRON_REQUESTS = ("01", "11", "15", "23", "25", "29", "35", "37", "63", "65")
ITEM_REQUESTS = ("09", "17", "19")
ANSWER_OF = {number: cls.answered_by or "" for number, cls in MESSAGES.items()}
ABOUT_THE_ASKER = ("12", "16", "24", "26", "30", "36", "38", "64")

_FIXED: Mapping[str, str] = {
    "sc_renewal_policy": "Y",
    "no_block": "N",
    "third_party_allowed": "N",
    "card_retained": "N",
    "hold_mode": "+",
    "language": "012",
    "patron_status": " " * 14,
    "status_code": "0",
    "max_print_width": "080",
    "protocol_version": "2.00",
}
_TAGGED: Mapping[str, str] = {
    "institution_id": AO,
    "patron_identifier": CARD,
    "item_identifier": ITEM,
    "patron_password": PIN,
    "terminal_password": "",
    "personal_name": "Hætta, Jonas Lie",
}


def made(number: str, **values: Any) -> Message:
    """A message of this number: usual values, the national card and a PIN where it has a place for them."""
    cls = MESSAGES[number]
    told: dict[str, Any] = {}
    for name, fixed in cls.layout.fixed:
        told[name] = _FIXED.get(name) or (NOW if fixed.width == 18 else fixed.kind.mended("0", fixed.width))
    for place in cls.layout.variable:
        if place.attribute in _TAGGED:
            told[place.attribute] = _TAGGED[place.attribute]
        elif place.required:
            told[place.attribute] = ""
    return cls(**(told | values))


def without_pin(number: str, **values: Any) -> Message:
    """The same, its AD left out, or empty where a 23 must have one."""
    return sip2.without(made(number, **values), "AD")


def granted(situation: Situation = Situation.LOCAL) -> Granted:
    """The register's yes."""
    return Granted(View(name="Hætta, Jonas Lie"), situation)


def seen(decision: Decision | Outage, state: StandingState | None = StandingState.LOCAL, **values: Any) -> Seen:
    """What is known of the national card."""
    local_id = LOCAL_ID if state is StandingState.LOCAL else None
    return Seen(**({"card": CARD, "decision": decision, "state": state, "local_id": local_id} | values))


def as_local(
    proof: PinProof = PinProof.REGISTER,
    *,
    protected: bool = False,
    local_id: str = LOCAL_ID,
    denied: Denied = Denied.NOTHING,
) -> ForwardAs:
    """The way of a local patron's request."""
    return ForwardAs(local_id=local_id, card=CARD, proof=proof, protected=protected, denied=denied)


def said(screen: Screen) -> str:
    """A screen message by its name."""
    return f"<{screen.name}>"


NO_PIN, WRONG_PIN, LOST = Refused(Refusal.NO_PIN), Refused(Refusal.WRONG_PIN), Refused(Refusal.CARD_LOST)
LOCKED = Refused(Refusal.LOCKED)
