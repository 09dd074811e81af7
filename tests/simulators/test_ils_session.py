"""The simulated library on a connection: logins, checksums, resends, strangers, charsets, and a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.simulators.ils import IlsSimulator, StoreError
from gateway.simulators.ils.store import FILE_NAME
from protocols import sip2
from protocols.sip2 import Because, first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE, BO, FREE, LENT, WORLD, Clock
from tests.simulators.ils_line import PATIENCE, running

HELLO = b"9900802.00"


async def test_a_whole_visit() -> None:
    async with running() as lines:
        sc = await lines.sc()
        assert first(await sc.answer(asking.sc_status()), "AN") == "automat"
        assert first(await sc.answer(asking.information(ANE, "4711")), "CQ") == "Y"
        assert (await sc.answer(asking.checkout(ANE, FREE))).number == "12"
        assert first(await sc.answer(asking.checkin(FREE)), "AA") == ANE
        assert (await sc.answer(asking.end(ANE))).number == "36"
        assert lines.simulator.counts == {"connect": 1, "93": 1, "99": 1, "63": 1, "11": 1, "09": 1, "35": 1}


async def test_a_stranger_is_shown_the_door() -> None:
    async with running() as lines:
        sc = await lines.sc(logged_in=False)
        assert (await sc.answer(asking.sc_status())).number == "98"
        assert await sc.ask(asking.status(ANE)) == [sip2.Failed(Because.LOST)]


async def test_a_stranger_may_be_refused_instead() -> None:
    async with running(line={"strangers": "refuse"}) as lines:
        sc = await lines.sc(logged_in=False)
        assert first(await sc.answer(asking.status(ANE)), "AF") == "Ikke innlogget"
        assert await sc.answer(asking.login()) == sip2.LoginResponse(ok="1")


async def test_three_wrong_logins_end_a_connection() -> None:
    async with running() as lines:
        sc = await lines.sc(logged_in=False)
        for _ in range(3):
            assert await sc.answer(asking.login(password="feil")) == sip2.LoginResponse(ok="0")
        assert await sc.read() == b""


async def test_a_library_without_logins_lets_everybody_ask() -> None:
    async with running(line={"login_required": False}) as lines:
        sc = await lines.sc(logged_in=False)
        assert (await sc.answer(asking.status(ANE))).number == "24"


async def test_a_bad_checksum_is_asked_for_again_and_changes_nothing() -> None:
    async with running() as lines:
        sc = await lines.sc()
        sc.write(b"11YN20261123    10160020261123    101600AO|AAS1|ABi1|AC|AY1AZ0000\r")
        assert await sc.read() == b"96AZFEF6\r"
        assert FREE not in lines.simulator.ledger.loans


async def test_the_last_answer_comes_again_byte_for_byte() -> None:
    async with running() as lines:
        sc = await lines.sc()
        sc.write(HELLO + b"\r")
        said = await sc.read()
        sc.write(b"97AZFEF5\r")
        assert await sc.read() == said


@pytest.mark.parametrize("frame", [b"2301", b"11YN", b"63012AO|AAS1|"])
async def test_a_request_that_cannot_be_read_is_asked_for_again(frame: bytes) -> None:
    async with running() as lines:
        sc = await lines.sc()
        sc.write(frame + b"\r")
        assert await sc.read() == b"96AZFEF6\r"


async def test_unknown_numbers_are_ignored() -> None:
    async with running() as lines:
        sc = await lines.sc()
        sc.write(b"77ABC|\r" + HELLO + b"\r")
        assert (await sc.read() or b"").startswith(b"98Y")


async def test_a_silent_sc_is_cut_off() -> None:
    async with running(line={"idle": 0.05}) as lines:
        sc = await lines.sc()
        assert await sc.read() == b""


@pytest.mark.parametrize(
    ("encoding", "terminator", "name"),
    [("cp850", "CRLF", b"Ane \x8fs"), ("latin-1", "LF", b"Ane \xc5s"), ("utf-8", "CR", b"Ane \xc3\x85s")],
)
async def test_charset_and_terminator_are_the_librarys(encoding: str, terminator: str, name: bytes) -> None:
    ends = {"CR": b"|\r", "LF": b"|\n", "CRLF": b"|\r\n"}
    async with running(line={"encoding": encoding, "terminator": terminator}) as lines:
        sc = await lines.sc(encoding=encoding)
        sc.write(b"2301220261123    101530AO|AAS1|AC|AD|\r")
        said = await sc.read() or b""
        assert b"AE" + name + b"|" in said
        assert said.endswith(ends[terminator])


async def test_error_detection_may_be_required() -> None:
    async with running(line={"error_detection": "required", "login_required": False}) as lines:
        sc = await lines.sc(logged_in=False)
        sc.write(HELLO + b"\r")
        assert await sc.read() == b"96AZFEF6\r"


async def test_a_restart_loses_nothing_and_fresh_loses_everything(tmp_path: Path) -> None:
    async with running(state=tmp_path) as lines:
        sc = await lines.sc()
        await sc.answer(asking.checkout(ANE, FREE))
        await sc.answer(asking.block(BO))
        # Killed now: nothing more is written.
        kept = (tmp_path / FILE_NAME).read_bytes()
    assert (tmp_path / FILE_NAME).read_bytes() == kept
    async with running(state=tmp_path) as lines:
        assert lines.simulator.ledger.loans[FREE].patron == ANE
        sc = await lines.sc()
        assert first(await sc.answer(asking.information(BO)), "AF") == "Kortet er sperret"
        assert first(await sc.answer(asking.checkin(FREE)), "AA") == ANE
    fresh = IlsSimulator.open(WORLD, state=tmp_path, fresh=True, clock=Clock())
    assert (FREE in fresh.ledger.loans, fresh.ledger.blocked) == (False, {"S4": "tapt kort"})
    await fresh.stop()


async def test_nothing_is_answered_before_it_is_kept(tmp_path: Path) -> None:
    async with running(state=tmp_path) as lines:
        sc = await lines.sc()
        for asked in (asking.checkout(ANE, FREE), asking.hold("+", ANE, LENT), asking.fee_paid(BO, "80.00")):
            before = (tmp_path / FILE_NAME).read_bytes()
            await sc.answer(asked)
            assert (tmp_path / FILE_NAME).read_bytes() != before


async def test_what_is_kept_about_nobody_is_dropped(tmp_path: Path) -> None:
    async with running(state=tmp_path):
        pass
    smaller = replace(WORLD, patrons=tuple(one for one in WORLD.patrons if one.id != BO), loans=(), fees=())
    simulator = IlsSimulator.open(smaller, state=tmp_path, clock=Clock())
    assert (simulator.dropped, simulator.ledger.loans, simulator.ledger.fees) == (5, {}, [])
    await simulator.stop()


@pytest.mark.parametrize("kept", [b"", b"{", b'{"loans": 3}', b'{"loans": {"i1": {"item": "i1"}}}'])
def test_books_that_cannot_be_read_are_said_so(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(kept)
    with pytest.raises(StoreError, match=f"{FILE_NAME} cannot be read; begin anew with --fresh"):
        IlsSimulator.open(WORLD, state=tmp_path)


async def test_a_folder_serves_one_simulator_at_a_time(tmp_path: Path) -> None:
    async with running(state=tmp_path):
        with pytest.raises(StoreError, match="in use by another simulator"):
            IlsSimulator.open(WORLD, state=tmp_path)


async def test_a_retransmitted_checkout_is_booked_once() -> None:
    async with running() as lines:
        sc = await lines.sc()
        frame = sc.wire.ask(asking.renew(BO, LENT))
        sc.write(frame + frame)
        await sc.wait(PATIENCE)
        await sc.wait(PATIENCE)
        assert lines.simulator.ledger.loans[LENT].renewals == 1
        assert lines.simulator.counts["29"] == 2
