"""One document in, one document out: read, recognise who asks, let a responder answer, write.

The ``except Exception`` of this door is here: whatever fails, the initiator gets a valid problem. What can be answered
at once is, without a task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from gateway.clock import SystemClock
from gateway.ncip.answers import STRANGERS, Outage, of_row
from gateway.ncip.callers import Caller, Callers, Stranger
from gateway.ncip.desk import Desk, Ready, Reply, denied, out_of_order
from gateway.ncip.initiators import Place
from gateway.ncip.responders import OF_SERVICES, RESPONDERS
from gateway.ncip.routing import Routes
from gateway.observability.logs import EventLog
from gateway.observability.meters import Outcome
from gateway.observability.metrics import Metrics
from protocols.ncip import (
    REQUEST_LIMITS,
    BareProblem,
    Codec,
    Conformance,
    Declined,
    Dialect,
    Flaw,
    InitiationHeader,
    Limits,
    LookupVersion,
    LookupVersionResponse,
    Message,
    NotSendable,
    Problem,
    Received,
    Request,
    Trouble,
    Unreadable,
    problem,
    refusal,
)
from protocols.ncip.schemes import VERSIONS_ANSWERED
from registry.domain.decisions import RegisterUnavailable
from registry.domain.institution import InstitutionId
from registry.register import InitiatorRegister

_FLAWS = {
    Flaw.OVERSIZE: "oversize",
    Flaw.CHARSET: "charset",
    Flaw.DOCTYPE: "parse",
    Flaw.PARSE: "parse",
    Flaw.UNKNOWN: "unknown",
    Flaw.CONTENT: "parse",
}
"""How what cannot be read is counted."""

_OURS = b"<ns1:NCIPMessage"
_SHORTEST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long and how much; times in seconds, sizes in bytes.

    A failed proof is told a multiple of ``stroke`` after its request had come, whatever it took: an unknown card, a
    wrong PIN and a card that is locked, for which nothing is hashed, are then not told apart by their times.
    """

    agency: str
    answer: float = 3.0
    forward: float = 8.0
    stroke: float = 0.05
    request_bytes: int = 256 * 1024


@dataclass(slots=True)
class _Asked:
    """A request that was read, where and when; and who asked, once that is known."""

    message: Request
    dialect: Dialect
    conformance: Conformance
    place: Place
    document: bytes
    began: float
    caller: Caller | None = None


