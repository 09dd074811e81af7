"""The link to a library system as it should be: login, status, keep-alive, loss and return, and how it ends."""

from __future__ import annotations

import asyncio

import pytest

from gateway.simulators.ils import Kind
from gateway.sip2.ils_outcomes import Answered, Failed
from gateway.sip2.ils_status import PRESUMED
from gateway.sip2.ils_system import IlsLogin, LibrarySystem
from gateway.upstream.addresses import Address
from gateway.upstream.breaker import BreakerRules, BreakerState
from gateway.upstream.failures import FailureKind
from gateway.upstream.strikes import StrikeRules
from protocols import sip2
from protocols.sip2 import Frame
from tests.clocks import HandClock
from tests.gateway.sip2.ils_world import LOGIN, SHORT, Linked, linked
from tests.gateway.sip2.scripted_ils import STATUS, courteous, in_kind, scripted
from tests.gateway.worlds import until
from tests.simulators.ils_library import ANE, BO, FREE
from tests.simulators.ils_line import fault, running
from tests.simulators.ils_requests import LIBRARY, checkin, checkout, information

LOAN, LOOK = checkout(ANE, FREE), information(ANE)


def answered_64(frame: Frame) -> bytes:
    """A 64 for the patron of `LOOK`, and the courtesies."""
    if frame.number != "63":
        return courteous(frame)
    return in_kind(frame, b"64" + b" " * 14 + b"01220261123    101530" + b"0000" * 6 + b"AONO-1|AAS1|AEA|BLY|CQY|")


async def test_the_first_request_connects_logs_in_and_learns_what_the_ils_can_do() -> None:
    async with scripted(answered_64) as ils, linked(ils.port) as world:
        assert isinstance(await world.ask(LOOK), Answered)
        assert ils.numbers == ["93", "99", "63"]
        assert [frame.sequence for frame in ils.frames] == ["0", "1", "2"]
        assert b"CNautomat|COhemmelig|CPHOVED|" in ils.frames[0].body
        assert world.link.status is not None
        assert world.link.status.online_status == "Y"
        assert world.peer.status == world.link.status


async def test_a_link_opened_in_the_background_is_ready_for_the_first_card() -> None:
    async with scripted(answered_64) as ils, linked(ils.port) as world:
        world.link.open()
        world.link.open()
        await ils.until(lambda: "99" in ils.numbers)
        assert isinstance(await world.ask(LOOK), Answered)
        assert (ils.numbers, ils.connections) == (["93", "99", "63"], 1)


async def test_without_a_login_and_a_status_the_request_itself_comes_first() -> None:
    async with scripted(answered_64) as ils, linked(ils.port, login=None, asks_status=False) as world:
        assert isinstance(await world.ask(LOOK), Answered)
        assert ils.numbers == ["63"]


async def test_a_link_may_have_a_login_of_its_own() -> None:
    async with scripted(answered_64) as ils, linked(ils.port) as world:
        world.link = world.peer.link(IlsLogin("kiosk-3", "annet"))
        await world.ask(LOOK)
        assert b"CNkiosk-3|COannet|" in ils.frames[0].body


async def test_without_error_detection_neither_digit_nor_checksum_is_sent() -> None:
    async with scripted(answered_64) as ils, linked(ils.port, profile={"error_detection": False}) as world:
        assert isinstance(await world.ask(LOOK), Answered)
        assert {(frame.sequence, frame.checksum) for frame in ils.frames} == {(None, sip2.Checksum.ABSENT)}


@pytest.mark.parametrize(("terminator", "encoding"), [("\r\n", "cp850"), ("\n", "utf-8"), ("\r", "iso-8859-1")])
async def test_the_ils_is_spoken_to_in_its_own_charset_and_terminator(terminator: str, encoding: str) -> None:
    line = {"encoding": encoding, "terminator": {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}[terminator]}
    profile = {"encoding": encoding, "terminator": terminator}
    async with running(line=line) as ils, linked(ils.port, profile=profile) as world:
        answer = await world.answer(LOOK)
        assert isinstance(answer, sip2.PatronInformationResponse)
        assert answer.personal_name == "Ane Ås"


async def test_the_ils_gets_the_institution_that_it_wants_and_the_kiosk_its_own_back() -> None:
    async with scripted(answered_64) as ils, linked(ils.port, institution="NO-1") as world:
        answer = await world.answer(LOOK)
        assert b"AONO-1|" in ils.frames[-1].body
        assert sip2.first(answer, "AO") == LIBRARY


