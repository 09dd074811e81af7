"""NCIP over HTTP/1.1 and 1.0: POST, any content type, 200 for every answer that is NCIP's own.

h11 knows the protocol and does no I/O. Whatever two parsers might read differently is refused, and the connection
with it: a length beside a transfer coding, several lengths, a coding in HTTP/1.0. Other statuses than 200 are for
what was refused before a message was read; each has a problem in its body all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus

import h11

from gateway.ncip.door import Entrance, Line
from gateway.ncip.http_bodies import document_in, is_whole
from gateway.observability.meters import Closing
from protocols.ncip import Trouble

_STATUS_LINES = {
    status: f'HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/xml; charset="utf-8"\r\n'.encode()
    for status in HTTPStatus
}
_HEAD_BYTES = 16 * 1024
# How much of a body that its sender has counted in characters is still waited for.
_LATE_BYTES = 4 * 1024
# Each costs some microseconds, however little it brings.
_MOST_CHUNKS = 4096
# How many pipelined requests are answered before the other connections have their turn: a few milliseconds' worth.
_A_TURN = 8


@dataclass(frozen=True, slots=True)
class _Refusal:
    """How a request is answered that is no message: by a status, and the connection closed."""

    status: HTTPStatus
    trouble: Trouble = Trouble.PROTOCOL_ERROR
    detail: str | None = None
    headers: bytes = b""


class _RefusedError(Exception):
    """A request is answered by a status."""

    def __init__(self, refusal: _Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


_SYNTAX = Trouble.INVALID_MESSAGE_SYNTAX
_TOO_LARGE = _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _SYNTAX, "Too large")
_BUSY = _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, Trouble.TEMPORARY_PROCESSING_FAILURE, headers=b"retry-after: 5\r\n")
_TOO_MANY = _Refusal(HTTPStatus.TOO_MANY_REQUESTS, Trouble.TEMPORARY_PROCESSING_FAILURE, headers=b"retry-after: 5\r\n")


class HttpLine(Line):
    """One HTTP connection, with any number of requests one after the other."""

    def __init__(self, entrance: Entrance, host: str, path: bytes) -> None:
        """Answer POST to ``path`` and nothing else."""
        super().__init__(entrance, host)
        self._path = path
        self._http = _fresh()
        self._body = bytearray()
        self._length = self._chunks = 0
        self._began = self._quiet_since = self.door.clock.monotonic()
        self._reading = False
        self._request: h11.Request | None = None
        self._late_until: float | None = None
        self._lingers: float | None = None
        self._answering = False
        self._peer_has_ended = False
        self._turn = 0

    # What the carrier calls.

    def dataReceived(self, data: bytes) -> None:
        """Take bytes in; what comes after the last answer is dropped."""
        if self.closing is not None or self._lingers is not None:
            return
        if self._late_until is not None:
            self._take_late(data)
            return
        if not self._reading:
            self._reading, self._began = True, self.door.clock.monotonic()
        self._http.receive_data(data)
        if not self._turn:
            self._pump()

    def eofReceived(self) -> None:
        """The peer has stopped sending: answer what came before, then close."""
        self._peer_has_ended = True
        if self._late_until is not None:
            self._ask()
        elif self._lingers is not None or (not self._answering and self._http.their_state is h11.IDLE):
            self.transport.loseConnection()
        elif not self._answering and self.closing is None:
            self._refuse(_Refusal(HTTPStatus.BAD_REQUEST, _SYNTAX, "Cut short"))

    def overdue(self, now: float) -> Closing | None:
        """A request must be whole in time, whatever dribbles in; and who is silent for long is gone."""
        if self._answering:
            return None
        if self._late_until is not None:
            if now > self._late_until:
                self._ask()
            return None
        if self._reading:
            return "deadline" if now - self._began > self.door.rules.request else None
        return "idle" if now - self._quiet_since > self.door.rules.idle else None

    def lingers_until(self) -> float | None:
        """A while after the last answer, unless the peer closes first."""
        return self._lingers

    # From bytes to a request.

    def _pump(self) -> None:
        """Take what has come, a few requests at a time: the others have their turn before the next ones."""
        self._turn = 0
        try:
            while not self._answering and self._late_until is None and self._step():
                if self._turn >= _A_TURN:
                    self.transport.pauseProducing()
                    asyncio.get_running_loop().call_soon(self._go_on)
                    return
        except _RefusedError as refused:
            self._refuse(refused.refusal)
        except h11.RemoteProtocolError as wrong:
            self._refuse(_Refusal(_status_of(wrong), _SYNTAX))

        self._turn = 0

    def _go_on(self) -> None:
        self._turn = 0
        if self.closing is None and self._lingers is None:
            self.transport.resumeProducing()
            self._pump()

    def _step(self) -> bool:
        """Take the next event; return whether there may be another one."""
        match self._http.next_event():
            case h11.Request() as request:
                self._admit(request)
            case h11.Data(data=data, chunk_start=begins):
                self._chunks += begins
                if len(self._body) + len(data) > self.door.rules.request_bytes or self._chunks > _MOST_CHUNKS:
                    raise _RefusedError(_TOO_LARGE)
                self._body += data
            case h11.EndOfMessage():
                self._whole()
            case _:
                return False
        return self._lingers is None

    def _admit(self, request: h11.Request) -> None:
        self._request = request
        length = _checked(request, self._path)
        if length > self.door.rules.request_bytes:
            raise _RefusedError(_TOO_LARGE)
        self._check_place()
        if self.door.is_full():
            raise _RefusedError(_BUSY)
        if self.door.is_full_from(self.host):
            raise _RefusedError(_TOO_MANY)
        if self._http.they_are_waiting_for_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _check_place(self) -> None:
        place = self.place
        if self.door.initiators.at(place):
            return
        # Somebody may speak from this network, with a certificate that is not shown; else nobody may at all.
        near = self.door.initiators.near(place)
        status = HTTPStatus.UNAUTHORIZED if near else HTTPStatus.FORBIDDEN
        headers = b"www-authenticate: Mutual\r\n" if near else b""
        raise _RefusedError(_Refusal(status, Trouble.AGENCY_AUTHENTICATION_FAILED, headers=headers))

    def _whole(self) -> None:
        """Ask; but wait a little for the rest of a body whose sender has counted characters and not bytes.

        HTTP/1.0 only, where nothing else can follow on the same connection.
        """
        old = self._request is not None and self._request.http_version < b"1.1"
        if old and not is_whole(self._body):
            self._length = len(self._body)
            self._late_until = self.door.clock.monotonic() + self.door.rules.late
            self._take_late(self._http.trailing_data[0])
        else:
            self._ask()

    def _take_late(self, data: bytes) -> None:
        self._body += data[: _LATE_BYTES - (len(self._body) - self._length)]
        if len(self._body) - self._length >= _LATE_BYTES or is_whole(self._body):
            self._ask()

    # From a request to an answer.

    def _ask(self) -> None:
        document = document_in(bytes(self._body))
        self._body.clear()
        self._chunks, self._late_until, self._answering = 0, None, True
        answer = self.door.exchange.answer(document, self.place)
        if isinstance(answer, bytes):
            self._answered(HTTPStatus.OK, answer)
        else:
            # What a peer sends meanwhile stays with it, and is not piled up here.
            self.transport.pauseProducing()
            self.spawn(self._later(answer))

    async def _later(self, answering: Awaitable[bytes]) -> None:
        document = await answering
        if self.closing in (None, "draining"):
            self._answered(HTTPStatus.OK, document)
            if self._lingers is None:
                self._pump()

    def _answered(self, status: HTTPStatus, document: bytes, headers: bytes = b"") -> None:
        self._turn += 1
        last = (
            status is not HTTPStatus.OK
            or self._peer_has_ended
            or self.door.is_draining
            or self._http.their_state is not h11.DONE
        )
        # One write: some peers take what the first read brings for all of it. And by hand: what h11 would prove of
        # our own four headers costs as much as the rest of an answer.
        ending = b"connection: close\r\n" if last else b""
        told = b"%scontent-length: %d\r\n%s%s\r\n" % (_STATUS_LINES[status], len(document), headers, ending)
        self.transport.write(told + document)
        self._answering = self._reading = False
        self._quiet_since = self.door.clock.monotonic()
        if last:
            self._end()
        else:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Be ready for the next request, whose beginning may have come already."""
        begun = self._http.trailing_data[0]
        self._http = _fresh()
        if begun:
            self._http.receive_data(begun)
            self._reading, self._began = True, self._quiet_since
        self.transport.resumeProducing()

    def _refuse(self, refusal: _Refusal) -> None:
        """Answer by a status, and let the connection end: nothing that follows on it can be trusted."""
        self.door.metrics.frame_errors.of("ncip", _REASONS.get(refusal.status, "parse")).inc()
        self.log("frame_refused", reason=refusal.status.name.lower())
        self._body.clear()
        self._answered(refusal.status, self.door.exchange.bare(refusal.trouble, refusal.detail), refusal.headers)

    def _end(self) -> None:
        self._lingers = self.door.clock.monotonic() + self.door.rules.linger
        self.transport.resumeProducing()
        self.transport.endOutput()


