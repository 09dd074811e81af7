"""What each request means: a question to the register, a login, or something that only a library system can do.

One row for each request of the protocol. A responder returns its reply at once where it can, else something to await.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never

from gateway.observability.meters import Outcome
from gateway.sip2.answers import Outage, Stand, situation_of, stand
from gateway.sip2.offers import Way
from gateway.sip2.refusals import REFUSED, echo_of
from gateway.sip2.terminals import Terminal
from gateway.words.languages import Language, language_for
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message
from registry.domain.asker import Asker
from registry.domain.card import CardNumber, national
from registry.domain.decisions import Decision, Granted, Question, Refusal, Refused
from registry.domain.secret import Secret
from registry.register import DoorRegister

if TYPE_CHECKING:
    from gateway.sip2.consenting import Consenting

# Answers to a card that is not let in because of too many tries count apart from the others.
_THROTTLED = frozenset({Refusal.WAIT, Refusal.LOCKED})
_THROTTLED_WORDS = frozenset(refusal.value for refusal in _THROTTLED)


# Not frozen: one is made for every request, and that took three times as long.
@dataclass(slots=True)
class Reply:
    """An answer, how it counts in the metrics, and the seconds to hold it back."""

    message: Message
    outcome: Outcome = "ok"
    delay: float = 0.0
    reason: str = ""


class Desk(Protocol):
    """What a responder needs of the session that it answers for."""

    register: DoorRegister
    terminal: Terminal

    @property
    def consenting(self) -> Consenting:
        """How guests become patrons at this door."""

    @property
    def deadline(self) -> float:
        """Until when the request under way must be answered, in the clock's monotonic seconds."""

    @property
    def register_deadline(self) -> float:
        """Until when the register must answer where a library system is still to be asked afterwards."""

    @property
    def seconds_left(self) -> float:
        """How long until the request under way must be answered, at least 0."""

    def now(self) -> str:
        """Return the transaction date of an answer: the library's time."""

    def asker(self) -> Asker:
        """Return who asks the register: the terminal, with the location that it logged in from."""


Ready = Reply | Awaitable[Reply]
PatronRequest = sip2.PatronStatusRequest | sip2.PatronInformation | sip2.PatronEnable | sip2.BlockPatron
M = TypeVar("M", bound=PatronRequest)


def words(desk: Desk, screen: Screen, explicit: Language | None = None) -> str:
    """Return one screen line in the language that the request or the terminal asks for."""
    charset = desk.terminal.dialect.charset
    return say(screen, language_for(explicit, None, desk.terminal.language, charset), charset)


def refused(desk: Desk, message: Message, screen: Screen, outcome: Outcome = "refused") -> Reply:
    """Return the negative answer to ``message`` with the words of ``screen``."""
    echo = echo_of(message, desk.now(), words(desk, screen, _explicit(message)), desk.terminal.asker.institution)
    return Reply(REFUSED[message.number](echo), outcome, reason=screen.name.lower())


def _explicit(message: Message) -> Language | None:
    return Language.of_sip2(getattr(message, "language", ""))


Shape = Callable[[Desk, M, Stand, tuple[str, ...]], Message]


def _identified(shape: Shape[M], secret_field: str | None) -> Callable[[Desk, M], Ready]:
    """Return a responder that asks the register who the card's owner is, and shapes the answer."""

    def respond(desk: Desk, message: M) -> Ready:
        pin = getattr(message, secret_field) if secret_field else None
        question = Question(
            card=national(message.patron_identifier),
            pin=Secret(pin) if pin else None,
            asker=desk.asker(),
        )
        decision = desk.register.at_once(question)
        if decision is None or desk.consenting.offers.guides(message.number, decision):
            return later(desk, message, question, decision)
        return _shaped(desk, message, decision, shape)

    async def later(desk: Desk, message: M, question: Question, decision: Decision | None) -> Reply:
        found = decision or await desk.register.answer(question, desk.deadline)
        return _shaped(desk, message, found, shape, await way_of(desk, message, question.card, found))

    return respond


async def way_of(desk: Desk, message: Message, card: CardNumber | None, decision: Decision | Outage) -> Way | None:
    """Return what a guest is told in answer to a 23 or 63 instead of the words of the row, or ``None``."""
    offers = desk.consenting.offers
    situation = situation_of(decision)
    if card is None or situation is None or not offers.guides(message.number, decision):
        return None
    return await offers.way(desk, card, situation)


