"""What is left of a delivery when the way to Koha fails, and who may say that nothing was done."""

from __future__ import annotations

import asyncio
import gzip
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.delivery.carriers import Brought, Lost, NotSent, NotThere, There
from gateway.delivery.koha import KohaCarrier
from gateway.delivery.koha_client import BODY_LIMIT
from gateway.delivery.koha_system import KohaSystem
from gateway.simulators.koha import Fault, Kind, KohaSimulator, Profile, built_in_koha
from gateway.tls import server_context
from registry.domain.delivery import DeliveryKind
from registry.domain.secret import Secret
from tests.clocks import HandClock
from tests.gateway.delivery.koha_world import (
    CARD,
    MAPPING,
    PATIENCE,
    SECRET,
    Said,
    carrier_to,
    koha,
    parcel,
    saying,
    system,
)

SOON = 0.3
"""Seconds after which a test gives a silent Koha up."""
both = pytest.mark.parametrize("profile", ["old", "new"])


def fault(kind: Kind, *requests: str, times: int | None = 1, **more: Any) -> Fault:
    return Fault(kind=kind, requests=frozenset(requests), times=times, **more)


@both
@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        (Kind.DROP_AFTER, {}, Lost("no_answer")),
        (Kind.CLOSE_AFTER, {}, Lost("cut_off")),
        (Kind.CLOSE_IN_THE_MIDDLE, {}, Lost("cut_off")),
        (Kind.SLOW_BYTES, {"seconds": 0.05}, Lost("no_answer")),
        (Kind.DELAY, {"seconds": 30.0}, Lost("no_answer")),
        (Kind.FAIL_AFTER, {}, Lost("failed")),
        (Kind.FAIL_AFTER, {"status": 504}, Lost("failed")),
        (Kind.PAGE_AFTER, {}, Lost("unreadable")),
        (Kind.GARBAGE, {}, Lost("unreadable")),
        (Kind.TOO_LARGE, {}, Lost("too_large")),
        (Kind.OTHER_PATRON, {}, Lost("unreadable")),
    ],
)
async def test_a_patron_who_was_stored_though_the_answer_was_lost_is_found_and_not_made_twice(
    profile: Profile, kind: Kind, more: dict[str, Any], outcome: Lost
) -> None:
    async with koha(profile) as there:
        there.simulator.faults.add(fault(kind, "add", **more))
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        seconds = SOON if outcome.reason == "no_answer" else PATIENCE
        assert await there.carrier.create(parcel(), seconds) == outcome
        assert await there.carrier.look_up(parcel(), PATIENCE) == There(CARD)
        assert there.simulator.counts["add"] == 1


@both
@pytest.mark.parametrize(
    ("kind", "more", "outcome"),
    [
        (Kind.DROP_BEFORE, {}, Lost("no_answer")),
        (Kind.CLOSE_BEFORE, {}, Lost("cut_off")),
        (Kind.FAIL_BEFORE, {}, Lost("failed")),
        (Kind.PAGE, {}, Lost("failed")),
        (Kind.PAGE, {"status": 503}, Lost("failed")),
        (Kind.REDIRECT, {}, NotSent("redirected", whole_unit=True)),
    ],
)
async def test_what_was_not_stored_looks_the_same_and_is_not_there(
    profile: Profile, kind: Kind, more: dict[str, Any], outcome: Lost | NotSent
) -> None:
    async with koha(profile) as there:
        there.simulator.faults.add(fault(kind, "add", **more))
        seconds = SOON if outcome.reason == "no_answer" else PATIENCE
        assert await there.carrier.create(parcel(), seconds) == outcome
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.EXPIRE_TOKENS, Kind.OTHER_PATRON, Kind.DELAY}))
async def test_a_look_up_that_fails_has_done_nothing(kind: Kind) -> None:
    async with koha() as there:
        await there.carrier.look_up(parcel(), PATIENCE)
        there.add()
        more: dict[str, Any] = {"seconds": 1.0} if kind is Kind.SLOW_BYTES else {}
        # A look-up whose kept connection is closed under it is asked once more, on a new one.
        more |= {"times": 2} if kind.startswith("close") else {}
        there.simulator.faults.add(fault(kind, *([] if kind is Kind.REFUSE_CONNECTIONS else ["list"]), **more))
        if kind is Kind.REFUSE_CONNECTIONS:
            there.simulator.cut()
        told = await there.carrier.look_up(parcel(), SOON)
        assert isinstance(told, NotSent)
        assert await there.carrier.look_up(parcel(), PATIENCE) == There(CARD)


