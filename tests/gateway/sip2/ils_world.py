"""A link to a library system on a real connection, and what was counted and logged of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from gateway.observability.events import EVENTS
from gateway.observability.logs import EventLog
from gateway.observability.metrics import Metrics
from gateway.sip2.ils_link import IlsLink
from gateway.sip2.ils_outcomes import Answered, Outcome
from gateway.sip2.ils_peer import IlsPeer
from gateway.sip2.ils_system import Budgets, IlsLogin, LibrarySystem
from gateway.upstream.addresses import Address
from gateway.upstream.backoff import BackoffRules
from protocols.sip2 import Message, ScProfile

LOGIN = IlsLogin("automat", "hemmelig", "HOVED")
SHORT = Budgets(total=0.15, connect=0.1, resend=0.05, least_for_change=0.0)
"""Budgets for what will not come."""
LONG = Budgets(total=5.0, connect=4.0, resend=4.0, least_for_change=0.0)
"""Budgets for what will."""


class Noted:
    """A log that keeps what it is told, and lets nothing pass that the table of events does not allow."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.failures: list[BaseException] = []

    def event(self, name: str, /, **fields: object) -> None:
        assert fields.keys() <= EVENTS[name].fields
        self.events.append((name, fields))

    def takes(self, name: str) -> bool:
        return True

    def unexpected(self, error: BaseException, /, **fields: object) -> None:
        self.failures.append(error)

    def bind(self, **fields: object) -> EventLog:
        return self

    def card_reference(self, card: str) -> str:
        return "-"


class Linked:
    """An ILS as our process sees it, and a first link to it."""

    def __init__(self, system: LibrarySystem, clock: Callable[[], float]) -> None:
        self.system = system
        self.clock = clock
        self.log = Noted()
        self.metrics = Metrics(version="test", listeners=(), peers=(system.id,))
        self.peer = IlsPeer(
            system, clock=clock, meter=self.metrics.upstream(system.id), log=self.log, chance=lambda: 0.0
        )
        self.link: IlsLink = self.peer.link()

    async def ask(self, message: Message, seconds: float = 60.0) -> Outcome:
        return await self.link.ask(message, self.clock() + seconds)

    async def answer(self, message: Message) -> Message:
        outcome = await self.ask(message)
        assert isinstance(outcome, Answered)
        return outcome.message

    def counted(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"portvakt_upstream_{name}", {"peer": self.system.id, **labels})

    def ended(self) -> dict[str, float]:
        """How often each outcome was counted, those that were not left out."""
        outcomes = ("ok", "refused", "timeout", "error", "shed")
        counted = {outcome: self.counted("requests_total", outcome=outcome) or 0.0 for outcome in outcomes}
        return {outcome: count for outcome, count in counted.items() if count}

    def logged(self, name: str) -> list[dict[str, object]]:
        return [fields for event, fields in self.log.events if event == name]


@asynccontextmanager
async def linked(
    *ports: int,
    budgets: Budgets = LONG,
    clock: Callable[[], float] = time.monotonic,
    profile: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Linked]:
    """A link to whatever listens at these ports of this machine."""
    spoken = ScProfile(**({"encoding": "utf-8"} | (profile or {})))
    usual: dict[str, Any] = {
        "addresses": tuple(Address("127.0.0.1", port) for port in ports),
        "login": LOGIN,
        "reconnect": BackoffRules(0.01, 0.02),
    }
    system = LibrarySystem(
        id="storbyen",
        profile=spoken,
        budgets=budgets,
        **(usual | settings),
    )
    world = Linked(system, clock)
    try:
        yield world
    finally:
        world.peer.close()
        assert world.log.failures == []


def shortly(budgets: Budgets = SHORT, **changed: float) -> Budgets:
    return replace(budgets, **changed)
