"""The answering side (ACS) of one connection, without I/O: bytes in, events out, answers sealed.

    connection.receive(data)
    while (event := connection.next_event()) not in (NEED_DATA, PAUSED, CLOSED):
        ...  # Asked, NotLoggedIn, Unreadable: connection.answer(message) gives the bytes to write

Checksums, 96, 97 and retransmissions are settled here and cost the caller one write of `Reply.raw`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from protocols.sip2.codec import Codec
from protocols.sip2.errors import FrameTooLong, Malformed, UnknownMessage, WrongTurn
from protocols.sip2.events import (
    CLOSED,
    NEED_DATA,
    PAUSED,
    Asked,
    Because,
    Broken,
    Event,
    Ignored,
    NotLoggedIn,
    Reply,
    Unreadable,
)
from protocols.sip2.frame import Checksum, Frame, FrameBuffer, Terminator, read_frame, seal
from protocols.sip2.session import LOGIN, RESEND_ANSWER, SC_STATUS, UNDER_WAY, State, Step, after, may_ask
from protocols.sip2.spec import MESSAGES, Message

ErrorDetection = Literal["as asked", "required"]
"""Whether a request without AZ is answered in kind or with a 96."""

FLOOD_LIMIT = 256 * 1024
"""What may be pending beyond one frame while the caller pauses; a transport delivers one read after a pause."""

_ALWAYS_ANEW = (LOGIN.encode(), SC_STATUS.encode())
"""Requests that are executed even when the same frame comes twice.

Neither has a date in it, so with a terminal whose digit never steps every keep-alive and every login is the same
frame: a stored answer would tell an old state for ever. Executing them twice does no harm.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcsProfile:
    """How we speak with one kind of SC.

    `error_detection` "as asked" answers in the asker's style, "required" answers a frame without AZ with a 96.
    `lenient_checksum` also takes a checksum over code points. Raises `ValueError` like `Codec`.
    """

    encoding: str = "cp850"
    delimiter: str = "|"
    terminator: Terminator = "\r"
    error_detection: ErrorDetection = "as asked"
    lenient_checksum: bool = False
    frame_limit: int = 8192
    queue_limit: int = 4
    repeats_limit: int = 32
    login_required: bool = True
    status_before_login: bool = False
    codec: Codec = field(init=False, repr=False)
    end: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        codec = Codec(self.encoding, self.delimiter, repeats_limit=self.repeats_limit)
        object.__setattr__(self, "codec", codec)
        object.__setattr__(self, "end", self.terminator.encode("ascii"))


# What every request meets, looked up once: in its class a member costs 50 ns each time (Python 3.11).
_ABSENT, _RIGHT, _WRONG = Checksum.ABSENT, Checksum.RIGHT, Checksum.WRONG
_ASKED, _ANSWERED = Step.ASKED, Step.ANSWERED
_READY, _CLOSED = State.READY, State.CLOSED

_DIGITS = "01234567890"
"""Any two neighbours here follow one another."""


