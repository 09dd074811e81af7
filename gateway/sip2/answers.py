"""From a decision to the fields of 24, 64 and 26: one row for every refusal, every granted situation, every outage.

What a row does not say is not sent. A new refusal without a row fails a test before it can reach a kiosk.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from gateway.words.languages import Language
from gateway.words.screen import Screen, say, waiting
from gateway.words.sentences import LINKED, NAMED, NUMBERS
from registry.domain import patron
from registry.domain.decisions import Decision, Granted, Refusal, Refused, Situation
from registry.domain.standing import StandingState


class Outage(enum.Enum):
    """What can keep a door from answering by a decision."""

    REGISTER = "register"
    DEFECT = "defect"

    # As with the register's refusals and situations: one is looked up with every answer.
    __hash__ = object.__hash__


class Denied(enum.StrEnum):
    """The fourteen patron status flags that a row raises."""

    NOTHING = " " * 14
    LENDING = "YYYY" + " " * 10
    LENDING_CARD_LOST = "YYYYY" + " " * 9


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of answers: BL, CQ, the flags and the screen message; no screen, no AF."""

    valid_patron: str
    valid_pin: str
    denied: Denied
    screen: Screen | None = None


_BLANK, _DENIED, _LOST = Denied.NOTHING, Denied.LENDING, Denied.LENDING_CARD_LOST

ROWS: Mapping[Refusal | Situation | Outage, Row] = {
    # The PIN was right.
    Situation.LOCAL: Row("Y", "Y", _BLANK),
    Situation.SERVICE: Row("Y", "Y", _BLANK),
    Situation.GUEST: Row("Y", "Y", _BLANK, Screen.RULES_FIRST),
    Situation.GUEST_TOO_YOUNG: Row("Y", "Y", _BLANK, Screen.TOO_YOUNG),
    Situation.AWAITING_DESK: Row("Y", "Y", _BLANK, Screen.AWAITING_DESK),
    Situation.BEING_SET_UP: Row("Y", "Y", _BLANK, Screen.BEING_SET_UP),
    Situation.NEEDS_STAFF: Row("Y", "Y", _BLANK, Screen.SEE_STAFF),
    # The card is known, the PIN not proved.
    Refusal.NO_PIN: Row("Y", "N", _BLANK),
    Refusal.WRONG_PIN: Row("Y", "N", _BLANK, Screen.WRONG_PIN),
    Refusal.WAIT: Row("Y", "N", _BLANK, Screen.TOO_MANY_TRIES_WAIT),
    Refusal.ILS_JUDGES: Row("Y", "N", _BLANK),
    Refusal.LOCKED: Row("Y", "N", _BLANK, Screen.TOO_MANY_TRIES_STAFF),
    # The card or the proof is not good enough, whatever the PIN.
    Refusal.CARD_LOST: Row("Y", "N", _LOST, Screen.CARD_LOST),
    Refusal.CARD_WITHDRAWN: Row("Y", "N", _DENIED, Screen.CARD_WITHDRAWN),
    Refusal.CARD_REPLACED: Row("Y", "N", _DENIED, Screen.CARD_REPLACED),
    Refusal.PIN_NOT_ENOUGH: Row("Y", "N", _DENIED, Screen.USE_PASSWORD),
    Refusal.LEVEL_TOO_LOW: Row("Y", "N", _DENIED, Screen.LEVEL_TOO_LOW),
    # Nobody we know, or nobody here.
    Refusal.UNKNOWN_CARD: Row("N", "N", _DENIED, Screen.UNKNOWN_CARD),
    Refusal.NATIONAL_CARD_NEEDED: Row("N", "N", _DENIED, Screen.NATIONAL_CARD_NEEDED),
    Refusal.ACTIVATE_FIRST: Row("N", "N", _DENIED, Screen.ACTIVATE_FIRST),
    Refusal.ACTIVATE_AT_DESK: Row("N", "N", _DENIED, Screen.ACTIVATE_AT_DESK),
    # Never BLN for a patron who may exist.
    Refusal.NO_AGREEMENT: Row("Y", "N", _DENIED, Screen.NO_AGREEMENT),
    Outage.REGISTER: Row("Y", "N", _DENIED, Screen.TRY_LATER),
    Outage.DEFECT: Row("Y", "N", _DENIED, Screen.TRY_LATER),
}


