"""The daemon's side of ``portvakt capture``: what is asked, which captures run, and how each comes to its end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from gateway import capture_files
from gateway.observability.logs import EventLog
from gateway.sip2.capture import Ended, Recorder
from gateway.version import VERSION
from registry.domain.decisions import RegisterUnavailable
from registry.domain.events import Action, Event
from registry.domain.institution import InstitutionId

LEAST_MINUTES, MOST_MINUTES = 1, 60
_MOST_AT_ONCE = 8
_LONGEST_TEXT = 200

Answer = dict[str, Any]
Audit = Callable[[Event], Awaitable[None]]


class CaptureClock(Protocol):
    """The times that a capture needs."""

    def now(self) -> datetime:
        """Return the wall clock's time, in UTC."""

    def monotonic(self) -> float:
        """Return seconds for deadlines."""


class CapturedDoor(Protocol):
    """The door whose terminals are captured."""

    def institution_of(self, terminal: str) -> InstitutionId | None:
        """Return where a terminal stands, or ``None`` for one that the partner files do not tell of."""

    def record(self, terminal: str, recorder: Recorder) -> int:
        """Have a terminal's sessions recorded, those to come too; return how many are open."""

    def stop_recording(self, terminal: str) -> None:
        """Record a terminal no longer."""


@dataclass(slots=True, kw_only=True)
class Running:
    """A capture that runs."""

    terminal: str
    institution: InstitutionId
    path: Path
    descriptor: int
    recorder: Recorder
    until: float
    ends: datetime
    actor: str


class NotCapturedError(Exception):
    """What was asked for is not done; the text says why."""


