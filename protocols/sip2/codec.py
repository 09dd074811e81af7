"""Frame body ⇄ message, in one charset and with one delimiter: reading lenient, writing strict."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocols.sip2 import messages
from protocols.sip2.charset import Charset
from protocols.sip2.errors import Malformed, UnknownMessage
from protocols.sip2.reading import read_message
from protocols.sip2.spec import Message
from protocols.sip2.writing import write_message

__all__ = ["Codec", "messages"]  # importing the messages is what fills the table that reading looks them up in


@dataclass(frozen=True, slots=True)
class Codec:
    r"""Reads and writes the bodies of frames of one peer.

    `delimiter` is one character; above 0x7F it stands for the byte of that number (`"\x80"`). `joins_values` makes
    a delimiter that no tag follows part of the value before it, as some library systems send it. More than
    `repeats_limit` fields of one id make a message malformed.
    Raises `ValueError` for a charset without ASCII, or a delimiter that could not be told from a value.
    """

    encoding: str = "cp850"
    delimiter: str = "|"
    joins_values: bool = False
    repeats_limit: int = 32
    charset: Charset = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "charset", Charset(self.encoding, self.delimiter))

    def decode(self, body: bytes) -> Message | Malformed | UnknownMessage:
        """The message in a frame's body (from the number up to AY or AZ); never raises."""
        return read_message(body, self.charset, joins_values=self.joins_values, repeats_limit=self.repeats_limit)

    def encode(self, message: Message) -> bytes:
        """The body of a frame (without AY and AZ): always valid, whatever the values are."""
        return write_message(message, self.charset)
