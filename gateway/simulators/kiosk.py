"""A kiosk as a library system meets it: one connection, one request at a time, blocking and with a time limit.

    with Kiosk(Peer("127.0.0.1", 6001), ScProfile(echo="optional")) as kiosk:
        kiosk.connect()
        answer = kiosk.ask(requests.patron_information("N000000001", "2468"))

What is said comes from `gateway.simulators.kiosk_requests`; what was said is in `Kiosk.conversation`.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self, assert_never

from gateway.simulators.kiosk_exchange import Exchange, Framed, readable
from gateway.simulators.kiosk_failures import BadAnswer, CannotConnect, ConnectionLost, KioskFailure, NoAnswer
from protocols.sip2 import (
    NEED_DATA,
    Answered,
    Because,
    Discarded,
    Failed,
    FrameBuffer,
    FrameTooLong,
    Message,
    Resend,
    ScConnection,
    ScProfile,
    Signal,
    read_frame,
    seal,
)

RECEIVED_AT_ONCE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a library system listens; with `tls` its certificate must be for `server_name`, or else for `host`."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None

    def __str__(self) -> str:
        """Host and port as one writes them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _UnderWay:
    """Takes the answer of the exchange under way."""

    answer: Message | None = None


class Kiosk:
    """Asks a library system, and keeps the conversation; every failure closes the connection.

    `timeout` is in seconds, for connecting and for each answer. `heard` is told of each exchange as it ends, also
    of one that failed.
    """

    def __init__(
        self,
        peer: Peer,
        profile: ScProfile,
        *,
        timeout: float = 5.0,
        heard: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self.conversation: list[Exchange] = []
        self._peer = peer
        self._profile = profile
        self._timeout = timeout
        self._heard = heard
        self._socket: socket.socket | None = None
        self._protocol = ScConnection(profile)
        self._buffer = FrameBuffer(profile.frame_limit)
        self._frames: list[Framed] = []

    def __enter__(self) -> Self:
        """The kiosk itself, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def profile(self) -> ScProfile:
        """How this kiosk speaks."""
        return self._profile

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as this side knows."""
        return self._socket is not None

    def connect(self) -> None:
        """Connects anew, hanging up first where there is a connection; raises `CannotConnect`."""
        self.close()
        self._socket = _connected(self._peer, self._timeout)
        self._protocol = ScConnection(self._profile)
        self._buffer = FrameBuffer(self._profile.frame_limit)

    def ask(self, message: Message) -> Message:
        """The answer to this request, which a 98 may be to any; raises a `KioskFailure` and closes where none comes.

        The request is sent again where SIP2 lets a kiosk do so.
        """
        with self._exchange(message) as under_way:
            under_way.answer = answer = self._answer_to(message)
        return answer

    def ask_as_is(self, body: bytes) -> Message | None:
        """The answer to these bytes, sent as they stand with the terminator; None where it cannot be read.

        Whatever comes first counts as the answer. Raises a `KioskFailure` and closes where nothing comes.
        """
        with self._exchange(self._read(body)) as under_way:
            self._write(body)
            under_way.answer = self._read(self._next_frame(self._deadline()))
        return under_way.answer

    def ask_again(self) -> Message | None:
        """As `ask_as_is`, with the very bytes that were sent last, as after a lost answer, on whatever connection."""
        return self.ask_as_is(self.last_sent)

    def ask_for_resend(self) -> Message | None:
        """The last answer once more, asked for with a 97; else as `ask_as_is`."""
        return self.ask_as_is(seal(b"97", None, self._profile.error_detection, b""))

    @property
    def last_sent(self) -> bytes:
        """The last frame that was sent and is no 97, without its terminator; empty before the first."""
        sent = (exchange.sent for exchange in reversed(self.conversation))
        return next((raw for raw in sent if raw and not raw.startswith(b"97")), b"")

    def close(self) -> None:
        """Hangs up; does nothing where there is no connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @contextlib.contextmanager
    def _exchange(self, asked: Message | None) -> Iterator[_UnderWay]:
        """Keeps what is said in the block, and closes the connection where it comes to nothing."""
        under_way = _UnderWay()
        self._frames = []
        try:
            yield under_way
        except KioskFailure:
            self.close()
            raise
        finally:
            if self._frames:
                self.conversation.append(Exchange(asked, under_way.answer, tuple(self._frames)))
                self._heard(self.conversation[-1])

    def _read(self, raw: bytes) -> Message | None:
        codec = self._profile.codec
        return readable(codec, read_frame(raw, codec.charset.delimiter_byte).body)

    def _answer_to(self, message: Message) -> Message:
        self._open()
        self._write(self._protocol.ask(message).rstrip(b"\r\n"))
        deadline = self._deadline()
        while True:
            match self._next_outcome(deadline):
                case Answered(answer):
                    return answer
                case Resend(raw):
                    self._write(raw.rstrip(b"\r\n"))
                    deadline = self._deadline()
                case Failed(because, uncertain):
                    raise _failure(because, uncertain=uncertain)
                case Discarded() | Signal():
                    pass
                case never:
                    assert_never(never)

    def _next_outcome(self, deadline: float) -> Answered | Resend | Discarded | Failed | Signal:
        """What the next frame means, or its absence."""
        try:
            raw = self._next_frame(deadline)
        except NoAnswer:
            return self._protocol.timed_out()
        except ConnectionLost:
            return self._protocol.lost() or NEED_DATA
        # Frames are cut here, for the conversation, and so given to the protocol whole.
        self._protocol.receive(raw + b"\r")
        return self._protocol.next_event()

    def _next_frame(self, deadline: float) -> bytes:
        """The next frame; raises `NoAnswer`, `ConnectionLost` or `BadAnswer`."""
        while True:
            try:
                raw = self._buffer.next_frame()
            except FrameTooLong as failure:
                raise _failure(Because.FRAME_TOO_LONG) from failure
            if raw is not None:
                self._frames.append(Framed(False, raw))
                return raw
            self._buffer.feed(self._received(deadline))

    def _received(self, deadline: float) -> bytes:
        connection = self._open()
        left = deadline - time.monotonic()
        if left <= 0:
            raise NoAnswer(f"no answer in {self._timeout:g} seconds")
        connection.settimeout(left)
        try:
            received = connection.recv(RECEIVED_AT_ONCE)
        except TimeoutError as failure:
            raise NoAnswer(f"no answer in {self._timeout:g} seconds") from failure
        except OSError as failure:
            raise ConnectionLost("the connection was lost") from failure
        if not received:
            raise ConnectionLost("the library system hung up")
        return received

    def _write(self, frame: bytes) -> None:
        connection = self._open()
        connection.settimeout(self._timeout)
        self._frames.append(Framed(True, frame))
        try:
            connection.sendall(frame + self._profile.terminator.encode("ascii"))
        except OSError as failure:
            raise ConnectionLost("the connection was lost") from failure

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("there is no connection")
        return self._socket

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout


def _failure(because: Because, *, uncertain: bool = False) -> KioskFailure:
    text = _SAID.get(because, f"the answer is of no use: {because.value}")
    kind = _KINDS.get(because, BadAnswer)
    return kind(f"{text}; it may have been done all the same" if uncertain else text)


_KINDS: dict[Because, type[KioskFailure]] = {Because.TIMED_OUT: NoAnswer, Because.LOST: ConnectionLost}
_SAID = {Because.TIMED_OUT: "no answer in time", Because.LOST: "the library system hung up"}


def _connected(peer: Peer, timeout: float) -> socket.socket:
    """A connected socket; raises `CannotConnect`."""
    try:
        plain = socket.create_connection((peer.host, peer.port), timeout)
    except (OSError, ValueError) as failure:
        raise CannotConnect(f"cannot connect to {peer}: {_reason(failure)}") from failure
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if peer.tls is None:
            return plain
        return peer.tls.wrap_socket(plain, server_hostname=peer.server_name or peer.host)
    except (OSError, ValueError) as failure:
        plain.close()
        raise CannotConnect(f"no TLS with {peer}: {_reason(failure)}") from failure


def _reason(failure: Exception) -> str:
    """Why, in the words of the system and on one line."""
    match failure:
        case ssl.SSLCertVerificationError():
            return f"its certificate is refused: {failure.verify_message}"
        case TimeoutError():
            return "no answer in time"
        case ssl.SSLError():
            return (failure.reason or "not spoken there").lower().replace("_", " ")
        case OSError():
            return (failure.strerror or str(failure)).splitlines()[0]
        case _:
            return "the name is of no use"
