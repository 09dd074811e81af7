"""What can go wrong in NCIP: exceptions for what we do, an enumeration for what a peer does.

A peer's odd document is an everyday thing and therefore a value (`Unreadable` in `received`); its `Flaw` is what a
log or a metric may tell of it.
"""

from __future__ import annotations

from enum import Enum


class NcipError(Exception):
    """Base of every exception raised by this package; its text never holds a value of a message."""


class DeclarationError(NcipError):
    """An element or a message is declared in a way that could not be written; raised when its class is made."""


class NotSendable(NcipError):
    """A message of ours lacks what the schema demands, or holds what it forbids: a mistake of the caller."""


class MessageTooLong(NcipError):
    """A stream has brought more than the limit without the end of a message; the connection must be closed."""


class Flaw(Enum):
    """Why a document could not be used, coarse enough for a metric's label."""

    OVERSIZE = "oversize"
    """More bytes, elements, attributes, depth or text than allowed."""
    CHARSET = "charset"
    """An encoding that is not among those accepted, or bytes that do not fit it."""
    DOCTYPE = "doctype"
    """A document type declaration other than the harmless one."""
    PARSE = "parse"
    """Not well-formed, or not an NCIP document at all."""
    UNKNOWN = "unknown"
    """An NCIP document with a service or a version that nobody here knows."""
    CONTENT = "content"
    """A known service with an element missing, unknown or unusable."""