@both
async def test_a_change_or_an_end_whose_answer_is_lost_may_be_brought_again(profile: Profile) -> None:
    async with koha(profile) as there:
        there.add()
        for kind, bring in ((DeliveryKind.UPDATE, there.carrier.update), (DeliveryKind.END, there.carrier.end)):
            there.simulator.faults.add(fault(Kind.CLOSE_AFTER, "update"))
            assert await bring(parcel(kind, local_id=CARD), PATIENCE) == Lost("cut_off")
            assert await bring(parcel(kind, local_id=CARD), PATIENCE) == Brought(CARD)


async def test_maintenance_and_an_hour_without_koha_are_waited_for() -> None:
    async with koha() as there:
        await there.carrier.look_up(parcel(), PATIENCE)
        there.simulator.habits.maintenance = True
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("maintenance")
        there.simulator.habits.maintenance = False
        await there.simulator.close_port()
        assert await there.carrier.create(parcel(), PATIENCE) == NotSent("unreachable")
        assert isinstance(await there.carrier.look_up(parcel(), PATIENCE), NotSent)
        there.clock.turn(3600)
        await there.simulator.open_port()
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)


async def test_a_token_that_ends_while_a_creation_is_on_its_way_is_renewed_and_only_once() -> None:
    async with koha() as there:
        there.simulator.faults.add(fault(Kind.EXPIRE_TOKENS, "add"))
        assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)
        there.simulator.faults.add(fault(Kind.EXPIRE_TOKENS, "list", times=None))
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotSent("key_refused", whole_unit=True)
        assert there.simulator.counts["list"] == 2


async def test_a_connection_that_koha_closed_meanwhile_costs_nothing() -> None:
    async with koha() as there:
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()
        there.simulator.cut()
        assert await there.carrier.look_up(parcel(), PATIENCE) == NotThere()


async def test_each_change_has_a_connection_of_its_own_and_look_ups_share_one() -> None:
    async with koha() as there:
        await there.carrier.look_up(parcel(), PATIENCE)
        await there.carrier.look_up(parcel(), PATIENCE)
        assert there.simulator.counts["connect"] == 1
        await there.carrier.create(parcel(), PATIENCE)
        await there.carrier.create(parcel(), PATIENCE)
        assert there.simulator.counts["connect"] == 3


async def test_an_address_that_nobody_listens_at_or_knows_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for where in (f"http://127.0.0.1:{port}", "https://koha.invalid"):
        carrier = KohaCarrier(system(port, base_url=f"{where}/api/v1"), MAPPING, HandClock())
        assert await carrier.create(parcel(), PATIENCE) == NotSent("unreachable")
        assert await carrier.look_up(parcel(), PATIENCE) == NotSent("unreachable")
        await carrier.close()


async def test_without_time_nothing_is_sent_and_a_silent_token_is_no_creation() -> None:
    async with koha() as there:
        assert await there.carrier.create(parcel(), 0.0) == NotSent("no_time")
        assert await there.carrier.look_up(parcel(), -1.0) == NotSent("no_time")
        assert not there.simulator.counts
        there.simulator.faults.add(fault(Kind.DROP_BEFORE, "token"))
        assert await there.carrier.create(parcel(), SOON) == NotSent("no_answer")
        assert there.simulator.counts["add"] == 0


