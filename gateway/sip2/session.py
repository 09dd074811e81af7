"""One kiosk's connection: bytes to messages, messages to responders, answers to bytes, and nothing between kiosks.

The only ``except Exception`` of this door is here: whatever fails, the kiosk gets a valid negative answer and keeps
its connection. Nothing here outlives the connection.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_never

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.carrier import HandshakeError, UvloopCarrier
from gateway.observability.meters import Closing, Outcome
from gateway.sip2.answers import Outage
from gateway.sip2.capture import Track
from gateway.sip2.consenting import Consenting
from gateway.sip2.dress import dressed
from gateway.sip2.forwarding import IDENTIFYING, pin_of
from gateway.sip2.ils_system import IlsLogin
from gateway.sip2.logins import Claim, LoginRefusal
from gateway.sip2.refusals import REFUSED, Echo, id_or_nothing
from gateway.sip2.relay import Relay
from gateway.sip2.responders import RESPONDERS, Ready, Reply, outage, refused, words
from gateway.sip2.terminals import Terminal
from gateway.words.screen import Screen
from protocols import sip2
from protocols.sip2 import AcsConnection, Because, Message
from registry.domain.asker import Asker
from registry.domain.card import national
from registry.domain.decisions import Refusal, RegisterUnavailable
from registry.register import DoorRegister

if TYPE_CHECKING:
    from gateway.sip2.listener import Entrance, Sip2Door

_numbers = itertools.count(1)

# What one connection may have settled before the others have their turn: about a millisecond's worth.
_A_TURN = 32

_FRAME_ERRORS: Mapping[Because, str] = {
    Because.BAD_CHECKSUM: "checksum",
    Because.NO_CHECKSUM: "checksum",
    Because.UNKNOWN_NUMBER: "unknown",
    Because.NOT_A_REQUEST: "unknown",
    Because.FRAME_TOO_LONG: "oversize",
    Because.FLOODED: "oversize",
}
"""What the wire settled by itself and counts as an error; a resend or a retry is none."""


# The register's words for a no. Other messages than 23 and 63 are refused for much that is nothing of the PIN's.
_REFUSALS = frozenset(refusal.value for refusal in Refusal)


def _is_pin_check(message: Message, reply: Reply) -> bool:
    """Tell whether a refusal is one of a card or its PIN: of 23 and 63 every one, of others what the PIN brought."""
    return message.number in IDENTIFYING or (reply.reason in _REFUSALS and bool(pin_of(message)))


class KioskSession(Protocol):
    """One connection from accepting it to its end; also the desk that responders answer at."""

    transport: UvloopCarrier

    def __init__(self, door: Sip2Door, entrance: Entrance, host: str) -> None:
        """Serve a connection from ``host`` that ``entrance`` has accepted."""
        self.door = door
        self.entrance = entrance
        self.host = host
        self.register: DoorRegister = door.register
        self.terminal: Terminal = entrance.stranger()
        self.closing: Closing | None = None
        self._asker = self.terminal.asker
        self._wire = AcsConnection(self.terminal.dialect.profile)
        self._relay: Relay | None = None
        self._track: Track | None = None
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._answered = 0
        self._login_tries = 0
        self._last_word = False
        self._paused = False
        self._login: IlsLogin | None = None
        self._resting = False
        self._told: frozenset[str] = frozenset()
        self._asked_at = 0.0
        self._opened_at = self._heard_at = door.clock.monotonic()
        self._frame_began = 0.0
        self._frames_taken = 0
        self._closing_at = 0.0
        self._stuck = (0, 0.0)

    # What the carrier calls.

    def connectionMade(self) -> None:
        """Begin: recognise a terminal that need not log in; any other must."""
        self._number = next(_numbers)
        self.entrance.meter.opened()
        self.log("connection_opened", tls_version=self.transport.tls_version)
        if self.closing is not None:
            self.transport.loseConnection()  # the door was closed while both sides shook hands
            return
        if not self._wire.profile.login_required:
            found = self.door.terminals.without_login(self.host, self.transport.peer_certificate)
            if found is None:
                self.close("login")
            else:
                self._become(found, "")

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in and answer what is whole."""
        if self.closing is not None:
            return
        self._heard_at = self.door.clock.monotonic()
        self._wire.receive(data)
        self._pump()

    def eofReceived(self) -> None:
        """The kiosk has stopped sending: answer what came before, then close."""
        self._last_word = True
        self._pump()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget everything; what is under way ends by itself and is told to nobody."""
        self._wire.close()
        self._let_go()
        self.door.left(self)
        if self._number == 0:
            self.entrance.meter.rejected("tls" if isinstance(reason.value, HandshakeError) else "draining")
            return
        self.closing = self.closing or "peer"
        self.entrance.meter.closed(self.closing)
        seconds = round(self.door.clock.monotonic() - self._opened_at)
        self.log("connection_closed", reason=self.closing, messages=self._answered, seconds=seconds)

    # The desk that responders answer at.

    @property
    def deadline(self) -> float:
        """Until when the register must have answered, in the clock's monotonic seconds."""
        return self._asked_at + self.door.rules.answer

    @property
    def consenting(self) -> Consenting:
        """How guests become patrons at this door."""
        return self.door.consenting

    @property
    def register_deadline(self) -> float:
        """Until when the register must answer where a library system is still to be asked afterwards."""
        return self._asked_at + self.door.rules.register

    @property
    def seconds_left(self) -> float:
        """How long until the request under way must be answered, at least 0."""
        return max(self.deadline - self.door.clock.monotonic(), 0.0)

    def now(self) -> str:
        """Return the transaction date of an answer: the library's time."""
        return self.door.date()

    def asker(self) -> Asker:
        """Return who asks the register: the terminal, at the location that it logged in from."""
        return self._asker

    # What the door asks of its sessions.

    @property
    def under_way(self) -> asyncio.Task[None] | None:
        """The answer that is being worked out, or ``None``."""
        return self._task

    @property
    def is_busy(self) -> bool:
        """Tell whether something that has come is still to be answered."""
        return self._task is not None or self._resting

    def close(self, why: Closing) -> None:
        """Close once what was written is sent; the sweep cuts the connection where it never is."""
        if self.closing is None:
            self.closing = why
            self._closing_at = self.door.clock.monotonic()
            if self._is_connected:
                self.transport.loseConnection()

    @property
    def _is_connected(self) -> bool:
        """Whether the carrier has connected us: over TLS that is when both sides have shaken hands."""
        return self._number > 0

    def sweep(self, now: float) -> None:
        """Close what is overdue: a login, a frame, a word, a reader; cut what does not close."""
        rules = self.door.rules
        if not self._is_connected:
            return  # a handshake has a deadline of its own, and there is nothing to close yet
        if self.closing is not None:
            if now - self._closing_at > rules.closing:
                self.transport.abortConnection()
        elif self._is_stuck(now):
            self.closing = "stalled"
            self.transport.abortConnection()
        elif not self.terminal.id and now - self._opened_at > rules.login:
            self.close("login")
        elif self._frame_began and now - self._frame_began > rules.frame:
            self._count_error("deadline")
            self.close("deadline")
        elif now - self._heard_at > rules.idle and self._task is None:
            self.close("idle")

    def _is_stuck(self, now: float) -> bool:
        unsent = self.transport.unsent
        before, since = self._stuck
        if unsent == 0 or unsent < before or since == 0.0:
            self._stuck = (unsent, now if unsent else 0.0)
            return unsent > self.door.rules.unsent_bytes
        return unsent > self.door.rules.unsent_bytes or now - since > self.door.rules.stalled

    # From bytes to answers.

    def _pump(self) -> None:
        """Take a turn's worth of what has come; where more waits, let the other kiosks have their turn first."""
        if self._resting:
            return
        for _ in range(_A_TURN):
            if self.closing is not None:
                break
            event = self._wire.next_event()
            if isinstance(event, sip2.Signal):
                break
            self._meet(event)
        else:
            self._resting = True
            asyncio.get_running_loop().call_soon(self._go_on)
        self._watch()

    def _go_on(self) -> None:
        self._resting = False
        if self.closing is None:
            self._pump()

    def _meet(self, event: sip2.Event) -> None:
        """Do what an event asks for."""
        match event:
            case sip2.Asked():
                self.door.frame_size.observe(len(event.frame.raw))
                self._ask(event.message)
            case sip2.Reply(raw=raw, because=because):
                self._count(because)
                self._write(raw)
            case sip2.Unreadable():
                self._count_error("parse")
                if self._track is not None:
                    self._track.noted(f"unreadable {event.number}: {event.what}")
                self._answer(event.number, self._unreadable(event), "invalid")
            case sip2.NotLoggedIn(message=message):
                self._answer(message.number, refused(self, message, Screen.NOT_LOGGED_IN).message, "invalid")
            case sip2.Ignored(because=because):
                self._count(because)
            case sip2.Broken(because=because):
                self._count(because)
                self.close("oversize")
            case sip2.Signal():
                pass  # says that there is no event, and _pump ends at it
            case _:
                assert_never(event)

    def _watch(self) -> None:
        """Read no more while enough requests wait; go once the kiosk has, and all is answered."""
        if self._wire.is_at_rest and not (self._paused or self._resting or self._last_word):
            self._frame_began = 0.0  # as after nearly every answer
            return
        self._time_frame()
        if (self._wire.wants_pause or self._resting) != self._paused:
            self._paused = not self._paused
            if self._paused:
                self.transport.pauseProducing()
            else:
                self.transport.resumeProducing()
        if self._last_word and self._task is None and not self._resting:
            self.close("peer")

    def _time_frame(self) -> None:
        """Note when the frame began that has not ended; one that waits for others to be answered has not begun."""
        taken = self._wire.frames_taken
        if not self._wire.unfinished:
            self._frame_began = 0.0
        elif self._frame_began == 0.0 or self._frames_taken != taken:
            self._frame_began = self.door.clock.monotonic()
        self._frames_taken = taken

    def _write(self, raw: bytes) -> None:
        """Send an answer; who asks and asks and never reads is cut before the answers fill the memory."""
        self.transport.write(raw)
        if self.transport.unsent > self.door.rules.unsent_bytes and self.closing is None:
            self.closing = "stalled"
            self.transport.abortConnection()

    def _ask(self, message: Message) -> None:
        self._asked_at = self.door.clock.monotonic()
        if self._track is not None:
            self._track.asked(message)
        try:
            ready = self._respond(message)
        except Exception as error:  # noqa: BLE001 - with _awaited, where exceptions of this door end
            ready = self._after(message, error)
        if isinstance(ready, Reply) and not ready.delay:
            self._finish(message, ready)
        else:
            self.door.in_progress.inc()
            self._task = asyncio.ensure_future(self._later(message, ready))

    def _respond(self, message: Message) -> Ready:
        if isinstance(message, sip2.Login):
            return self._log_in(Claim.of(message, self.host, self.transport.peer_certificate))
        if self._relay is not None:
            return self._relay.respond(message)
        respond = RESPONDERS.get(type(message))
        return refused(self, message, Screen.UNSUPPORTED) if respond is None else respond(self, message)

    async def _later(self, message: Message, ready: Ready) -> None:
        reply = await self._awaited(message, ready)
        self.door.in_progress.dec()
        self._task = None
        if self.closing is None:
            self._finish(message, reply)
            self._pump()

    async def _awaited(self, message: Message, ready: Ready) -> Reply:
        try:
            reply = ready if isinstance(ready, Reply) else await ready
            if reply.delay:
                # Held back to slow guessing down, but never beyond what kiosks wait.
                await asyncio.sleep(min(reply.delay, self.seconds_left))
        except Exception as error:  # noqa: BLE001 - with _ask, where exceptions of this door end
            return self._after(message, error)
        return reply

    def _after(self, message: Message, error: Exception) -> Reply:
        """Return the answer to a request that failed: an outage said as such, a defect logged by type and place."""
        if isinstance(error, RegisterUnavailable):
            self.log("outage", message=message.number, error=type(error.__cause__ or error).__name__)
            return outage(self, message, Outage.REGISTER)
        self.door.log.unexpected(error, message=message.number, **self._about())
        return outage(self, message, Outage.DEFECT)

    def _finish(self, message: Message, reply: Reply) -> None:
        if reply.reason and _is_pin_check(message, reply):
            self._log_refusal(sip2.first(message, "AA") or "", reply)
        self._answer(message.number, reply.message, reply.outcome)
        if isinstance(message, sip2.Login) and reply.outcome != "ok":
            self._login_tries += 1
            if self._login_tries >= self.door.rules.login_tries:
                self.close("login")

    def _answer(self, number: str, message: Message, outcome: Outcome) -> None:
        answer = dressed(message, self.terminal.dialect)
        self._write(self._wire.answer(answer))
        if self._track is not None:
            self._track.answered(answer)
        self._answered += 1
        began = self._asked_at or self._heard_at
        self._asked_at = 0.0
        seconds = self.door.clock.monotonic() - began
        self.door.metrics.sip2(number).answered(outcome, seconds)
        if self.door.log.takes("request"):
            self.log("request", message=number, outcome=outcome, dur_ms=round(seconds * 1000))

    def _unreadable(self, event: sip2.Unreadable) -> Message:
        first = event.malformed.first
        return REFUSED[event.number](
            Echo(
                now=self.now(),
                text=words(self, Screen.BAD_MESSAGE),
                institution=id_or_nothing(first("AO")) or self.terminal.asker.institution,
                patron=id_or_nothing(first("AA")),
                item=id_or_nothing(first("AB")),
            )
        )

    # Logging in.

    def _log_in(self, claim: Claim) -> Ready:
        found = self.door.logins.at_once(claim)
        return self._checked(claim) if found is None else self._admitted(found, claim)

    async def _checked(self, claim: Claim) -> Reply:
        return self._admitted(await self.door.logins.check(claim, self.deadline), claim)

    def _admitted(self, found: Terminal | LoginRefusal, claim: Claim) -> Reply:
        if isinstance(found, Terminal) and self.door.is_crowded(found, self):
            found = LoginRefusal.CROWDED
        accepted = isinstance(found, Terminal)
        if self.closing is None:
            if isinstance(found, Terminal):
                self._wire.logged_in()
                self._become(found, claim.location, claim.for_ils())
                self.log("login_accepted")
            else:
                self._wire.refused_login()
                self._become(self.entrance.stranger(), "")
                self.log("login_refused", reason=found.value)
        return Reply(sip2.LoginResponse(ok="1" if accepted else "0"), "ok" if accepted else "refused")

    def _become(self, terminal: Terminal, location: str, login: IlsLogin | None = None) -> None:
        """Speak for ``terminal`` from now on, in its dialect, with its library system behind it."""
        self._let_go()
        self.door.becomes(self, terminal)
        self.terminal = terminal
        # A location counts as a terminal of its own only where the partner file lists it: what a kiosk merely
        # says of itself must not multiply what it may try.
        at = f"{terminal.asker.terminal}@{location}" if location in terminal.locations else terminal.asker.terminal
        self._asker = dataclasses.replace(terminal.asker, terminal=at)
        self._wire.adopt(terminal.dialect.profile)
        self._login = login if terminal.passes_its_login else None
        link = self.door.link(terminal, self._login)
        if link is not None:
            self._relay = Relay(self, link, self.door.memory, self.door.log)
        self.be_recorded()

    def _let_go(self) -> None:
        if self._relay is not None:
            self._relay.retire()
            self._relay = None

    def be_recorded(self) -> None:
        """Be recorded, or no longer, as the door has it for this terminal."""
        recorder = self.door.recorder(self.terminal.id)
        self._track = recorder.track(self._number, "kiosk") if recorder else None
        if self._relay is not None:
            self._relay.be_recorded(recorder.track(self._number, "ils") if recorder else None)

    def succeed(self, terminal: Terminal) -> None:
        """Take over a terminal's entry of newly read partner files, the location kept."""
        _, _, location = self._asker.terminal.partition("@")
        self._become(terminal, location, self._login)

    # Counting and logging.

    def _check_charset(self, raw: bytes) -> None:
        # UTF-8 alone has bytes that mean nothing; every byte is some letter in the other charsets.
        if not raw.isascii() and self._wire.profile.encoding == "utf-8":
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                self._count_error("charset")

    def _count(self, because: Because) -> None:
        if self._track is not None:
            self._track.noted(because.value)
        reason = _FRAME_ERRORS.get(because)
        if reason is not None:
            self._count_error(reason)

    def _count_error(self, reason: str) -> None:
        self.door.metrics.frame_errors.of("sip2", reason).inc()
        if reason not in self._told:
            # Once for each connection: the metric has the number, and a flood must not drown the rest of the log.
            self._told |= {reason}
            self.log("frame_refused", reason=reason)

    def _log_refusal(self, card: str, reply: Reply) -> None:
        number = national(card)
        reference = self.door.log.card_reference(number) if number else None
        self.log("pin_check", outcome=reply.outcome, reason=reply.reason, card_ref=reference)

    def log(self, event: str, /, **fields: object) -> None:
        """Log an event of this connection."""
        self.door.log.event(event, **self._about(), **fields)

    def _about(self) -> dict[str, object]:
        return {
            "conn": self._number,
            "listener": self.entrance.name,
            "protocol": "sip2",
            "institution": self._asker.institution or None,
            "terminal": self._asker.terminal or None,
            "peer_ip": self.host,
        }
