"""What a responder answers at: who asks, by when, whom to ask; and what it answers with."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

from gateway.ncip.answers import OUTAGES, Outage, Row, of_objection, of_row, row_of
from gateway.ncip.callers import Caller
from gateway.ncip.routing import Routes
from gateway.observability.meters import Outcome
from protocols.ncip import InitiationHeader, Message, Problem, Request, Response, ResponseHeader, refusal
from registry.domain.asker import Asker
from registry.domain.card import CardNumber
from registry.domain.decisions import Refused
from registry.domain.initiating import Objected
from registry.register import InitiatorRegister


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a message, or a document that came from elsewhere; how it ended and, where it is a no, why.

    ``delay`` is seconds to wait before telling, and one that is ``alike`` others is told on the stroke, so that time
    does not tell them apart; ``card`` is for a reference in the log.
    """

    message: Message | bytes
    outcome: Outcome = "ok"
    reason: str = ""
    delay: float = 0.0
    card: CardNumber | None = field(default=None, repr=False)
    alike: bool = False

    @property
    def is_due(self) -> bool:
        """Tell whether it is told at once."""
        return not (self.delay or self.alike)


Ready = Reply | Awaitable[Reply]


@dataclass(frozen=True, slots=True)
class Desk:
    """One request's desk; ``agency`` is our own id, ``deadline`` in the clock's monotonic seconds."""

    register: InitiatorRegister
    routes: Routes
    caller: Caller
    agency: str
    deadline: float
    forward_deadline: float
    document: bytes = field(repr=False)

    @property
    def asker(self) -> Asker:
        """Who asks the register."""
        return self.caller.asker


def answered(asked: Request, response: Response, *, delay: float = 0.0, card: CardNumber | None = None) -> Reply:
    """Return a response with the header that answers the request's."""
    return Reply(replace(response, response_header=_header(asked)), delay=delay, card=card)


def denied(asked: Request, told: Problem, reason: str, outcome: Outcome = "refused") -> Reply:
    """Return a problem in the service's own response."""
    return Reply(refusal(asked.name, told, asked.initiation_header), outcome, reason)


def told_no(asked: Request, no: Refused | Objected, *, by_grant: bool = False, card: CardNumber | None = None) -> Reply:
    """Return the register's no."""
    if isinstance(no, Objected):
        reply = denied(asked, of_objection(no, asked.name), no.why.value)
        return replace(reply, card=card)
    row = row_of(no, by_grant=by_grant)
    return replace(by_row(asked, row, no.reason.value), delay=no.delay, card=card, alike=row.alike)


def by_row(asked: Request, row: Row, reason: str) -> Reply:
    """Return the problem of a row of the table."""
    return denied(asked, of_row(row, asked.name), reason)


def out_of_order(asked_name: str | None, header: InitiationHeader | None, why: Outage) -> Reply:
    """Return the answer to a request that could not be answered now."""
    row = OUTAGES[why]
    outcome: Outcome = "shed" if why is Outage.OVERLOAD else "error"
    return Reply(refusal(asked_name, of_row(row, asked_name or ""), header), outcome, why.value)


def _header(asked: Request) -> ResponseHeader | None:
    return asked.initiation_header.reply() if asked.initiation_header else None
