"""Our own SIP2 session with an ILS, one per kiosk session: it connects, logs in, stays alive and comes back.

    link = peer.link(login)
    link.open()  # in the background, so that the first card does not wait
    outcome = await link.ask(message, deadline)  # Answered or Failed, never an exception
    link.retire()  # the kiosk is gone: what is under way goes on to its end

What a kiosk asked is never repeated here, but for what only reads (SIP2 2.00 lets an SC repeat all; many ILSs book
twice what they get twice).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.bridge import spawn
from gateway.sip2.capture import Track
from gateway.sip2.ils_judging import as_asked, with_institution
from gateway.sip2.ils_line import IlsLine
from gateway.sip2.ils_opening import SC_STATUS, open_line
from gateway.sip2.ils_outcomes import Answered, Failed, Outcome, may_change
from gateway.sip2.ils_status import PRESUMED
from gateway.sip2.ils_system import IlsLogin
from gateway.upstream.backoff import Backoff
from gateway.upstream.deadlines import NEVER
from gateway.upstream.failures import READINGS, FailureKind, Verdict
from gateway.upstream.turns import take
from protocols.sip2 import AcsStatus, Message

if TYPE_CHECKING:
    from gateway.sip2.ils_peer import IlsPeer

_EAGER = 0.9
"""The least part of the keep-alive interval after which a 99 is sent."""

_LATER = 1.0
"""How long the background leaves a link alone on which something is going on."""


class IlsLink:
    """A link to an ILS; one request at a time, others wait for their turn until their deadline."""

    __slots__ = ("_asked_at", "_backoff", "_is_ended", "_line", "_login", "_peer", "_track", "_turn", "due")

    def __init__(self, peer: IlsPeer, login: IlsLogin | None) -> None:
        """Belong to `peer`, which makes it."""
        self._peer = peer
        self._login = login
        self._turn = asyncio.Lock()
        self._line: IlsLine | None = None
        self._backoff = Backoff(peer.system.reconnect, peer.chance)
        self._asked_at = peer.clock()
        self._is_ended = False
        self._track: Track | None = None
        self.due = NEVER

    @property
    def status(self) -> AcsStatus | None:
        """The last 98 on this link's connection, or else on any link to this ILS; None before the first.

        An ILS that is not asked for any is presumed to do all that library systems do.
        """
        own = self._line.status if self._line is not None else None
        return own or self._peer.status or (None if self._peer.system.asks_status else PRESUMED)

    @property
    def is_status_known(self) -> bool:
        """Whether `status` need not be asked for: it is on-line, by a connection that is there or rests."""
        if not self._peer.system.asks_status:
            return True
        return self._is_on_line() and (self.is_connected or (self._rests and self._peer.gate.breaker.is_closed))

    @property
    def _rests(self) -> bool:
        """Whether it was closed because nobody asked: opening it for a status would spoil that."""
        return self._peer.system.idle_close is not None and self.due == NEVER

    @property
    def is_connected(self) -> bool:
        """Whether it is connected and logged in now."""
        return self._line is not None and self._line.is_usable

    def open(self) -> None:
        """Begin to connect in the background, and come back after every loss; harmless when repeated."""
        if not self._is_ended and self._line is None:
            self._look_at(self._peer.clock())

    def be_recorded(self, track: Track | None) -> None:
        """Record by `track` what is said on this link, logins and keep-alives too; None: no longer."""
        self._track = track
        if self._line is not None:
            self._line.track = track

    async def learn(self, deadline: float) -> AcsStatus | None:
        """Ask for the ILS's status and return it, by `deadline`; None where there is no ILS to ask.

        Where it was not asked, or not waited for, because others are before us, it is the last one.
        """
        outcome = await self.ask(SC_STATUS, deadline)
        if isinstance(outcome, Answered):
            return outcome.message if isinstance(outcome.message, AcsStatus) else None
        is_busy = READINGS[outcome.kind].verdict is Verdict.NOTHING and outcome.kind is not FailureKind.BREAKER_OPEN
        return self.status if is_busy else None

    async def ask(self, message: Message, deadline: float) -> Outcome:
        """Return the ILS's answer, or how there was none, by `deadline` (monotonic) and within the ILS's budget.

        Its AO becomes the ILS's, and in the answer the asker's again; a 98 instead of an answer is a failure.
        """
        peer = self._peer
        began = self._asked_at = peer.clock()
        deadline = min(deadline, began + peer.system.budgets.total)
        given = await peer.gate.enter(deadline)
        if isinstance(given, FailureKind):
            return peer.turned_away(message, given, began)
        outcome: Outcome = Failed(FailureKind.STOPPED, may_change(message))  # what a cancelled asker leaves
        try:
            outcome = await self._in_turn(message, deadline)
        finally:
            peer.ended(message, outcome, given, began)
        return outcome

    def retire(self) -> None:
        """Be asked no more: what is under way goes on to its end and is counted, then the connection is closed."""
        self._is_ended = True
        if not self._turn.locked():
            self._leave()

    def close(self) -> None:
        """Close now: what is under way fails as stopped, and as uncertain where the ILS may be executing it."""
        self._is_ended = True
        self._leave()

    # A request, in its turn.

    async def _in_turn(self, message: Message, deadline: float) -> Outcome:
        if not await take(self._turn, deadline, self._peer.clock):
            return Failed(FailureKind.HUNG_BEFORE)
        try:
            return await self._exchange(message, deadline)
        finally:
            self._release()

    async def _exchange(self, message: Message, deadline: float) -> Outcome:
        was_open = self.is_connected
        outcome = await self._once(message, deadline)
        if isinstance(outcome, Answered) or may_change(message):
            return outcome
        # An ILS that has closed an idle connection is not down; one that is back on-line wants the request again.
        closed = was_open and outcome.kind is FailureKind.CLOSED
        back = outcome.kind is FailureKind.NOT_ONLINE and self.is_connected and self._is_on_line()
        return await self._once(message, deadline) if closed or back else outcome

    async def _once(self, message: Message, deadline: float) -> Outcome:
        system = self._peer.system
        line = await self._connected(deadline)
        if isinstance(line, Failed):
            return line
        left = deadline - self._peer.clock()
        if left <= 0 or (may_change(message) and left < system.budgets.least_for_change):
            return Failed(FailureKind.DEADLINE)
        try:
            outcome = await line.ask(with_institution(message, system.institution), deadline)
        except asyncio.CancelledError:
            line.abort()
            raise
        if isinstance(outcome, Answered):
            return Answered(as_asked(outcome.message, message, system.institution))
        return outcome

    async def _connected(self, deadline: float) -> IlsLine | Failed:
        if self._is_ended:
            return Failed(FailureKind.STOPPED)
        if self._line is not None and self._line.is_usable:
            return self._line
        opened = await open_line(self._peer, self._login, self._lost, deadline, self._track)
        now = self._peer.clock()
        if isinstance(opened, Failed):
            self._look_at(now + self._backoff.failed())
            return opened
        if self._has_ended():
            opened.end()
            return Failed(FailureKind.STOPPED)
        self._backoff.succeeded()
        self._line = opened
        opened.track = self._track
        self._look_at(self._next_look(now))
        return opened

    def _has_ended(self) -> bool:
        return self._is_ended

    def _is_on_line(self) -> bool:
        return self.status is not None and self.status.online_status == "Y"

    # In the background.

    def overdue(self, now: float) -> None:
        """Do what is due: keep an idle connection alive or close it, open a lost one."""
        line, system = self._line, self._peer.system
        if self._turn.locked():
            self.due = now + _LATER
        elif line is None or not line.is_usable:
            self._open_later(now)
        elif system.idle_close is not None and now - self._asked_at >= system.idle_close:
            self.due = NEVER
            line.end()
        elif not system.asks_status:
            self.due = self._next_look(now)
        elif now - line.heard_at < system.keep_alive * _EAGER:
            self.due = self._next_look(line.heard_at)
        else:
            self.due = now + _LATER
            spawn(self._stay_alive(line), self._peer.log.unexpected)

    def _open_later(self, now: float) -> None:
        peer = self._peer
        if not peer.gate.breaker.is_closed or peer.openings >= peer.system.openings:
            self.due = now + self._backoff.failed()
            return
        self.due = now + _LATER
        peer.openings += 1
        spawn(self._open_now(), peer.log.unexpected)

    async def _open_now(self) -> None:
        peer = self._peer
        try:
            deadline = peer.clock() + peer.system.budgets.total
            if not await take(self._turn, deadline, peer.clock):
                return
            try:
                opened = await self._connected(deadline)
            finally:
                self._release()
            if isinstance(opened, Failed):
                peer.failed_unasked(opened.kind)
        finally:
            peer.openings -= 1

    async def _stay_alive(self, line: IlsLine) -> None:
        peer = self._peer
        deadline = peer.clock() + peer.system.budgets.total
        if self._is_ended or not await take(self._turn, deadline, peer.clock):
            return
        try:
            if line.is_usable:
                await line.ask(SC_STATUS, deadline)
            if line.is_usable:
                self._look_at(self._next_look(peer.clock()))
        finally:
            self._release()

    def _next_look(self, heard_at: float) -> float:
        """When this connection is to be kept alive, or closed where nobody asks any more."""
        system = self._peer.system
        # Not all at the same moment, though all kiosks of a library are switched on in the same minute.
        alive = heard_at + system.keep_alive * (_EAGER + (1 - _EAGER) * self._peer.chance())
        return alive if system.idle_close is None else min(alive, self._asked_at + system.idle_close)

    def _lost(self, line: IlsLine) -> None:
        if self._line is line:
            self._line = None
            if not self._is_ended and self.due != NEVER:
                self._look_at(self._peer.clock() + self._backoff.failed())

    def _look_at(self, due: float) -> None:
        if not self._is_ended:
            self.due = due
            self._peer.idle.watch(self)

    def _release(self) -> None:
        self._turn.release()
        if self._is_ended:
            self._leave()

    def _leave(self) -> None:
        self.due = NEVER
        self._peer.idle.forget(self)
        self._peer.links.discard(self)
        if self._line is not None:
            self._line.end()
