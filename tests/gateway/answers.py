"""Whether what a daemon wrote is SIP2, the whole of SIP2, and nothing but SIP2."""

from __future__ import annotations

from protocols import sip2
from protocols.sip2 import MESSAGES, Message


def valid_answers(written: bytes, encoding: str = "utf-8", terminator: bytes = b"\r") -> list[Message]:
    """Return the answers in what was written; fails on anything that is not a whole, valid answer."""
    frames = written.split(terminator)
    assert frames.pop() == b"", "the last frame has no end"
    return [_valid(raw, encoding) for raw in frames]


def _valid(raw: bytes, encoding: str) -> Message:
    assert not set(raw) & {0x00, 0x0A, 0x0D}
    assert len(raw) <= 8192
    frame = sip2.read_frame(raw)
    assert frame.checksum is not sip2.Checksum.WRONG
    message = sip2.Codec(encoding).decode(frame.body)
    assert isinstance(message, Message), raw[:2]
    assert message.answered_by is None
    tags = [tag for tag, _ in message.fields()]
    required = {place.told.tag for place in MESSAGES[message.number].layout.variable if place.required}
    assert required <= set(tags)
    if message.number in {"24", "64", "26"}:
        assert tags.count("BL") == tags.count("CQ") == 1
    return message