class Captures:
    """Starts, bounds and ends captures, each audited; :meth:`look` is a chore."""

    def __init__(
        self, directory: Path, door: CapturedDoor, *, clock: CaptureClock, log: EventLog, audit: Audit
    ) -> None:
        """Be asked through ``directory``, and write there."""
        self._directory = directory
        self._door = door
        self._clock = clock
        self._log = log
        self._audit = audit
        self._running: dict[str, Running] = {}
        self._unaudited: list[Event] = []
        self._turn = asyncio.Lock()
        self._verbs: Mapping[str, Callable[[Answer], Awaitable[Answer]]] = {
            "start": self._start,
            "stop": self._stop,
            "list": self._list,
        }

    def open(self) -> None:
        """Make the directory; what was asked of an earlier daemon is forgotten, for a restart ends every capture."""
        capture_files.make(self._directory)

    async def look(self) -> None:
        """Do what is asked, write what was recorded, end what is over."""
        async with self._turn:
            for name, question in list(capture_files.questions(self._directory)):
                capture_files.answer(self._directory, name, await self._answered(question))
            for one in list(self._running.values()):
                await self._write(one)
                why: Ended | None = one.recorder.ended or ("time" if self._clock.monotonic() >= one.until else None)
                if why is not None:
                    await self._end(one, why, one.actor)
            await self._catch_up()

    async def close(self) -> None:
        """End all captures: the daemon stops."""
        async with self._turn:
            for one in list(self._running.values()):
                await self._end(one, "shutdown", one.actor)

    # What may be asked.

    async def _answered(self, question: Answer) -> Answer:
        verb = self._verbs.get(str(question.get("verb")))
        try:
            if verb is None:
                raise NotCapturedError("the daemon is of another version")
            return {"ok": True, **await verb(question)}
        except NotCapturedError as refused:
            return {"ok": False, "why": str(refused)}

    async def _start(self, question: Answer) -> Answer:
        terminal, reason, actor = (_text(question, name) for name in ("terminal", "reason", "actor"))
        minutes = question.get("minutes")
        if not isinstance(minutes, int) or not LEAST_MINUTES <= minutes <= MOST_MINUTES:
            raise NotCapturedError(f"a capture lasts {LEAST_MINUTES} to {MOST_MINUTES} minutes")
        institution = self._door.institution_of(terminal)
        if institution is None:
            raise NotCapturedError(f"this daemon serves no terminal {terminal}")
        if terminal in self._running:
            raise NotCapturedError(f"{terminal} is being captured already, into {self._running[terminal].path.name}")
        if len(self._running) >= _MOST_AT_ONCE:
            raise NotCapturedError(f"{_MOST_AT_ONCE} captures are running already")
        # Nothing is recorded that is not audited.
        facts = {"terminal": terminal, "minutes": str(minutes), "reason": reason}
        try:
            await self._audit(self._event(Action.CAPTURE_STARTED, actor, institution, facts))
        except RegisterUnavailable:
            raise NotCapturedError("the register does not answer, and nothing is captured unaudited") from None
        return self._begin(terminal, institution, minutes, actor)

    def _begin(self, terminal: str, institution: InstitutionId, minutes: int, actor: str) -> Answer:
        began = self._clock.now()
        path = self._directory / f"{terminal}-{began:%Y%m%dT%H%M%S.%f}Z.jsonl"
        seconds = minutes * 60.0
        one = Running(
            terminal=terminal,
            institution=institution,
            path=path,
            descriptor=capture_files.create(path),
            recorder=Recorder(self._clock.now, self._log.card_reference),
            until=self._clock.monotonic() + seconds,
            ends=datetime.fromtimestamp(began.timestamp() + seconds, UTC),
            actor=actor,
        )
        one.recorder.note(event="started", terminal=terminal, version=VERSION, until=_second(one.ends))
        self._running[terminal] = one
        connections = self._door.record(terminal, one.recorder)
        self._log.event("capture_started", terminal=terminal, institution=institution, minutes=minutes)
        return {"path": str(path), "until": _second(one.ends), "connections": connections}

    async def _stop(self, question: Answer) -> Answer:
        terminal, actor = question.get("terminal"), _text(question, "actor")
        wanted = [one for one in self._running.values() if terminal is None or terminal == one.terminal]
        if terminal is not None and not wanted:
            raise NotCapturedError(f"{terminal} is not being captured")
        for one in wanted:
            await self._end(one, "stopped", actor)
        return {"stopped": [str(one.path) for one in wanted]}

    async def _list(self, _question: Answer) -> Answer:
        return {
            "running": [
                {"terminal": one.terminal, "path": str(one.path), "until": _second(one.ends), "actor": one.actor}
                for one in self._running.values()
            ]
        }

    # From beginning to end.

    async def _end(self, one: Running, why: Ended, actor: str) -> None:
        if self._running.pop(one.terminal, None) is None:
            return
        self._door.stop_recording(one.terminal)
        one.recorder.end(why)
        await self._write(one)
        os.close(one.descriptor)
        why = one.recorder.ended or why
        self._log.event("capture_ended", terminal=one.terminal, institution=one.institution, reason=why)
        facts = {"terminal": one.terminal, "ended": why}
        self._unaudited.append(self._event(Action.CAPTURE_ENDED, actor, one.institution, facts))
        await self._catch_up()

    async def _write(self, one: Running) -> None:
        lines = one.recorder.take()
        if lines:
            try:
                await asyncio.to_thread(_write_all, one.descriptor, lines)
            except OSError:
                one.recorder.end("disk")
                one.recorder.take()

    async def _catch_up(self) -> None:
        """Audit the ends; what the register does not take now it is offered again."""
        while self._unaudited:
            try:
                await self._audit(self._unaudited[0])
            except RegisterUnavailable:
                return
            del self._unaudited[0]

    def _event(self, action: Action, actor: str, institution: InstitutionId, facts: Mapping[str, str]) -> Event:
        return Event(action=action, actor=actor, at=self._clock.now(), institution=institution, facts=facts)


def _text(question: Answer, name: str) -> str:
    told = question.get(name)
    if not isinstance(told, str) or not told.strip() or len(told) > _LONGEST_TEXT or not told.isprintable():
        raise NotCapturedError(f"{name}: expected 1 to {_LONGEST_TEXT} printable signs")
    return told.strip()


def _second(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def _write_all(descriptor: int, lines: bytes) -> None:
    left = memoryview(lines)
    while left:
        left = left[os.write(descriptor, left) :]
