"""Frames: cut out of a stream, their trailer read and their checksum proved, and sealed for sending.

`<body>[AY<digit>][AZ<4 hex>]<terminator>`; the checksum is over bytes, from the number to the letters AZ.
"""

from __future__ import annotations

import re
import zlib
from enum import Enum
from typing import Literal, NamedTuple

from protocols.sip2.errors import FrameTooLong

Terminator = Literal["\r", "\r\n", "\n"]
"""What may end a frame that we send; of frames that we get, each of the three ends one."""


class Checksum(Enum):
    """What the checksum of a frame said."""

    ABSENT = "absent"
    RIGHT = "right"
    WRONG = "wrong"


class Frame(NamedTuple):
    """One frame: `raw` without its terminator, `body` without AY and AZ too; both hold secrets."""

    raw: bytes
    body: bytes
    sequence: str | None
    checksum: Checksum

    def __repr__(self) -> str:
        """Number, length, digit and what the checksum said."""
        return f"<Frame {self.number} of {len(self.raw)}, {self.sequence}, {self.checksum.value}>"

    @property
    def number(self) -> str:
        """The message number, `??` where there is none."""
        return _NUMBERS.get(self.body[:2], "??")


_NUMBERS = {b"%02d" % number: f"{number:02}" for number in range(100)}


_EXACT = 256
"""Adler-32's lower half is one more than the sum of the bytes, modulo 65521: exact for this many."""


def byte_sum(raw: bytes) -> int:
    """The sum of the bytes, ten times as fast as `sum`."""
    if len(raw) <= _EXACT:
        return (zlib.adler32(raw) & 0xFFFF) - 1
    return sum((zlib.adler32(raw[start : start + _EXACT]) & 0xFFFF) - 1 for start in range(0, len(raw), _EXACT))


def checksum(summed: bytes) -> bytes:
    """The four hex digits that follow these bytes, which end with `AZ`."""
    return b"%04X" % (-byte_sum(summed) & 0xFFFF)


_TRAILER = re.compile(rb"(?:AY([^A-Z]))?AZ([0-9A-Fa-f]{4})\Z", re.DOTALL)
_SEQUENCE_ALONE = re.compile(rb"AY([0-9])\Z")

_DIGITS = {b"AY%dAZ" % digit: str(digit) for digit in range(10)}
"""What stands before the checksum of nearly every frame, and the digit in it."""

# Looked up once for every frame: a member costs 50 ns in its class (Python 3.11), and a named tuple's own way of being
# made is a function around this one.
_RIGHT = Checksum.RIGHT
_frame = tuple.__new__


def read_frame(raw: bytes, delimiter: bytes = b"|", lenient_encoding: str | None = None) -> Frame:
    """The frame in these bytes (junk and terminator already off).

    `lenient_encoding` also accepts a checksum over code points instead of bytes, as several clients compute it.
    """
    sequence = _DIGITS.get(raw[-9:-4])
    if sequence is not None and raw[-4:] == checksum(raw[:-4]):
        # As nearly every frame is: two thirds of the time that the pattern below takes.
        return _frame(Frame, (raw, raw[:-9], sequence, _RIGHT))
    if trailer := _TRAILER.search(raw, max(len(raw) - 9, 0)):
        digit, claimed = trailer.groups()
        right = (byte_sum(raw[:-4]) + int(claimed, 16)) & 0xFFFF == 0 or (
            lenient_encoding is not None and _sums_code_points(raw, len(raw) - 4, lenient_encoding)
        )
        sequence = digit.decode() if digit and digit.isdigit() else None
        proved = Checksum.RIGHT if right else Checksum.WRONG
        return Frame(raw, raw[: trailer.start()], sequence, proved)
    last = raw.rfind(delimiter) + 1
    alone = _SEQUENCE_ALONE.search(raw, max(len(raw) - 3, 0))
    if alone and last in (0, alone.start()):
        return Frame(raw, raw[: alone.start()], alone[1].decode(), Checksum.ABSENT)
    if last and raw.startswith((b"AY", b"AZ"), last):
        # Something like a trailer stands there and cannot be read: it was damaged on the way.
        return Frame(raw, raw[:last], None, Checksum.WRONG)
    return Frame(raw, raw, None, Checksum.ABSENT)


