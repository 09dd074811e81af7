"""A Koha carrier and a simulated Koha, and a Koha that says what a test has written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from gateway.delivery.koha import KohaCarrier
from gateway.delivery.koha_system import KohaSystem
from gateway.delivery.mapping import AgeGroup, RecordMapping
from gateway.simulators.koha import Habits, KohaAnswer, KohaRequest, KohaSimulator, KohaWorld, Profile, built_in_koha
from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryId, DeliveryKind, Parcel
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.patron import Address, Language
from registry.domain.release import View
from registry.domain.secret import Secret
from tests.clocks import HandClock
from tests.simulators.koha_contract import check_answer, check_request

CARD = CardNumber("N000123456")
NEWER_CARD = CardNumber("N000123457")
PLACE = InstitutionId("NO-2030001")
CLIENT, SECRET = "portvakt", "demo-storbyen-koha"
PATIENCE = 5.0
"""Seconds, longer than any answer here takes."""

VIEW = View(
    card_number=CARD,
    name="Ødegård, Åse Marie",
    birth_date=date(1991, 3, 14),
    registered_address=Address(lines=("Fjordveien 7", "H0201"), postal_code="9990", place="Båtsfjord"),
    mobile="+4790000001",
    phone="+4778000001",
    email="aase@example.org",
    language=Language.SE,
)

MAPPING = RecordMapping(
    categories=(AgeGroup(0, "BARN"), AgeGroup(15, "UNGDOM"), AgeGroup(18, "VOKSEN")),
    default_branch="HOVED",
    branches={PLACE: "NORD"},
    languages={Language.NB: "nb-NO", Language.SE: "se-NO"},
    text_messages=True,
)


def parcel(kind: DeliveryKind = DeliveryKind.ACTIVATE, *, view: View = VIEW, **changes: Any) -> Parcel:
    """What is brought of Åse Marie."""
    usual = Parcel(
        delivery=DeliveryId(1), kind=kind, unit=LendingUnitId("NO-2030000"), place=PLACE, card=CARD, view=view, age=35
    )
    return replace(usual, **changes)


def changed(**fields: Any) -> View:
    """Her record with other values."""
    return replace(VIEW, **fields)


def system(port: int, *, account: bool = False, **changes: Any) -> KohaSystem:
    """How a Koha of a test is asked."""
    shown: dict[str, Any] = {"client_id": CLIENT, "client_secret": Secret(SECRET)}
    if account:
        shown = {"user": CLIENT, "password": Secret(SECRET)}
    return KohaSystem(**{"base_url": f"http://127.0.0.1:{port}/api/v1", **shown, **changes})


@dataclass(slots=True)
class Koha:
    """A simulated Koha and a carrier to it."""

    simulator: KohaSimulator
    carrier: KohaCarrier
    clock: HandClock
    seen: list[tuple[KohaRequest, KohaAnswer | None]]

    def stored(self, number: str = CARD) -> dict[str, Any]:
        """The record that Koha has under a card number."""
        holder = self.simulator.books.holder("cardnumber", number)
        assert holder is not None
        return holder.fields

    def add(self, **fields: Any) -> dict[str, Any]:
        """A patron whom the library has already, Åse Marie unless it says otherwise."""
        usual = {
            "cardnumber": CARD,
            "userid": CARD,
            "surname": "Ødegård",
            "firstname": "Åse Marie",
            "date_of_birth": "1991-03-14",
            "library_id": "HAVN",
            "category_id": "SENIOR",
        }
        attributes = fields.pop("attributes", [])
        return self.simulator.books.add({**usual, **fields}, attributes).fields

    def sent(self, method: str) -> list[Any]:
        """The bodies of all requests of a method, but for those of tokens."""
        told = (asked for asked, _ in self.seen if asked.method == method and asked.path != "/oauth/token")
        return [json.loads(asked.body) if asked.body else dict(asked.query) for asked in told]


@asynccontextmanager
async def koha(
    profile: Profile = "new",
    *,
    mapping: RecordMapping = MAPPING,
    world: KohaWorld | None = None,
    account: bool = False,
    attribute_type: str | None = None,
    **habits: Any,
) -> AsyncIterator[Koha]:
    """Run both; in the end every request and answer is held against the contract, where that is at hand."""
    seen: list[tuple[KohaRequest, KohaAnswer | None]] = []
    clock = HandClock()
    simulator = KohaSimulator.open(
        world or built_in_koha(),
        habits=Habits(profile=profile, **habits),
        clock=clock,
        observer=lambda asked, told: seen.append((asked, told)),
    )
    port = await simulator.start()
    where = system(port, account=account, attribute_type=attribute_type)
    carrier = KohaCarrier(where, mapping, clock)
    try:
        yield Koha(simulator, carrier, clock, seen)
    finally:
        await carrier.close()
        await simulator.stop()
    assert not simulator.failures
    for asked, told in seen:
        check_request(asked)
        if told is not None:
            check_answer(asked, told)


TOKEN = {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600}


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it is written down: JSON, or bytes as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """Its bytes."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def saying(*answers: Said | bytes, token: Said | bytes | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Run a Koha that gives tokens, and these answers one after the other; yields its port and what it was sent."""
    left = list(answers)
    sent: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[16:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            body = await reader.readexactly(length)
            is_token = head.startswith(b"POST /api/v1/oauth/token ")
            if not is_token:
                sent.append(head + body)
            told = (token or Said(200, TOKEN)) if is_token else left.pop(0)
            writer.write(told if isinstance(told, bytes) else told.raw())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], sent
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def carrier_to(
    *answers: Said | bytes, token: Said | bytes | None = None, **changes: Any
) -> AsyncIterator[tuple[KohaCarrier, list[bytes]]]:
    """Run a carrier to a Koha that gives these answers."""
    async with saying(*answers, token=token) as (port, sent):
        carrier = KohaCarrier(system(port, **changes), MAPPING, HandClock())
        try:
            yield carrier, sent
        finally:
            await carrier.close()
