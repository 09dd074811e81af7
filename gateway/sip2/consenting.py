"""A guest's loan: rules offered as a fee, a yes kept as consent, and the wait for what comes of it.

The offer and the proved PIN are kept in the register by unit, terminal and card, for kiosks reconnect, pool connections
and leave the PIN out of a checkout. What is remembered here chooses words and calls no honest kiosk a liar; no consent
rests on it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from gateway.observability.instruments import Count
from gateway.observability.logs import EventLog
from gateway.sip2.answers import Stand
from gateway.sip2.forward_routes import Await, Consult
from gateway.sip2.lately import Lately
from gateway.sip2.offers import Offers, Way
from gateway.sip2.responders import Desk, Reply, refused_as
from gateway.sip2.rules_shown import (
    CURRENCY,
    FEE_TYPE,
    acknowledged,
    asks_fee,
    is_token,
    lines_of,
    unacknowledged,
)
from gateway.sip2.trial import Trials, rules_for
from gateway.words.languages import language_for
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message
from registry.activating import ConsentDoor
from registry.domain.activating import Accepted, Hindered, Hindrance
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable, Situation
from registry.domain.patron import Language
from registry.domain.standing import Standing, StandingState
from registry.services.recent import Recently

SHOWN_FOR = 3600.0
"""How long a yes that comes too late is not taken for misuse, and a payment of the token is not sent on; seconds."""

AGREED_FOR = 900.0
"""How long the same yes, repeated, is no yes to a fee of the library system; seconds."""

PROVED_FOR = 300.0
"""How long the words for a checkout without PIN are those for who has shown it; seconds."""

_TO_SEND = 0.05
"""What lies between the end of a wait and the loan's being sent on."""

WORDS: Mapping[Hindrance, Screen] = {
    Hindrance.NO_RULES: Screen.ACTIVATE_AT_DESK,
    Hindrance.NO_AGREEMENT: Screen.NO_AGREEMENT,
    Hindrance.CARD_BLOCKED: Screen.SEE_STAFF,
    Hindrance.PIN_NOT_PROVED: Screen.PIN_NEEDED,
    Hindrance.IN_PERSON: Screen.ACTIVATE_AT_DESK,
    Hindrance.TOO_YOUNG: Screen.TOO_YOUNG,
    Hindrance.ALREADY_LOCAL: Screen.BEING_SET_UP_PLACE_AGAIN,
    Hindrance.AWAITING_DESK: Screen.AWAITING_DESK,
    Hindrance.BEING_SET_UP: Screen.BEING_SET_UP_PLACE_AGAIN,
    Hindrance.NEEDS_STAFF: Screen.SEE_STAFF,
    Hindrance.NOT_OFFERED: Screen.RULES_FIRST,
    Hindrance.OFFER_EXPIRED: Screen.OFFER_AGAIN,
    Hindrance.RULES_CHANGED: Screen.OFFER_AGAIN,
    Hindrance.CHANNEL_OFF: Screen.RULES_FIRST,
    Hindrance.CODE_UNFIT: Screen.RULES_FIRST,
}
"""What a kiosk says of everything that can stand in the way."""

# Somebody else has made the patron a local one, or begun to: the loan waits for that as for one's own yes.
_UNDER_WAY = frozenset({Hindrance.ALREADY_LOCAL, Hindrance.BEING_SET_UP})
# The terminal cannot ask: another way is told.
_ELSEWHERE = frozenset({Hindrance.CHANNEL_OFF, Hindrance.NOT_OFFERED})

_ENDS: Mapping[StandingState, Screen] = {
    StandingState.NEEDS_STAFF: Screen.SEE_STAFF,
    StandingState.AWAITING_DESK: Screen.AWAITING_DESK,
    StandingState.GUEST: Screen.RULES_FIRST,
    StandingState.ENDED: Screen.RULES_FIRST,
}


@dataclass(frozen=True, slots=True)
class Visit:
    """A guest's checkout: where, what, whose, the words of a refusal, and whether the PIN was shown here."""

    desk: Desk
    asked: sip2.Checkout
    card: CardNumber
    told: Stand
    is_proved: bool

    @property
    def asker(self) -> Asker:
        """The terminal."""
        return self.desk.asker()

    @property
    def key(self) -> tuple[str, CardNumber]:
        """The card at its terminal."""
        return self.asker.terminal, self.card

    def no(self, way: Way) -> Reply:
        """Return the refusal that tells this way."""
        return refused_as(self.desk, self.asked, self.told.by(way.screen, way.link, way.minutes))