def _sums_code_points(raw: bytes, digits: int, encoding: str) -> bool:
    if raw.isascii():
        return False
    points = sum(map(ord, raw[:digits].decode(encoding, "replace")))
    return (points + int(raw[digits:], 16)) & 0xFFFF == 0


def seal(body: bytes, sequence: str | None, with_checksum: bool, terminator: bytes = b"\r") -> bytes:
    """The bytes to write: the body with what the peer wants of AY and AZ, and the terminator."""
    trailer = b"" if sequence is None else b"AY" + sequence.encode("ascii")
    if not with_checksum:
        return body + trailer + terminator
    summed = body + trailer + b"AZ"
    return summed + checksum(summed) + terminator


_JUNK = b" \t\0"
_BETWEEN = _JUNK + b"\r\n"


class FrameBuffer:
    """Cuts a stream into frames at CR, LF or both; bytes are looked at once however they arrive.

    Empty frames are dropped, leading blanks and NULs stripped. It holds no memory when nothing is pending.
    """

    __slots__ = ("_scanned", "limit", "pending")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.pending: bytes | bytearray | None = None
        """What was received and not yet handed out; None where there is nothing."""
        self._scanned = 0

    def __len__(self) -> int:
        """Bytes received and not yet handed out."""
        return len(self.pending) if self.pending is not None else 0

    @property
    def has_begun(self) -> bool:
        """Whether anything but junk is pending."""
        return self.pending is not None and bool(self.pending.lstrip(_JUNK))

    def feed(self, received: bytes) -> None:
        """Takes what the transport received."""
        if self.pending is None:
            # Kept as it came: mostly it is one whole frame, and never grows.
            self.pending = received or None
        elif isinstance(self.pending, bytearray):
            self.pending += received
        else:
            self.pending = bytearray(self.pending + received)

    def next_frame(self) -> bytes | None:
        """The next frame without its terminator, or None until more has been fed.

        Raises `FrameTooLong` when it is longer than the limit, whether or not its end has come.
        """
        while (pending := self.pending) is not None:
            end = self._end_of(pending)
            if end is None:
                self._scanned = len(pending)
                break
            raw = bytes(pending[:end]).lstrip(_JUNK)
            self._drop(pending, end + 1, also=b"" if raw else _BETWEEN)
            if raw:
                return raw
        return None

    def _end_of(self, pending: bytes | bytearray) -> int | None:
        """Where the first terminator stands that was not looked at yet; raises `FrameTooLong`."""
        # Two searches for a byte take a third of the time of one for either. A terminator beyond the limit is none, and
        # so a flood of short frames that end by LF is not searched for a CR to its end, each time.
        beyond = self.limit + 1
        carriage_return = pending.find(b"\r", self._scanned, beyond)
        line_feed = pending.find(b"\n", self._scanned, beyond if carriage_return < 0 else carriage_return)
        end = carriage_return if line_feed < 0 else line_feed
        if end >= 0:
            return end
        if len(pending) >= beyond:
            self.clear()
            raise FrameTooLong(f"over {self.limit} bytes")
        return None

    def _drop(self, pending: bytes | bytearray, taken: int, also: bytes) -> None:
        """Let go of what was taken, and after an empty frame of all that leads nowhere, at once: a quarter of a
        megabyte of bare CRs must not be taken one by one."""
        self._scanned = 0
        if also:
            self.pending = pending[taken:].lstrip(also) or None
        elif taken == len(pending):
            # A new bytearray later is cheaper than the capacity that a burst leaves behind.
            self.pending = None
        elif isinstance(pending, bytearray):
            del pending[:taken]
        else:
            self.pending = bytearray(pending[taken:])

    def clear(self) -> None:
        """Forgets what is pending."""
        self.pending = None
        self._scanned = 0
