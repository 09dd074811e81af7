"""Who is this, and what may be told? The rules of looking a card up and judging its PIN, over values.

The table of answers lives at the doors; here it is decided which row applies.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from registry.domain.asker import Asker, AskerClass
from registry.domain.attempts import NOTHING, CardLog
from registry.domain.card import Card, CardState
from registry.domain.consent import AcceptedVersion
from registry.domain.decisions import Decision, Granted, Refusal, Refused, Situation
from registry.domain.institution import Acceptance, LendingUnit, LendingUnitId, PinAuthority
from registry.domain.patron import Credentials, Level, Patron
from registry.domain.release import Audience, View, release
from registry.domain.secret import Secret
from registry.domain.standing import Standing, StandingState


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """Everything one look-up of a card number brings; ``accepted`` has the newest yes where there is a standing."""

    card: Card
    patron: Patron
    credentials: Credentials
    standings: Mapping[LendingUnitId, Standing]
    log: CardLog = NOTHING
    accepted: Mapping[LendingUnitId, AcceptedVersion] = field(default_factory=dict)
    _views: dict[Audience, View] = field(default_factory=dict, init=False, repr=False, compare=False)

    def view_for(self, audience: Audience) -> View:
        """Return what ``audience`` may know; kept, for a holder never changes and a kiosk asks several times."""
        view = self._views.get(audience)
        if view is None:
            view = self._views[audience] = release(self.patron, self.card, audience)
        return view

    def standing_at(self, unit: LendingUnitId | None) -> Standing | None:
        """Return how the patron stands at ``unit``; ``None`` where nothing is known, and at a service."""
        return None if unit is None else self.standings.get(unit)


class Proof(enum.Enum):
    """What a question brought to prove that the card is its owner's."""

    NONE = enum.auto()
    PIN = enum.auto()
    PASSWORD = enum.auto()
    PIN_NOT_ENOUGH = enum.auto()


# What every proved PIN is compared with, looked up once: in its class a member costs 50 ns (Python 3.11).
_SERVICE, _INITIATOR = AskerClass.SERVICE, AskerClass.INITIATOR
_LOCAL, _TERMINAL_LOCAL = Situation.LOCAL, Audience.TERMINAL_LOCAL
_PIN, _ILS = Proof.PIN, PinAuthority.ILS

_CARD_REFUSALS: Mapping[CardState, Refusal] = {
    CardState.LOST: Refusal.CARD_LOST,
    CardState.WITHDRAWN: Refusal.CARD_WITHDRAWN,
    CardState.REPLACED: Refusal.CARD_REPLACED,
}

_SITUATIONS: Mapping[StandingState, Situation] = {
    StandingState.GUEST: Situation.GUEST,
    StandingState.ENDED: Situation.GUEST,
    StandingState.AWAITING_DESK: Situation.AWAITING_DESK,
    StandingState.CONSENTED: Situation.BEING_SET_UP,
    StandingState.DELIVERING: Situation.BEING_SET_UP,
    StandingState.UNKNOWN: Situation.BEING_SET_UP,
    StandingState.NEEDS_STAFF: Situation.NEEDS_STAFF,
    StandingState.LOCAL: Situation.LOCAL,
}


_ONLINE = frozenset({AskerClass.SERVICE, AskerClass.PAGE})


def proof_of(secret: Secret | None, asker: Asker, credentials: Credentials) -> Proof:
    """Tell what kind of proof was given.

    Nothing, or an empty text, is no proof and no attempt. A PIN alone is not enough online for who has set a password
    (D2); at a service, what is not all digits is taken for the password, on a page everything.
    """
    if not secret:
        return Proof.NONE
    if asker.kind not in _ONLINE or credentials.password is None:
        return _PIN
    if asker.kind is AskerClass.PAGE:
        # A page tells nobody that there is a password, and so a PIN there is a wrong one, counted as every other.
        return Proof.PASSWORD
    text = secret.reveal()
    return Proof.PIN_NOT_ENOUGH if text.isascii() and text.isdigit() else Proof.PASSWORD


def is_judged_by_ils(holder: CardHolder, asker: Asker, unit: LendingUnit | None) -> bool:
    """Tell whether this PIN is the library system's to judge: a local patron's, where the unit says so."""
    if unit is None or unit.pin_authority is not _ILS:
        return False
    standing = holder.standing_at(asker.unit)
    return standing is not None and standing.is_local


