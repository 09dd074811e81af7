"""A client of a library system on a real connection, and what was counted and logged of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway.ncip.endpoint import Budgets, Endpoint
from gateway.ncip.ils_client import IlsClient
from gateway.ncip.ils_outcomes import Outcome
from gateway.observability.metrics import Metrics
from protocols.ncip import CreateUser, LookupUserResponse, Request
from protocols.ncip.elements import NameInformation, PersonalNameInformation, UserId, UserOptionalFields
from tests.gateway.sip2.ils_world import Noted

CARD = "N001234567"
NAME = "Kanari Fugl"
PIN = "7391"
SECRET = "agent-kanarifugl"
SHORT = Budgets(total=0.15, connect=0.1, least_for_change=0.0)
LONG = Budgets(total=5.0, connect=4.0, least_for_change=0.0)


def found(number: str = CARD, *others: str) -> LookupUserResponse:
    """The answer that knows somebody."""
    return LookupUserResponse(
        user_id=UserId(user_identifier_value=number),
        user_optional_fields=UserOptionalFields(
            name_information=named(), user_ids=tuple(UserId(user_identifier_value=other) for other in others)
        ),
    )


def named() -> NameInformation:
    return NameInformation(personal_name_information=PersonalNameInformation(unstructured_personal_user_name=NAME))


def newcomer() -> CreateUser:
    """Somebody to be made a patron."""
    return CreateUser(user_id=UserId(user_identifier_value=CARD), name_information=named())


class Asking:
    """A client, and what it tells of itself."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float]) -> None:
        self.endpoint = endpoint
        self.clock = clock
        self.log = Noted()
        self.metrics = Metrics(version="test", listeners=(), peers=(endpoint.id,))
        self.client = IlsClient(
            endpoint, clock=clock, meter=self.metrics.upstream(endpoint.id), log=self.log, chance=lambda: 0.0
        )

    @property
    def by(self) -> float:
        """A deadline that is no matter."""
        return self.clock() + 60.0

    async def ask(self, message: Request) -> Outcome:
        return await self.client.ask(message, self.by)

    async def look_up(self, number: str = CARD, pin: str | None = None) -> Outcome:
        return await self.client.look_up_user(number, self.by, pin=pin)

    async def create(self) -> Outcome:
        return await self.client.create_user(newcomer(), self.by)

    def counted(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"portvakt_upstream_{name}", {"peer": self.endpoint.id, **labels})

    def ended(self) -> dict[str, float]:
        """How often each outcome was counted, those that were not left out."""
        outcomes = ("ok", "refused", "timeout", "error", "shed")
        counted = {outcome: self.counted("requests_total", outcome=outcome) or 0.0 for outcome in outcomes}
        return {outcome: count for outcome, count in counted.items() if count}

    def logged(self, name: str) -> list[dict[str, object]]:
        return [fields for event, fields in self.log.events if event == name]


@asynccontextmanager
async def asking(
    port: int,
    scheme: str = "http",
    *,
    host: str = "127.0.0.1",
    clock: Callable[[], float] = time.monotonic,
    **settings: Any,
) -> AsyncIterator[Asking]:
    """A client of whatever listens at this port."""
    usual: dict[str, Any] = {
        "id": "storbyen",
        "url": f"{scheme}://{host}:{port}" + ("/ncip?at=1" if scheme.startswith("http") else ""),
        "from_agency": "NO-0030100",
        "to_agency": "NO-2030000",
        "system": "portvakt",
        "authentication": SECRET,
        "budgets": LONG,
    }
    world = Asking(Endpoint(**(usual | settings)), clock)
    try:
        yield world
    finally:
        world.client.close()
        assert world.log.failures == []