def _fresh() -> h11.Connection:
    return h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)


_REASONS = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "oversize"}
_KNOWN_STATUSES = {413: HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 431: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE}


def _status_of(wrong: h11.RemoteProtocolError) -> HTTPStatus:
    return _KNOWN_STATUSES.get(wrong.error_status_hint, HTTPStatus.BAD_REQUEST)


def _path_of(target: bytes) -> bytes:
    """Return the path of a request's target, which some send as a whole address (RFC 9112, 3.2.2)."""
    _, absolute, rest = target.partition(b"://") if target[:1] != b"/" else (b"", b"", b"")
    path = b"/" + rest.partition(b"/")[2] if absolute else target
    return path.partition(b"?")[0]


def _checked(request: h11.Request, path: bytes) -> int:
    """Return the length that a request tells, 0 where it tells none; raises the refusal of one that is not for us."""
    lengths: list[bytes] = []
    codings: list[bytes] = []
    contents: list[bytes] = []
    kept = {b"content-length": lengths, b"transfer-encoding": codings, b"content-encoding": contents}
    for name, value in request.headers:
        if name in kept:
            kept[name].append(value)
    if len(lengths) > 1 or (codings and (lengths or request.http_version < b"1.1")):
        raise _RefusedError(_Refusal(HTTPStatus.BAD_REQUEST, _SYNTAX))
    if _path_of(request.target) != path:
        raise _RefusedError(_Refusal(HTTPStatus.NOT_FOUND))
    if request.method != b"POST":
        raise _RefusedError(_Refusal(HTTPStatus.METHOD_NOT_ALLOWED, headers=b"allow: POST\r\n"))
    if any(value.strip().lower() not in (b"", b"identity") for value in contents):
        raise _RefusedError(_Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE))
    return int(lengths[0]) if lengths else 0