def card_refusal(card: Card) -> Refusal | None:
    """Return why this card opens nothing, or ``None`` where it is in use."""
    return _CARD_REFUSALS.get(card.state)


def not_proved(holder: CardHolder, asker: Asker, otherwise: Refusal) -> Refused:
    """Return the answer to a card without a right PIN: the state of the card if that is what stops it, else
    ``otherwise`` (none given, wrong, too many tries); nothing about the person."""
    reason = card_refusal(holder.card) or otherwise
    return Refused(reason, standing=holder.standing_at(asker.unit), protected=holder.patron.protected)


def with_right_pin(holder: CardHolder, asker: Asker, unit: LendingUnit | None, proof: Proof, today: date) -> Decision:
    """Return what may be told to ``asker`` once the PIN (or password) was right."""
    blocked, standing = card_refusal(holder.card), holder.standing_at(asker.unit)
    if blocked is not None:
        return Refused(blocked, pin_proved=True, standing=standing, protected=holder.patron.protected)
    if asker.kind is _SERVICE:
        return _at_a_service(holder, proof)
    if asker.kind is _INITIATOR:
        return told_to_initiator(holder, asker)
    if asker.kind is AskerClass.PAGE:
        return _on_a_page(holder, asker, proof)
    situation = Situation.GUEST if standing is None else _SITUATIONS[standing.state]
    if situation is _LOCAL:
        view = holder.view_for(_TERMINAL_LOCAL)
        return Granted(view, situation, standing=standing, protected=holder.patron.protected)
    return _as_guest(holder, asker, unit, situation, today)


def told_to_initiator(holder: CardHolder, asker: Asker) -> Granted:
    """Return what a library system may know of a patron: of its own everything, of a guest the minimum (A23)."""
    standing = holder.standing_at(asker.unit)
    situation = Situation.GUEST if standing is None else _SITUATIONS[standing.state]
    audience = Audience.INITIATOR_LOCAL if situation is Situation.LOCAL else Audience.INITIATOR_GUEST
    return Granted(
        holder.view_for(audience),
        situation,
        standing=standing,
        protected=holder.patron.protected,
        accepted=holder.accepted.get(asker.unit) if asker.unit else None,
    )


def _at_a_service(holder: CardHolder, proof: Proof) -> Decision:
    reached = Level.SUBSTANTIAL if proof is Proof.PASSWORD else Level.LOW
    # Kiosks are the exception to a patron's own minimum level (D2); a service never is.
    if reached < holder.patron.minimum_level:
        return Refused(Refusal.LEVEL_TOO_LOW, pin_proved=True)
    return Granted(holder.view_for(Audience.TERMINAL_SERVICE), Situation.SERVICE)


def _on_a_page(holder: CardHolder, asker: Asker, proof: Proof) -> Decision:
    reached = Level.SUBSTANTIAL if proof is Proof.PASSWORD else Level.LOW
    if reached < holder.patron.minimum_level:
        return Refused(Refusal.LEVEL_TOO_LOW, pin_proved=True)
    standing = holder.standing_at(asker.unit)
    situation = Situation.GUEST if standing is None else _SITUATIONS[standing.state]
    return Granted(holder.view_for(Audience.PAGE), situation, standing=standing, protected=holder.patron.protected)


def _as_guest(
    holder: CardHolder, asker: Asker, unit: LendingUnit | None, situation: Situation, today: date
) -> Decision:
    view = holder.view_for(Audience.TERMINAL_GUEST)
    digital = unit is not None and unit.acceptance is Acceptance.DIGITAL
    if asker.kind is AskerClass.STAFF or (asker.kind is AskerClass.KIOSK and digital):
        young = unit is not None and holder.patron.age_on(today) < unit.minimum_age
        if situation is Situation.GUEST and young:
            situation = Situation.GUEST_TOO_YOUNG
        return Granted(view, situation, standing=holder.standing_at(asker.unit))
    where = Refusal.ACTIVATE_FIRST if digital else Refusal.ACTIVATE_AT_DESK
    # The view carries the language alone to the words; what else a guest may be told is for granted answers.
    return Refused(where, pin_proved=True, view=view, standing=holder.standing_at(asker.unit))
