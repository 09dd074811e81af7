"""The kiosk itself over real TCP, against a server that is none of ours, and against peers that misbehave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gateway.simulators.kiosk import Kiosk, Peer
from gateway.simulators.kiosk_dialogue import converse
from gateway.simulators.kiosk_exchange import Exchange
from gateway.simulators.kiosk_failures import BadAnswer, CannotConnect, ConnectionLost, KioskFailure, NoAnswer
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_running import accepts
from protocols.sip2 import (
    AcsStatus,
    CheckoutResponse,
    LoginResponse,
    PatronInformationResponse,
    RequestScResend,
    ScProfile,
    SummaryList,
    seal,
)
from tests.cli.kiosk_peer import CARD, LOGIN, PASSWORD, PIN, answering, library_system, served, silent

REQUESTS = Requests("NO-2030000", now=lambda: datetime(2026, 11, 23, 10, 15, 12, tzinfo=UTC))
PROFILE = ScProfile(echo="optional")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(library_system(encoding="cp850")) as port:
        yield port


@pytest.fixture
def kiosk(port: int) -> Iterator[Kiosk]:
    with Kiosk(Peer("127.0.0.1", port), PROFILE) as kiosk:
        kiosk.connect()
        yield kiosk


def asking(port: int, profile: ScProfile = PROFILE, timeout: float = 5.0) -> Kiosk:
    """A kiosk that is connected."""
    kiosk = Kiosk(Peer("127.0.0.1", port), profile, timeout=timeout)
    kiosk.connect()
    return kiosk


def test_a_kiosk_logs_in_and_asks(kiosk: Kiosk) -> None:
    assert accepts(kiosk.ask(REQUESTS.login(LOGIN, PASSWORD)))
    assert not accepts(kiosk.ask(REQUESTS.login(LOGIN, "wrong")))
    status = kiosk.ask(REQUESTS.status())
    assert isinstance(status, AcsStatus)
    assert status.library_name == "Storbyen"
    answer = kiosk.ask(REQUESTS.patron_information(CARD, PIN, summary=SummaryList.CHARGED))
    assert isinstance(answer, PatronInformationResponse)
    assert (answer.valid_patron_password, answer.charged_items) == ("Y", ("03010012345678",))
    assert answer.personal_name == "Ødegård, Åse"


def test_every_request_is_understood_by_the_other_side(kiosk: Kiosk) -> None:
    for message in (
        REQUESTS.patron_status(CARD),
        REQUESTS.patron_information(CARD),
        REQUESTS.checkout(CARD, "301", fee="N"),
        REQUESTS.checkin("301", cancel=True),
        REQUESTS.renew(CARD, "301"),
        REQUESTS.renew_all(CARD, PIN),
        REQUESTS.hold(CARD, "301", pickup="HOVED"),
        REQUESTS.item_information("301"),
        REQUESTS.item_status("301", "340 g"),
        REQUESTS.fee_paid(CARD, "50.00", fee="77"),
        REQUESTS.block(CARD, "glemt"),
        REQUESTS.enable(CARD),
        REQUESTS.end(CARD, PIN),
    ):
        assert kiosk.ask(message).number == message.answered_by


def test_the_conversation_is_kept(port: int) -> None:
    heard: list[Exchange] = []
    with Kiosk(Peer("127.0.0.1", port), PROFILE, heard=heard.append) as kiosk:
        kiosk.connect()
        kiosk.ask(REQUESTS.status())
        asked = REQUESTS.checkout(CARD, "301", PIN, fee="Y")
        answer = kiosk.ask(asked)
    assert isinstance(answer, CheckoutResponse)
    assert kiosk.conversation == heard
    last = kiosk.conversation[-1]
    assert (last.asked, last.answer) == (asked, answer)
    assert re.fullmatch(rb"11YN.*\|AY1AZ[0-9A-F]{4}", last.sent)
    assert last.received.startswith(b"121")
    assert PIN not in repr(kiosk.conversation)


def test_a_frame_again_is_the_same_byte_for_byte_and_is_answered_alike(kiosk: Kiosk) -> None:
    answer = kiosk.ask(REQUESTS.patron_information(CARD, PIN))
    assert kiosk.ask_again() == answer
    first, second = kiosk.conversation
    assert (first.sent, first.received) == (second.sent, second.received)


def test_a_frame_again_after_reconnecting_goes_over_the_new_connection(kiosk: Kiosk) -> None:
    kiosk.ask(REQUESTS.status())
    kiosk.connect()
    assert isinstance(kiosk.ask_again(), AcsStatus)
    assert kiosk.conversation[0].sent == kiosk.conversation[1].sent


def test_the_last_answer_is_sent_once_more_and_again_means_the_request(kiosk: Kiosk) -> None:
    answer = kiosk.ask(REQUESTS.status())
    assert kiosk.ask_for_resend() == answer
    assert kiosk.conversation[-1].sent == b"97AZFEF5"
    assert kiosk.last_sent.startswith(b"9900402.00AY0")


def test_a_resend_before_anything_was_said_is_answered_with_a_96(kiosk: Kiosk) -> None:
    assert isinstance(kiosk.ask_for_resend(), RequestScResend)


def test_a_frame_as_it_stands_needs_neither_checksum_nor_our_kind_of_message(kiosk: Kiosk) -> None:
    assert isinstance(kiosk.ask_as_is(b"9900802.00"), AcsStatus)
    assert kiosk.conversation[-1].received.endswith(b"|")
    assert isinstance(kiosk.ask_as_is(b"9900802.00AY1AZ0000"), RequestScResend)
    assert isinstance(kiosk.ask(REQUESTS.status()), AcsStatus)


def test_without_checksums_neither_ay_nor_az_is_sent(port: int) -> None:
    with asking(port, ScProfile(error_detection=False)) as kiosk:
        kiosk.ask(REQUESTS.status())
    assert (kiosk.conversation[0].sent, kiosk.conversation[0].received[-1:]) == (b"9900402.00", b"|")


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", "|"), ("iso-8859-1", "^"), ("cp850", "~")])
def test_letters_and_delimiters_are_those_of_the_other_side(encoding: str, delimiter: str) -> None:
    server = library_system(encoding=encoding, field_delimiter=delimiter)
    with served(server) as port, asking(port, ScProfile(encoding=encoding, delimiter=delimiter)) as kiosk:
        answer = kiosk.ask(REQUESTS.patron_information(CARD, PIN))
    assert isinstance(answer, PatronInformationResponse)
    assert answer.screen_messages == ("Velkommen, Åse",)


STATUS = b"98YYYYYN10000320261123    1015012.00AONO|BXYYYYYYYYYYYNYYYY|"


@pytest.mark.parametrize(
    "answers",
    [
        [seal(STATUS, "0", True)],
        [seal(STATUS, None, True)],
        [STATUS + b"\r\n"],
        [b"\r\n \0" + seal(STATUS, "0", True, b"\n")],
        [seal(b"96", None, True), seal(STATUS, "0", True)],
        [seal(STATUS, "0", True).replace(b"NO", b"ON2"), seal(STATUS, "0", True)],
        [seal(STATUS, "7", True) + seal(STATUS, "0", True)],
    ],
    ids=["as asked", "no digit", "no trailer", "junk", "resend asked", "damaged on the way", "another's first"],
)
def test_what_library_systems_really_send_is_taken(answers: list[bytes]) -> None:
    with answering(*answers) as port, asking(port) as kiosk:
        assert isinstance(kiosk.ask(REQUESTS.status()), AcsStatus)


def test_all_frames_of_an_exchange_are_kept() -> None:
    with answering(seal(b"96", None, True), seal(STATUS, "0", True)) as port, asking(port) as kiosk:
        kiosk.ask(REQUESTS.status())
    (exchange,) = kiosk.conversation
    assert [(frame.ours, frame.raw[:2]) for frame in exchange.frames] == [
        (True, b"99"),
        (False, b"96"),
        (True, b"99"),
        (False, b"98"),
    ]


@pytest.mark.parametrize(
    ("answers", "failure", "said"),
    [
        ([], ConnectionLost, "hung up|lost"),
        ([b"98Y"], ConnectionLost, "hung up"),
        ([seal(b"941", "0", True)], BadAnswer, "unexpected answer"),
        ([seal(b"98Y", "0", True)], BadAnswer, "unreadable"),
        ([seal(b"96", None, True)] * 4, BadAnswer, "retries used up"),
        ([b"x" * 300_000 + b"\r"], BadAnswer, "frame too long"),
    ],
)
def test_an_answer_of_no_use_is_a_failure_and_the_connection_is_closed(
    answers: list[bytes], failure: type[KioskFailure], said: str
) -> None:
    with answering(*answers) as port, asking(port) as kiosk:
        with pytest.raises(failure, match=said):
            kiosk.ask(REQUESTS.status())
        assert not kiosk.connected
        with pytest.raises(ConnectionLost, match="there is no connection"):
            kiosk.ask(REQUESTS.status())


def test_silence_is_a_failure_after_the_time_limit_and_is_kept() -> None:
    with silent() as port, asking(port, timeout=0.05) as kiosk:
        with pytest.raises(NoAnswer, match=r"no answer in time"):
            kiosk.ask(REQUESTS.patron_information(CARD, PIN))
        assert not kiosk.connected
        assert (kiosk.conversation[-1].answer, kiosk.conversation[-1].received) == (None, b"")


def test_silence_to_a_frame_as_it_stands_is_a_failure_too() -> None:
    with silent() as port, asking(port, timeout=0.05) as kiosk:
        with pytest.raises(NoAnswer, match=r"no answer in 0.05 seconds"):
            kiosk.ask_as_is(b"xyz")
        assert not kiosk.connected


def test_a_loan_without_an_answer_is_said_to_be_uncertain() -> None:
    with silent() as port, asking(port, timeout=0.05) as kiosk, pytest.raises(NoAnswer, match="may have been done"):
        kiosk.ask(REQUESTS.checkout(CARD, "301"))


def test_a_harmless_request_is_repeated_where_late_answers_can_be_told() -> None:
    with silent() as port, asking(port, ScProfile(retries=2), timeout=0.02) as kiosk:
        with pytest.raises(KioskFailure, match="retries used up"):
            kiosk.ask(REQUESTS.status())
        assert len({frame.raw for frame in kiosk.conversation[0].frames}) == 1
        assert len(kiosk.conversation[0].frames) == 3


def test_nobody_there_is_a_failure_in_one_line() -> None:
    with silent() as port:
        pass
    with pytest.raises(CannotConnect, match=rf"cannot connect to 127.0.0.1:{port}: Connection refused"):
        asking(port)


class Scripted:
    """A person who types what stands in a list."""

    def __init__(self, *typed: str | bool | None) -> None:
        self.typed = list(typed)

    def card(self) -> str | None:
        return self._next_text()

    def pin(self) -> str | None:
        return self._next_text()

    def ends_session(self) -> bool | None:
        typed = self.typed.pop(0)
        assert not isinstance(typed, str)
        return typed

    def _next_text(self) -> str | None:
        typed = self.typed.pop(0)
        assert not isinstance(typed, bool)
        return typed


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ([""], ["99"]),
        ([None], ["99"]),
        ([CARD, PIN, True, ""], ["63", "35", "99"]),
        ([CARD, PIN, False, ""], ["63", "35", "99"]),
        ([CARD, PIN, False, "other", "", False, None], ["63", "63", "35", "99"]),
        ([CARD, PIN, None], ["63", "35", "99"]),
        ([CARD, None], ["99"]),
    ],
)
def test_a_person_shows_cards_until_they_leave(kiosk: Kiosk, typed: list[str | bool | None], asked: list[str]) -> None:
    person = Scripted(*typed)
    converse(kiosk, REQUESTS, person)
    assert [exchange.asked.number for exchange in kiosk.conversation if exchange.asked] == asked
    assert kiosk.conversation[-1].asked == REQUESTS.status("2")
    assert person.typed == []


def test_no_pin_is_no_field_and_the_session_ends_for_the_last_card(kiosk: Kiosk) -> None:
    converse(kiosk, REQUESTS, Scripted(CARD, "", False, ""))
    assert [exchange.asked for exchange in kiosk.conversation[:2]] == [
        REQUESTS.patron_information(CARD),
        REQUESTS.end(CARD),
    ]


def test_no_answer_is_no_accepted_login() -> None:
    assert not accepts(None)
    assert not accepts(LoginResponse(ok="0"))