async def test_an_institution_of_somebody_else_in_an_answer_stays() -> None:
    async with scripted(answered_64) as ils, linked(ils.port, institution="NO-2") as world:
        assert sip2.first(await world.answer(LOOK), "AO") == "NO-1"


async def test_an_answer_is_taken_whatever_its_case_and_blanks_of_the_card() -> None:
    async with scripted(answered_64) as ils, linked(ils.port) as world:
        assert isinstance(await world.ask(information(" s1 ")), Answered)


@pytest.mark.parametrize(("proves", "kinds"), [(True, FailureKind.OTHER_PATRON), (False, None)])
async def test_an_ils_that_knows_patrons_by_two_numbers_may_be_believed(
    proves: bool, kinds: FailureKind | None
) -> None:
    async with scripted(answered_64) as ils, linked(ils.port, proves_patron=proves) as world:
        outcome = await world.ask(information("alias"))
        assert outcome == Failed(kinds) if kinds else isinstance(outcome, Answered)


async def test_a_patron_named_in_the_answer_to_a_checkin_is_whoever_had_the_item() -> None:
    async with running() as ils, linked(ils.port) as world:
        await world.answer(checkout(BO, FREE))
        back = await world.answer(checkin(FREE))
        assert isinstance(back, sip2.CheckinResponse)
        assert back.patron_identifier == BO


# What the ILS can do.


async def test_a_status_is_asked_for_and_there_is_none_where_there_is_no_ils() -> None:
    async with running() as ils, linked(ils.port) as world:
        assert not world.link.is_status_known
        told = await world.link.learn(world.clock() + 60.0)
        assert told is not None
        assert (told.online_status, world.link.is_status_known) == ("Y", True)
        await ils.simulator.close_port()
        await until(lambda: not world.link.is_connected)
        # The last one is still at hand, and says nothing of now.
        assert (world.link.status, world.link.is_status_known) == (told, False)
        assert await world.link.learn(world.clock() + 60.0) is None


async def test_where_others_are_before_us_the_last_status_counts() -> None:
    async with running(fault(Kind.DROP_AFTER, "63")) as ils, linked(ils.port, in_flight=1, queued=0) as world:
        told = await world.link.learn(world.clock() + 60.0)
        hung = asyncio.ensure_future(world.peer.link().ask(LOOK, world.clock() + 60.0))
        await ils.until(lambda: ils.simulator.counts["63"] == 1)
        assert told is not None
        assert await world.link.learn(world.clock() + 60.0) == told
        assert world.ended() == {"ok": 1, "shed": 1}
        world.peer.close()
        assert await hung == Failed(FailureKind.STOPPED)


async def test_an_ils_that_knows_no_status_is_presumed_to_lend_and_never_asked() -> None:
    clock = HandClock()
    async with scripted(answered_64) as ils, linked(ils.port, clock=clock.monotonic, asks_status=False) as world:
        assert (world.link.status, world.link.is_status_known) == (PRESUMED, True)
        await world.answer(LOOK)
        for _ in range(3):
            await turned(world, clock, 60.0)
            await quiet(world)
        assert ils.numbers == ["93", "63"]
        assert world.link.is_connected


# Loss and return.


async def test_after_a_restart_of_the_ils_the_link_comes_back_logs_in_and_counts_from_zero() -> None:
    async with scripted(answered_64) as ils, linked(ils.port) as world:
        await world.answer(LOOK)
        ils.writers[0].transport.abort()
        await ils.until(lambda: len(ils.frames) == 5)
        assert ils.numbers == ["93", "99", "63", "93", "99"]
        assert [frame.sequence for frame in ils.frames] == ["0", "1", "2", "0", "1"]
        await world.answer(LOOK)
        assert ils.connections == 2


async def test_a_look_up_on_a_connection_that_the_ils_has_closed_is_asked_on_a_new_one() -> None:
    closes = [False]

    def say(frame: Frame) -> bytes | None:
        return None if frame.number == "63" and closes.pop() else answered_64(frame)

    async with scripted(say) as ils, linked(ils.port) as world:
        closes[:] = [True, True, False]
        await world.answer(LOOK)
        closes[:] = [False, True]
        assert isinstance(await world.ask(LOOK), Answered)
        assert world.ended() == {"ok": 2}


