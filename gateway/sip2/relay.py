"""One kiosk session's way to its library system: what is sent on, what is answered here, and what is told when neither.

Where a request goes is decided by :mod:`gateway.sip2.forwarding`, what is known of its card by
:mod:`gateway.sip2.seeing`; here the library system is asked, and the register told what it said.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable
from typing import assert_never

from gateway.bridge import spawn
from gateway.observability.logs import EventLog
from gateway.sip2.answers import Outage, Stand, stand
from gateway.sip2.capture import Track
from gateway.sip2.forward_answers import KioskSide, to_kiosk
from gateway.sip2.forward_outages import in_trouble, is_told_off_line
from gateway.sip2.forward_requests import to_ils
from gateway.sip2.forward_routes import (
    AnswerHere,
    Await,
    Consult,
    Forward,
    ForwardAs,
    ForwardUnchanged,
    Recognise,
    Refuse,
    Route,
    Rules,
    Seen,
)
from gateway.sip2.forward_standing import forgets, is_failing, pin_judged
from gateway.sip2.forwarding import ITEM_MESSAGES, PATRON_MESSAGES, is_proved, pin_of, route
from gateway.sip2.ils_link import IlsLink
from gateway.sip2.ils_outcomes import Failed
from gateway.sip2.ils_status import merged_status
from gateway.sip2.recognising import asks_who, sighting
from gateway.sip2.responders import Desk, Ready, Reply, acs_status, answered_here, refused_as, way_of, words
from gateway.sip2.seeing import Memory, Seeing
from gateway.words.languages import Language
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import Message, yes
from registry.domain.asker import AskerClass
from registry.domain.card import CardNumber
from registry.domain.decisions import Refusal, Refused, RegisterUnavailable
from registry.domain.recognition import Recognition
from registry.domain.standing import StandingState

_TO_REMEMBER = 5.0
"""How long the register may take to write down what the library system said of a PIN, the kiosk long answered."""


class Relay:
    """Answers the requests of one session that has a library system behind it."""

    def __init__(self, desk: Desk, link: IlsLink, memory: Memory, log: EventLog) -> None:
        """Answer at ``desk`` by way of ``link``, and have it connect."""
        self._desk = desk
        self._link = link
        self._seeing = Seeing(desk, memory)
        terminal = desk.terminal
        self._rules = Rules(
            pin_required=terminal.pin_required,
            pin_authority=terminal.pin_authority,
            ils_wants_pin=terminal.habits.wants_pin,
            has_kiosk_channel=terminal.has_kiosk_channel,
        )
        self._kiosk = KioskSide(kind=terminal.asker.kind, fills_validity=terminal.habits.fills_validity)
        self._log = log
        link.open()

    def be_recorded(self, track: Track | None) -> None:
        """Record what is said to the library system and by it, or no longer."""
        self._link.be_recorded(track)

    def retire(self) -> None:
        """Be asked no more: what is under way at the library system goes on to its end and is counted."""
        self._link.retire()

    def respond(self, message: Message) -> Ready:
        """Return the reply to any request but a login, or what to await for it."""
        return self._status(message) if isinstance(message, sip2.ScStatus) else self._answer(message)

    def _status(self, asked: sip2.ScStatus) -> Ready:
        # A no that was true a minute ago would stop the kiosk for good, and such a yes have it lend into the void.
        known = self._link.is_status_known
        return self._merged(asked, self._link.status) if known else self._learned(asked)

    async def _learned(self, asked: sip2.ScStatus) -> Reply:
        return self._merged(asked, await self._link.learn(self._desk.deadline))

    def _merged(self, asked: sip2.ScStatus, theirs: sip2.AcsStatus | None) -> Reply:
        own = acs_status(self._desk, online=asked.protocol_version[:2] in {"2.", "1."})
        is_out = theirs is None or not yes(theirs.online_status)
        return Reply(self._of_both(own, theirs, off_line=is_out and self._desk.terminal.dialect.off_line_in_outage))

    def _of_both(self, own: sip2.AcsStatus, theirs: sip2.AcsStatus | None, *, off_line: bool) -> sip2.AcsStatus:
        asker = self._desk.asker()
        serves = self._desk.register.admits(asker) is None
        guests = serves and asker.kind is AskerClass.KIOSK
        return merged_status(own, theirs, serves_register=serves, serves_guests=guests, off_line=off_line)

    async def _answer(self, message: Message) -> Reply:
        on_trial = self._desk.consenting.trials.answer(self._desk, message)
        if on_trial is not None:
            return on_trial
        seen = await self._seeing.at(message)
        if isinstance(message, sip2.EndPatronSession) and seen.card is not None:
            # First: the library system may take longer than the register then has.
            await self._end_encounter(seen.card)
        if message.number in PATRON_MESSAGES:
            await self._meet(message, seen)
        way = route(message, seen, self._rules)
        if message.number in ITEM_MESSAGES and pin_of(message) and not await self._seeing.is_strangers(message):
            # No item message has a place for a PIN; one that a kiosk adds may be the register's.
            way = ForwardUnchanged(withholds_pin=True)
        reply = await self._follow(message, seen, way)
        delay = getattr(seen.decision, "delay", 0.0)
        return dataclasses.replace(reply, delay=max(reply.delay, delay)) if delay else reply

    # Where it goes.

    async def _follow(self, message: Message, seen: Seen, way: Route) -> Reply:
        match way:
            case ForwardUnchanged() | ForwardAs():
                return await self._forward(message, seen, way)
            case Recognise():
                return await self._recognise(message, seen, way)
            case AnswerHere(decision=decision):
                return answered_here(
                    self._desk, message, decision, await way_of(self._desk, message, seen.card, decision)
                )
            case Consult() | Await():
                return await self._lend_to_guest(message, seen, way)
            case Refuse(told=told, alarm=alarm):
                return self._refuse(message, told, alarm=alarm)
            case _:
                assert_never(way)

    def _refuse(self, message: Message, told: Stand, *, alarm: bool) -> Reply:
        if alarm:
            self._log.event("staff_alarm", message=message.number, terminal=self._desk.asker().terminal)
        return refused_as(self._desk, message, told)

    async def _meet(self, message: Message, seen: Seen) -> None:
        """Note who stands at the terminal now."""
        consenting = self._desk.consenting
        is_local = seen.state is StandingState.LOCAL
        if seen.card is not None and seen.decision is not None and not is_local and is_proved(seen.decision):
            consenting.proved(self._desk.asker(), seen.card, stand(seen.decision))
        if seen.card is not None or sip2.first(message, "AA"):
            await consenting.meet(self._desk, seen.card)

    async def _lend_to_guest(self, message: Message, seen: Seen, way: Consult | Await) -> Reply:
        """Offer the rules, take the yes to them, wait: what is not refused then is a local patron's loan."""
        if not isinstance(message, sip2.Checkout) or seen.card is None:
            return refused_as(self._desk, message, way.told)
        found = await self._desk.consenting.loan(self._desk, message, seen.card, way)
        if isinstance(found, Reply):
            return found
        now = dataclasses.replace(seen, state=found.state, local_id=found.local_id)
        return await self._follow(message, now, route(message, now, self._rules))

    async def _forward(self, message: Message, seen: Seen, way: Forward, *, recognised: bool = False) -> Reply:
        if isinstance(way, ForwardAs):
            if self._desk.consenting.is_paid_for_rules(self._desk, way.card, message):
                return self._refuse(message, stand(Refused(Refusal.NO_PIN)).by(Screen.PAYMENT_NOT_BOOKED), alarm=True)
            message = self._desk.consenting.as_agreed(self._desk.asker(), way.card, message)
        asked = to_ils(message, way, self._desk.terminal.habits)
        outcome = await self._link.ask(asked, self._desk.deadline)
        if isinstance(outcome, Failed):
            return self._trouble(outcome, message, way)
        if isinstance(way, ForwardAs):
            self._desk.consenting.answered(self._desk.asker(), way.card, message, outcome.message)
        if forgets(outcome.message, way) and seen.card is not None:
            if recognised:
                # It knows the card and not the id that it told for it: asking in a circle helps nobody.
                self._log.event("local_id_unknown", terminal=self._desk.asker().terminal)
                return await self._unsure(message, seen.card)
            return await self._anew(message, seen, seen.card)
        if seen.card is not None:
            await self._tell_of_pin(outcome.message, message, way, seen, seen.card)
        return Reply(to_kiosk(outcome.message, message, way, kiosk=self._kiosk, said=self._saying(message)))

    async def _anew(self, message: Message, seen: Seen, card: CardNumber) -> Reply:
        """The library system has forgotten a patron whom we held local: recognise them anew, by their card."""
        with contextlib.suppress(RegisterUnavailable):
            await self._desk.register.forgotten(self._desk.asker(), card, self._desk.deadline)
        return await self._recognise(message, seen, Recognise(card))

    async def _recognise(self, message: Message, seen: Seen, way: Recognise) -> Reply:
        """Ask the library system whether it knows this card, and go on by what it says; silent, never a guest."""
        asker, desk = self._desk.asker(), self._desk
        question = asks_who(way.card, institution=asker.institution, now=desk.now(), habits=desk.terminal.habits)
        outcome = await self._link.ask(question, desk.deadline)
        if isinstance(outcome, Failed):
            return self._trouble(outcome, message, way)
        if not isinstance(outcome.message, sip2.PatronInformationResponse):
            return await self._unsure(message, way.card)
        try:
            found = sighting(outcome.message, desk.terminal.habits)
            recognition = await desk.register.sighted(asker, way.card, found, desk.deadline)
        except RegisterUnavailable:
            return await self._unsure(message, way.card)
        if recognition is Recognition.UNKNOWN:
            self._seeing.is_unknown_there(way.card)
        now = await self._seeing.anew(seen, way.card, pin_of(message))
        again = route(message, now, self._rules)
        if isinstance(again, Recognise):
            # Nobody could say who this is: the register has nothing new after the library system has spoken.
            return await self._unsure(message, way.card)
        if isinstance(again, ForwardUnchanged | ForwardAs):
            return await self._forward(message, now, again, recognised=True)
        return await self._follow(message, now, again)

    async def _unsure(self, message: Message, card: CardNumber) -> Reply:
        """Say that nobody could tell who this is, as while the register is out: never a guest, never unknown."""
        seen = Seen(card=card, decision=Outage.REGISTER)
        way = route(message, seen, self._rules)
        if isinstance(way, ForwardUnchanged | ForwardAs | Recognise):
            # It was asked for by another number than the national one.
            return answered_here(self._desk, message, Outage.REGISTER)
        return await self._follow(message, seen, way)

    async def _tell_of_pin(self, answer: Message, asked: Message, way: Forward, seen: Seen, card: CardNumber) -> None:
        """Have the register count what the library system said of a PIN; it is counted, however late it answered."""
        right = _judged_there(answer, asked, way, seen)
        if right is None:
            return
        desk = self._desk
        deadline = desk.deadline + _TO_REMEMBER
        telling = spawn(desk.register.judged_by_ils(desk.asker(), card, deadline, right=right), self._not_told)
        await asyncio.wait((telling,), timeout=desk.seconds_left)

    def _not_told(self, failure: BaseException) -> None:
        if isinstance(failure, RegisterUnavailable):
            self._log.event("outage", error=type(failure.__cause__ or failure).__name__)
        else:
            self._log.unexpected(failure)

    async def _end_encounter(self, card: CardNumber) -> None:
        self._desk.consenting.left(self._desk.asker(), card)
        with contextlib.suppress(RegisterUnavailable):
            await self._desk.register.end_encounter(self._desk.asker(), card, self._desk.register_deadline)

    # What is told when the library system does not answer.

    def _trouble(self, failure: Failed, message: Message, way: Forward | Recognise) -> Reply:
        if self._desk.terminal.dialect.off_line_in_outage and is_told_off_line(failure, message.number):
            status = self._of_both(acs_status(self._desk, online=True), None, off_line=True)
            return Reply(status, "upstream", reason=failure.kind.value)
        answer = in_trouble(
            failure,
            message,
            way,
            now=self._desk.now(),
            institution=self._desk.terminal.asker.institution,
            said=self._saying(message),
        )
        return Reply(answer, "upstream", reason=failure.kind.value)

    def _saying(self, message: Message) -> Callable[[Screen], str]:
        explicit = Language.of_sip2(getattr(message, "language", ""))
        return lambda screen: words(self._desk, screen, explicit)


def _judged_there(answer: Message, asked: Message, way: Forward, seen: Seen) -> bool | None:
    """What the library system's answer says of a PIN that the register has neither found right nor counted itself."""
    if isinstance(seen.decision, Outage):
        # The register was out, and the library system may know no PIN of its national patrons: its no proves nothing.
        return None
    reason = seen.decision.reason if isinstance(seen.decision, Refused) else None
    if reason is Refusal.UNKNOWN_CARD:
        # Whoever walks through the numbers must not be quicker where a library system answers.
        return False if is_failing(answer, asked) else None
    right = pin_judged(answer, way)
    return None if right is False and reason is Refusal.WRONG_PIN else right
