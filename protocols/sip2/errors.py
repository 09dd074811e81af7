"""What can go wrong in SIP2: values for what a peer does, exceptions for what we do.

A peer's odd message is an everyday thing and therefore a value: `Malformed`, `UnknownMessage`. An exception says
that a stream cannot be followed any longer (`FrameTooLong`) or that our own program is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Sip2Error(Exception):
    """Base of every exception raised by this package; its text never holds a field's value."""


class DeclarationError(Sip2Error):
    """A message is declared in a way that cannot be told apart on the wire; raised when its class is made."""


class WrongTurn(Sip2Error):
    """A connection was told to do something out of turn: a mistake of the caller, not of the peer."""


class FrameTooLong(Sip2Error):
    """A frame is longer than the limit, with or without a terminator; the connection must be closed."""


@dataclass(frozen=True, slots=True)
class UnknownMessage:
    """A frame whose number is none of SIP2's 31; by the protocol it is ignored.

    `number` is two digits, or `??` when the frame does not begin with two digits.
    """

    number: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A known message that cannot be used: its fixed part is short, a required field is missing, or one id
    comes too often.

    `fields` are the variable fields that could be read, so that an answer can echo AO and AA.
    """

    number: str
    short: bool = False
    missing: tuple[str, ...] = ()
    crowded: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def first(self, tag: str) -> str:
        """The first value that came under this tag, or an empty string."""
        return next((value for known, value in self.fields if known == tag), "")

    @property
    def what(self) -> str:
        """What is wrong, for a log: never a value."""
        if self.short:
            return "short fixed part"
        if self.missing:
            return "missing " + " ".join(self.missing)
        return "too many " + " ".join(self.crowded)