async def test_a_loan_on_a_connection_that_the_ils_has_closed_is_not_repeated() -> None:
    def say(frame: Frame) -> bytes | None:
        return None if frame.number == "11" else answered_64(frame)

    async with scripted(say) as ils, linked(ils.port) as world:
        await world.answer(LOOK)
        assert await world.ask(LOAN) == Failed(FailureKind.CLOSED, uncertain=True)
        assert ils.numbers.count("11") == 1


async def test_an_ils_that_comes_back_on_line_is_asked_again_what_only_reads() -> None:
    said = [b"N", b"Y"]

    def say(frame: Frame) -> bytes:
        if frame.number in ("63", "11") and said:
            return in_kind(frame, STATUS.replace(b"98Y", b"98" + said.pop(), 1))
        return answered_64(frame)

    async with scripted(say) as ils, linked(ils.port) as world:
        assert await world.ask(LOOK) == Failed(FailureKind.NOT_ONLINE)
        assert (ils.numbers.count("63"), ils.connections) == (2, 1)
        assert isinstance(await world.ask(LOOK), Answered)
        said.append(b"Y")
        assert await world.ask(LOAN) == Failed(FailureKind.NOT_ONLINE)
        assert ils.numbers.count("11") == 1


async def test_a_status_instead_of_an_answer_without_sequence_digits_proves_nothing() -> None:
    def say(frame: Frame) -> bytes:
        return in_kind(frame, STATUS) if frame.number == "11" else answered_64(frame)

    async with scripted(say) as ils, linked(ils.port, profile={"error_detection": False}) as world:
        assert await world.ask(LOAN) == Failed(FailureKind.NOT_ONLINE, uncertain=True)
        assert not world.link.is_connected


async def test_what_an_ils_says_unasked_is_dropped_and_counted() -> None:
    async with running() as ils, linked(ils.port) as world:
        await world.answer(LOOK)
        ils.simulator.say(b"98NNNNNN\r\x00\x00garbage\r")
        await ils.until(lambda: world.counted("discarded_total") == 2)
        ils.simulator.faults.add(fault(Kind.UNASKED_BEFORE, "63", times=1))
        answer = await world.answer(LOOK)
        assert sip2.first(answer, "AA") == ANE
        assert world.counted("discarded_total") == 3


async def test_an_ils_that_does_not_stop_talking_is_hung_up_on() -> None:
    async with running() as ils, linked(ils.port) as world:
        await world.answer(LOOK)
        ils.simulator.say(b"64again\r" * 100)
        await ils.until(lambda: not world.link.is_connected)
        assert isinstance(await world.ask(LOOK), Answered)


# Idle.


async def turned(world: Linked, clock: HandClock, seconds: float) -> None:
    """Let time pass for what is idle, and let what it does be done."""
    clock.turn(seconds)
    world.peer.idle.look()
    await asyncio.sleep(0)


async def quiet(world: Linked) -> None:
    """Wait until nothing is under way on the link, a keep-alive neither."""
    await until(lambda: not world.link._turn.locked())


async def test_an_idle_link_is_kept_alive_by_a_status_request() -> None:
    clock = HandClock()
    async with scripted(answered_64) as ils, linked(ils.port, clock=clock.monotonic, keep_alive=60.0) as world:
        await world.answer(LOOK)
        await turned(world, clock, 50.0)
        assert ils.numbers.count("99") == 1
        await world.answer(LOOK)
        await turned(world, clock, 50.0)
        assert ils.numbers.count("99") == 1
        await turned(world, clock, 10.0)
        await ils.until(lambda: ils.numbers.count("99") == 2)
        assert isinstance(await world.ask(LOOK), Answered)
        assert ils.connections == 1


@pytest.mark.parametrize(("after", "steps"), [(300.0, (60.0,) * 5), (30.0, (15.0, 15.0))])
async def test_an_idle_link_is_closed_where_the_ils_wants_it_so_and_opened_by_the_next_request(
    after: float, steps: tuple[float, ...]
) -> None:
    clock = HandClock()
    async with scripted(answered_64) as ils, linked(ils.port, clock=clock.monotonic, idle_close=after) as world:
        await world.answer(LOOK)
        for seconds in steps:
            assert world.link.is_connected
            await turned(world, clock, seconds)
            await quiet(world)
        assert not world.link.is_connected
        # It rests, and is not woken by a kiosk that merely asks for the status.
        assert world.link.is_status_known
        await turned(world, clock, 600.0)
        assert ils.connections == 1
        assert isinstance(await world.ask(LOOK), Answered)
        assert ils.connections == 2


# Logins.


