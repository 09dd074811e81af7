"""HTTP for the pages: Twisted's own channel, carried by uvloop, with an end to everything that a browser may send.

Twisted's idle timer is renewed by every byte; here a request has a deadline from its first byte to its last. A body is
kept up to its limit and thrown away beyond it, so that whoever sent it is told; what goes on and on is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.web import http, server
from zope.interface import implementer

from gateway.carrier import UvloopCarrier
from gateway.observability.meters import Closing
from gateway.web.headers import headers
from gateway.web.rules import PagesRules

_MOST_SURPLUS = 1024 * 1024
_HEAD_BYTES, _HEADERS = 8192, 100


@implementer(IPushProducer)
class Transport:
    """What a channel writes to: a carrier, cut when its peer does not take what it asked for."""

    def __init__(self, carrier: UvloopCarrier, most_unsent: int, stuck: Callable[[], None]) -> None:
        """Write to ``carrier``; ``stuck`` is called instead once ``most_unsent`` bytes wait."""
        self._carrier = carrier
        self._most_unsent = most_unsent
        self._stuck = stuck

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        self._carrier.write(data)
        if self._carrier.unsent > self._most_unsent:
            self._stuck()

    def writeSequence(self, data: Any) -> None:
        """Send several pieces as one."""
        self.write(b"".join(data))

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Take note of nothing: answers are small, and there is an end to what may wait."""

    def unregisterProducer(self) -> None:
        """Take note of nothing."""

    def pauseProducing(self) -> None:
        """Read no more: a browser sends ahead while its request is answered."""
        self._carrier.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again."""
        self._carrier.resumeProducing()

    def stopProducing(self) -> None:
        """Close."""
        self._carrier.loseConnection()

    def loseConnection(self) -> None:
        """Close once all is sent."""
        self._carrier.loseConnection()

    def abortConnection(self) -> None:
        """Close at once."""
        self._carrier.abortConnection()

    @property
    def disconnecting(self) -> bool:
        """Whether it is closing or closed, so that nothing more is read."""
        return self._carrier.disconnecting

    def getPeer(self) -> Any:
        """Return who connected."""
        return self._carrier.getPeer()

    def getHost(self) -> Any:
        """Return the address that was connected to."""
        return self._carrier.getHost()


class PageRequest(server.Request):
    """A request with a small body; every answer to it has our headers and none that tells what we run."""

    channel: PageChannel
    content: BytesIO

    def __init__(self, channel: PageChannel, *_: object) -> None:
        """Read what ``channel`` takes in; the form is read by ourselves, within our own limits."""
        super().__init__(channel, parsePOSTFormSubmission=False)

    def gotLength(self, length: int | None) -> None:
        """Keep the body in memory, whatever length is claimed."""
        self.content = BytesIO()
        self._surplus = 0

    def handleContentChunk(self, data: bytes) -> None:
        """Keep what is within the limit."""
        room = max(self.channel.rules.body_bytes - self.content.tell(), 0)
        self.content.write(data[:room])
        self._surplus += len(data[room:])
        if self._surplus > _MOST_SURPLUS:
            self.channel.cut("oversize")

    @property
    def is_too_large(self) -> bool:
        """Whether some of the body was thrown away."""
        return self._surplus > 0

    def process(self) -> None:
        """Answer."""
        for name, value in headers(encrypted=self.channel.rules.is_encrypted).items():
            self.setHeader(name, value)
        super().process()

    def setHeader(self, name: Any, value: Any) -> None:
        """Set a header, but for the one that tells what serves: nobody needs to know."""
        if name != b"Server":
            super().setHeader(name, value)

    def getRequestHostname(self) -> bytes:
        """Return a name of no meaning: nothing depends on what the browser calls us, however odd that is."""
        return b"pages"

    def __repr__(self) -> str:
        return f"PageRequest({self.method!r})"  # never the path: it may hold a one-time code


class PageChannel(http.HTTPChannel):
    """One connection of a browser."""

    transport: Transport  # type: ignore[assignment]

    def __init__(self, rules: PagesRules, call_later: Callable[..., Any], left: Callable[[PageChannel], None]) -> None:
        """Serve by ``rules``; ``left`` is called when the connection is gone."""
        super().__init__()
        self.MAX_LENGTH = self.totalHeadersSize = _HEAD_BYTES
        self.maxHeaders = _HEADERS
        # Twisted's own way to be told, which its types do not know.
        vars(self).update(requestFactory=PageRequest, callLater=call_later)
        self.timeOut = rules.idle  # type: ignore[assignment]
        self.rules = rules
        self.closing: Closing | None = None
        self._left = left
        self._deadline: Any = None
        self.is_connected = False

    def makeConnection(self, transport: Any) -> None:
        """Begin, over a carrier."""
        self.is_connected = True
        super().makeConnection(Transport(transport, self.rules.unsent_bytes, lambda: self.cut("stalled")))

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in; the first of a request starts its clock."""
        if self.closing is not None:
            return
        if self._deadline is None and not self._handlingRequest:
            self._deadline = self.callLater(self.rules.request, self._overdue)
        super().dataReceived(data)

    def allContentReceived(self) -> None:
        """A request is whole."""
        self._stop_clock()
        super().allContentReceived()

    def timeoutConnection(self) -> None:
        """Close a connection on which nothing comes; Twisted would write its address into the log."""
        self.cut("idle")

    def cut(self, why: Closing) -> None:
        """Close at once."""
        self.closing = self.closing or why
        self.transport.abortConnection()

    def leave(self) -> None:
        """Close once what was written is sent."""
        self.closing = self.closing or "draining"
        if self.is_connected:
            self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        """Forget everything; what is under way ends by itself."""
        self._stop_clock()
        if self.is_connected:
            super().connectionLost(reason)
        self._left(self)

    def _overdue(self) -> None:
        self._deadline = None
        self.cut("deadline")

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
