"""Taking a known guest in, as a library's own system asks for it.

A guest is taken in on one of three authorities and on no other: their PIN, given in the library system's pages or at
its desk; that they wait at this very desk; or a right of the initiator's own, for a few guests a day, each of whom is
told by mail. A bare right to take people in would let one library system harvest the register.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from registry.domain.card import Card
from registry.domain.consent import Channel
from registry.domain.decisions import Refused
from registry.domain.events import Action
from registry.domain.identification import card_refusal
from registry.domain.initiating import Done, Objected, Objection, Order, Outcome, Person
from registry.domain.institution import Acceptance
from registry.domain.notice import NoticeKind
from registry.domain.patron import Patron
from registry.domain.recognition import is_same_name
from registry.domain.standing import Origin, Standing, StandingState
from registry.services.admission_wishes import Wish, write_consent, write_event
from registry.services.notices import Notifier
from registry.services.ports import Clock, Look, UnitOfWork
from registry.services.standing_moves import StandingMoves

# A day of the budget is any 24 hours: nobody gets twice as much around midnight.
_DAY = 86_400.0
# A library system may ask for more cards by its right than it may take in, for people mistype; but not for many.
_TAKEN_IN, _ASKED = ("by right", 1), ("by right, asked", 3)


class Authority(enum.Enum):
    """On what a guest is taken in; the value is told in the audit trail."""

    PIN = "pin"
    WAITS = "waits at the desk"
    RIGHT = "right of the library system"

    __hash__ = object.__hash__


TOLD: Mapping[Authority, NoticeKind | None] = {
    Authority.PIN: None,
    Authority.WAITS: NoticeKind.APPROVED,
    Authority.RIGHT: NoticeKind.TAKEN_IN,
}
"""What patrons are told of by mail; one who has given their PIN was there."""

_IN_THE_WAY: Mapping[StandingState, Objection] = {
    StandingState.CONSENTED: Objection.BEING_SET_UP,
    StandingState.DELIVERING: Objection.BEING_SET_UP,
    StandingState.UNKNOWN: Objection.BEING_SET_UP,
    StandingState.NEEDS_STAFF: Objection.NEEDS_STAFF,
}


class TakingIn:
    """Makes guests local ones, within the caller's transaction."""

    def __init__(self, clock: Clock, notifier: Notifier) -> None:
        self._clock = clock
        self._notifier = notifier

    async def take_in(self, work: UnitOfWork, wish: Wish, card: Card) -> Outcome:
        """Return the card of the patron, who is local now; or why not, and nothing but a budget has changed."""
        found = await work.patrons.find(card.patron)
        before = await StandingMoves.held(work, card.patron, wish.unit.id)
        if found is None:
            return Objected(Objection.NO_AUTHORITY)
        state = before.state if before else StandingState.GUEST
        patron, authority = found[0], _authority(wish.order, state)
        if authority is Authority.RIGHT and wish.by_right and not await self._within(work, wish, card, _ASKED):
            return Objected(Objection.BUDGET_SPENT)
        no = self._no(wish, patron, card, before, authority)
        if no is not None:
            return no
        if authority is Authority.RIGHT and not await self._within(work, wish, card, _TAKEN_IN):
            return Objected(Objection.BUDGET_SPENT)
        await self._write(work, wish, patron, card, before, authority)
        return Done(card.number)

    def _no(
        self, wish: Wish, patron: Patron, card: Card, before: Standing | None, authority: Authority
    ) -> Objected | Refused | None:
        state = before.state if before else StandingState.GUEST
        if state is StandingState.LOCAL:
            return Objected(Objection.ALREADY_LOCAL)
        if authority is Authority.RIGHT and not self._reaches(wish, patron):
            return Objected(Objection.NO_AUTHORITY if wish.order.person is None else Objection.CARD_TAKEN)
        if state in _IN_THE_WAY:
            return Objected(_IN_THE_WAY[state])
        blocked = card_refusal(card)
        if blocked is not None:
            return Refused(blocked, pin_proved=True)
        if authority is Authority.RIGHT and before is not None and _is_from_before_the_end(wish.order, before):
            return Objected(Objection.RULES_ENDED)
        alone = authority is Authority.RIGHT or _is_alone(wish, authority)
        if alone and patron.age_on(self._clock.today()) < wish.unit.minimum_age:
            return Objected(Objection.TOO_YOUNG)
        return None

    def _reaches(self, wish: Wish, patron: Patron) -> bool:
        """Tell whether the initiator's own right reaches this patron: nobody is taken in by it who cannot be told."""
        return wish.by_right > 0 and self._notifier.reaches(patron) and _is_said_to_be(wish.order, patron)

    async def _within(self, work: UnitOfWork, wish: Wish, card: Card, budget: tuple[str, int]) -> bool:
        """Count a card against one of the day's budgets; return whether that was within."""
        name, times = budget
        spender, now = f"{wish.asker.terminal} {name}", self._clock.steady()
        look = await work.attempts.look_within_budget(spender, card.number, now, _DAY, wish.by_right * times)
        return look is not Look.REFUSED

    async def _write(
        self, work: UnitOfWork, wish: Wish, patron: Patron, card: Card, before: Standing | None, authority: Authority
    ) -> None:
        channel = Channel.ILS if _is_alone(wish, authority) else Channel.DESK
        await write_consent(work, wish, patron, channel, self._clock)
        standing = Standing(
            patron=patron.id,
            unit=wish.unit.id,
            state=StandingState.LOCAL,
            since=self._clock.now(),
            origin=Origin.ACTIVATED,
            local_id=card.number,
        )
        await (work.standings.add if before is None else work.standings.change)(standing)
        told = {"before": before.state if before else "none", "after": standing.state, "unit": wish.unit.id}
        facts = {**told, "authority": authority.value}
        await write_event(work, wish.asker, Action.STANDING_CHANGED, patron.id, facts, self._clock)
        kind = TOLD[authority]
        if kind is not None:
            await self._notifier.want(work, patron.id, wish.unit.id, kind)


def _authority(order: Order, state: StandingState) -> Authority:
    if state is StandingState.AWAITING_DESK:
        return Authority.WAITS
    return Authority.RIGHT if order.pin is None else Authority.PIN


def _is_alone(wish: Wish, authority: Authority) -> bool:
    """Tell whether the patron has accepted in the library system's own pages, where nobody saw them."""
    return authority is Authority.PIN and wish.unit.acceptance is not Acceptance.IN_PERSON


def _is_from_before_the_end(order: Order, before: Standing) -> bool:
    """Tell whether what was accepted is used up: a message that comes late must not undo that somebody has left.

    Whoever gives their PIN says yes anew by that.
    """
    at = order.accepted.at if order.accepted else None
    return before.state is StandingState.ENDED and at is not None and at <= before.since


def _is_said_to_be(order: Order, patron: Patron) -> bool:
    """Tell whether all that is told of who stands there fits the patron: a mistyped number is somebody else's."""
    if order.person is not None:
        return _is_same(order.person, patron)
    return order.birth_date in (None, patron.birth_date)


def _is_same(person: Person, patron: Patron) -> bool:
    told = f"{person.given_name} {person.family_name}"
    return person.birth_date == patron.birth_date and is_same_name(told, patron.family_name, patron.given_name)
