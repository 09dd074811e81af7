"""A whole daemon: who has accepted the rules is brought to the library's system, or fetched by it, at once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.cli.common import actor
from gateway.delivery.waiting import AT_ONCE, TOMORROW, Pace, WaitingWords
from gateway.demo_world import FJORDBY, INITIATORS, STORBYEN
from gateway.simulators.ils import IlsSimulator, built_in_world
from registry.domain.card import CardNumber
from registry.domain.institution import InstitutionId, LendingUnitId
from registry.domain.standing import StandingState
from tests.gateway.worlds import Served, World, running

CARD, OTHER_CARD = CardNumber("N001000001"), CardNumber("N001000006")
FEED = "[listeners.feed]\nport = 0\n"


def have_delivered(world: World, unit: str, delivery: str) -> None:
    """Have a unit's patrons brought so."""
    head = f'[[lending_units]]\nid = "{unit}"\n'
    world.rewrite_partners((head, f"{head}delivery = {{ {delivery} }}\n"))


async def accept(served: Served, unit: str, card: CardNumber = CARD) -> None:
    """Have a patron accepted at a desk."""
    await served.register.guests.approve(LendingUnitId(unit), card, InstitutionId(unit), actor())


async def stands(served: Served, unit: str, card: CardNumber = CARD) -> tuple[StandingState | None, str | None]:
    """How a patron stands."""
    sheet = await served.register.patrons.show(card, "test")
    found = next((one for one in sheet.standings if one.unit == unit), None)
    return (found.state, found.local_id) if found else (None, None)


async def until_local(served: Served, unit: str, card: CardNumber = CARD) -> str | None:
    """Wait until a patron is local; return the local id."""
    async with asyncio.timeout(20):
        while True:
            state, local_id = await stands(served, unit, card)
            if state is StandingState.LOCAL:
                return local_id
            await asyncio.sleep(0.02)


@asynccontextmanager
async def library_system() -> AsyncIterator[tuple[IlsSimulator, int]]:
    """A library system that answers NCIP, and its port."""
    simulator = IlsSimulator.open(built_in_world())
    port = await simulator.ncip.start("127.0.0.1", 0)
    try:
        yield simulator, port
    finally:
        await simulator.stop()


def ncip_at(port: int) -> str:
    return f'carrier = "ncip", url = "http://127.0.0.1:{port}/ncip"'


async def test_a_patron_is_brought_over_ncip_as_soon_as_the_rules_are_accepted(world: World) -> None:
    async with library_system() as (ils, port):
        have_delivered(world, STORBYEN, ncip_at(port))
        async with running(world) as served:
            assert served.daemon._delivering.words_for(LendingUnitId(STORBYEN)) == AT_ONCE
            assert served.daemon._delivering.words_for(LendingUnitId(FJORDBY)) == TOMORROW
            await accept(served, STORBYEN)
            local_id = await until_local(served, STORBYEN)
            (enrolled,) = ils.system.ledger.enrolled.values()
            assert (enrolled.id, enrolled.cards) == (local_id, (CARD,))
            assert served.counted("activations_total", state="local") == 1
            assert served.counted("activation_duration_seconds_count") == 1
            peer = f"delivery-{STORBYEN}"
            assert served.counted("upstream_requests_total", peer=peer, outcome="ok") >= 1
            await served.daemon._delivering.measure()
            assert served.counted("outbox_pending") == 0
            assert served.counted("outbox_oldest_pending_timestamp_seconds") == 0
            (line,) = served.events("delivery_settled")
            assert (line["unit"], line["outcome"]) == (STORBYEN, "brought")
            assert str(CARD) not in served.stream.getvalue()


async def test_a_library_system_that_comes_later_gets_what_has_waited(world: World) -> None:
    async with running(world) as served:
        await accept(served, STORBYEN)
        async with library_system() as (_, port):
            have_delivered(world, STORBYEN, ncip_at(port))
            assert await served.daemon.reload()
            assert await until_local(served, STORBYEN)


