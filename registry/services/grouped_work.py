"""Writes of the hot path: all that is asked while one transaction is under way is done in the next one.

A commit waits for the disk, so a burst of small writes costs what a few do. Each step is judged in its turn and sees
what those before it wrote; none is told of its end before all of it is durable. A step may say that it cannot be
decided yet; it is tried again once others have ended, and nobody overtakes it meanwhile who waits for the same.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.services.ports import OpenUnitOfWork, UnitOfWork

Outcome = TypeVar("Outcome")

_MOST_AT_ONCE = 128
# Those who wait for the same thing seldom all get it; more of them are not even tried in one transaction.
_MOST_IN_LINE = 32
# What another process ends is not told here.
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class NotYet:
    """What a step returns that cannot be decided now: ``key`` is what it waits for, one of the step's own keys."""

    key: Hashable


Step = Callable[[UnitOfWork], Awaitable[Outcome | NotYet]]


@dataclass(slots=True, eq=False, kw_only=True)
class _Waiting:
    """A step on its way. ``stuck_at`` is the key that it waits for, ``is_late`` tells that nobody waits for it."""

    step: Step[Any]
    card: CardNumber | None
    terminal: str | None
    keys: tuple[Hashable, ...]
    stuck_at: Hashable | None = None
    is_late: bool = False
    tries: int = 0
    future: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, outcome: object) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        if not self.future.done():
            self.future.set_exception(error)

    def key_in(self, lines: set[Hashable]) -> Hashable | None:
        return next((key for key in self.keys if key in lines), None)


class GroupedWork:
    """Runs steps in units of work that they share, one such unit after the other."""

    def __init__(self, work: OpenUnitOfWork) -> None:
        self._work = work
        self._queue: list[_Waiting] = []
        self._news = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._closed = False

    async def do(
        self,
        step: Step[Outcome],
        *,
        card: CardNumber | None = None,
        terminal: str | None = None,
        keys: tuple[Hashable, ...] = (),
        within: float = math.inf,
    ) -> Outcome:
        """Return what ``step`` returns, once it is durable.

        ``card`` and ``terminal`` are held from the beginning, so that processes never wait for one another in a ring:
        name what the step writes of. ``keys`` are what it may have to wait for. It begins ``within`` so many seconds
        or is left out, as it is when the asker has gone; it may run twice, the first time without effect. Raises what
        the step raised, and ``RegisterUnavailable``.
        """
        waiting = self._put(step, card, terminal, keys)
        try:
            await asyncio.wait({waiting.future}, timeout=None if within == math.inf else within)
        finally:
            waiting.is_late = True
        if not waiting.future.done() and waiting in self._queue:
            self._queue.remove(waiting)
            waiting.fail(_too_late())
        outcome: Outcome = await waiting.future
        return outcome

    def soon(self, step: Step[Any], *, card: CardNumber | None = None) -> None:
        """Have ``step`` done without waiting for it, before whatever is asked from now on."""
        self._put(step, card, None, ())

    async def close(self) -> None:
        """Do what need not wait for anything else, and take no more."""
        self._closed = True
        self._news.set()
        if self._running is not None:
            await asyncio.wait({self._running})

    def _put(
        self, step: Step[Any], card: CardNumber | None, terminal: str | None, keys: tuple[Hashable, ...]
    ) -> _Waiting:
        waiting = _Waiting(step=step, card=card, terminal=terminal, keys=keys)
        waiting.future.add_done_callback(_read)
        if self._closed:
            waiting.fail(RegisterUnavailable("the register is closed"))
            return waiting
        self._queue.append(waiting)
        self._news.set()
        if self._running is None:
            self._running = asyncio.ensure_future(self._run())
        return waiting

    async def _run(self) -> None:
        try:
            while self._queue:
                self._news.clear()
                taken = self._take()
                if taken and not await self._ended_any(_Group(taken)):
                    await self._pause()
        finally:
            self._running = None

    async def _pause(self) -> None:
        """Wait for something to happen: here, or in a process that does not tell us."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._news.wait()

    def _take(self) -> list[_Waiting]:
        """Take what is done next: first what waits for nothing, then the others in the order in which they came."""
        taken, left = list[_Waiting](), list[_Waiting]()
        lines, full = Counter[Hashable | None](), set[Hashable]()
        for waiting in sorted(self._queue, key=lambda each: bool(each.keys)):
            if waiting.is_late or (self._closed and waiting.keys):
                waiting.fail(_too_late())
                continue
            if waiting.stuck_at is None:
                waiting.stuck_at = waiting.key_in(full)
            line = waiting.stuck_at
            lines[line] += 1
            if lines[line] <= (_MOST_AT_ONCE if line is None else _MOST_IN_LINE):
                taken.append(waiting)
                continue
            left.append(waiting)
            if line is not None:
                full.add(line)
        self._queue = left
        return taken

    async def _ended_any(self, group: _Group) -> bool:
        """Run a row of steps; return whether any came to its end."""
        # A task of its own, so that whatever goes wrong in it reaches those who wait, and never ends this row.
        running = asyncio.ensure_future(group.run(self._work))
        await asyncio.wait({running})
        error = RegisterUnavailable("the program ends") if running.cancelled() else running.exception()
        if error is None:
            for waiting, outcome in group.ended:
                waiting.end(outcome)
            self._queue[:0] = group.stuck
            return bool(group.ended)
        # All was rolled back. Where one step broke, the others are none the worse for it and are done again; but where
        # the database fails a second time, they have waited long enough.
        for waiting in group.taken:
            waiting.tries += 1
            is_outage = isinstance(error, RegisterUnavailable)
            if group.at in (None, waiting) or (is_outage and waiting.tries > 1):
                waiting.fail(_for_each(error))
        self._queue[:0] = [waiting for waiting in group.taken if not waiting.future.done()]
        return True


class _Group:
    """Steps that share one unit of work, and how far they have come."""

    def __init__(self, taken: list[_Waiting]) -> None:
        self.taken = taken
        self.ended: list[tuple[_Waiting, object]] = []
        self.stuck: list[_Waiting] = []
        self.at: _Waiting | None = None

    async def run(self, open_work: OpenUnitOfWork) -> None:
        """Run the steps one after the other and commit; those that cannot be decided yet are ``stuck``."""
        lines = set[Hashable]()
        async with open_work() as work:
            await work.attempts.hold(
                {waiting.card for waiting in self.taken if waiting.card is not None},
                {waiting.terminal for waiting in self.taken if waiting.terminal is not None},
            )
            for waiting in self.taken:
                self.at = waiting
                line = waiting.key_in(lines)
                outcome = await waiting.step(work) if line is None else NotYet(line)
                if isinstance(outcome, NotYet):
                    lines.add(outcome.key)
                    waiting.stuck_at = outcome.key
                    self.stuck.append(waiting)
                else:
                    self.ended.append((waiting, outcome))
            self.at = None


def _too_late() -> RegisterUnavailable:
    return RegisterUnavailable("what is under way did not end in time")


def _for_each(error: BaseException) -> BaseException:
    """Return an exception of its own for each who waits, lest they add to one another's traceback."""
    if not isinstance(error, RegisterUnavailable):
        return error
    outage = RegisterUnavailable(str(error))
    outage.__cause__ = error.__cause__
    return outage


def _read(future: asyncio.Future[Any]) -> None:
    # Also where nobody waits any more, or asyncio would report it as lost.
    if not future.cancelled():
        future.exception()