def _shaped(desk: Desk, message: M, decision: Decision | Outage, shape: Shape[M], way: Way | None = None) -> Reply:
    told = stand(decision)
    if way is not None:
        told = told.by(way.screen, way.link, way.minutes)
    answer = shape(desk, message, told, _lines(desk, message, told) if told.screen else ())
    if told.screen:
        answer = _printed(answer, told)
    match decision:
        case Granted():
            return Reply(answer, delay=decision.delay)
        case Refused():
            outcome: Outcome = "throttled" if decision.reason in _THROTTLED else "refused"
            return Reply(answer, outcome, decision.delay, decision.reason.value)
        case Outage():
            return Reply(answer, "error", reason=decision.value)
        case _:
            assert_never(decision)


def answered_here(desk: Desk, message: Message, decision: Decision | Outage, way: Way | None = None) -> Reply:
    """Return the answer to a patron message by the row of a decision that was made already; ``way`` has other words."""
    match message:
        case sip2.PatronStatusRequest():
            return _shaped(desk, message, decision, _status, way)
        case sip2.PatronInformation():
            return _shaped(desk, message, decision, _information, way)
        case sip2.PatronEnable():
            return _shaped(desk, message, decision, _enabled)
        case sip2.BlockPatron():
            return _shaped(desk, message, decision, _blocked)
        case sip2.EndPatronSession():
            return Reply(_ended(desk, message), reason=stand(decision).reason)
        case _:
            told = stand(decision)
            return refused_as(desk, message, told)


def refused_as(desk: Desk, message: Message, told: Stand) -> Reply:
    """Return the negative answer to ``message`` in the words of ``told``."""
    (text,) = _lines(desk, message, told) or ("",)
    echo = echo_of(message, desk.now(), text, desk.terminal.asker.institution)
    outcome: Outcome = "throttled" if told.reason in _THROTTLED_WORDS else "refused"
    return Reply(_printed(REFUSED[message.number](echo), told), outcome, reason=told.reason)


def _printed(answer: Message, told: Stand) -> Message:
    return sip2.changed(answer, print_lines=told.print_lines) if told.print_lines else answer


def _lines(desk: Desk, message: Message, told: Stand) -> tuple[str, ...]:
    if told.screen is None:
        return ()
    charset = desk.terminal.dialect.charset
    language = language_for(_explicit(message), told.patron_language, desk.terminal.language, charset)
    return told.line(language, charset, desk.terminal.library)


def _status(desk: Desk, asked: sip2.PatronStatusRequest, told: Stand, lines: tuple[str, ...]) -> Message:
    return sip2.PatronStatusResponse(
        patron_status=told.patron_status,
        language=asked.language,
        transaction_date=desk.now(),
        institution_id=asked.institution_id or desk.terminal.asker.institution,
        patron_identifier=asked.patron_identifier,
        personal_name=told.name,
        valid_patron=told.valid_patron,
        valid_patron_password=told.valid_pin,
        screen_messages=lines,
    )


def _blocked(desk: Desk, asked: sip2.BlockPatron, told: Stand, lines: tuple[str, ...]) -> Message:
    # A kiosk cannot block a national card, and must not believe that it did.
    spoken = lines or (words(desk, Screen.BLOCK_IS_LOCAL),)
    return sip2.PatronStatusResponse(
        patron_status=told.patron_status,
        language="000",
        transaction_date=desk.now(),
        institution_id=asked.institution_id or desk.terminal.asker.institution,
        patron_identifier=asked.patron_identifier,
        personal_name="",
        valid_patron=told.valid_patron,
        valid_patron_password="N",
        screen_messages=spoken,
    )


def _enabled(desk: Desk, asked: sip2.PatronEnable, told: Stand, lines: tuple[str, ...]) -> Message:
    return sip2.PatronEnableResponse(
        patron_status=told.patron_status,
        language="000",
        transaction_date=desk.now(),
        institution_id=asked.institution_id or desk.terminal.asker.institution,
        patron_identifier=asked.patron_identifier,
        personal_name=told.name,
        valid_patron=told.valid_patron,
        valid_patron_password=told.valid_pin,
        screen_messages=lines,
    )


