"""The tables of the pages: what is said, and with which status, for each refusal, each hindrance and each state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from gateway.delivery.waiting import Pace, WaitingWords
from gateway.web.speech import Key
from gateway.words.keys import Screen
from gateway.words.page_keys import Text
from gateway.words.screen import FEWEST, MOST, waiting
from registry.domain.activating import Hindrance
from registry.domain.consent import Channel
from registry.domain.decisions import Refusal, Refused
from registry.domain.standing import StandingState


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with its numbers."""

    key: Key
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denial:
    """What is said to a refusal of card and PIN, above the form.

    ``tells`` is what the sentence tells of the card: such a one is said only where the PIN was right, else it looks
    like any wrong PIN (design, release table: an approval page tells nothing before the PIN).
    """

    words: Key
    tells: bool = False


DENIED = HTTPStatus.FORBIDDEN
"""Of every refusal, so that the status tells no more than the words."""

_WRONG = Denial(Text.WRONG_CARD_OR_PIN)

REFUSALS: Mapping[Refusal, Denial] = {
    Refusal.NO_PIN: Denial(Text.PIN_MISSING),
    Refusal.WRONG_PIN: _WRONG,
    Refusal.UNKNOWN_CARD: _WRONG,
    # Whoever has chosen a password finds the way to it below the field; here it would tell that the card exists.
    Refusal.PIN_NOT_ENOUGH: _WRONG,
    Refusal.ILS_JUDGES: _WRONG,
    Refusal.WAIT: Denial(Screen.TOO_MANY_TRIES_WAIT),
    Refusal.LOCKED: Denial(Screen.TOO_MANY_TRIES_STAFF),
    Refusal.CARD_LOST: Denial(Screen.CARD_LOST, tells=True),
    Refusal.CARD_WITHDRAWN: Denial(Screen.CARD_WITHDRAWN, tells=True),
    Refusal.CARD_REPLACED: Denial(Screen.CARD_REPLACED, tells=True),
    Refusal.LEVEL_TOO_LOW: Denial(Text.LEVEL_TOO_LOW, tells=True),
    Refusal.ACTIVATE_FIRST: Denial(Screen.ACTIVATE_AT_DESK, tells=True),
    Refusal.ACTIVATE_AT_DESK: Denial(Screen.ACTIVATE_AT_DESK, tells=True),
    Refusal.NATIONAL_CARD_NEEDED: Denial(Text.CARD_MALFORMED),
    Refusal.NO_AGREEMENT: Denial(Screen.NO_AGREEMENT),
}