_NOT_YET = frozenset({Refusal.ACTIVATE_FIRST, Refusal.ACTIVATE_AT_DESK})
_UNDER_WAY: Mapping[StandingState, Situation] = {
    StandingState.AWAITING_DESK: Situation.AWAITING_DESK,
    StandingState.CONSENTED: Situation.BEING_SET_UP,
    StandingState.DELIVERING: Situation.BEING_SET_UP,
    StandingState.UNKNOWN: Situation.BEING_SET_UP,
    StandingState.NEEDS_STAFF: Situation.NEEDS_STAFF,
}


def situation_of(decision: Decision | Outage) -> Situation | None:
    """Return how the patron stands, PIN right; ``None`` where the words are the refusal's own.

    Where no guest is let in, one who has asked or accepted is none the less told how far that has come.
    """
    if isinstance(decision, Granted):
        return decision.situation
    if not (isinstance(decision, Refused) and decision.reason in _NOT_YET and decision.pin_proved):
        return None
    return None if decision.standing is None else _UNDER_WAY.get(decision.standing.state)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a patron stands, in SIP2's words: what 24, 64 and 26 have in common."""

    patron_status: str
    valid_patron: str
    valid_pin: str
    name: str = ""
    patron_language: Language | None = None
    screen: Screen | None = None
    wait: float = 0.0
    link: str | None = field(default=None, repr=False)
    minutes: int = 0
    reason: str = ""
    """The register's word for why not; none where the PIN was right and nothing refused."""

    def by(self, screen: Screen, link: str | None = None, minutes: int = 0) -> Stand:
        """Return the same with another screen message; ``link`` is a whole address, ``minutes`` a time to wait."""
        return dataclasses.replace(self, screen=screen, link=link, minutes=minutes)

    @property
    def print_lines(self) -> tuple[str, ...]:
        """The link whole, for a receipt from which it is opened, or nothing."""
        return () if self.link is None else (self.link,)

    def line(self, language: Language, charset: str, library: str) -> tuple[str, ...]:
        """Return the screen messages: one self-contained line, or none."""
        if self.screen is None:
            return ()
        if self.screen is Screen.TOO_MANY_TRIES_WAIT:
            screen, values = waiting(self.wait)
            return (say(screen, language, charset, **values),)
        given: dict[str, int | str] = {"library": library} if self.screen in NAMED else {}
        if self.link is not None and self.screen in LINKED:
            # Typed by hand: no browser needs to be told the scheme.
            given["link"] = self.link.partition("://")[2] or self.link
        if NUMBERS.get(self.screen) == "minutes":
            given["minutes"] = self.minutes
        return (say(self.screen, language, charset, **given),)


# A table, for a look-up in an enum is a call with every answer.
_SPOKEN = {written: Language(written) for written in patron.Language}


def stand(decision: Decision | Outage) -> Stand:
    """Return how the patron stands by the row of ``decision``; a name only from what the register released."""
    match decision:
        case Granted(view=view, situation=situation):
            name, wait, why = view.name or view.given_name or "", 0.0, ""
            row = ROWS[situation]
            screen = row.screen
        case Refused(reason=reason, wait=wait, view=view):
            under_way = situation_of(decision)
            name, why, row = "", reason.value, ROWS[reason]
            screen = row.screen if under_way is None else ROWS[under_way].screen
        case Outage():
            view, name, wait, why = None, "", 0.0, ""
            row = ROWS[decision]
            screen = row.screen
        case _:
            assert_never(decision)
    spoken = _SPOKEN[view.language] if view is not None and view.language is not None else None
    return Stand(row.denied, row.valid_patron, row.valid_pin, name, spoken, screen, wait, reason=why)
