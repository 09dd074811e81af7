"""Any bytes at all, in any pieces: no exception, and nothing but valid SIP2 in return."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols import sip2
from tests.gateway.answers import valid_answers
from tests.gateway.memory import line_to
from tests.gateway.worlds import PATIENT, Served, demo, running
from tests.protocols.sip2.samples import SAMPLES
from tests.protocols.sip2.strategies import messages
from tests.running import run

LOGIN = b"9300CNstorbyen-1|COdemo-storbyen|\r"
REQUESTS = tuple(sorted(number for number, cls in sip2.MESSAGES.items() if cls.answered_by is not None))
UTF8 = sip2.Codec("utf-8")


@pytest.fixture(scope="module")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A daemon to throw things at."""
    async with running(await demo(tmp_path_factory.mktemp("target") / "world"), settings=PATIENT) as daemon:
        yield daemon


samples = st.sampled_from([sample.wire("utf-8") for sample in SAMPLES])
sealed = st.builds(
    lambda message, digit, has_sum: sip2.seal(UTF8.encode(message), digit, has_sum, b""),
    messages(REQUESTS),
    st.none() | st.sampled_from("0123456789"),
    st.booleans(),
)
fragments = st.one_of(
    st.binary(max_size=80),
    samples,
    sealed,
    st.builds(lambda raw, cut: raw[:cut], samples, st.integers(0, 80)),
    st.builds(lambda raw, at, odd: raw[:at] + odd + raw[at:], samples, st.integers(0, 80), st.binary(max_size=4)),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\0", b"|", b"97", b"97AZFEF5", LOGIN, b"9300CNx|COy|"]),
    st.sampled_from([number.encode() for number in REQUESTS]),
)
conversations = st.lists(st.tuples(fragments, st.sampled_from([b"", b"\r", b"\r", b"\r\n"])), max_size=12)


@pytest.mark.parametrize("logged_in", [True, False])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pieces=conversations, ends=st.booleans())
def test_whatever_comes_the_session_answers_in_sip2_or_not_at_all(
    target: Served, logged_in: bool, pieces: list[tuple[bytes, bytes]], ends: bool
) -> None:
    async def converse() -> None:
        before = target.counted("open_connections", listener="sip2")
        with line_to(target.door) as line:
            if logged_in:
                assert await line.hear(LOGIN) == b"941\r"
            for raw, end in pieces:
                line.feed(raw + end)
            if ends:
                line.end_of_input()
            answers = valid_answers(await line.settle())
            asked = sum((raw + end).count(b"\r") + (raw + end).count(b"\n") for raw, end in pieces)
            assert len(answers) <= asked + logged_in
            assert line.session.closing in ({"peer", "login"} if ends else {None, "login"})
        assert target.counted("open_connections", listener="sip2") == before
        assert target.counted("requests_in_progress", protocol="sip2") == 0

    run(converse())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(asked=st.lists(messages(REQUESTS).filter(lambda message: message.number not in {"93", "97"}), max_size=6))
def test_every_request_gets_exactly_one_answer_of_its_own_kind(target: Served, asked: list[sip2.Message]) -> None:
    async def converse() -> None:
        with line_to(target.door) as line:
            await line.hear(LOGIN)
            heard = await line.hear(b"".join(UTF8.encode(message) + b"\r" for message in asked))
            assert [answer.number for answer in valid_answers(heard)] == [
                type(message).answered_by for message in asked
            ]

    run(converse())


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pin=st.text(max_size=20).filter(lambda text: text != "5926"))
def test_no_other_pin_than_the_right_one_ever_proves_anything(target: Served, pin: str) -> None:
    asked = sip2.PatronInformation(
        language="000",
        transaction_date="",
        summary="",
        institution_id="",
        patron_identifier="N001000002",
        patron_password=pin,
    )

    async def ask() -> None:
        with line_to(target.door) as line:
            await line.hear(LOGIN)
            (answer,) = valid_answers(await line.hear(UTF8.encode(asked) + b"\r"))
            assert isinstance(answer, sip2.PatronInformationResponse)
            assert (answer.valid_patron_password, answer.personal_name) == ("N", "")

    run(ask())
