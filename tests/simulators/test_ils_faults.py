"""Every fault of the simulated library over real TCP, as an SC meets it; and the plan that says when it strikes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.simulators.ils import SAYS, Fault, FaultPlan, Kind, read_fault
from gateway.simulators.ils.faults import NCIP_ONLY
from protocols import sip2
from protocols.sip2 import Answered, Because, Failed, Resend
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE, FREE
from tests.simulators.ils_line import PATIENCE, fault, running

LEND = asking.checkout(ANE, FREE)


def kinds_of(outcomes: list[sip2.Outcome]) -> list[Any]:
    """What happened, without the messages."""
    return [
        outcome.message.number if isinstance(outcome, Answered) else getattr(outcome, "because", outcome)
        for outcome in outcomes
    ]


# Kind, what an SC sees of a checkout that meets it, and whether the item is lent then.
SEEN = [
    (Kind.DROP_BEFORE, [], False),
    (Kind.DROP_AFTER, [], True),
    (Kind.CLOSE_BEFORE, [Because.LOST], False),
    (Kind.CLOSE_AFTER, [Because.LOST], True),
    (Kind.CLOSE_IN_THE_MIDDLE, [Because.LOST], True),
    (Kind.HALF_ANSWER, [], True),
    (Kind.HANG, [], False),
    (Kind.GARBAGE, [Because.UNREADABLE], True),
    (Kind.PLAIN_TEXT, [Because.UNREADABLE], True),
    (Kind.WRONG_SEQUENCE, [Because.OTHER_SEQUENCE], True),
    (Kind.WRONG_CHECKSUM, [Because.BAD_CHECKSUM, "12"], True),
    (Kind.WRONG_MESSAGE, [Because.UNEXPECTED_ANSWER], True),
    (Kind.TOO_LARGE, [Because.FRAME_TOO_LONG], True),
    (Kind.UNASKED_BEFORE, [Because.OTHER_SEQUENCE, "12"], True),
    (Kind.OFF_LINE, ["98"], False),
    (Kind.ASK_AGAIN, [Because.RESEND_ASKED, "12"], True),
    (Kind.OTHER_PATRON, ["12"], True),
    (Kind.OTHER_CHARSET, ["12"], True),
]


@pytest.mark.parametrize(("kind", "seen", "lent"), SEEN, ids=lambda value: value if isinstance(value, Kind) else "")
async def test_a_fault_is_seen_by_the_sc_as_the_table_says(kind: Kind, seen: list[Any], lent: bool) -> None:
    async with running(fault(kind, "11", times=1)) as lines:
        sc = await lines.sc()
        assert kinds_of(await sc.ask(LEND, PATIENCE)) == seen
        assert (FREE in lines.simulator.ledger.loans) is lent
        assert lines.simulator.faults.faults == ()


def test_every_kind_is_tested_and_told() -> None:
    elsewhere = {Kind.DELAY, Kind.SLOW_BYTES, Kind.UNASKED_AFTER, Kind.REFUSE_LOGIN, Kind.REFUSE_CONNECTIONS}
    assert {row[0] for row in SEEN} | elsewhere | NCIP_ONLY == set(Kind) == set(SAYS)


async def test_an_answer_for_another_patron_is_whole_and_wrong() -> None:
    async with running(fault(Kind.OTHER_PATRON, "11", times=1, patron="S7")) as lines:
        sc = await lines.sc()
        answer = await sc.answer(LEND)
        assert isinstance(answer, sip2.CheckoutResponse)
        assert (answer.ok, answer.patron_identifier) == ("1", "S7")


async def test_an_answer_in_another_charset_has_letters_that_cannot_be_read() -> None:
    async with running(fault(Kind.OTHER_CHARSET, "23", times=1)) as lines:
        sc = await lines.sc()
        names = [sip2.first(await sc.answer(asking.status(ANE)), "AE") for _ in range(2)]
        assert names == ["Ane \ufffds", "Ane Ås"]


async def test_a_frame_that_nobody_asked_for_comes_after_the_answer() -> None:
    async with running(fault(Kind.UNASKED_AFTER, "23", times=1)) as lines:
        sc = await lines.sc()
        assert kinds_of(await sc.ask(asking.status(ANE))) == ["24"]
        assert kinds_of(await sc.wait(PATIENCE)) == [Because.UNASKED]
        assert sip2.first(await sc.answer(asking.status(ANE)), "AA") == ANE


async def test_without_error_detection_an_unasked_frame_is_taken_for_the_answer() -> None:
    async with running(fault(Kind.UNASKED_BEFORE, "23", times=1)) as lines:
        sc = await lines.sc(error_detection=False)
        assert sip2.first(await sc.answer(asking.status(ANE)), "AA") == "S999999"


@pytest.mark.parametrize("kind", [Kind.DELAY, Kind.SLOW_BYTES])
async def test_a_slow_answer_comes_late_and_whole_and_the_next_after_it(kind: Kind) -> None:
    async with running(fault(kind, "23", times=1, seconds=0.001 if kind is Kind.SLOW_BYTES else 0.1)) as lines:
        sc = await lines.sc(error_detection=False)
        began = asyncio.get_running_loop().time()
        sc.write(b"2301220261123    101530AO|AAS1|AC|AD|\r9900802.00\r")
        received = b""
        while received.count(b"\r") < 2:
            received += await sc.read() or b""
        assert asyncio.get_running_loop().time() - began > 0.09
        assert [frame[:2] for frame in received.split(b"\r")] == [b"24", b"98", b""]


async def test_an_sc_that_leaves_during_a_delay_is_forgotten() -> None:
    async with running(fault(Kind.DELAY, "11", seconds=0.05)) as lines:
        sc = await lines.sc()
        assert await sc.ask(LEND, 0.01) == []
        sc.close()
        await lines.until(lambda: lines.simulator.connections == 0)
        assert FREE in lines.simulator.ledger.loans


async def test_a_lost_answer_is_given_from_memory_when_the_sc_asks_again() -> None:
    async with running(fault(Kind.DROP_AFTER, "23", times=1)) as lines:
        sc = await lines.sc()
        assert await sc.ask(asking.status(ANE), PATIENCE) == []
        assert kinds_of(await sc.again()) == [Because.TIMED_OUT, "24"]


async def test_a_fault_for_ever_strikes_repetitions_too() -> None:
    async with running(fault(Kind.DROP_AFTER, "23"), fault(Kind.WRONG_CHECKSUM)) as lines:
        sc = await lines.sc(logged_in=False, retries=2)
        assert await sc.ask(asking.status(ANE), PATIENCE) == [Failed(Because.LOST)]
        sc = await lines.sc(logged_in=False, retries=2)
        assert kinds_of(await sc.ask(asking.login())) == [
            Because.BAD_CHECKSUM,
            Because.BAD_CHECKSUM,
            Because.RETRIES_USED_UP,
        ]
        lines.simulator.faults.clear(Kind.WRONG_CHECKSUM)
        sc = await lines.sc()
        assert await sc.ask(asking.status(ANE), PATIENCE) == []
        assert [type(one) for one in await sc.again(PATIENCE)] == [Resend]


async def test_a_refused_login_leaves_the_sc_a_stranger() -> None:
    async with running(fault(Kind.REFUSE_LOGIN, times=1)) as lines:
        sc = await lines.sc(logged_in=False)
        assert await sc.answer(asking.login()) == sip2.LoginResponse(ok="0")
        assert await sc.answer(asking.login()) == sip2.LoginResponse(ok="1")


async def test_a_refused_connection_is_closed_before_a_word() -> None:
    async with running(fault(Kind.REFUSE_CONNECTIONS, times=1)) as lines:
        sc = await lines.sc(logged_in=False)
        assert await sc.read() == b""
        await lines.sc()
        assert lines.simulator.connections == 1


async def test_a_library_that_is_down_refuses_and_comes_back_on_its_port() -> None:
    async with running() as lines:
        sc = await lines.sc()
        await lines.simulator.close_port()
        assert await sc.ask(LEND) == [Failed(Because.LOST, uncertain=True)]
        with pytest.raises(ConnectionRefusedError):
            await lines.sc()
        await lines.simulator.open_port()
        assert (await (await lines.sc()).answer(LEND)).number == "12"


async def test_connections_can_be_cut_and_talked_into() -> None:
    async with running() as lines:
        sc = await lines.sc()
        lines.simulator.say(b"98YYYYYY\r")
        assert kinds_of(await sc.wait(PATIENCE)) == [Because.UNASKED]
        assert lines.simulator.cut() == 1
        assert await sc.read() == b""


@pytest.mark.parametrize(
    ("told", "struck"),
    [
        ("delay", [True, True, True, True]),
        ("delay times=2", [True, True, False, False]),
        ("delay after=1 times=1", [False, True, False, False]),
        ("delay messages=63,11 times=1", [True, False, False, False]),
        ("delay messages=11", [False, False, False, False]),
        ("refuse-login", [False, False, False, False]),
    ],
)
def test_a_fault_strikes_as_often_as_it_is_told(told: str, struck: list[bool]) -> None:
    plan = FaultPlan([read_fault(told)])
    assert [bool(plan.due("63")) for _ in struck] == struck


def test_a_chance_is_a_chance_and_the_same_seed_the_same_chances() -> None:
    def strikes(seed: int) -> list[bool]:
        plan = FaultPlan([read_fault("delay chance=0.3")], seed)
        return [bool(plan.due("63")) for _ in range(1000)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 250 < sum(strikes(1)) < 350


@pytest.mark.parametrize(
    "text", ["delay", "delay messages=11,63 times=3 seconds=2.5", "too-large size=9", "other-charset charset=cp850"]
)
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    assert str(read_fault(text)) == text


def test_a_plan_tells_what_is_left_of_a_fault() -> None:
    plan = FaultPlan([read_fault("delay times=2 after=1")])
    plan.due("63")
    plan.due("63")
    assert [str(one) for one in plan.faults] == ["delay times=1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no such fault: (none)"),
        ("explode", "no such fault: explode"),
        ("delay seconds", "seconds: one of messages=…"),
        ("delay colour=red", "colour=red: one of messages=…"),
        ("delay seconds=soon", "seconds=soon: not a number"),
        ("delay messages=12", "no such request: 12"),
        ("delay times=0", "times is not 0"),
        ("delay times=-1", "not negative"),
        ("delay chance=2", "chance is above 0 and at most 1"),
        ("other-charset charset=klingon", "charset=klingon: no such charset"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(")", r"\)")):
        read_fault(text)


def test_noise_never_ends_a_frame() -> None:
    noise = FaultPlan().noise(100_000)
    assert (len(noise), b"\r" in noise, b"\n" in noise) == (100_000, False, False)


def test_faults_that_meet_are_all_applied() -> None:
    plan = FaultPlan([Fault(kind=Kind.DELAY, times=1), Fault(kind=Kind.WRONG_CHECKSUM)])
    assert [one.kind for one in plan.due("63")] == [Kind.DELAY, Kind.WRONG_CHECKSUM]
    assert [one.kind for one in plan.due("63")] == [Kind.WRONG_CHECKSUM]