class Consenting:
    """The dialogue of all sessions of a door; ``offers`` tells of the other ways, ``trials`` are staff's own."""

    def __init__(
        self, consent: ConsentDoor | None, offers: Offers, clock: Callable[[], float], log: EventLog, misuses: Count
    ) -> None:
        """Ask ``consent``; without it every guest's loan is refused. ``misuses`` counts what raises an alert."""
        self.offers = offers
        self.trials = Trials(clock)
        self._consent = consent
        self._clock = clock
        self._log = log
        self._misuses = misuses
        self._proved = Lately[tuple[str, CardNumber], Stand](clock, PROVED_FOR)
        self._shown = Recently[tuple[str, CardNumber]](clock, SHOWN_FOR)
        self._agreed = Recently[tuple[str, CardNumber, str]](clock, AGREED_FOR)
        self._asked_at: dict[str, CardNumber] = {}

    # Who stands at the terminal.

    def proved(self, asker: Asker, card: CardNumber, told: Stand) -> None:
        """Note that a guest has shown the PIN, and what may be told to them."""
        self._proved.keep((asker.terminal, card), told)

    async def meet(self, desk: Desk, card: CardNumber | None) -> None:
        """Cancel what was offered at this terminal to anybody else than who stands there now; ``None``: a local card.

        Where several kiosks share a login, another card is somebody at another kiosk.
        """
        asker = desk.asker()
        asked = self._asked_at.get(asker.terminal)
        if asked is None or asked == card or asker.kiosks > 1 or self._consent is None:
            return
        with contextlib.suppress(RegisterUnavailable):
            await self._consent.turn_down(asker, card or CardNumber(""), desk.register_deadline)
            self._asked_at.pop(asker.terminal, None)

    def left(self, asker: Asker, card: CardNumber) -> None:
        """Forget a patron who has ended the session."""
        self._proved.forget((asker.terminal, card))
        self.offers.forget(asker, card)
        if self._asked_at.get(asker.terminal) == card:
            del self._asked_at[asker.terminal]

    # A loan that is not a local patron's yet.

    async def loan(self, desk: Desk, asked: sip2.Checkout, card: CardNumber, way: Consult | Await) -> Reply | Standing:
        """Return the refusal, or the standing of a patron who has become local: the loan is then to be sent on."""
        known = self._proved.find((desk.asker().terminal, card))
        visit = Visit(desk, asked, card, way.told, is_proved=way.is_proved or known is not None)
        if known is not None and way.told.patron_language is None:
            told = dataclasses.replace(way.told, patron_language=known.patron_language)
            visit = dataclasses.replace(visit, told=told)
        return await (self._consult(visit) if isinstance(way, Consult) else self._end(visit))

    async def _consult(self, visit: Visit) -> Reply | Standing:
        said = acknowledged(visit.asked)
        if self._consent is None or said is None or not self.offers.is_kiosk_on(visit.desk):
            return await self._elsewhere(visit)
        return await (self._accept(visit, self._consent) if said else self._offer(visit, self._consent))

    async def _offer(self, visit: Visit, consent: ConsentDoor) -> Reply | Standing:
        desk, terminal = visit.desk, visit.desk.terminal
        charset = terminal.dialect.charset
        spoken = language_for(None, visit.told.patron_language, terminal.language, charset)
        offer = await consent.offer(visit.asker, visit.card, Language(spoken.value), desk.deadline)
        if isinstance(offer, Hindered):
            return await self._hindered(visit, offer.why)
        self._shown.note(visit.key)
        self._asked_at[visit.asker.terminal] = visit.card
        lines = lines_of(offer, charset, terminal.library)
        return Reply(rules_for(desk, visit.asked, lines), "refused", reason="rules_offered")

    async def _accept(self, visit: Visit, consent: ConsentDoor) -> Reply | Standing:
        amount = visit.desk.terminal.acknowledgement_amount
        evidence = f"BO Y after BO N; BT {FEE_TYPE}, BV {amount} {CURRENCY}"
        found = await consent.accept(visit.asker, visit.card, evidence, visit.desk.deadline)
        match found:
            case Accepted():
                self._asked_at.pop(visit.asker.terminal, None)
                return await self._end(dataclasses.replace(visit, is_proved=True))
            case Hindered(why=Hindrance.NOT_OFFERED):
                if not self._shown.has(visit.key):
                    return await self._misused(visit, consent)
                # Offered, and forgotten since: somebody else stood there, or the session was ended.
                return await self._hindered(visit, Hindrance.OFFER_EXPIRED)
            case Hindered(why=why):
                return await self._hindered(visit, why)
            case _:
                assert_never(found)

    async def _misused(self, visit: Visit, consent: ConsentDoor) -> Reply:
        """A yes to what nobody was asked: this terminal acknowledges fees by itself, and can take no consent."""
        self._misuses.inc()
        self._log.event("consent_channel_misused", terminal=visit.asker.terminal, institution=visit.asker.institution)
        with contextlib.suppress(RegisterUnavailable):
            await consent.misused(visit.asker, visit.desk.deadline)
        return await self._elsewhere(visit)

    async def _hindered(self, visit: Visit, why: Hindrance) -> Reply | Standing:
        if why in _UNDER_WAY:
            return await self._end(dataclasses.replace(visit, is_proved=True))
        return await self._elsewhere(visit) if why in _ELSEWHERE else visit.no(Way(WORDS[why]))

    async def _elsewhere(self, visit: Visit) -> Reply:
        """Refuse, and tell a patron who has shown the PIN where else the rules can be accepted."""
        if self._consent is None or not visit.is_proved:
            return refused_as(visit.desk, visit.asked, visit.told)
        return visit.no(await self.offers.way(visit.desk, visit.card, Situation.GUEST, at_loan=True))

    async def _end(self, visit: Visit) -> Reply | Standing:
        """Wait until the patron is local, for as long as the loan can still be made in time."""
        desk, system = visit.desk, visit.desk.terminal.system
        if acknowledged(visit.asked):
            self._agreed.note((*visit.key, visit.asked.item_identifier))
        least = system.budgets.least_for_change if system is not None else 0.0
        standing = await self._settled(visit, desk.deadline - least - _TO_SEND)
        if standing is not None and standing.is_local:
            in_time = system is not None and desk.seconds_left >= least
            return standing if in_time else visit.no(Way(Screen.BEING_SET_UP_PLACE_AGAIN))
        if not visit.is_proved:
            # How far the patron has come is told to nobody who has not shown the PIN.
            return refused_as(desk, visit.asked, visit.told)
        screen = None if standing is None else _ENDS.get(standing.state)
        return visit.no(self.offers.waiting(visit.asker) if screen is None else Way(screen))

    async def _settled(self, visit: Visit, until: float) -> Standing | None:
        if self._consent is None or until <= self._clock():
            return None
        try:
            return await self._consent.settled(visit.asker, visit.card, until)
        except RegisterUnavailable:
            # What was accepted is kept for good; only how it goes on is not known.
            return None

    # A local patron's requests that may still be about the rules.

    def as_agreed(self, asker: Asker, card: CardNumber, asked: Message) -> Message:
        """Return a local patron's request as it may be sent on.

        A yes that was one to the rules, repeated by the kiosk, must not reach the library system as one to its fee.
        """
        if isinstance(asked, sip2.Checkout) and self._agreed.has((asker.terminal, card, asked.item_identifier)):
            return unacknowledged(asked)
        return asked

    def answered(self, asker: Asker, card: CardNumber, asked: Message, answer: Message) -> None:
        """Note what the library system says to a local patron's loan: once it asks for a fee, a yes is one to that."""
        if isinstance(asked, sip2.Checkout) and asks_fee(answer):
            self._agreed.forget((asker.terminal, card, asked.item_identifier))

    def is_paid_for_rules(self, desk: Desk, card: CardNumber, asked: Message) -> bool:
        """Tell whether a payment is of the token amount to which a patron was to say yes, and which nobody owes."""
        if not isinstance(asked, sip2.FeePaid) or not self._shown.has((desk.asker().terminal, card)):
            return False
        return is_token(asked, desk.terminal.acknowledgement_amount)