class AcsConnection:
    """One connection from an SC: a session, its queue of frames, and what a resend or a retry needs.

    Requests are answered one at a time, in order; `wants_pause` says when to stop reading.
    """

    __slots__ = (
        "_broken",
        "_frames",
        "_last_answer",
        "_last_request",
        "_last_sent",
        "_last_sequence",
        "_profile",
        "_queue",
        "_state",
        "_under_way",
        "frames_taken",
    )

    def __init__(self, profile: AcsProfile) -> None:
        self._profile = profile
        self._frames = FrameBuffer(profile.frame_limit)
        self._queue: list[bytes] = []
        self._state = State.AWAITING_LOGIN if profile.login_required else State.READY
        self._under_way: Frame | None = None
        self._broken: Because | None = None
        self._last_request: bytes | None = None
        self._last_answer: bytes | None = None
        self._last_sent: bytes | None = None
        self._last_sequence: str | None = None
        self.frames_taken = 0
        """How many whole frames have come out of the stream, empty ones aside."""

    @property
    def state(self) -> State:
        """Where the session is."""
        return self._state

    @property
    def profile(self) -> AcsProfile:
        """How this connection speaks now."""
        return self._profile

    @property
    def wants_pause(self) -> bool:
        """Whether enough requests wait: read no more until some are answered."""
        return len(self._queue) >= self._profile.queue_limit

    @property
    def is_at_rest(self) -> bool:
        """Whether all that was received has come out as events."""
        return not self._queue and self._frames.pending is None

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun and its terminator has not come, so that a deadline for it may run."""
        return self._frames.pending is not None and not self.wants_pause and self._frames.has_begun

    def receive(self, received: bytes) -> None:
        """Takes what the transport received; events follow from `next_event`."""
        if self._broken is None and self._state is not _CLOSED:
            self._frames.feed(received)
            self._fill_queue()
            if self._frames.pending is not None and len(self._frames) > self._profile.frame_limit + FLOOD_LIMIT:
                self._break(Because.FLOODED)

    def next_event(self) -> Event:
        """The next thing to do, or NEED_DATA, PAUSED (answer first) or CLOSED."""
        if self._state in UNDER_WAY:
            return PAUSED
        if self._frames.pending is not None:
            self._fill_queue()
        if self._queue:
            return self._meet(self._queue.pop(0))
        if self._state is _CLOSED:
            return CLOSED
        if self._broken is not None:
            broken = Broken(self._broken)
            self.close()
            return broken
        return NEED_DATA

    def answer(self, message: Message) -> bytes:
        """The bytes to write for the request under way, in the asker's style; kept for a 97 or a retry.

        Raises `WrongTurn` when no request is under way.
        """
        frame, profile = self._finish(), self._profile
        with_checksum = frame.checksum is not _ABSENT
        raw = seal(profile.codec.encode(message), frame.sequence, with_checksum, profile.end)
        self._last_sent = raw
        sealed = frame.sequence is not None and frame.checksum is _RIGHT
        if sealed and not frame.raw.startswith(_ALWAYS_ANEW):
            self._last_request, self._last_answer = frame.raw, raw
        return raw

    def pass_over(self) -> None:
        """Leaves the request under way unanswered; raises `WrongTurn` when there is none."""
        self._finish()

    def logged_in(self) -> None:
        """The 93 under way is accepted; to be told before its answer is given."""
        self._state = after(self._state, Step.LOGGED_IN)

    def refused_login(self) -> None:
        """The 93 under way is refused: the session is nobody's again, unless no login is needed here."""
        if self._profile.login_required or self._state is not State.ANSWERING:
            self._state = after(self._state, Step.LOGIN_REFUSED)

    def adopt(self, profile: AcsProfile) -> None:
        """Speaks by this profile from now on, the answer under way included."""
        self._profile = profile
        self._frames.limit = profile.frame_limit

    def close(self) -> None:
        """Ends the session and forgets everything that was said."""
        self._state = _CLOSED
        self._under_way = None
        self._queue.clear()
        self._frames.clear()
        self._forget()

    def _forget(self) -> None:
        self._last_request = self._last_answer = self._last_sent = self._last_sequence = None

    def _fill_queue(self) -> None:
        frames, queue, limit = self._frames, self._queue, self._profile.queue_limit
        while frames.pending is not None and self._broken is None and len(queue) < limit:
            try:
                raw = frames.next_frame()
            except FrameTooLong:
                self._break(Because.FRAME_TOO_LONG)
                return
            if raw is None:
                return
            queue.append(raw)
            self.frames_taken += 1

    def _break(self, because: Because) -> None:
        self._broken = because
        self._frames.clear()

    def _meet(self, raw: bytes) -> Event:
        """What a frame leads to."""
        profile = self._profile
        frame = read_frame(
            raw, profile.codec.charset.delimiter_byte, profile.encoding if profile.lenient_checksum else None
        )
        if frame.checksum is _WRONG:
            return self._ask_again(Because.BAD_CHECKSUM)
        number = frame.number
        if number == RESEND_ANSWER:
            if self._last_sent is None:
                return self._ask_again(Because.RESEND_ASKED)
            return Reply(self._last_sent, Because.RESEND_ASKED)
        cls = MESSAGES.get(number)
        if cls is not None and cls.answered_by is None:
            return Ignored(Because.NOT_A_REQUEST, number)
        if cls is not None and frame.checksum is _ABSENT and profile.error_detection == "required":
            return self._ask_again(Because.NO_CHECKSUM)
        if raw == self._last_request and self._last_answer is not None:
            self._last_sent = self._last_answer
            return Reply(self._last_answer, Because.RETRANSMITTED)
        return self._ask(frame)

    def _ask(self, frame: Frame) -> Event:
        message = self._profile.codec.decode(frame.body)
        if isinstance(message, UnknownMessage):
            return Ignored(Because.UNKNOWN_NUMBER, message.number)
        state, number = self._state, message.number
        may_ask_now = state is _READY or may_ask(state, number, status_before_login=self._profile.status_before_login)
        if number == LOGIN:
            self._forget()
        jumped = self._jumped(frame.sequence)
        self._state = after(state, _ASKED)
        self._under_way = frame
        if isinstance(message, Malformed):
            return Unreadable(message, frame)
        return Asked(message, frame, jumped) if may_ask_now else NotLoggedIn(message, frame)

    def _jumped(self, sequence: str | None) -> bool:
        """Whether a digit is neither the next one nor a start at 0."""
        last, self._last_sequence = self._last_sequence, sequence
        if last is None or sequence is None:
            return False
        return sequence != "0" and last + sequence not in _DIGITS

    def _ask_again(self, because: Because) -> Reply:
        self._last_sent = seal(b"96", None, True, self._profile.end)
        return Reply(self._last_sent, because)

    def _finish(self) -> Frame:
        frame = self._under_way
        if frame is None:
            raise WrongTurn("no request is under way")
        self._last_request = self._last_answer = None
        self._state = after(self._state, _ANSWERED)
        self._under_way = None
        return frame
