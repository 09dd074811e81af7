"""Captures from question to file: who is listened to, what bounds them, what is audited, what stands there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway import capture_files
from gateway.captures import Captures
from gateway.sip2.capture import Recorder
from registry.domain.decisions import RegisterUnavailable
from registry.domain.events import Action, Event
from registry.domain.institution import InstitutionId
from tests.clocks import HandClock
from tests.gateway.kiosks import Kiosk, information, status
from tests.gateway.libraries import Library, library
from tests.gateway.sip2.ils_world import Noted
from tests.gateway.worlds import Served, World, running, until

START = {"verb": "start", "terminal": "kiosk-1", "minutes": 10, "reason": "case 4711", "actor": "operator kari"}


class Door:
    """A door with one terminal, which says nothing unless told to."""

    def __init__(self) -> None:
        self.recorders: dict[str, Recorder] = {}

    def institution_of(self, terminal: str) -> InstitutionId | None:
        return InstitutionId("NO-2030000") if terminal.startswith("kiosk-") else None

    def record(self, terminal: str, recorder: Recorder) -> int:
        self.recorders[terminal] = recorder
        return 3

    def stop_recording(self, terminal: str) -> None:
        del self.recorders[terminal]


class Desk:
    """Captures with everything around them in hand."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock, self.door, self.log = HandClock(), Door(), Noted()
        self.audited: list[Event] = []
        self.register_is_down = False
        self.captures = Captures(directory, self.door, clock=self.clock, log=self.log, audit=self.audit)
        self.captures.open()

    async def audit(self, event: Event) -> None:
        if self.register_is_down:
            raise RegisterUnavailable("down")
        self.audited.append(event)

    async def ask(self, **changes: Any) -> dict[str, Any]:
        asking = asyncio.ensure_future(asyncio.to_thread(capture_files.ask, self.directory, {**START, **changes}))
        while not asking.done():
            await self.captures.look()
            await asyncio.sleep(0.005)
        return await asking

    def lines(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(answer["path"]).read_text("utf-8").splitlines()]

    def actions(self) -> list[tuple[Action, str]]:
        return [(event.action, event.facts.get("ended", "")) for event in self.audited]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "captures")


async def test_a_capture_is_audited_and_ends_by_itself_when_its_time_is_over(desk: Desk) -> None:
    answer = await desk.ask()
    assert answer["ok"]
    assert answer["connections"] == 3
    assert answer["until"] == "2026-11-23T09:25:00+00:00"
    path = Path(answer["path"])
    assert path.name.startswith("kiosk-1-20261123T0915")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.directory.stat().st_mode) == 0o700
    assert desk.actions() == [(Action.CAPTURE_STARTED, "")]
    assert desk.audited[0].facts == {"terminal": "kiosk-1", "minutes": "10", "reason": "case 4711"}
    desk.clock.turn(599)
    await desk.captures.look()
    assert "kiosk-1" in desk.door.recorders
    desk.clock.turn(1)
    await desk.captures.look()
    assert desk.door.recorders == {}
    assert desk.actions()[1:] == [(Action.CAPTURE_ENDED, "time")]
    assert [line["event"] for line in desk.lines(answer)] == ["started", "ended: time"]
    assert [name for name, _ in desk.log.events] == ["capture_started", "capture_ended"]


async def test_a_capture_that_is_full_ends(desk: Desk) -> None:
    answer = await desk.ask()
    for _ in range(9000):
        desk.door.recorders["kiosk-1"].note(event="x" * 1000)
    await desk.captures.look()
    assert desk.actions()[1:] == [(Action.CAPTURE_ENDED, "size")]
    assert Path(answer["path"]).stat().st_size <= 8 * 1024 * 1024
    assert desk.lines(answer)[-1]["event"] == "ended: size"


async def test_a_capture_is_stopped_by_name_or_all_are(desk: Desk) -> None:
    for terminal in ("kiosk-1", "kiosk-2", "kiosk-3"):
        await desk.ask(terminal=terminal)
    assert len((await desk.ask(verb="stop", terminal="kiosk-2", actor="operator ola"))["stopped"]) == 1
    assert desk.audited[-1].actor == "operator ola"
    assert [one["terminal"] for one in (await desk.ask(verb="list"))["running"]] == ["kiosk-1", "kiosk-3"]
    assert len((await desk.ask(verb="stop", terminal=None))["stopped"]) == 2
    assert (await desk.ask(verb="list"))["running"] == []
    assert desk.actions()[3:] == [(Action.CAPTURE_ENDED, "stopped")] * 3


