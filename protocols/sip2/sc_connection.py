"""The asking side (SC) of one connection, without I/O and without a clock: one request out, its answer in.

raw = connection.ask(message)           # write it
connection.receive(data)
outcome = connection.next_event()       # Answered, Resend, Discarded, Failed or NEED_DATA
outcome = connection.timed_out()        # when the caller's clock says so: Resend or Failed
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from protocols.sip2.codec import Codec
from protocols.sip2.errors import FrameTooLong, Malformed, UnknownMessage, WrongTurn
from protocols.sip2.events import CLOSED, NEED_DATA, Answered, Because, Discarded, Failed, Outcome, Resend
from protocols.sip2.frame import Checksum, Frame, FrameBuffer, Terminator, read_frame, seal
from protocols.sip2.session import RESEND_REQUEST
from protocols.sip2.spec import MESSAGES, Message

HARMLESS = frozenset({"99", "23", "63", "17", "35"})
"""What may be executed twice. Many library systems do not replay, and would book all else a second time."""

ACS_STATUS = "98"

Echo = Literal["required", "optional", "ignored"]
"""What to make of the sequence digit in answers: it must be ours, it may be missing, or it is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScProfile:
    """How we speak with one ACS.

    `echo` says what to make of the sequence digit in answers: it must be ours, it may be missing, or it is not
    looked at. `proves_checksum` off takes answers whose AZ is wrong. `replays`: the server is known to answer a
    repeated request from memory. Raises `ValueError` like `Codec`.
    """

    encoding: str = "cp850"
    delimiter: str = "|"
    terminator: Terminator = "\r"
    error_detection: bool = True
    echo: Echo = "required"
    proves_checksum: bool = True
    lenient_checksum: bool = False
    replays: bool = False
    retries: int = 3
    frame_limit: int = 256 * 1024
    repeats_limit: int = 10_000
    joins_values: bool = True
    codec: Codec = field(init=False, repr=False)

    def __post_init__(self) -> None:
        codec = Codec(self.encoding, self.delimiter, self.joins_values, self.repeats_limit)
        object.__setattr__(self, "codec", codec)


class ScConnection:
    """One connection to an ACS, with at most one request outstanding; after a `Failed` it must be closed."""

    __slots__ = (
        "_asked",
        "_digit",
        "_failed",
        "_frames",
        "_profile",
        "_raw",
        "_resend_asked",
        "_tries_left",
    )

    def __init__(self, profile: ScProfile) -> None:
        self._profile = profile
        self._frames = FrameBuffer(profile.frame_limit)
        self._digit = 9
        self._asked: Message | None = None
        self._raw = b""
        self._tries_left = 0
        self._resend_asked = False
        self._failed = False

    @property
    def profile(self) -> ScProfile:
        """How this connection speaks."""
        return self._profile

    @property
    def outstanding(self) -> Message | None:
        """The request that waits for its answer."""
        return self._asked

    def ask(self, message: Message) -> bytes:
        """The bytes to write for a new request.

        Raises `WrongTurn` for an answer, while another request is outstanding, and after a failure.
        """
        if self._asked is not None or self._failed or message.answered_by is None:
            raise WrongTurn("one request at a time, and none after a failure")
        sequence = None
        if self._profile.error_detection:
            self._digit = (self._digit + 1) % 10
            sequence = str(self._digit)
        # What came before the question cannot be its answer.
        self._frames.clear()
        self._asked = message
        self._tries_left = self._profile.retries
        self._resend_asked = False
        self._raw = self._sealed(self._profile.codec.encode(message), sequence)
        return self._raw

    def receive(self, received: bytes) -> None:
        """Takes what the transport received; outcomes follow from `next_event`."""
        if not self._failed:
            self._frames.feed(received)

    def next_event(self) -> Outcome:
        """The next outcome, NEED_DATA, or CLOSED after a failure."""
        if self._failed:
            return CLOSED
        try:
            raw = self._frames.next_frame()
        except FrameTooLong:
            return self._fail(Because.FRAME_TOO_LONG)
        if raw is None:
            return NEED_DATA
        if self._asked is None:
            return Discarded(Because.UNASKED)
        encoding = self._profile.encoding if self._profile.lenient_checksum else None
        return self._meet(self._asked, read_frame(raw, self._profile.codec.charset.delimiter_byte, encoding))

    def timed_out(self) -> Resend | Failed:
        """What to do when no answer came in the caller's time: send again what may be sent again, or give up.

        Raises `WrongTurn` when nothing is outstanding.
        """
        asked = self._asked
        if asked is None:
            raise WrongTurn("nothing is outstanding")
        # Without a digit in the answer a late one would be taken for the next one.
        tells_late_answers = self._profile.error_detection and self._profile.echo == "required"
        if not tells_late_answers or not (asked.number in HARMLESS or self._profile.replays):
            return self._fail(Because.TIMED_OUT)
        return self._again(Because.TIMED_OUT)

    def lost(self) -> Failed | None:
        """What the end of the connection means for the outstanding request; None when there is none."""
        if self._asked is None:
            self._failed = True
            return None
        return self._fail(Because.LOST)

    def _meet(self, asked: Message, frame: Frame) -> Outcome:
        profile = self._profile
        if profile.proves_checksum and frame.checksum is Checksum.WRONG:
            return self._ask_for_answer()
        if frame.number == RESEND_REQUEST:
            if self._resend_asked:
                return self._fail(Because.RESEND_REFUSED)
            return self._again(Because.RESEND_ASKED)
        if frame.number not in MESSAGES:
            return self._fail(Because.UNREADABLE)
        if profile.error_detection and not self._is_ours(frame.sequence):
            return Discarded(Because.OTHER_SEQUENCE)
        message = profile.codec.decode(frame.body)
        if isinstance(message, UnknownMessage | Malformed):
            return self._fail(Because.UNREADABLE)
        if message.number not in (asked.answered_by, ACS_STATUS):
            return self._fail(Because.UNEXPECTED_ANSWER)
        self._asked, self._raw = None, b""
        return Answered(message)

    def _is_ours(self, sequence: str | None) -> bool:
        match self._profile.echo:
            case "required":
                return sequence == str(self._digit)
            case "optional":
                return sequence in (None, str(self._digit))
            case "ignored":
                return True

    def _again(self, because: Because) -> Resend | Failed:
        if self._tries_left <= 0:
            return self._fail(Because.RETRIES_USED_UP)
        self._tries_left -= 1
        self._resend_asked = False
        return Resend(self._raw, because)

    def _ask_for_answer(self) -> Resend | Failed:
        if self._tries_left <= 0:
            return self._fail(Because.RETRIES_USED_UP)
        self._tries_left -= 1
        self._resend_asked = True
        return Resend(self._sealed(b"97", None), Because.BAD_CHECKSUM)

    def _fail(self, because: Because) -> Failed:
        uncertain = self._asked is not None and self._asked.number not in HARMLESS | {"93"}
        self._failed = True
        self._asked, self._raw = None, b""
        self._frames.clear()
        return Failed(because, uncertain)

    def _sealed(self, body: bytes, sequence: str | None) -> bytes:
        return seal(body, sequence, self._profile.error_detection, self._profile.terminator.encode("ascii"))
