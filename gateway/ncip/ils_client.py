"""Our own questions to a library system that speaks NCIP: whether, when and how it is asked, and what came of it.

    client = IlsClient(endpoint, clock=…, meter=…, log=…)
    outcome = await client.look_up_user(card, deadline)  # Answered, Declined or Failed, never an exception
    body = await client.forward(body, deadline)  # the bytes of somebody else's message; raises NotForwardedError

Nothing that changes anything is ever repeated here: NCIP has no transaction id, so that after a lost answer only a
look-up tells whether a user was created.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.ncip.endpoint import Endpoint
from gateway.ncip.ils_exchange import Lost, Reply, meaning, was_performed
from gateway.ncip.ils_outcomes import (
    Declined,
    Failed,
    NotForwardedError,
    Outcome,
    health,
    may_change,
)
from gateway.ncip.ils_reading import outcome_of
from gateway.ncip.ils_requests import headed, look_up
from gateway.ncip.ils_wire import IlsWire
from gateway.observability.logs import EventLog
from gateway.observability.meters import UpstreamMeter
from gateway.upstream.breaker import BreakerState
from gateway.upstream.bulkhead import Bulkhead
from gateway.upstream.failures import READINGS, FailureKind
from gateway.upstream.failures import Verdict as Health
from gateway.upstream.gate import Gate
from protocols.ncip import (
    Codec,
    Coded,
    CreateUser,
    Framer,
    LookupVersion,
    MessageTooLong,
    NotSendable,
    Request,
    UpdateUser,
    UserUpdated,
    Verdict,
)

_FORWARDED = "forwarded"
"""Stands in logs where a request is no message of ours."""

T = TypeVar("T")


class IlsClient:
    """One library system as this process sees it: one breaker, one bulkhead, connections kept warm.

    A deadline is on the clock given, and the endpoint's own budget holds beside it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Callable[[], float],
        meter: UpstreamMeter,
        log: EventLog,
        chance: Callable[[], float] = random.random,
        codec: Codec | None = None,
    ) -> None:
        """Connect to nothing yet. `clock` is monotonic, in seconds, and `chance` gives numbers from 0 to 1.

        Raises `OSError` where the files of its TLS are of no use.
        """
        self.endpoint = endpoint
        self._clock = clock
        self._meter = meter
        self._log = log
        self._codec = codec or Codec()
        self._wire = IlsWire(endpoint, clock=clock, chance=chance)
        self._gate = Gate(endpoint.breaker, Bulkhead(endpoint.in_flight, endpoint.queued), clock, self._breaker_became)

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands."""
        return self._gate.breaker.state

    def close(self) -> None:
        """Close every connection at once; what is under way fails as stopped."""
        self._wire.close()

    # The services that we ask for.

    async def look_up_user(
        self, number: str, deadline: float, *, pin: str | None = None, wanted: Iterable[Coded] = ()
    ) -> Outcome:
        """Return what the system knows of a card or a local id, with the PIN proved where one is given.

        Without `wanted` it is asked for name, date of birth and privileges. An answer about anybody else is a failure.
        """
        return await self.ask(look_up(number, pin, tuple(wanted)), deadline)

    async def create_user(self, user: CreateUser, deadline: float) -> Outcome:
        """Make somebody a patron there; the answer may hold the system's own id for them.

        Raises `NotSendable` for one with a credential: a PIN stays in the register.
        """
        if user.authentication_inputs:
            raise NotSendable("no credential leaves with a user")
        return await self.ask(user, deadline)

    async def update_user(self, change: UpdateUser, deadline: float) -> Outcome:
        """Change what the system knows of a patron. Raises `NotSendable` for a change of credentials."""
        fields = (change.delete_user_fields, change.add_user_fields)
        if any(one is not None and one.authentication_inputs for one in fields):
            raise NotSendable("no credential leaves with a change")
        return await self.ask(change, deadline)

    async def user_updated(self, change: UserUpdated, deadline: float) -> Outcome:
        """Tell the system that a patron has changed."""
        return await self.ask(change, deadline)

    async def ask(self, message: Request | LookupVersion, deadline: float) -> Outcome:
        """Return how any request ended by `deadline`; without a header it gets ours.

        Raises `NotSendable` where the message lacks what the schema demands, before anything is sent.
        """
        asked = headed(message, self.endpoint)
        body = self._codec.encode(asked, self.endpoint.dialect)

        def read(reply: Reply | Lost) -> Outcome:
            if isinstance(reply, Lost):
                return Failed(reply.kind, reply.sent and may_change(asked))
            return outcome_of(reply, asked, self._codec)

        return await self._through(body, deadline, asked.name, may_change(asked), read)

    async def forward(self, body: bytes, deadline: float, *, changes: bool = True) -> bytes:
        """Send somebody's document on as it stands, and return the document that answers it as it came.

        Raises `NotForwardedError` where no NCIP came back; `changes` says that the message must not be repeated.
        """

        def read(reply: Reply | Lost) -> Reply | Failed:
            if isinstance(reply, Lost):
                return Failed(reply.kind, reply.sent and changes)
            if holds_a_message(reply.body):
                return reply
            return Failed(meaning(reply.status), changes and was_performed(reply.status))

        ended = await self._through(body, deadline, _FORWARDED, changes, read)
        if isinstance(ended, Failed):
            raise NotForwardedError(ended.kind, uncertain=ended.uncertain)
        return ended.body

    # One request, through the gate and back.

    async def _through(
        self, body: bytes, deadline: float, name: str, changes: bool, read: Callable[[Reply | Lost], T | Failed]
    ) -> T | Failed:
        began = self._clock()
        deadline = min(deadline, began + self.endpoint.budgets.total)
        given = await self._gate.enter(deadline)
        if isinstance(given, FailureKind):
            refused = Failed(given)
            self._count(name, refused, began)
            return refused
        # What a cancelled asker leaves.
        ended: T | Failed = Failed(FailureKind.STOPPED, changes)
        try:
            ended = read(await self._wire.exchange(body, deadline, changes=changes))
        finally:
            self._gate.leave(given, health(ended.kind) if isinstance(ended, Failed) else Health.WELL)
            self._count(name, ended, began)
        return ended

    def _count(self, name: str, ended: object, began: float) -> None:
        seconds = self._clock() - began
        match ended:
            case Failed():
                self._count_failure(name, ended, seconds)
            case Declined(verdict=Verdict.RETRYABLE | Verdict.PERMANENT):
                self._meter.failed("refused", seconds)
            case _:
                self._meter.ok(seconds)

    def _count_failure(self, name: str, failed: Failed, seconds: float) -> None:
        outcome = READINGS[failed.kind].outcome
        self._meter.failed(outcome, seconds)
        about = {"message": name, "reason": failed.kind.value}
        if failed.uncertain:
            self._meter.uncertain(name)
            self._tell("upstream_uncertain", **about)
        elif outcome != "shed":
            # What is shed is counted alone: an outage must not fill the log with a line for each card.
            self._tell("upstream_failed", dur_ms=round(seconds * 1000), **about)

    def _breaker_became(self, state: BreakerState) -> None:
        self._meter.breaker(state)
        self._tell("upstream_breaker", reason=state.name.lower())

    def _tell(self, event: str, **fields: object) -> None:
        self._log.event(event, peer=self.endpoint.id, protocol="ncip", **fields)


def holds_a_message(body: bytes) -> bool:
    """Whether a body ends some NCIP document; a page of HTML does not."""
    try:
        return Framer(len(body)).feed(body) is not None
    except MessageTooLong:
        return False


class IlsClients:
    """The clients of all endpoints, one for each; what the door's routing holds."""

    def __init__(self, *, clock: Callable[[], float], meter: Callable[[str], UpstreamMeter], log: EventLog) -> None:
        """Know no endpoint yet; `meter` gives the meter of an endpoint's id."""
        self._clock = clock
        self._meter = meter
        self._log = log
        self._codec = Codec()
        self._clients: dict[str, IlsClient] = {}

    def client(self, endpoint: Endpoint) -> IlsClient:
        """Return the client of an endpoint: the same one as long as its settings are the same."""
        known = self._clients.get(endpoint.id)
        if known is not None and known.endpoint == endpoint:
            return known
        made = IlsClient(endpoint, clock=self._clock, meter=self._meter(endpoint.id), log=self._log, codec=self._codec)
        # What the former one has under way goes on to its end, and its idle connections go cold by themselves.
        self._clients[endpoint.id] = made
        return made

    async def forward(self, body: bytes, endpoint: Endpoint, deadline: float, *, changes: bool = True) -> bytes:
        """Send a document to an endpoint as it stands and return its answer; raises `NotForwardedError`."""
        return await self.client(endpoint).forward(body, deadline, changes=changes)

    def close(self) -> None:
        """Close every connection at once."""
        for client in self._clients.values():
            client.close()
