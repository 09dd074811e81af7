"""What was said between a kiosk and its library system: one exchange per request, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocols.sip2 import Codec, Malformed, Message, UnknownMessage


@dataclass(frozen=True, slots=True)
class Framed:
    """One frame on the wire, without its terminator; `ours` tells which way it went. It may hold secrets."""

    ours: bool
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back; `answer` is None where nothing came or it cannot be read.

    `frames` are all frames in order: repetitions and frames that were no answer stand among them.
    """

    asked: Message | None
    answer: Message | None
    frames: tuple[Framed, ...]

    @property
    def sent(self) -> bytes:
        """The frame that was sent first; it may hold secrets."""
        return next((frame.raw for frame in self.frames if frame.ours), b"")

    @property
    def received(self) -> bytes:
        """The frame that came last, empty where none came."""
        return next((frame.raw for frame in reversed(self.frames) if not frame.ours), b"")


def readable(codec: Codec, body: bytes) -> Message | None:
    """The message in a frame's body, or None where it is none."""
    match codec.decode(body):
        case Malformed() | UnknownMessage():
            return None
        case message:
            return message
