"""A feed over real HTTP: its register in memory, its initiators from nothing but the network, and a plain client."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from gateway.delivery.feed import Feed
from gateway.delivery.feed_callers import FeedCallers
from gateway.delivery.feed_rules import FeedRules
from gateway.delivery.feed_site import FeedSite
from gateway.delivery.routes import Carriers, Route
from gateway.listening import listen
from gateway.ncip.initiators import Initiator, Initiators
from gateway.observability.metrics import Metrics
from gateway.partners.secrets import MachineSecrets, hash_secret
from registry.credentials.pool import HashPool
from registry.domain.activating import Hindered, Hindrance
from registry.domain.asker import Asker, AskerClass
from registry.domain.card import CardNumber
from registry.domain.decisions import Refusal, RegisterUnavailable
from registry.domain.delivery import ChangeKind, FeedEntry, Parcel
from registry.domain.institution import CarrierKind, InstitutionId, LendingUnitId
from registry.domain.secret import Secret
from tests.clocks import START, HandClock
from tests.gateway.delivery.outbox import OTHER, UNIT, card_of, parcel
from tests.gateway.sip2.ils_world import Noted
from tests.gateway.worlds import until

SECRET = "kanarifugl-i-gruve"
HASHED = hash_secret(Secret(SECRET), memory_kib=8)


@dataclass
class Shelf:
    """Implements :class:`registry.activating.FeedRegister`."""

    entries: dict[LendingUnitId, list[FeedEntry]] = field(default_factory=dict)
    parcels: dict[tuple[LendingUnitId, CardNumber], Parcel] = field(default_factory=dict)
    hindered: dict[CardNumber, Hindrance] = field(default_factory=dict)
    local: dict[CardNumber, str] = field(default_factory=dict)
    taken: list[tuple[CardNumber, str]] = field(default_factory=list)
    is_out: bool = False

    def accept(self, number: int, unit: LendingUnitId = UNIT) -> None:
        """Somebody has accepted the rules."""
        row = self.entries.setdefault(unit, [])
        row.append(
            FeedEntry(unit=unit, sequence=len(row) + 1, card=card_of(number), kind=ChangeKind.ACTIVATED, at=START)
        )
        self.parcels[unit, card_of(number)] = parcel(number, unit=unit, rules_version="2026-1", accepted=START)

    async def changes(self, unit: LendingUnitId, after: int, limit: int) -> Sequence[FeedEntry]:
        """The entries behind a cursor."""
        if self.is_out:
            raise RegisterUnavailable("restarting")
        return [one for one in self.entries.get(unit, []) if one.sequence > after][:limit]

    async def take(self, unit: LendingUnitId, card: CardNumber, actor: str) -> Parcel | Hindered:
        """A patron's record."""
        if card in self.hindered:
            return Hindered(self.hindered[card])
        self.taken.append((card, actor))
        return self.parcels.get((unit, card)) or Hindered(Hindrance.NOT_OFFERED)

    async def acknowledge(self, unit: LendingUnitId, card: CardNumber, local_id: str, actor: str) -> Hindered | None:
        """A patron is local now."""
        if (unit, card) not in self.parcels:
            return Hindered(Hindrance.NOT_OFFERED)
        if self.local.setdefault(card, local_id) != local_id:
            return Hindered(Hindrance.ALREADY_LOCAL)
        return None


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: Any


def initiator(
    name: str = "ils", unit: LendingUnitId = UNIT, *, network: str = "127.0.0.0/8", **changes: Any
) -> Initiator:
    """A library system that speaks for a unit."""
    asker = Asker(terminal=name, kind=AskerClass.INITIATOR, institution=InstitutionId(unit), unit=unit)
    usual: dict[str, Any] = {
        "id": name,
        "askers": {unit.lower(): asker},
        "networks": (ip_network(network),),
        "secret": HASHED,
    }
    return Initiator(**(usual | changes))


class Fetching:
    """A feed that listens, and what is seen of it."""

    def __init__(self, rules: FeedRules) -> None:
        self.clock = HandClock()
        self.shelf = Shelf()
        self.log = Noted()
        self.metrics = Metrics(version="test", listeners=("feed",), peers=())
        self.refusals: dict[str, Refusal] = {}
        self.pool = HashPool(1, 8)
        secrets = MachineSecrets(self.pool)
        self.callers = FeedCallers(
            secrets, lambda asker: self.refusals.get(asker.terminal), rules, self.clock.monotonic
        )
        self.feed = Feed(self.shelf, self.callers, Carriers(), clock=self.clock, rules=rules)
        self.carry(feed=(UNIT, OTHER))
        self.callers.take(Initiators([initiator(), initiator("other", OTHER)]))
        self.port = 0

    def carry(self, *, feed: tuple[LendingUnitId, ...]) -> None:
        """Let these units' library systems fetch, and a Koha be called for the others."""
        kinds = {unit: CarrierKind.FEED if unit in feed else CarrierKind.KOHA for unit in (UNIT, OTHER)}
        self.feed.take(Carriers(Route(unit=unit, kind=kind) for unit, kind in kinds.items()))

    async def ask(
        self,
        path: str,
        body: Any = None,
        *,
        who: str | None = "ils",
        secret: str = SECRET,
        method: str | None = None,
        tls: ssl.SSLContext | None = None,
        **headers: str,
    ) -> Reply:
        """Ask on a connection of its own; JSON goes as POST."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        method = method or ("GET" if body is None else "POST")
        lines = [f"{method} {path} HTTP/1.1", "Host: feed", "Connection: close", f"Content-Length: {len(raw)}"]
        if body is not None and "Content_Type" not in headers:
            lines.append("Content-Type: application/json")
        if who is not None:
            lines.append("Authorization: Basic " + base64.b64encode(f"{who}:{secret}".encode()).decode())
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + raw, tls)

    async def send(self, raw: bytes, tls: ssl.SSLContext | None = None) -> Reply:
        """Send bytes, and read an answer until the end."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls, server_hostname="localhost" if tls else None
        )
        try:
            writer.write(raw)
            async with asyncio.timeout(10):
                answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *others = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in others)}
        return Reply(int(first.split()[1]), headers, json.loads(body) if body else None)

    def counted(self, outcome: str) -> float:
        """How many requests have ended so."""
        return self.metrics.feed_requests.of(outcome).read()


@asynccontextmanager
async def fetching(
    rules: FeedRules | None = None,
    *,
    networks: tuple[Any, ...] = (),
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Fetching]:
    """A feed on loopback."""
    rules = rules or FeedRules()
    world = Fetching(rules)
    site = FeedSite(
        world.feed,
        rules=rules,
        networks=networks,
        encrypted=tls is not None,
        metrics=world.metrics,
        meter=world.metrics.listener("feed", encrypted=tls is not None),
        log=world.log,
    )
    listening = await listen(site, "127.0.0.1", 0, ssl_context=(lambda: tls) if tls else None)
    world.port = listening.addresses[0].port
    try:
        yield world
    finally:
        await site.drain(5.0)
        await listening.close()
        world.pool.close()
        await until(lambda: site.connections == 0)
        assert world.log.failures == []