def _information(desk: Desk, asked: sip2.PatronInformation, told: Stand, lines: tuple[str, ...]) -> Message:
    # Loans are the library system's; without one there are none to count, and no limits to tell (A24).
    return sip2.PatronInformationResponse(
        patron_status=told.patron_status,
        language=asked.language,
        transaction_date=desk.now(),
        hold_items_count="0000",
        overdue_items_count="0000",
        charged_items_count="0000",
        fine_items_count="0000",
        recall_items_count="0000",
        unavailable_holds_count="0000",
        institution_id=asked.institution_id or desk.terminal.asker.institution,
        patron_identifier=asked.patron_identifier,
        personal_name=told.name,
        valid_patron=told.valid_patron,
        valid_patron_password=told.valid_pin,
        screen_messages=lines,
    )


def _ended(desk: Desk, asked: sip2.EndPatronSession) -> Message:
    return sip2.EndSessionResponse(
        end_session="Y",
        transaction_date=desk.now(),
        institution_id=asked.institution_id or desk.terminal.asker.institution,
        patron_identifier=asked.patron_identifier,
    )


def _end_session(desk: Desk, asked: sip2.EndPatronSession) -> Ready:
    answer = Reply(_ended(desk, asked))
    card = national(asked.patron_identifier)
    if card is None:
        return answer

    async def ended() -> Reply:
        desk.consenting.left(desk.asker(), card)
        await desk.register.end_encounter(desk.asker(), card, desk.deadline)
        return answer

    return ended()


def _no_library_system(screen: Screen) -> Callable[[Desk, Message], Ready]:
    """Return a responder that refuses what only a library system can do, in words that say so."""

    def respond(desk: Desk, asked: Message) -> Ready:
        return refused(desk, asked, screen)

    return respond


def _sc_status(desk: Desk, asked: sip2.ScStatus) -> Ready:
    return Reply(acs_status(desk, online=asked.protocol_version[:2] in {"2.", "1."}))


# What is answered from the register alone, in the order of BX: 23 11 09 01 99 97 93 63 35 37 17 19 25 15 29 65.
_SUPPORTED = "YNNYYYYYYNNNYNNN"


def acs_status(desk: Desk, *, online: bool) -> sip2.AcsStatus:
    """Return a truthful 98: what this terminal can do, which without a library system is to identify patrons.

    Kiosks that need checkin and checkout stop at this answer, as they should.
    """
    dialect = desk.terminal.dialect
    return sip2.AcsStatus(
        online_status="Y" if online else "N",
        checkin_ok="N",
        checkout_ok="N",
        acs_renewal_policy="N",
        status_update_ok="N",
        offline_ok="N",
        timeout_period=f"{dialect.timeout_tenths:03d}" if online else "000",
        retries_allowed=f"{dialect.retries:03d}",
        date_time_sync=desk.now(),
        protocol_version="2.00",
        institution_id=desk.terminal.asker.institution,
        library_name=desk.terminal.library or None,
        supported_messages=_SUPPORTED,
    )


RESPONDERS: Mapping[type[Message], Callable[[Desk, Any], Ready]] = {
    sip2.PatronStatusRequest: _identified(_status, "patron_password"),
    sip2.PatronInformation: _identified(_information, "patron_password"),
    sip2.PatronEnable: _identified(_enabled, "patron_password"),
    # 01 carries no PIN, so its answer is that to a card alone.
    sip2.BlockPatron: _identified(_blocked, None),
    sip2.EndPatronSession: _end_session,
    sip2.ScStatus: _sc_status,
    sip2.Checkout: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.Checkin: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.Renew: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.RenewAll: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.Hold: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.ItemInformation: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    sip2.ItemStatusUpdate: _no_library_system(Screen.NO_LIBRARY_SYSTEM),
    # The money is taken already: that nothing is booked must be said in so many words.
    sip2.FeePaid: _no_library_system(Screen.PAYMENT_NOT_BOOKED),
}
"""Every request but login and resend, which belong to the session itself."""

_OUTAGE_SCREENS = {Outage.REGISTER: Screen.TRY_LATER, Outage.DEFECT: Screen.TRY_LATER}


def outage(desk: Desk, message: Message, what: Outage) -> Reply:
    """Return the answer that says "try again later", by the row of the outage for patron messages."""
    return refused(desk, message, _OUTAGE_SCREENS[what], "error")