async def test_the_end_of_the_daemon_ends_every_capture(desk: Desk) -> None:
    answer = await desk.ask()
    await desk.captures.close()
    assert desk.lines(answer)[-1]["event"] == "ended: shutdown"
    assert desk.actions()[1:] == [(Action.CAPTURE_ENDED, "shutdown")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"terminal": "../../etc/passwd"}, "serves no terminal"),
        ({"terminal": ""}, "terminal: expected"),
        ({"minutes": 0}, "1 to 60 minutes"),
        ({"minutes": 61}, "1 to 60 minutes"),
        ({"minutes": "10"}, "1 to 60 minutes"),
        ({"reason": " "}, "reason: expected"),
        ({"reason": "x" * 201}, "reason: expected"),
        ({"reason": "two\nlines"}, "reason: expected"),
        ({"actor": None}, "actor: expected"),
        ({"verb": "erase"}, "another version"),
        ({"verb": "stop", "terminal": "kiosk-1"}, "not being captured"),
    ],
)
async def test_what_cannot_be_captured_is_said_why(desk: Desk, changes: dict[str, Any], why: str) -> None:
    answer = await desk.ask(**changes)
    assert not answer["ok"]
    assert why in answer["why"]
    assert desk.audited == []
    assert list(desk.directory.iterdir()) == []


async def test_a_terminal_is_captured_once_at_a_time_and_a_handful_at_once(desk: Desk) -> None:
    await desk.ask()
    assert "already" in (await desk.ask())["why"]
    for number in range(2, 9):
        assert (await desk.ask(terminal=f"kiosk-{number}"))["ok"]
    assert "8 captures" in (await desk.ask(terminal="kiosk-9"))["why"]


async def test_nothing_is_captured_that_cannot_be_audited_and_an_end_is_audited_later(desk: Desk) -> None:
    desk.register_is_down = True
    assert "unaudited" in (await desk.ask())["why"]
    assert desk.door.recorders == {}
    desk.register_is_down = False
    await desk.ask()
    desk.register_is_down = True
    await desk.ask(verb="stop")
    assert desk.door.recorders == {}
    await desk.captures.look()
    desk.register_is_down = False
    await desk.captures.look()
    assert desk.actions() == [(Action.CAPTURE_STARTED, ""), (Action.CAPTURE_ENDED, "stopped")]


async def test_a_full_disk_ends_the_capture_and_nothing_else(desk: Desk) -> None:
    answer = await desk.ask()
    running = desk.captures._running["kiosk-1"]
    os.close(running.descriptor)
    running.descriptor = os.open("/dev/full", os.O_WRONLY)
    desk.door.recorders["kiosk-1"].note(event="lost")
    await desk.captures.look()
    assert desk.actions()[1:] == [(Action.CAPTURE_ENDED, "disk")]
    assert [line["event"] for line in desk.lines(answer)] == ["started"]


def _readable_by_others(path: Path) -> None:
    path.write_text(json.dumps(START))
    path.chmod(0o640)


def _a_link(path: Path) -> None:
    real = path.parent.parent / "real"
    real.write_text(json.dumps(START))
    real.chmod(0o600)
    path.symlink_to(real)


