"""Every fault of the simulated library over NCIP, as our own client meets it, and whether the patron was made."""

from __future__ import annotations

import time

import pytest

from gateway.ncip.ils_outcomes import Answered, Declined, Failed
from gateway.simulators.ils import Kind, read_fault
from gateway.simulators.ils.faults import SIP2_ONLY
from gateway.simulators.ils.ncip_spoiling import SPOILS
from gateway.upstream.failures import FailureKind
from protocols.ncip import Verdict
from tests.simulators.ils_initiator import CARD, IMPATIENT, STRANGER, initiator, name

K = FailureKind
# The fault as it is written, what a CreateUser that meets it ends in, and whether the patron is there then.
SEEN = [
    ("drop-before", Failed(K.HUNG, uncertain=True), False),
    ("drop-after", Failed(K.HUNG, uncertain=True), True),
    ("close-before", Failed(K.CLOSED, uncertain=True), False),
    ("close-after", Failed(K.CLOSED, uncertain=True), True),
    ("close-in-the-middle", Failed(K.HALF_ANSWER, uncertain=True), True),
    ("half-answer", Failed(K.HALF_ANSWER, uncertain=True), True),
    ("hang", Failed(K.HUNG, uncertain=True), False),
    ("garbage", Failed(K.GARBAGE, uncertain=True), True),
    ("plain-text", Failed(K.GARBAGE, uncertain=True), True),
    ("broken-xml", Failed(K.GARBAGE, uncertain=True), True),
    ("too-large", Failed(K.TOO_LARGE, uncertain=True), True),
    ("wrong-message", Failed(K.UNEXPECTED_ANSWER, uncertain=True), True),
    ("slow-bytes seconds=0.05", Failed(K.HALF_ANSWER, uncertain=True), True),
    ("delay seconds=1", Failed(K.HUNG, uncertain=True), True),
    ("http-status", Failed(K.NOT_ONLINE), False),
    ("http-status status=500", Failed(K.UNEXPECTED_ANSWER, uncertain=True), False),
    ("http-status status=404", Failed(K.UNEXPECTED_ANSWER), False),
]


@pytest.mark.parametrize(("written", "ends", "made"), SEEN, ids=lambda value: value if isinstance(value, str) else "")
async def test_a_creation_ends_as_the_table_says(written: str, ends: Failed, made: bool) -> None:
    word, *more = written.split()
    fault = read_fault(" ".join([word, "messages=CreateUser", "times=1", *more]))
    async with initiator(fault) as asks:
        patience = 5.0 if ends.kind in (K.TOO_LARGE, K.GARBAGE) else IMPATIENT
        assert await asks.create(patience) == ends
        assert isinstance(await asks.look_up(STRANGER), Answered) is made
        assert asks.lines.simulator.faults.faults == ()


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("problem", Verdict.RETRYABLE),
        ("problem problem=Unknown_User", Verdict.ABSENT),
        ("problem problem=Duplicate_User", Verdict.DUPLICATE),
        ("problem problem=Agency_Authentication_Failed", Verdict.PERMANENT),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "tcp"])
async def test_a_problem_of_a_chosen_type_is_answered_instead(written: str, verdict: Verdict, scheme: str) -> None:
    async with initiator(read_fault(written), scheme=scheme) as asks:
        outcome = await asks.create()
        assert isinstance(outcome, Declined)
        assert outcome.verdict is verdict
        assert asks.lines.simulator.ledger.enrolled == {}
    assert str(read_fault(written)) == written


async def test_an_answer_about_another_patron_is_found_out() -> None:
    async with initiator(read_fault("other-patron messages=LookupUser")) as asks:
        assert await asks.look_up(CARD) == Failed(K.OTHER_PATRON)


async def test_another_charset_is_read_all_the_same() -> None:
    async with initiator(read_fault("other-charset messages=LookupUser")) as asks:
        told = await asks.record(CARD)
        assert told.user_optional_fields is not None
        assert told.user_optional_fields.name_information == name("Ane Ås")


async def test_slow_bytes_and_delays_within_the_patience_are_borne() -> None:
    async with initiator(read_fault("delay seconds=0.05"), read_fault("slow-bytes seconds=0.0001")) as asks:
        began = time.monotonic()
        assert isinstance(await asks.look_up(CARD), Answered)
        assert time.monotonic() - began > 0.05


async def test_connections_are_refused() -> None:
    async with initiator(read_fault("refuse-connections")) as asks:
        outcome = await asks.create()
        assert isinstance(outcome, Failed)
        assert outcome.kind in (K.CLOSED, K.REFUSED)


@pytest.mark.parametrize("written", [kind.value for kind in sorted(SIP2_ONLY)])
async def test_what_only_sip2_can_suffer_leaves_ncip_alone(written: str) -> None:
    async with initiator(read_fault(written)) as asks:
        assert isinstance(await asks.look_up(CARD), Answered)


def test_every_fault_has_its_place() -> None:
    assert set(SPOILS) == set(Kind) - SIP2_ONLY


@pytest.mark.parametrize(
    ("written", "said"), [("http-status status=99", "status is between"), ("delay messages=Lookup", "no such request")]
)
def test_what_cannot_be_is_refused(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_fault(written)
