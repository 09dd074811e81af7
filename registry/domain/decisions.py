"""What the register answers: a decision is a value, and a *no* is one of its kinds."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.consent import AcceptedVersion
from registry.domain.release import View
from registry.domain.secret import Secret
from registry.domain.standing import Standing


class Refusal(enum.Enum):
    """Every reason for which the register says no; each door has a row for every one of them."""

    NO_PIN = "no_pin"
    WRONG_PIN = "wrong_pin"
    WAIT = "wait"
    LOCKED = "locked"
    CARD_LOST = "card_lost"
    CARD_WITHDRAWN = "card_withdrawn"
    CARD_REPLACED = "card_replaced"
    UNKNOWN_CARD = "unknown_card"
    NATIONAL_CARD_NEEDED = "national_card_needed"
    PIN_NOT_ENOUGH = "pin_not_enough"
    LEVEL_TOO_LOW = "level_too_low"
    ACTIVATE_FIRST = "activate_first"
    ACTIVATE_AT_DESK = "activate_at_desk"
    NO_AGREEMENT = "no_agreement"

    # Each member is one object; Enum's own hash is a function in Python, and doors look every answer up by it.
    __hash__ = object.__hash__
    ILS_JUDGES = "ils_judges"


class Situation(enum.Enum):
    """How the patron of a granted question stands where it was asked; decides the words, never the rights."""

    LOCAL = "local"
    SERVICE = "service"
    GUEST = "guest"
    GUEST_TOO_YOUNG = "guest_too_young"
    AWAITING_DESK = "awaiting_desk"
    BEING_SET_UP = "being_set_up"
    NEEDS_STAFF = "needs_staff"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Who is this? – asked for one card, with the PIN that was given or ``None``, in the name of ``asker``.

    ``ils_knows_strangers``: a number that nobody has here is a library's own card, which its library system judges; its
    PIN is neither checked nor counted here.
    """

    card: CardNumber | None
    pin: Secret | None
    asker: Asker
    ils_knows_strangers: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """Yes: the PIN was right, and ``view`` is all that may leave. ``delay`` is seconds to wait before telling.

    ``standing`` and ``protected`` (an address that must not be passed on) are for the door alone, which must know where
    to send a request on and what to strip from the answer; they leave for nobody. ``accepted`` is the newest acceptance
    of the loan rules of the library that asks, for its library system.
    """

    view: View
    situation: Situation
    delay: float = 0.0
    standing: Standing | None = field(default=None, compare=False, repr=False)
    protected: bool = field(default=True, compare=False, repr=False)
    accepted: AcceptedVersion | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and why.

    ``pin_proved`` tells that the PIN was right all the same (a lost card, a guest at a door); ``wait`` is the
    seconds after which another try is heard; ``delay`` the seconds to wait before telling; the last two as in Granted.
    """

    reason: Refusal
    pin_proved: bool = False
    wait: float = 0.0
    delay: float = 0.0
    view: View | None = None
    standing: Standing | None = field(default=None, compare=False, repr=False)
    protected: bool = field(default=True, compare=False, repr=False)


Decision = Granted | Refused


class RegisterUnavailable(Exception):
    """The register cannot answer now: an outage, not a no. Doors say "try again later"; the cause is logged whole."""
