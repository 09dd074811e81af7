"""An initiator on real connections to the simulated library's NCIP responder."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gateway.ncip.endpoint import Budgets, Endpoint
from gateway.ncip.ils_client import IlsClient
from gateway.ncip.ils_outcomes import Answered, Outcome
from gateway.observability.metrics import Metrics
from protocols.ncip import CreateUser, LookupUserResponse, Message, Request
from protocols.ncip.elements import NameInformation, PersonalNameInformation, UserId
from tests.gateway.sip2.ils_world import Noted
from tests.simulators.ils_line import Running, running

CARD, STRANGER = "N001234567", "N007654321"
PATIENT, IMPATIENT = 5.0, 0.2


@dataclass(slots=True)
class Initiator:
    """A library system's initiator; `lines` is the simulator that it asks."""

    lines: Running
    client: IlsClient

    async def ask(self, message: Request, patience: float = PATIENT) -> Outcome:
        return await self.client.ask(message, time.monotonic() + patience)

    async def answer(self, message: Request) -> Message:
        """The answer to a request that is performed."""
        outcome = await self.ask(message)
        assert isinstance(outcome, Answered), outcome
        return outcome.message

    async def look_up(self, number: str, pin: str | None = None, patience: float = PATIENT) -> Outcome:
        return await self.client.look_up_user(number, time.monotonic() + patience, pin=pin)

    async def create(self, patience: float = PATIENT, **fields: Any) -> Outcome:
        return await self.ask(newcomer(**fields), patience)

    async def record(self, number: str) -> LookupUserResponse:
        """What is told of a patron."""
        outcome = await self.look_up(number)
        assert isinstance(outcome, Answered)
        assert isinstance(outcome.message, LookupUserResponse)
        return outcome.message


def name(text: str) -> NameInformation:
    return NameInformation(personal_name_information=PersonalNameInformation(unstructured_personal_user_name=text))


def newcomer(**fields: Any) -> CreateUser:
    """Somebody whom the library does not know."""
    usual: dict[str, Any] = {"user_id": UserId(user_identifier_value=STRANGER), "name_information": name("Nora Ny")}
    return CreateUser(**(usual | fields))


@asynccontextmanager
async def initiator(*faults: Any, scheme: str = "http", **settings: Any) -> AsyncIterator[Initiator]:
    """A simulator with these faults, and an initiator that asks it."""
    agency = settings.pop("to_agency", "NO-2030000")
    secret = settings.pop("authentication", None)
    async with running(*faults, **settings) as lines:
        port = await lines.simulator.ncip.start(raw=scheme == "tcp")
        endpoint = Endpoint(
            id="ils",
            url=f"{scheme}://127.0.0.1:{port}",
            from_agency="NO-0030100",
            to_agency=agency,
            authentication=secret,
            budgets=Budgets(total=PATIENT, connect=1.0, least_for_change=0.0),
        )
        metrics = Metrics(version="test", listeners=(), peers=("ils",))
        client = IlsClient(endpoint, clock=time.monotonic, meter=metrics.upstream("ils"), log=Noted())
        try:
            yield Initiator(lines, client)
        finally:
            client.close()