async def test_who_waits_for_another_write_longer_than_its_time_has_sent_nothing() -> None:
    async with koha() as there:
        await there.carrier.look_up(parcel(), PATIENCE)
        there.simulator.faults.add(fault(Kind.DROP_AFTER, "add"))
        first = asyncio.ensure_future(there.carrier.create(parcel(), 4 * SOON))
        while not there.simulator.counts["add"]:
            await asyncio.sleep(0)
        assert await there.carrier.create(parcel(), SOON) == NotSent("no_time")
        assert await first == Lost("no_answer")


async def test_a_cancelled_call_leaves_the_carrier_usable() -> None:
    async with koha() as there:
        there.simulator.faults.add(fault(Kind.DROP_AFTER, "add"))
        asked = asyncio.ensure_future(there.carrier.create(parcel(), PATIENCE))
        while not there.simulator.counts["add"]:
            await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert await there.carrier.look_up(parcel(), PATIENCE) == There(CARD)


@pytest.mark.parametrize("size", [BODY_LIMIT, BODY_LIMIT + 1])
async def test_an_answer_is_read_up_to_a_limit(size: int) -> None:
    async with carrier_to(Said(200, b"[]".ljust(size)), Said(200, []), Said(200, [])) as (carrier, sent):
        told = await carrier.look_up(parcel(), PATIENCE)
        assert told == (NotThere() if size == BODY_LIMIT else NotSent("too_large"))
        assert len(sent) == (2 if size == BODY_LIMIT else 1)


async def test_an_endless_answer_is_not_read_for_ever() -> None:
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 40
    async with carrier_to(endless) as (carrier, _):
        assert await carrier.create(parcel(), PATIENCE) == Lost("too_large")


async def test_a_compressed_answer_was_not_asked_for_and_is_not_unpacked() -> None:
    answer = Said(200, gzip.compress(b"[]"), {"Content-Encoding": "gzip"})
    async with carrier_to(answer) as (carrier, sent):
        assert await carrier.look_up(parcel(), PATIENCE) == NotSent("unreadable")
        assert b"accept-encoding: identity\r\n" in sent[0].lower()


@pytest.mark.parametrize("raw", [b"SIP/2.0 what\r\n\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/1.1 201 OK\r\nContent-"])
async def test_an_answer_that_is_no_http_leaves_a_creation_in_doubt(raw: bytes) -> None:
    async with carrier_to(raw) as (carrier, _):
        assert await carrier.create(parcel(), PATIENCE) == Lost("cut_off")


async def test_a_redirect_is_never_followed() -> None:
    async with saying() as (elsewhere, received):
        there = {"Location": f"http://127.0.0.1:{elsewhere}/api/v1/patrons"}
        async with carrier_to(Said(307, b"", there)) as (carrier, _):
            assert await carrier.create(parcel(), PATIENCE) == NotSent("redirected", whole_unit=True)
        assert received == []


async def test_proxies_of_the_environment_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    async with saying() as (proxy, received):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        async with koha() as there:
            assert await there.carrier.create(parcel(), PATIENCE) == Brought(CARD)
        assert received == []