async def test_files_that_cannot_be_used_leave_the_carriers_as_they_are(world: World) -> None:
    async with library_system() as (_, port):
        have_delivered(world, STORBYEN, ncip_at(port))
        async with running(world) as served:
            world.rewrite_partners((ncip_at(port), ncip_at(port) + ', secret_file = "nowhere"'))
            assert not await served.daemon.reload()
            await accept(served, STORBYEN)
            assert await until_local(served, STORBYEN)


async def ask(served: Served, path: str, body: object = None, initiator: str = "fjordby-ils") -> tuple[int, Any]:
    """Ask the feed; return status and body."""
    raw = b"" if body is None else json.dumps(body).encode()
    proof = base64.b64encode(f"{initiator}:{INITIATORS[initiator]}".encode()).decode()
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: feed\r\nConnection: close\r\n"
        f"Authorization: Basic {proof}\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(*served.daemon.addresses["feed"])
    writer.write(head.encode() + raw)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    told, _, rest = answer.partition(b"\r\n\r\n")
    return int(told.split()[1]), json.loads(rest)


async def test_a_library_system_waits_for_a_change_fetches_it_and_has_a_local_patron(world: World) -> None:
    have_delivered(world, FJORDBY, 'carrier = "feed", feed_minutes = 5')
    async with running(world, settings=FEED) as served:
        words = served.daemon._delivering.words_for(LendingUnitId(FJORDBY))
        assert words == WaitingWords(Pace.MINUTES, 5)
        waiting = asyncio.ensure_future(ask(served, "/feed/v1/changes?wait=25"))
        await asyncio.sleep(0.05)
        await accept(served, FJORDBY)
        status, heard = await waiting
        assert status == 200
        (change,) = heard["changes"]
        assert (change["card"], change["kind"]) == (CARD, "activated")
        status, record = await ask(served, f"/feed/v1/patrons/{CARD}")
        assert (status, record["card"], record["welcomed_at"]) == (200, CARD, FJORDBY)
        assert {"family_name", "birth_date", "rules"} <= record.keys()
        assert not {"pin", "password", "identity_number"} & record.keys()
        assert (await stands(served, FJORDBY))[0] is StandingState.DELIVERING
        assert (await ask(served, f"/feed/v1/patrons/{CARD}/local", {"local_id": "F4711"}))[0] == 200
        assert await stands(served, FJORDBY) == (StandingState.LOCAL, "F4711")
        assert served.counted("feed_requests_total", outcome="ok") == 3


async def test_a_guest_is_nobody_to_the_feed_and_another_library_hears_nothing(world: World) -> None:
    have_delivered(world, FJORDBY, 'carrier = "feed"')
    async with running(world, settings=FEED) as served:
        assert await ask(served, f"/feed/v1/patrons/{CARD}") == (404, {"error": "no_such_patron"})
        assert await ask(served, "/feed/v1/patrons/N999999999") == (404, {"error": "no_such_patron"})
        await accept(served, FJORDBY)
        status, heard = await ask(served, "/feed/v1/changes", initiator="storbyen-ils")
        assert (status, heard["changes"]) == (200, [])
        assert (await ask(served, "/feed/v1/changes", initiator="film")) == (403, {"error": "no_library"})


@pytest.mark.parametrize("fails", ["refuses", "hangs"])
async def test_a_dead_library_system_keeps_no_daemon_from_stopping(world: World, fails: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    if fails == "refuses":
        silent.close()
    have_delivered(world, STORBYEN, ncip_at(port))
    async with running(world, settings="[budgets]\ndrain = 0.1\n") as served:
        await accept(served, STORBYEN)
        async with asyncio.timeout(20):
            while (await stands(served, STORBYEN))[0] is StandingState.CONSENTED and not served.events(
                "delivery_settled"
            ):
                await asyncio.sleep(0.02)
    silent.close()
