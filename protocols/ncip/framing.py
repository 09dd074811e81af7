"""Messages on a raw TCP stream, which are framed by nothing but their closing tag."""

from __future__ import annotations

import re

from protocols.ncip.errors import MessageTooLong

# Each character may have a NUL beside it: so the same pattern finds the tag in UTF-16, of either byte order.
_CLOSING = re.compile(
    b"<\0?/\0?(?:[^<>/:]{1,128}:\0?)?N\0?C\0?I\0?P\0?(?:V\0?e\0?r\0?s\0?i\0?o\0?n\0?)?"
    b"M\0?e\0?s\0?s\0?a\0?g\0?e\0?[ \t\r\n\0]{0,128}>\0?"
)
_LONGEST = 2 * 2 + 128 + 2 + 2 * len("NCIPVersionMessage") + 128 + 2
"""No closing tag that is found is longer in bytes."""


class Framer:
    """Cuts one message out of a stream; any prefix, or none, on its closing tag.

    Each byte is looked at a bounded number of times, however small the pieces in which it comes. A closing tag
    inside a comment or CDATA ends the message too: what is then cut cannot be parsed, and is answered so.
    """

    __slots__ = ("_buffer", "_limit", "_searched")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, piece: bytes) -> bytes | None:
        """The whole message once its closing tag has come, until then nothing.

        Raises `MessageTooLong` once more than `limit` bytes have come without it. What follows the tag stays in
        the buffer (see `surplus`) and is looked at by the next call.
        """
        self._buffer += piece
        match = _CLOSING.search(self._buffer, max(0, self._searched - _LONGEST)) if self._may_end(piece) else None
        if match is not None and match.end() <= self._limit:
            message = bytes(self._buffer[: match.end()])
            del self._buffer[: match.end()]
            self._searched = 0
            return message
        if len(self._buffer) > self._limit:
            self._buffer.clear()
            self._searched = 0
            raise MessageTooLong(f"no end within {self._limit} bytes")
        self._searched = len(self._buffer)
        return None

    def _may_end(self, piece: bytes) -> bool:
        return self._searched == 0 or b">" in piece

    @property
    def surplus(self) -> int:
        """How many bytes wait that belong to no whole message yet."""
        return len(self._buffer)