def denial(refused: Refused, *, card_asked: bool) -> Line:
    """Return what is said to a refusal; ``card_asked`` tells whether the page asks for more than the PIN."""
    row = REFUSALS[refused.reason]
    if refused.reason is Refusal.WAIT:
        screen, numbers = waiting(refused.wait)
        return Line(screen, numbers)
    words = _WRONG.words if row.tells and not refused.pin_proved else row.words
    return Line(Text.WRONG_PIN if words is _WRONG.words and not card_asked else words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A page that says how things stand.

    ``waits`` says how long it takes, as the library's way of telling its library system has it. ``desk`` offers to
    tell the desk; ``withdraw`` to take the wish back; ``again`` to log in; ``rules`` to read the rules once more, with
    these words above them.
    """

    status: HTTPStatus = HTTPStatus.OK
    title: Text
    body: tuple[Key, ...]
    waits: bool = False
    desk: bool = False
    withdraw: bool = False
    again: bool = False
    rules: Text | None = None


_CONFLICT, _NOT_FOUND = HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND

LOCAL = Notice(title=Text.LOCAL_TITLE, body=(Text.LOCAL,))
DONE = Notice(title=Text.DONE_TITLE, body=(Text.DONE,))
SETUP = Notice(title=Text.SETUP_TITLE, body=(Text.SETUP_KEPT,), waits=True, withdraw=True)
STAFF = Notice(title=Text.STAFF_TITLE, body=(Screen.SEE_STAFF,))
AWAITING = Notice(title=Text.AWAITING_TITLE, body=(Screen.AWAITING_DESK, Text.AWAITING_KEPT), withdraw=True)
GUEST = Notice(title=Text.GUEST_TITLE, body=(Text.GUEST,), again=True)
CLOSED = Notice(status=_CONFLICT, title=Text.CLOSED_TITLE, body=(Text.CLOSED,))
EXPIRED = Notice(status=DENIED, title=Text.EXPIRED_TITLE, body=(Text.EXPIRED,), again=True)
CODE = Notice(status=_NOT_FOUND, title=Text.CODE_TITLE, body=(Text.CODE,))
WITHDRAWN = Notice(title=Text.WITHDRAWN_TITLE, body=(Text.WITHDRAWN,))
NOT_WITHDRAWN = Notice(status=_CONFLICT, title=Text.NOT_WITHDRAWN_TITLE, body=(Text.NOT_WITHDRAWN,))
LEFT = Notice(title=Text.LEFT_TITLE, body=(Text.LEFT,))
NO_LIBRARY = Notice(status=_NOT_FOUND, title=Text.NO_LIBRARY_TITLE, body=(Text.NO_LIBRARY,))
FOREIGN = Notice(status=DENIED, title=Text.FOREIGN_TITLE, body=(Text.FOREIGN,))
OUTAGE = Notice(status=HTTPStatus.SERVICE_UNAVAILABLE, title=Text.OUTAGE_TITLE, body=(Screen.TRY_LATER,))
UNEXPECTED = Notice(
    status=HTTPStatus.INTERNAL_SERVER_ERROR, title=Text.UNEXPECTED_TITLE, body=(Text.UNEXPECTED,)
)  # fmt: skip
NOT_FOUND = Notice(status=_NOT_FOUND, title=Text.NOT_FOUND_TITLE, body=(Text.NOT_FOUND,))


def unreadable(status: HTTPStatus) -> Notice:
    """Return what is said to a request that cannot be understood, whatever was wrong with it."""
    return Notice(status=status, title=Text.BAD_TITLE, body=(Text.BAD,))


HINDRANCES: Mapping[Hindrance, Notice] = {
    Hindrance.NO_RULES: CLOSED,
    Hindrance.NO_AGREEMENT: CLOSED,
    Hindrance.CARD_BLOCKED: Notice(status=DENIED, title=Text.BLOCKED_TITLE, body=(Text.BLOCKED,)),
    Hindrance.PIN_NOT_PROVED: EXPIRED,
    Hindrance.IN_PERSON: Notice(title=Text.DESK_TITLE, body=(Text.DESK,), desk=True),
    Hindrance.TOO_YOUNG: Notice(title=Text.YOUNG_TITLE, body=(Text.YOUNG,), desk=True),
    Hindrance.ALREADY_LOCAL: LOCAL,
    Hindrance.AWAITING_DESK: AWAITING,
    Hindrance.BEING_SET_UP: SETUP,
    Hindrance.NEEDS_STAFF: STAFF,
    Hindrance.NOT_OFFERED: Notice(
        status=_CONFLICT, title=Text.EXPIRED_TITLE, body=(Text.EXPIRED,), again=True, rules=Text.RULES_AGAIN
    ),
    Hindrance.OFFER_EXPIRED: Notice(
        status=_CONFLICT, title=Text.EXPIRED_TITLE, body=(Text.EXPIRED,), again=True, rules=Text.RULES_AGAIN
    ),
    Hindrance.RULES_CHANGED: Notice(
        status=_CONFLICT, title=Text.EXPIRED_TITLE, body=(Text.EXPIRED,), again=True, rules=Text.RULES_CHANGED
    ),
    Hindrance.CHANNEL_OFF: CLOSED,
    Hindrance.CODE_UNFIT: CODE,
}

STATES: Mapping[StandingState, Notice] = {
    StandingState.LOCAL: DONE,
    StandingState.CONSENTED: SETUP,
    StandingState.DELIVERING: SETUP,
    StandingState.UNKNOWN: SETUP,
    StandingState.NEEDS_STAFF: STAFF,
    StandingState.AWAITING_DESK: AWAITING,
    StandingState.GUEST: GUEST,
    StandingState.ENDED: GUEST,
}
"""What is said right after a yes, by how the patron stands since."""

LISTED: Mapping[StandingState, Text] = {
    StandingState.LOCAL: Text.STATE_LOCAL,
    StandingState.GUEST: Text.STATE_GUEST,
    StandingState.AWAITING_DESK: Text.STATE_AWAITING,
    StandingState.CONSENTED: Text.STATE_SETUP,
    StandingState.DELIVERING: Text.STATE_SETUP,
    StandingState.UNKNOWN: Text.STATE_SETUP,
    StandingState.NEEDS_STAFF: Text.STATE_STAFF,
    StandingState.ENDED: Text.STATE_ENDED,
}
"""How a patron stands, in the list of their libraries."""

CHANNELS: Mapping[Channel, Text] = {
    Channel.KIOSK: Text.BY_KIOSK,
    Channel.PHONE: Text.BY_PAGE,
    Channel.DESK: Text.BY_DESK,
    Channel.ILS: Text.BY_ILS,
}

_PACES: Mapping[Pace, Screen] = {
    Pace.AT_ONCE: Screen.BEING_SET_UP_PLACE_AGAIN,
    Pace.MINUTES: Screen.BEING_SET_UP_MINUTES,
    Pace.TOMORROW: Screen.BEING_SET_UP_TOMORROW,
}


def waiting_line(words: WaitingWords) -> Line:
    """Return how long it takes until the library system knows the patron."""
    numbers = {"minutes": min(max(words.minutes, FEWEST), MOST)} if words.pace is Pace.MINUTES else {}
    return Line(_PACES[words.pace], numbers)
