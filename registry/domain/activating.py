"""Becoming a local patron: what is offered, what is asked, and why it may not be, over values."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from registry.domain.card import CardNumber
from registry.domain.consent import Channel
from registry.domain.institution import Acceptance, InstitutionId, LendingUnit, LendingUnitId
from registry.domain.patron import Language, Patron
from registry.domain.standing import StandingState


class Hindrance(enum.Enum):
    """Why loan rules cannot be offered or accepted here and now; every door has words for every one of them."""

    NO_RULES = "the library has published no loan rules"
    NO_AGREEMENT = "the library has no valid agreement"
    CARD_BLOCKED = "the card is lost, replaced or withdrawn"
    PIN_NOT_PROVED = "the PIN was not proved here a short while ago"
    IN_PERSON = "the library wants everybody at the desk"
    TOO_YOUNG = "the patron is too young to accept alone"
    ALREADY_LOCAL = "the patron is a local patron already"
    AWAITING_DESK = "the patron waits for the desk"
    BEING_SET_UP = "the rules are accepted, and the library's system is being told"
    NEEDS_STAFF = "staff must look"
    NOT_OFFERED = "the rules were never shown to this patron here"
    OFFER_EXPIRED = "the rules were shown to this patron here, and too long ago"
    RULES_CHANGED = "other rules have come into force since they were shown"
    CHANNEL_OFF = "the terminal may not take consent"
    CODE_UNFIT = "the code is unknown, used, too old or another's"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Hindered:
    """It cannot be done, and nothing has changed."""

    why: Hindrance


_BY_STATE = {
    StandingState.LOCAL: Hindrance.ALREADY_LOCAL,
    StandingState.AWAITING_DESK: Hindrance.AWAITING_DESK,
    StandingState.CONSENTED: Hindrance.BEING_SET_UP,
    StandingState.DELIVERING: Hindrance.BEING_SET_UP,
    StandingState.UNKNOWN: Hindrance.BEING_SET_UP,
    StandingState.NEEDS_STAFF: Hindrance.NEEDS_STAFF,
}


def hindrance(
    unit: LendingUnit | None, patron: Patron, state: StandingState | None, channel: Channel, today: date
) -> Hindrance | None:
    """Return why this patron cannot accept the unit's rules through ``channel`` today, or ``None`` (A18, A19).

    At the desk neither a library's wish to see everybody nor a patron's age is in the way: that is what a desk is for.
    """
    if state is not None and state in _BY_STATE and not (channel is Channel.DESK and state is _WAITING):
        return _BY_STATE[state]
    if unit is None or unit.rules is None:
        return Hindrance.NO_RULES
    if channel is Channel.DESK:
        return None
    if unit.acceptance is Acceptance.IN_PERSON:
        return Hindrance.IN_PERSON
    return Hindrance.TOO_YOUNG if patron.age_on(today) < unit.minimum_age else None


_WAITING = StandingState.AWAITING_DESK
# Whose yes is on its way, or whom staff must look at: nothing is asked of them now.
_UNDER_WAY = _BY_STATE.keys() - {_WAITING, StandingState.LOCAL}


def is_acceptance_due(unit: LendingUnit | None, state: StandingState | None, accepted: str | None) -> bool:
    """Tell whether the unit's rules in force wait for a patron's yes; ``accepted`` is the version of the newest (A18).

    A local patron is asked anew where the library says so: one, too, who was recognised or imported and never asked.
    It stops nobody from borrowing.
    """
    if unit is None or unit.rules is None or state in _UNDER_WAY:
        return False
    if state is StandingState.LOCAL:
        return unit.rules.renew_acceptance and accepted != unit.rules.version
    return True


def may_renew(
    unit: LendingUnit | None, patron: Patron, state: StandingState | None, accepted: str | None, today: date
) -> bool:
    """Tell whether a local patron is asked for a yes to new rules on the library's page.

    Of one who is too young to accept alone no page takes it. A library that wants its guests at the desk has met them.
    """
    if unit is None or state is not StandingState.LOCAL or patron.age_on(today) < unit.minimum_age:
        return False
    return is_acceptance_due(unit, state, accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Loan rules as they are shown: version, language, a line for a screen and the whole text."""

    version: str
    language: Language
    short: str
    full: str


def offer_of(unit: LendingUnit, language: Language) -> Offer | None:
    """Return the unit's rules in ``language``, else in bokmål, else in whatever there is; ``None`` without rules."""
    if unit.rules is None or not unit.rules.texts:
        return None
    texts = unit.rules.texts
    spoken = next(one for one in (language.value, Language.NB.value, *sorted(texts)) if one in texts)
    text = texts[spoken]
    return Offer(version=unit.rules.version, language=Language(spoken), short=text.short, full=text.full)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The rules are accepted and kept for good; ``state`` is how the patron stands since."""

    state: StandingState


@dataclass(frozen=True, slots=True)
class Waiting:
    """The patron is in the queue of the desk, now or already."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Visit:
    """A patron on a page, PIN proved: what the page may show. ``given_name`` and ``language`` are all that is told.

    ``hindrance`` is why the rules cannot be accepted on the page; ``offer`` is there where they can. Of a local patron
    without hindrance a yes to new rules is asked.
    """

    institution: InstitutionId
    library: str
    given_name: str | None
    language: Language
    state: StandingState | None
    offer: Offer | None
    hindrance: Hindrance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRulesRecord:
    """What a patron is shown of an acceptance: what, when, where and how (A18)."""

    library: str
    version: str
    language: Language
    channel: Channel
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryOfPatron:
    """One row of "my libraries" (A15); ``rules_wait`` tells that the patron is asked for a yes to new rules there."""

    unit: LendingUnitId
    library: str
    state: StandingState
    since: datetime
    is_home: bool
    accepted: Sequence[AcceptedRulesRecord] = ()
    rules_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WaitingGuest:
    """One row of a lending unit's queue: the minimum that a library may know of a guest (A23), and since when."""

    card: CardNumber
    name: str | None = field(default=None)
    birth_date: date | None = None
    since: datetime