async def test_after_three_refused_logins_nobody_tries_again_for_five_minutes() -> None:
    clock = HandClock()
    async with (
        running(fault(Kind.REFUSE_LOGIN)) as ils,
        linked(ils.port, clock=clock.monotonic, strikes=StrikeRules()) as world,
    ):
        links = [world.peer.link() for _ in range(10)]
        outcomes = await asyncio.gather(*(link.ask(LOOK, clock.monotonic() + 60.0) for link in links))
        assert set(outcomes) == {Failed(FailureKind.LOGIN_REFUSED)}
        assert ils.simulator.counts["93"] == 3
        assert len(world.logged("upstream_login_refused")) == 3
        clock.turn(100.0)
        assert await world.ask(LOOK) == Failed(FailureKind.LOGIN_REFUSED)
        assert ils.simulator.counts["93"] == 3
        ils.simulator.faults.clear()
        clock.turn(300.0)
        assert isinstance(await world.ask(LOOK), Answered)
        assert world.peer.state is BreakerState.CLOSED


# Breaker, bulkhead and addresses.


async def test_an_ils_that_hangs_five_times_is_not_waited_for_any_more() -> None:
    async with running(fault(Kind.HANG, "63")) as ils, linked(ils.port, budgets=SHORT) as world:
        outcomes = [await world.ask(LOOK) for _ in range(7)]
        assert outcomes == [Failed(FailureKind.HUNG)] * 5 + [Failed(FailureKind.BREAKER_OPEN)] * 2
        assert world.ended() == {"timeout": 5, "shed": 2}
        assert world.counted("breaker_state") == BreakerState.OPEN
        assert world.logged("upstream_breaker") == [{"peer": "storbyen", "protocol": "sip2", "reason": "open"}]


async def test_an_ils_that_is_back_is_found_by_one_request() -> None:
    clock = HandClock()
    rules = BreakerRules(consecutive=1)
    async with running() as ils, linked(ils.port, clock=clock.monotonic, breaker=rules) as world:
        await ils.simulator.close_port()
        assert await world.ask(LOOK) == Failed(FailureKind.REFUSED)
        assert await world.ask(LOOK) == Failed(FailureKind.BREAKER_OPEN)
        await ils.simulator.open_port()
        clock.turn(10.0)
        first, second = await asyncio.gather(world.ask(LOOK), world.peer.link().ask(LOOK, clock.monotonic() + 60.0))
        assert isinstance(first, Answered)
        assert second == Failed(FailureKind.BREAKER_OPEN)
        assert world.counted("breaker_state") == BreakerState.CLOSED


async def test_more_than_an_ils_has_room_for_waits_and_more_than_that_is_turned_away() -> None:
    async with (
        running(fault(Kind.DELAY, "63", seconds=0.03)) as ils,
        linked(ils.port, in_flight=2, queued=3) as world,
    ):
        links = [world.peer.link() for _ in range(7)]
        outcomes = await asyncio.gather(*(link.ask(LOOK, world.clock() + 5.0) for link in links))
        assert [isinstance(outcome, Answered) for outcome in outcomes] == [True] * 5 + [False] * 2
        assert outcomes[5:] == [Failed(FailureKind.SHED)] * 2
        assert world.ended() == {"ok": 5, "shed": 2}


async def test_those_who_wait_for_an_ils_that_is_given_up_are_told_at_once() -> None:
    rules = BreakerRules(consecutive=1)
    async with (
        running(fault(Kind.CLOSE_BEFORE, "63"), fault(Kind.DELAY, "63", seconds=0.03)) as ils,
        linked(ils.port, in_flight=1, queued=5, breaker=rules) as world,
    ):
        links = [world.peer.link() for _ in range(4)]
        outcomes = await asyncio.gather(*(link.ask(LOOK, world.clock() + 5.0) for link in links))
        assert outcomes == [Failed(FailureKind.CLOSED)] + [Failed(FailureKind.BREAKER_OPEN)] * 3
        assert ils.simulator.counts["63"] == 1
        assert world.ended() == {"error": 1, "shed": 3}


async def test_where_one_address_refuses_the_next_is_asked_at_once_and_stays_first_for_a_while() -> None:
    clock = HandClock()
    async with running() as down, running() as up:
        await down.simulator.close_port()
        async with linked(down.port, up.port, clock=clock.monotonic) as world:
            assert isinstance(await world.ask(LOOK), Answered)
            await down.simulator.open_port()
            await world.peer.link().ask(LOOK, clock.monotonic() + 60.0)
            assert (down.simulator.counts["63"], up.simulator.counts["63"]) == (0, 2)
            clock.turn(10.0)
            await world.peer.link().ask(LOOK, clock.monotonic() + 60.0)
            assert (down.simulator.counts["63"], up.simulator.counts["63"]) == (1, 2)


