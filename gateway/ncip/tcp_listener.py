"""NCIP on a raw TCP or TLS connection: one message, framed by its closing tag, one answer in one write, the end."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.ncip.door import Entrance, Line
from gateway.observability.meters import Closing
from protocols.ncip import Framer, MessageTooLong, Trouble


class TcpLine(Line):
    """One raw connection."""

    def __init__(self, entrance: Entrance, host: str) -> None:
        """Wait for the one message."""
        super().__init__(entrance, host)
        self._framer = Framer(self.door.rules.request_bytes)
        self._opened_at = self.door.clock.monotonic()
        self._answered_at: float | None = None
        self._asked = False

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in; what comes behind the message is dropped."""
        if self._asked:
            return
        try:
            document = self._framer.feed(data)
        except MessageTooLong:
            self.door.metrics.frame_errors.of("ncip", "oversize").inc()
            self._refuse(Trouble.INVALID_MESSAGE_SYNTAX, "Too large", "oversize")
            return
        if document is not None:
            self._ask(document)

    def eofReceived(self) -> None:
        """The peer has stopped sending: without a whole message there is nothing to answer."""
        if not self._asked or self._answered_at is not None:
            self.transport.loseConnection()

    def overdue(self, now: float) -> Closing | None:
        """A message must be whole in time, whatever dribbles in."""
        return "deadline" if not self._asked and now - self._opened_at > self.door.rules.request else None

    def lingers_until(self) -> float | None:
        """A while after the answer, unless the peer closes first."""
        return None if self._answered_at is None else self._answered_at + self.door.rules.linger

    def _ask(self, document: bytes) -> None:
        self._asked = True
        if self.door.is_full() or self.door.is_full_from(self.host):
            self._write(self.door.exchange.overloaded())
            return
        answer = self.door.exchange.answer(document, self.place)
        if isinstance(answer, bytes):
            self._write(answer)
        else:
            self.spawn(self._later(answer))

    async def _later(self, answering: Awaitable[bytes]) -> None:
        self._write(await answering)

    def _refuse(self, trouble: Trouble, detail: str, why: Closing) -> None:
        self._asked = True
        self.closing = why
        self._write(self.door.exchange.bare(trouble, detail))

    def _write(self, document: bytes) -> None:
        self._answered_at = self.door.clock.monotonic()
        self.transport.write(document)
        # First the end of what we send: closing with bytes unread would reset the connection, and lose the answer.
        self.transport.endOutput()