@asynccontextmanager
async def encrypted(folder: Path, *names: str) -> AsyncIterator[tuple[KohaSimulator, int, Path]]:
    """Run a simulated Koha with a certificate for these names; yields it, its port and the issuer's file."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names)
    issued.cert_chain_pems[0].write_to_path(str(folder / "koha.pem"))
    issued.private_key_pem.write_to_path(str(folder / "koha.key"))
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    simulator = KohaSimulator.open(built_in_koha(), clock=HandClock())
    port = await simulator.start(tls=server_context(folder / "koha.pem", folder / "koha.key").current)
    try:
        yield simulator, port, folder / "ca.pem"
    finally:
        await simulator.stop()


@pytest.mark.parametrize(
    ("names", "trusted", "outcome"),
    [
        (["127.0.0.1"], True, Brought(CARD)),
        (["127.0.0.1"], False, NotSent("untrusted")),
        (["koha.example.org"], True, NotSent("untrusted")),
    ],
)
async def test_tls_proves_that_it_is_koha_before_anything_is_sent(
    tmp_path: Path, names: list[str], trusted: bool, outcome: Brought | NotSent
) -> None:
    async with encrypted(tmp_path, *names) as (simulator, port, ca):
        where = system(port, base_url=f"https://127.0.0.1:{port}/api/v1", ca=ca if trusted else None)
        carrier = KohaCarrier(where, MAPPING, HandClock())
        assert await carrier.create(parcel(), PATIENCE) == outcome
        assert simulator.counts["token"] == (1 if isinstance(outcome, Brought) else 0)
        await carrier.close()


async def test_a_plain_koha_behind_an_encrypted_address_was_sent_nothing() -> None:
    async with koha() as there:
        port = there.simulator._at[1]
        carrier = KohaCarrier(system(port, base_url=f"https://127.0.0.1:{port}/api/v1"), MAPPING, HandClock())
        assert await carrier.create(parcel(), PATIENCE) == NotSent("untrusted")
        await carrier.close()


def test_a_file_of_issuers_that_is_none_shows_when_the_carrier_is_built(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("")
    for ca in (empty, tmp_path / "missing.pem"):
        with pytest.raises(OSError, match=r".*"):
            KohaCarrier(system(1, base_url="https://koha.example.org/api/v1", ca=ca), MAPPING, HandClock())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"base_url": "http://koha.example.org/api/v1"}, "without TLS"),
        ({"base_url": "http://192.0.2.7/api/v1"}, "without TLS"),
        ({"base_url": "koha.example.org"}, "begins with https"),
        ({"base_url": "ftp://koha.example.org"}, "begins with https"),
        ({"base_url": "https://a:b@koha.example.org/api/v1"}, "no user"),
        ({"base_url": "https://koha.example.org/api/v1?x=1"}, "ends with its path"),
        ({"base_url": "https://koha.example.org/api v1"}, "plain letters"),
        ({"base_url": "https://koha..example.org/api/v1"}, "label"),
        ({"base_url": "https://koha.example.org:99999/api/v1"}, "[Pp]ort"),
        ({"client_secret": None}, "API key and its secret"),
        ({"client_secret": Secret("")}, "API key and its secret"),
        ({"client_id": None, "client_secret": None}, "API key and its secret"),
        ({"user": "u", "password": Secret("p")}, "API key and its secret"),
        ({"client_id": None, "client_secret": None, "user": "a:b", "password": Secret("p")}, "no colon"),
        ({"attribute_type": ""}, "has a name"),
    ],
)
def test_a_koha_that_cannot_be_asked_safely_is_refused_when_it_is_told(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        system(6090, **changes)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_koha_on_this_machine_may_be_asked_without_tls(host: str) -> None:
    assert system(1, base_url=f"http://{host}:6090/api/v1").tls is None


def test_a_systems_repr_has_no_secret() -> None:
    shown = repr(system(6090)) + repr(system(6090, account=True))
    assert SECRET not in shown
    assert isinstance(system(6090), KohaSystem)


def test_the_daemons_start_does_not_wait_for_httpx() -> None:
    code = "import sys, gateway.delivery.koha; assert 'httpx' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


async def test_closing_ends_what_is_under_way_and_leaves_it_in_doubt() -> None:
    async with koha() as there:
        there.simulator.faults.add(fault(Kind.DROP_AFTER, "add"))
        asked = asyncio.ensure_future(there.carrier.create(parcel(), PATIENCE))
        while not there.simulator.counts["add"]:
            await asyncio.sleep(0)
        await there.carrier.close()
        assert await asked == Lost("cut_off")