def stroke_after(seconds: float, stroke: float) -> float:
    """Return the next multiple of a stroke, which is never now."""
    return (seconds // stroke + 1) * stroke


class Exchange:
    """Answers documents, whatever transport brought them."""

    def __init__(
        self,
        register: InitiatorRegister,
        callers: Callers,
        routes: Callable[[], Routes],
        *,
        clock: SystemClock,
        rules: Callable[[], Rules],
        metrics: Metrics,
        log: EventLog,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._register = register
        self._callers = callers
        self._routes = routes
        self._clock = clock
        self._rules = rules
        self._metrics = metrics
        self._log = log
        self._pause = pause
        self._codec = Codec()
        self._sizes = metrics.frame_size.of("ncip")

    def answer(self, document: bytes, place: Place) -> bytes | Awaitable[bytes]:
        """Return the document that answers one from there: at once, or to be awaited. Never raises."""
        began = self._clock.monotonic()
        self._sizes.observe(len(document))
        received = self._codec.request(document, limits=self._limits())
        if isinstance(received, Unreadable):
            return self._unreadable(received, began)
        message = received.message
        if isinstance(message, LookupVersion):
            reply = Reply(
                LookupVersionResponse(
                    from_agency_id=message.to_agency_id,
                    to_agency_id=message.from_agency_id,
                    versions_supported=VERSIONS_ANSWERED,
                )
            )
            return self._finish(message.name, None, received.dialect, reply, began)
        if not isinstance(message, Request):
            return self._unreadable(Unreadable(Flaw.UNKNOWN, problem(Trouble.PROTOCOL_ERROR)), began)
        return self._begin(_Asked(message, received.dialect, received.conformance, place, document, began))

    def _limits(self) -> Limits:
        size = self._rules().request_bytes
        return REQUEST_LIMITS if size == REQUEST_LIMITS.size else replace(REQUEST_LIMITS, size=size)

    def overloaded(self) -> bytes:
        """Return the bare problem of a door that can take no more now."""
        return self.bare(Trouble.TEMPORARY_PROCESSING_FAILURE)

    def bare(self, trouble: Trouble, detail: str | None = None) -> bytes:
        """Return a bare problem, for what never became a message."""
        return self._codec.encode(BareProblem(problems=(problem(trouble, detail=detail),)))

    # From the message to the reply.

    def _begin(self, asked: _Asked) -> bytes | Awaitable[bytes]:
        try:
            caller = self._callers.at_once(asked.message.initiation_header, asked.place)
            ready = None if caller is None else self._respond(asked, caller)
        except Exception as error:  # noqa: BLE001 - with _awaited, where exceptions of this door end
            ready = self._after(asked, error)
        if isinstance(ready, Reply) and ready.is_due:
            return self._settled(asked, ready)
        return self._awaited(asked, ready)

    async def _awaited(self, asked: _Asked, ready: Ready | None) -> bytes:
        try:
            if ready is None:
                ready = self._respond(asked, await self._callers.check(asked.message.initiation_header, asked.place))
            reply = ready if isinstance(ready, Reply) else await ready
            if not reply.is_due:
                await self._hold(asked, reply)
        except Exception as error:  # noqa: BLE001 - with _begin, where exceptions of this door end
            reply = self._after(asked, error)
        return self._settled(asked, reply)

    async def _hold(self, asked: _Asked, reply: Reply) -> None:
        """Hold a reply back, to slow guessing down and to let its time tell nothing; never beyond what is waited."""
        rules = self._rules()
        took = self._clock.monotonic() - asked.began + reply.delay
        due = asked.began + min(stroke_after(took, rules.stroke) if reply.alike else took, rules.answer)
        # The loop's timers count whole milliseconds, and some of them are early.
        while (left := due - self._clock.monotonic()) > 0:
            await self._pause(max(left, _SHORTEST))

    def _respond(self, asked: _Asked, caller: Caller | Stranger) -> Ready:
        message, header = asked.message, asked.message.initiation_header
        if isinstance(caller, Stranger):
            self._tell(asked, "initiator_refused", reason=caller.value)
            outcome: Outcome = "shed" if caller is Stranger.BUSY else "invalid"
            return denied(message, of_row(STRANGERS[caller], message.name), caller.value, outcome)
        asked.caller = caller
        refused = self._not_allowed(message, header, caller)
        if refused is not None:
            return denied(message, refused, "right")
        rules = self._rules()
        desk = Desk(
            register=self._register,
            routes=self._routes(),
            caller=caller,
            agency=rules.agency,
            deadline=asked.began + rules.answer,
            forward_deadline=asked.began + rules.forward,
            document=asked.document,
        )
        return RESPONDERS[type(message)](desk, message)

    def _not_allowed(self, message: Request, header: InitiationHeader | None, caller: Caller) -> Problem | None:
        """Return why who has shown who they are may not ask this, or not of us."""
        if self._register.admits(caller.asker) is not None:
            return problem(Trouble.UNAUTHORIZED_SERVICE, message.name, about="FromAgencyId")
        if caller.initiator.is_service and type(message) not in OF_SERVICES:
            return problem(Trouble.UNAUTHORIZED_SERVICE, message.name, about=message.name)
        to = header.to_agency_id.value.strip() if header and header.to_agency_id else ""
        known = not to or to.casefold() == self._rules().agency.casefold()
        if known or self._register.institution(InstitutionId(to)) is not None:
            return None
        return problem(Trouble.UNKNOWN_AGENCY, message.name, about="ToAgencyId")

    def _after(self, asked: _Asked, error: Exception) -> Reply:
        """Return the answer to a request that failed: an outage said as such, a defect logged by type and place."""
        why = Outage.DEFECT
        if isinstance(error, RegisterUnavailable):
            why = Outage.REGISTER
            self._tell(asked, "outage", error=type(error.__cause__ or error).__name__)
        else:
            self._log.unexpected(error, **self._about(asked))
        return out_of_order(asked.message.name, asked.message.initiation_header, why)

    # From the reply to the document.

    def _settled(self, asked: _Asked, reply: Reply) -> bytes:
        self._log_end(asked, reply)
        return self._finish(asked.message.name, asked, asked.dialect, reply, asked.began)

    def _finish(self, name: str, asked: _Asked | None, dialect: Dialect, reply: Reply, began: float) -> bytes:
        try:
            document = self._written(reply.message, asked, dialect)
        except NotSendable as error:
            self._log.unexpected(error, protocol="ncip", message=name)
            header = asked.message.initiation_header if asked else None
            reply = out_of_order(name, header, Outage.DEFECT)
            document = self._plain(reply.message, dialect)
        label = "forwarded" if asked is not None and asked.message.routed else name
        self._metrics.ncip(label).answered(reply.outcome, self._clock.monotonic() - began)
        return document

    def _written(self, answer: Message | bytes, asked: _Asked | None, dialect: Dialect) -> bytes:
        """Return an answer of ours written, or another library's as it came, unless it lacks the prefix."""
        if not isinstance(answer, bytes) or asked is None:
            return self._plain(answer, dialect)
        read = self._codec.answer(answer, to=type(asked.message))
        match read:
            case Unreadable():
                header = asked.message.initiation_header
                return self._plain(out_of_order(asked.message.name, header, Outage.OTHER_LIBRARY).message, dialect)
            case _ if _OURS in answer:
                return answer
            case Received(message=message):
                return self._plain(message, dialect)
            case Declined(problems=problems):
                told = refusal(asked.message.name, problems[0], asked.message.initiation_header)
                return self._plain(told, dialect)

    def _plain(self, answer: Message | bytes, dialect: Dialect) -> bytes:
        return answer if isinstance(answer, bytes) else self._codec.encode(answer, dialect)

    def _unreadable(self, found: Unreadable, began: float) -> bytes:
        self._metrics.frame_errors.of("ncip", _FLAWS[found.flaw]).inc()
        self._metrics.ncip(found.service or "").answered("invalid", self._clock.monotonic() - began)
        try:
            return self._codec.encode(found.answer(), found.dialect)
        except NotSendable:
            return self.bare(Trouble.INVALID_MESSAGE_SYNTAX)

    # Logging.

    def _log_end(self, asked: _Asked, reply: Reply) -> None:
        if reply.reason and reply.outcome == "refused":
            card = self._log.card_reference(reply.card) if reply.card else None
            self._tell(asked, "pin_check", outcome=reply.outcome, reason=reply.reason, card_ref=card)
        elif reply.outcome == "ok" and reply.card is not None and asked.message.name != "LookupUser":
            # An act that its agency has mandated is done as any other; that it was mandated is for the log alone.
            mandated = getattr(asked.message, "mandated_action", None) is not None
            self._tell(asked, "performed", card_ref=self._log.card_reference(reply.card), mandated=mandated)
        self._tell(
            asked,
            "request",
            outcome=reply.outcome,
            size=len(asked.document),
            conformance=asked.conformance.name.lower(),
            dur_ms=round((self._clock.monotonic() - asked.began) * 1000),
        )

    def _tell(self, asked: _Asked, event: str, **fields: object) -> None:
        self._log.event(event, **self._about(asked), **fields)

    @staticmethod
    def _about(asked: _Asked) -> dict[str, object]:
        about: dict[str, object] = {
            "protocol": "ncip",
            "message": asked.message.name,
            "peer_ip": asked.place.host,
        }
        if asked.caller is not None:
            about |= {"terminal": asked.caller.asker.terminal, "institution": asked.caller.asker.institution}
        return about