async def test_links_that_cannot_be_opened_give_the_ils_up_before_anybody_waits_for_it() -> None:
    clock = HandClock()
    async with running() as ils, linked(ils.port, clock=clock.monotonic, openings=2) as world:
        await ils.simulator.close_port()
        links = [world.peer.link() for _ in range(9)]
        for link in links:
            link.open()
        for _ in range(9):
            world.peer.idle.look()
            assert world.peer.openings <= 2
            await ils.until(lambda: world.peer.openings == 0)
            clock.turn(1.0)
        assert await world.ask(LOOK) == Failed(FailureKind.BREAKER_OPEN)
        assert len(world.logged("upstream_failed")) in (5, 6)  # two at once


async def test_a_library_that_hangs_does_not_keep_another_from_being_answered() -> None:
    async with (
        running(fault(Kind.HANG, "63")) as dead,
        running() as alive,
        linked(dead.port) as one,
        linked(alive.port) as other,
    ):
        hung = [asyncio.ensure_future(one.peer.link().ask(LOOK, one.clock() + 5.0)) for _ in range(60)]
        await dead.until(lambda: dead.simulator.counts["63"] == one.system.in_flight)
        assert isinstance(await other.ask(LOOK), Answered)
        assert one.ended() == {"shed": 60 - one.system.in_flight - one.system.queued}
        one.peer.close()
        outcomes = await asyncio.gather(*hung)
        assert {outcome.kind for outcome in outcomes if isinstance(outcome, Failed)} == {
            FailureKind.STOPPED,
            FailureKind.SHED,
        }


def test_no_secret_is_in_what_is_shown_of_a_library_system() -> None:
    shown = repr(LibrarySystem(id="storbyen", addresses=(Address("192.0.2.7", 6001),), login=LOGIN))
    assert "hemmelig" not in shown
    assert "automat" not in shown


# The end.


async def test_a_kiosk_that_leaves_lets_its_request_come_to_an_end_that_is_counted() -> None:
    async with running(fault(Kind.DELAY, "11", seconds=0.03)) as ils, linked(ils.port) as world:
        under_way = asyncio.ensure_future(world.ask(LOAN))
        await ils.until(lambda: ils.simulator.counts["11"] == 1)
        world.link.retire()
        assert isinstance(await under_way, Answered)
        assert world.ended() == {"ok": 1}
        assert not world.link.is_connected
        assert world.link not in world.peer.links
        await ils.until(lambda: ils.simulator.connections == 0)


@pytest.mark.parametrize(("asked", "uncertain"), [(LOAN, True), (LOOK, False)])
async def test_closing_ends_what_is_under_way_and_says_whether_it_may_have_been_done(
    asked: sip2.Message, uncertain: bool
) -> None:
    async with running(fault(Kind.DROP_AFTER, asked.number)) as ils, linked(ils.port) as world:
        under_way = asyncio.ensure_future(world.ask(asked))
        await ils.until(lambda: ils.simulator.counts[asked.number] == 1)
        world.peer.close()
        assert await under_way == Failed(FailureKind.STOPPED, uncertain)
        assert await world.ask(asked) == Failed(FailureKind.STOPPED)
        assert world.counted("uncertain_total", message="11") == float(uncertain)


async def test_an_asker_that_is_cancelled_is_counted_and_its_connection_not_used_again() -> None:
    async with running(fault(Kind.DROP_AFTER, "11")) as ils, linked(ils.port) as world:
        under_way = asyncio.ensure_future(world.ask(LOAN))
        await ils.until(lambda: ils.simulator.counts["11"] == 1)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        assert world.counted("uncertain_total", message="11") == 1
        assert not world.link.is_connected
        assert isinstance(await world.ask(LOOK), Answered)


async def test_two_requests_at_once_are_asked_one_after_the_other() -> None:
    async with running() as ils, linked(ils.port) as world:
        outcomes = await asyncio.gather(world.ask(LOOK), world.ask(information(BO)))
        assert [sip2.first(one.message, "AA") for one in outcomes if isinstance(one, Answered)] == [ANE, BO]
        assert ils.simulator.counts["connect"] == 1