def _a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def _private(text: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(text)
        path.chmod(0o600)

    return write


@pytest.mark.parametrize(
    "forge", [_readable_by_others, _a_link, _a_pipe, _private("{"), _private("[]"), _private(" " * 20_000)]
)
async def test_a_question_that_cannot_be_trusted_is_passed_over(desk: Desk, forge: Callable[[Path], None]) -> None:
    forge(desk.directory / ".ask-0000")
    await desk.captures.look()
    assert desk.audited == []
    assert not list(desk.directory.glob(".answer-*"))
    assert (await desk.ask())["ok"]


async def test_what_was_asked_of_an_earlier_daemon_is_forgotten(desk: Desk) -> None:
    _private(json.dumps(START))(desk.directory / ".ask-0000")
    desk.captures.open()
    await desk.captures.look()
    assert desk.audited == []


def test_where_nobody_answers_nothing_is_left_behind(tmp_path: Path) -> None:
    with pytest.raises(capture_files.NobodyAnswersError):
        capture_files.ask(tmp_path, START, seconds=0.1)
    assert list(tmp_path.iterdir()) == []


# With a daemon and a library system.


@pytest.fixture
async def storbyen(world: World) -> AsyncIterator[Library]:
    async with library(world) as both:
        yield both


async def started(served: Served, **changes: Any) -> dict[str, Any]:
    question = {**START, "terminal": "storbyen-1", **changes}
    return await asyncio.to_thread(capture_files.ask, captures_of(served), question)


def captures_of(served: Served) -> Path:
    return served.daemon._settings.state.directory / "captures"


async def everything_asked(kiosk: Kiosk) -> None:
    for card, pin in (("S100001", "6417"), ("N001000002", "5926"), ("N001000001", "4817"), ("N001000002", "9999")):
        await kiosk.status(card, pin)
        await kiosk.information(card, pin)
        await kiosk.ask(status(card))
    await kiosk.say(b"63012garbage")
    await kiosk.say(b"63012" + b"2026" + b"AONO-2030000|AAN001000002|AD5926|")


async def test_a_captured_conversation_shows_both_sides_and_nothing_of_a_patron(storbyen: Library) -> None:
    served = storbyen.served
    async with storbyen.kiosk() as before, storbyen.kiosk() as other:
        await before.information("S100001", "6417")
        answer = await started(served)
        assert answer["connections"] == 2
        await everything_asked(before)
        async with storbyen.kiosk() as later, storbyen.kiosk("storbyen-door") as door:
            await everything_asked(later)
            await door.status("S100002", "3852")
        await other.status("S100003", "7906")
        stopped = await asyncio.to_thread(
            capture_files.ask, captures_of(served), {"verb": "stop", "terminal": None, "actor": "operator kari"}
        )
        assert stopped["stopped"] == [answer["path"]]
        written = Path(answer["path"]).read_bytes()
        await before.information("S100001", "6417")
        assert Path(answer["path"]).read_bytes() == written
    lines = [json.loads(line) for line in written.splitlines()]
    said = {(line["side"], line["from"]) for line in lines if "message" in line}
    assert said == {("kiosk", "kiosk"), ("kiosk", "portvakt"), ("ils", "portvakt"), ("ils", "ils")}
    # The later kiosk's link logs in before our eyes; the door is another terminal.
    assert any(line.get("message") == "93" and line["side"] == "ils" for line in lines)
    assert len({line["conn"] for line in lines if "conn" in line}) == 3
    assert any("unreadable 63" in line.get("event", "") for line in lines)
    for secret in ("6417", "5926", "4817", "7906", "N001000002", "N001000001", "S100001", "S100003", "S200002"):
        assert not re.search(rf"(?<![0-9A-Za-z.]){secret}(?![0-9A-Za-z])".encode(), written), secret
    for name in ("Hætta", "Jonas", "Ågot", storbyen.patron("S100001").name, "demo-storbyen"):
        assert name.encode() not in written, name
    ours = served.logs.card_reference("N001000002").encode()
    assert b"card_ref " + ours in written


async def test_nothing_is_captured_unless_it_was_asked_for_and_no_restart_brings_it_back(world: World) -> None:
    async with library(world) as first:
        answer = await started(first.served)
        assert answer["ok"]
        path = Path(answer["path"])
    assert "ended: shutdown" in path.read_text()
    size = path.stat().st_size
    async with running(world) as second, second.kiosk("fjordby-1") as kiosk:
        await kiosk.ask(information("N001000001", "4817"))
        assert second.door._recorders == {}
    assert path.stat().st_size == size
    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_captures_are_in_the_audit_trail_and_in_the_log(world: World) -> None:
    async with library(world) as both:
        await started(both.served, minutes=1)
        await until(lambda: both.served.door.recorder("storbyen-1") is not None)
        both.served.clock.turn(61)
        await until(lambda: both.served.door.recorder("storbyen-1") is None)
        await until(lambda: bool(both.served.events("capture_ended")))
        (began,), (ended,) = both.served.events("capture_started"), both.served.events("capture_ended")
        assert (began["terminal"], began["minutes"], ended["reason"]) == ("storbyen-1", 1, "time")
        assert "case 4711" not in both.served.stream.getvalue()
        assert await both.served.register.database.chain.verify() is None
