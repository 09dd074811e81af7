"""Any order of requests, retries, resends and damage, against a model of a dozen lines."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from protocols.sip2 import (
    PAUSED,
    AcsConnection,
    AcsProfile,
    Asked,
    ItemStatusUpdateResponse,
    Reply,
    Signal,
    read_frame,
    seal,
)

ASK_AGAIN = b"96AZFEF6\r"


def _request(item: int, digit: int | None) -> bytes:
    body = b"1920261123    102130AOx|AB%d|AC|CHy|" % item
    return seal(body, None if digit is None else str(digit), digit is not None)


class Kiosk(RuleBasedStateMachine):
    """Feeds frames in pieces; the model says what must come out, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = AcsConnection(AcsProfile(login_required=False, queue_limit=3))
        self.waiting: list[bytes] = []
        self.last_request: bytes | None = None
        self.last_answer = b""
        self.last_sent = ASK_AGAIN
        self.answered = 0

    @rule(item=st.integers(1, 3), digit=st.none() | st.integers(0, 1), cut=st.integers(0, 60))
    def asks(self, item: int, digit: int | None, cut: int) -> None:
        self._send(_request(item, digit), cut)

    @rule(cut=st.integers(0, 10))
    def asks_for_the_answer_again(self, cut: int) -> None:
        self._send(b"97AZFEF5\r\n", cut)

    @rule(item=st.integers(1, 3))
    def sends_damage(self, item: int) -> None:
        self._send(_request(item, 1).replace(b"AB", b"BB"), 5)

    @rule()
    def sends_what_is_ignored(self) -> None:
        self._send(b"\n96AZFEF6\r02x\r", 3)

    @precondition(lambda self: self.connection.next_event() is PAUSED)
    @rule()
    def is_answered(self) -> None:
        raw = self.waiting.pop(0)
        self.answered += 1
        answer = ItemStatusUpdateResponse(
            item_properties_ok="1", transaction_date=" " * 18, item_identifier=str(self.answered)
        )
        sent = self.connection.answer(answer)
        assert f"AB{self.answered}|".encode() in sent
        sealed = read_frame(raw.rstrip()).sequence is not None
        self.last_request, self.last_answer = (raw if sealed else None), sent
        self.last_sent = sent
        self._drain()

    def _send(self, raw: bytes, cut: int) -> None:
        busy = self.connection.next_event() is PAUSED
        self.waiting += [line + b"\r" for line in raw.replace(b"\n", b"").split(b"\r") if line]
        self.connection.receive(raw[:cut])
        self.connection.receive(raw[cut:])
        if not busy:
            self._drain()

    def _drain(self) -> None:
        """Everything up to the next request that must be executed."""
        while self.waiting:
            raw = self.waiting[0]
            if raw.startswith((b"96", b"02")):
                assert not isinstance(self.connection.next_event(), Asked | Reply | Signal)
            elif raw.startswith(b"97"):
                self._replies(self.last_sent)
            elif b"BB" in raw:
                self._replies(ASK_AGAIN)
            elif raw == self.last_request:
                self._replies(self.last_answer)
            else:
                event = self.connection.next_event()
                assert isinstance(event, Asked)
                assert event.frame.raw + b"\r" == raw
                return
            self.waiting.pop(0)
        assert self.connection.next_event() is Signal.NEED_DATA

    def _replies(self, expected: bytes) -> None:
        event = self.connection.next_event()
        assert isinstance(event, Reply)
        assert event.raw == expected
        self.last_sent = expected


TestKiosk = Kiosk.TestCase
TestKiosk.settings = settings(derandomize=True, deadline=None, max_examples=80, stateful_step_count=30)
