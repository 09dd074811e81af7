"""The outage table, row by row: each way in which a library system fails, injected, and what the link makes of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.simulators.ils import Fault, Kind
from gateway.sip2.ils_outcomes import Answered, Failed
from gateway.upstream.addresses import Address
from gateway.upstream.failures import FailureKind
from protocols.sip2 import changed
from tests.gateway.sip2.ils_world import SHORT, linked, shortly
from tests.simulators.ils_library import ANE, FREE
from tests.simulators.ils_line import fault, running
from tests.simulators.ils_requests import checkout, information

LOAN = checkout(ANE, FREE)
LOOK = information(ANE)

# fault, budgets, kind, whether a checkout may have been executed
TOLD = [
    (fault(Kind.DROP_BEFORE), FailureKind.HUNG, True),
    (fault(Kind.DROP_AFTER), FailureKind.HUNG, True),
    (fault(Kind.HANG), FailureKind.HUNG, True),
    (fault(Kind.DELAY, seconds=5.0), FailureKind.HUNG, True),
    (fault(Kind.HALF_ANSWER), FailureKind.HALF_ANSWER, True),
    (fault(Kind.SLOW_BYTES, seconds=0.05), FailureKind.HALF_ANSWER, True),
    (fault(Kind.CLOSE_BEFORE), FailureKind.CLOSED, True),
    (fault(Kind.CLOSE_AFTER), FailureKind.CLOSED, True),
    (fault(Kind.CLOSE_IN_THE_MIDDLE), FailureKind.HALF_ANSWER, True),
    (fault(Kind.GARBAGE), FailureKind.GARBAGE, True),
    (fault(Kind.PLAIN_TEXT), FailureKind.GARBAGE, True),
    (fault(Kind.WRONG_CHECKSUM), FailureKind.WRONG_CHECKSUM, True),
    (fault(Kind.WRONG_SEQUENCE), FailureKind.WRONG_SEQUENCE, True),
    (fault(Kind.TOO_LARGE), FailureKind.TOO_LARGE, True),
    (fault(Kind.WRONG_MESSAGE), FailureKind.UNEXPECTED_ANSWER, True),
    (fault(Kind.OTHER_PATRON), FailureKind.OTHER_PATRON, True),
    (fault(Kind.OFF_LINE), FailureKind.NOT_ONLINE, False),
    (fault(Kind.ASK_AGAIN), FailureKind.WRONG_CHECKSUM, False),
]
"""A fault, the kind of failure that it is, and whether a checkout may have been executed under it."""


def _aimed(told: Fault, *numbers: str) -> Fault:
    return Fault(kind=told.kind, messages=frozenset(numbers), seconds=told.seconds)


@pytest.mark.parametrize(("told", "kind", "uncertain"), TOLD, ids=lambda value: str(value).replace(" ", "-"))
async def test_a_loan_under_a_fault_fails_in_its_own_way_and_says_whether_it_may_stand(
    told: Fault, kind: FailureKind, uncertain: bool
) -> None:
    async with running(_aimed(told, "11", "97")) as ils, linked(ils.port, budgets=SHORT) as world:
        assert await world.ask(LOAN) == Failed(kind, uncertain)
        assert world.counted("uncertain_total", message="11") == float(uncertain)
        assert sum(world.ended().values()) == 1
        assert ils.simulator.counts["11"] == (4 if told.kind is Kind.ASK_AGAIN else 1)


@pytest.mark.parametrize(("told", "kind", "uncertain"), TOLD, ids=lambda value: str(value).replace(" ", "-"))
async def test_a_look_up_under_a_fault_is_never_uncertain_and_works_once_the_fault_is_over(
    told: Fault, kind: FailureKind, uncertain: bool
) -> None:
    async with running(_aimed(told, "63", "97")) as ils, linked(ils.port, budgets=SHORT) as world:
        assert await world.ask(LOOK) == Failed(kind)
        ils.simulator.faults.clear()
        assert isinstance(await world.ask(LOOK), Answered)
        assert sum(world.ended().values()) == 2


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (fault(Kind.HANG, "93"), FailureKind.HUNG_BEFORE),
        (fault(Kind.DROP_AFTER, "99"), FailureKind.HUNG_BEFORE),
        (fault(Kind.CLOSE_BEFORE, "93"), FailureKind.CLOSED),
        (fault(Kind.GARBAGE, "93"), FailureKind.GARBAGE),
        (fault(Kind.HALF_ANSWER, "99"), FailureKind.HALF_ANSWER),
        (fault(Kind.REFUSE_LOGIN), FailureKind.LOGIN_REFUSED),
        (fault(Kind.REFUSE_CONNECTIONS), FailureKind.CLOSED),
    ],
    ids=str,
)
async def test_a_fault_before_the_request_was_sent_leaves_no_doubt(told: Fault, kind: FailureKind) -> None:
    async with running(told) as ils, linked(ils.port, budgets=SHORT) as world:
        assert await world.ask(LOAN) == Failed(kind)
        assert ils.simulator.counts["11"] == 0
        assert world.counted("uncertain_total", message="11") == 0


async def test_a_port_where_nobody_listens_refuses() -> None:
    async with linked(_unused_port()) as world:
        assert await world.ask(LOAN) == Failed(FailureKind.REFUSED)
        assert world.ended() == {"refused": 1}


async def test_an_address_that_leads_nowhere_is_unreachable() -> None:
    # Reserved for ever to name nothing (RFC 6761), and answered so by every resolver, the network's or none.
    async with linked(addresses=(Address("nowhere.invalid", 6001),)) as world:
        assert await world.ask(LOAN) == Failed(FailureKind.UNREACHABLE)
        assert world.ended() == {"error": 1}


async def test_a_port_that_never_accepts_is_given_the_budget_for_connecting_and_no_more() -> None:
    with _full_backlog() as port:
        async with linked(port, budgets=SHORT) as world:
            assert await world.ask(LOAN) == Failed(FailureKind.CONNECT_TIMEOUT)
            assert world.ended() == {"timeout": 1}


async def test_a_loan_that_never_left_us_whole_was_not_executed() -> None:
    with _deaf() as port:
        async with linked(port, budgets=SHORT, login=None, asks_status=False) as world:
            endless = changed(LOAN, others=(("XX", "x" * 250),) * 40_000)
            assert await world.ask(endless) == Failed(FailureKind.HUNG_BEFORE)


async def test_a_loan_is_not_sent_with_too_little_time_left_to_hear_of_it() -> None:
    budgets = shortly(total=0.3, least_for_change=0.25)
    async with running(fault(Kind.DELAY, "93", seconds=0.1)) as ils, linked(ils.port, budgets=budgets) as world:
        assert await world.ask(LOAN) == Failed(FailureKind.DEADLINE)
        assert ils.simulator.counts["11"] == 0
        assert isinstance(await world.ask(LOAN), Answered)


async def test_a_deadline_that_has_passed_sends_nothing() -> None:
    async with running() as ils, linked(ils.port) as world:
        assert isinstance(await world.ask(LOOK), Answered)
        assert await world.ask(LOOK, seconds=-1.0) == Failed(FailureKind.DEADLINE)
        assert ils.simulator.counts["63"] == 1


def _unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def _deaf() -> Iterator[int]:
    """A port that takes connections and reads nothing from them."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port: int = listener.getsockname()[1]
        yield port


@contextmanager
def _full_backlog() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next one gets no answer."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port
