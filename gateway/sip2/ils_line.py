"""One connection to an ILS: one request at a time, its deadline, its repetitions, and how it ends.

Nothing that arrives is trusted: what is too long, unreadable, unasked or somebody else's ends the connection or is
counted and dropped, and never reaches a kiosk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from gateway.sip2.capture import Track
from gateway.sip2.ils_judging import judged
from gateway.sip2.ils_outcomes import KINDS, Failed, Outcome, may_change
from gateway.upstream.addresses import Address
from gateway.upstream.deadlines import NEVER
from gateway.upstream.failures import FailureKind
from protocols import sip2
from protocols.sip2 import HARMLESS, AcsStatus, Because, Message, ScConnection

if TYPE_CHECKING:
    from gateway.sip2.ils_peer import IlsPeer

_STRAYS = 64
"""So many frames may come unasked or too late between two answers, before the connection is given up."""

_ENDS = (b"\r", b"\n")


class IlsLine(asyncio.Protocol):
    """A connection that is open, logged in or not; `lost` is called once when it is gone."""

    __slots__ = (
        "_asked",
        "_deadline",
        "_is_over",
        "_lost",
        "_peer",
        "_resends",
        "_strays",
        "_tail",
        "_transport",
        "_troubles",
        "_waiting",
        "_wire",
        "address",
        "due",
        "heard_at",
        "status",
        "track",
    )

    _transport: asyncio.Transport

    def __init__(
        self, peer: IlsPeer, address: Address, lost: Callable[[IlsLine], object], track: Track | None = None
    ) -> None:
        """Speak with `address` as `peer` tells; `track` records what is said."""
        self._peer = peer
        self.address = address
        self._lost = lost
        self._wire = ScConnection(peer.system.profile)
        self._asked: Message | None = None
        self._waiting: asyncio.Future[Outcome] | None = None
        self._deadline = self.due = NEVER
        self._resends = 0
        self._troubles: frozenset[Because] = frozenset()
        self._tail = False
        self._strays = 0
        self._is_over = False
        self.heard_at = peer.clock()
        self.status: AcsStatus | None = None
        self.track = track

    @property
    def is_usable(self) -> bool:
        """Whether a request may be sent."""
        return not self._is_over and not self._transport.is_closing()

    def ask(self, message: Message, deadline: float) -> asyncio.Future[Outcome]:
        """Send a request; what comes of it is known by `deadline`, and the future never raises."""
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._asked, self._waiting = message, waiting
        if self.track is not None:
            self.track.asked(message)
        self._tail, self._strays, self._troubles = False, 0, frozenset()
        self._resends = self._peer.system.profile.retries if self._may_resend(message) else 0
        self._transport.write(self._wire.ask(message))
        self._deadline = deadline
        self._look_again(self._peer.clock())
        return waiting

    def end(self) -> None:
        """Close; a request that is under way fails as stopped."""
        if self._asked is not None:
            self._settle(Failed(FailureKind.STOPPED, may_change(self._asked) and not self._is_unsent()))
            self._break_off()
        else:
            self._is_over = True
            self._transport.close()

    def abort(self) -> None:
        """Close at once; a request that is under way fails as stopped."""
        self.end()
        self._break_off()

    # What the deadlines call.

    def overdue(self, now: float) -> None:
        """Send again what may be sent again; at the deadline give up."""
        if now >= self._deadline:
            self._give_up()
        else:
            self._meet(self._wire.timed_out())
            self._look_again(now)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; over TLS this comes after the handshake."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from asyncio's
        self._peer.deadlines.watch(self)

    def data_received(self, data: bytes) -> None:
        """Take what the ILS says."""
        self._tail = not data.endswith(_ENDS)
        self._wire.receive(data)
        while not self._is_over:
            event = self._wire.next_event()
            if event is sip2.NEED_DATA:
                break
            self._meet(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what is under way, and whoever uses the line."""
        self._peer.deadlines.forget(self)
        if self.track is not None:
            self.track.noted("connection ended")
        lost = self._wire.lost()
        if lost is not None:
            self._fail(lost)
        self._is_over = True
        self._lost(self)

    # From events to outcomes.

    def _meet(self, event: sip2.Outcome) -> None:
        if self.track is not None:
            _record(self.track, event)
        match event:
            case sip2.Answered(message=message):
                self._answered(message)
            case sip2.Resend(raw=raw, because=because):
                self._troubles |= {because}
                self._resends -= 1
                self._transport.write(raw)
            case sip2.Discarded(because=because):
                self._discard(because)
            case sip2.Failed():
                self._fail(event)
            case _:
                self._is_over = True

    def _answered(self, message: Message) -> None:
        asked = self._asked
        if asked is None:
            return
        outcome = judged(asked, message, self._peer.system)
        if isinstance(message, AcsStatus):
            self.status = self._peer.status = message
        self._settle(outcome)
        if isinstance(outcome, Failed) and not (
            outcome.kind is FailureKind.NOT_ONLINE and self._peer.system.tells_late_answers
        ):
            self._break_off()

    def _discard(self, because: Because) -> None:
        self._peer.meter.discarded()
        self._troubles |= {because}
        self._strays += 1
        if self._strays > _STRAYS:
            self._give_up()

    def _give_up(self) -> None:
        lost = self._wire.lost()
        if self.track is not None:
            self.track.noted(Because.TIMED_OUT.value)
        if lost is None:
            self._break_off()
        else:
            self._fail(sip2.Failed(Because.TIMED_OUT, lost.uncertain))

    def _fail(self, failed: sip2.Failed) -> None:
        kind, uncertain = KINDS[failed.because], failed.uncertain
        if kind in (FailureKind.HUNG, FailureKind.CLOSED):
            kind = self._silence(kind)
        if kind is FailureKind.HUNG_BEFORE or self._was_never_read(failed.because):
            uncertain = False
        self._settle(Failed(kind, uncertain))
        self._break_off()

    def _silence(self, kind: FailureKind) -> FailureKind:
        """Return what kind of silence it was that ended in a time-out or a closed connection."""
        if self._tail:
            return FailureKind.HALF_ANSWER
        if kind is FailureKind.CLOSED:
            return kind
        if Because.OTHER_SEQUENCE in self._troubles:
            return FailureKind.WRONG_SEQUENCE
        if Because.BAD_CHECKSUM in self._troubles:
            return FailureKind.WRONG_CHECKSUM
        return FailureKind.HUNG_BEFORE if self._is_unsent() else kind

    def _is_unsent(self) -> bool:
        """Tell whether the request has not left us whole, so that it cannot have been executed."""
        return not self._troubles and self._transport.get_write_buffer_size() > 0

    def _was_never_read(self, because: Because) -> bool:
        """Tell whether the ILS has answered every copy of the request by saying that it could not read it."""
        return because is Because.RETRIES_USED_UP and self._troubles == {Because.RESEND_ASKED}

    def _settle(self, outcome: Outcome) -> None:
        waiting, self._waiting, self._asked = self._waiting, None, None
        self._deadline = self.due = NEVER
        self.heard_at = self._peer.clock()
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)

    def _break_off(self) -> None:
        self._is_over = True
        self._transport.abort()

    def _may_resend(self, message: Message) -> bool:
        system = self._peer.system
        return system.tells_late_answers and (message.number in HARMLESS or system.profile.replays)

    def _look_again(self, now: float) -> None:
        if self._waiting is None:
            return
        resend = now + self._peer.system.budgets.resend if self._resends > 0 else NEVER
        self.due = min(self._deadline, resend)
        self._peer.deadlines.sooner(self.due)


def _record(track: Track, event: sip2.Outcome) -> None:
    if isinstance(event, sip2.Answered):
        track.answered(event.message)
    elif not isinstance(event, sip2.Signal):
        track.noted(event.because.value)
