"""What a connection tells its caller. No event shows a value of a message in its repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

from protocols.sip2.errors import Malformed
from protocols.sip2.frame import Frame
from protocols.sip2.spec import Message


class Signal(Enum):
    """Why there is no event now."""

    NEED_DATA = auto()
    PAUSED = auto()  # a request is under way: answer it first
    CLOSED = auto()


NEED_DATA, PAUSED, CLOSED = Signal.NEED_DATA, Signal.PAUSED, Signal.CLOSED


class Because(Enum):
    """Why something was repeated, ignored, discarded or given up; for logs and metrics."""

    BAD_CHECKSUM = "bad checksum"
    NO_CHECKSUM = "no checksum"
    RESEND_ASKED = "resend asked"
    RETRANSMITTED = "retransmitted"
    UNKNOWN_NUMBER = "unknown number"
    NOT_A_REQUEST = "not a request"
    FRAME_TOO_LONG = "frame too long"
    FLOODED = "flooded"
    UNASKED = "unasked"
    OTHER_SEQUENCE = "other sequence"
    UNREADABLE = "unreadable"
    UNEXPECTED_ANSWER = "unexpected answer"
    RETRIES_USED_UP = "retries used up"
    RESEND_REFUSED = "resend refused"
    TIMED_OUT = "timed out"
    LOST = "lost"


# On the answering side.


class Asked(NamedTuple):
    """A request to be executed and answered with `answer`; `jumped` tells of a sequence digit out of step."""

    message: Message
    frame: Frame
    jumped: bool = False


@dataclass(frozen=True, slots=True)
class NotLoggedIn:
    """A request before login: to be answered in the negative without looking anything up, or passed over."""

    message: Message
    frame: Frame


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A known request that cannot be executed as it stands: to be answered in the negative, or passed over."""

    malformed: Malformed
    frame: Frame

    @property
    def number(self) -> str:
        """The number of the request."""
        return self.malformed.number

    @property
    def what(self) -> str:
        """What is wrong, without any value."""
        return self.malformed.what


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to write at once: the connection itself has the answer."""

    raw: bytes = field(repr=False)
    because: Because


@dataclass(frozen=True, slots=True)
class Ignored:
    """A frame that gets no answer; `number` is `??` where it has none."""

    because: Because
    number: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The stream cannot be followed any longer: close the connection."""

    because: Because


Event: TypeAlias = Asked | NotLoggedIn | Unreadable | Reply | Ignored | Broken | Signal


# On the asking side.


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to what was asked; a 98 may stand for any."""

    message: Message


@dataclass(frozen=True, slots=True)
class Resend:
    """Bytes to write: the request again, or a 97."""

    raw: bytes = field(repr=False)
    because: Because


@dataclass(frozen=True, slots=True)
class Discarded:
    """A frame that was not the answer; the connection keeps waiting."""

    because: Because


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is of no more use: close it. `uncertain`: what was asked may have been done all the same."""

    because: Because
    uncertain: bool = False


Outcome: TypeAlias = Answered | Resend | Discarded | Failed | Signal
