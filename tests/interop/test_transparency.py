"""The same day at a library, asked of the library system directly and through the gateway, has the same answers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from Sip2.sip2 import Sip2

from gateway.demo_world import ILS_LOGIN, ILS_PASSWORD, PASSWORDS
from protocols.sip2 import ScProfile
from tests.gateway.libraries import LONG, NEVER_OPENS, library, put_behind, retune, simulated
from tests.gateway.libraries import port_of as port_of_ils
from tests.gateway.worlds import Served, demo, running
from tests.interop.days import CARDS, day, plain_day, spoken
from tests.interop.pysip2_library import pysip2_library
from tests.simulators.ils_requests import login

SEED = 20261123
CP850 = ScProfile(encoding="cp850", error_detection=False)
KINDS = {"23", "63", "11", "09", "29", "65", "15", "37", "17", "19", "01", "25", "35"}
AT_THE_ILS = login(ILS_LOGIN, ILS_PASSWORD)
AT_THE_DOOR = login("storbyen-1", PASSWORDS["storbyen-1"])


async def test_the_simulated_library_answers_alike_byte_for_byte(tmp_path: Path) -> None:
    asked = day(400, SEED)
    assert {message.number for message in asked} == KINDS
    async with simulated() as ils:
        direct = await spoken(("127.0.0.1", port_of_ils(ils)), AT_THE_ILS, asked)
    async with library(await demo(tmp_path / "world")) as storbyen:
        through = await spoken(storbyen.served.daemon.addresses["sip2"], AT_THE_DOOR, asked)
        assert storbyen.ils.ledger == ils.ledger
    assert len(through) > 400
    assert [place for place, (one, other) in enumerate(zip(direct, through, strict=True)) if one != other] == []


@asynccontextmanager
async def before_pysip2(tmp_path: Path, *, dialect: str = "utf8") -> AsyncIterator[tuple[Served, list[Any]]]:
    """A daemon with a ``pysip2`` server behind Storbyen's terminals, and what that server was asked."""
    place = await demo(tmp_path / "world")
    if dialect != "utf8":
        storbyen, rest = place.partners.read_text("utf-8").split('id = "storbyen-1"', 1)
        rest = rest.replace('dialect = "utf8"', f'dialect = "{dialect}"', 1)
        place.partners.write_text(f'{storbyen}id = "storbyen-1"{rest}', "utf-8")
    async with pysip2_library() as (port, asked):
        # It takes no 23 without AD.
        put_behind(place, port, local_id_field="", wants_empty_pin="true")
        async with running(place) as served:
            retune(served, budgets=LONG, breaker=NEVER_OPENS)
            yield served, asked


async def test_a_pysip2_server_answers_alike_byte_for_byte(tmp_path: Path) -> None:
    # It takes no field twice, and closes the connection where one comes.
    asked = plain_day(300, SEED)
    async with pysip2_library() as (port, directly):
        direct = await spoken(("127.0.0.1", port), AT_THE_ILS, asked)
    async with before_pysip2(tmp_path) as (served, got):
        through = await spoken(served.daemon.addresses["sip2"], AT_THE_DOOR, asked)
    assert got == directly
    assert [place for place, (one, other) in enumerate(zip(direct, through, strict=True)) if one != other] == []


async def test_a_kiosk_of_another_charset_and_without_checksums_reads_the_same(tmp_path: Path) -> None:
    asked = plain_day(300, SEED + 1)
    async with pysip2_library() as (port, directly):
        direct = await spoken(
            ("127.0.0.1", port), AT_THE_ILS, asked, ScProfile(encoding="utf-8", error_detection=False)
        )
    async with before_pysip2(tmp_path, dialect="default") as (served, got):
        through = await spoken(served.daemon.addresses["sip2"], AT_THE_DOOR, asked, CP850)
    assert got == directly
    assert [raw.decode("cp850") for raw in through] == [raw.decode("utf-8") for raw in direct]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    """The PyPI client ``Sip2``, as its page shows it; it writes its log into a folder."""
    made = Sip2()
    made.logfile_path, made.tlsEnable, made.institutionId = str(tmp_path), False, "NO-2030000"
    made.language, made.socketTimeout = "012", 5
    yield made
    with contextlib.redirect_stdout(io.StringIO()):
        made.disconnect()
    for handler in logging.getLogger("Sip2").handlers[:]:
        logging.getLogger("Sip2").removeHandler(handler)
        handler.close()


def visit(client: Any) -> Iterator[tuple[str, Any]]:
    """A patron with a local card, and one with a national card, go through a visit."""
    client.connect()

    def ask(name: str, *values: Any) -> Any:
        request = getattr(client, f"sip_{name}_request")(*values)
        return getattr(client, f"sip_{name}_response")(client.get_response(request))

    yield "login", ask("login", "storbyen-1", PASSWORDS["storbyen-1"])
    yield "status", ask("sc_status")
    for card, pin in (("S100001", "6417"), ("N001000002", "5926")):
        client.patron, client.patronpwd = card, pin
        yield f"{card} 24", ask("patron_status")
        yield f"{card} 64", ask("patron_information", "charged")
        yield f"{card} 12", ask("checkout", "30101000001")
        yield f"{card} 30", ask("renew", "30101000001")
        yield f"{card} 10", ask("checkin", "30101000001")
        yield f"{card} 36", ask("end_patron_session")
    client.disconnect()


async def test_a_client_and_a_server_that_are_not_ours_understand_each_other_through_us(
    client: Any, tmp_path: Path
) -> None:
    async with before_pysip2(tmp_path) as (served, got):
        client.hostName, client.hostPort = served.daemon.addresses["sip2"]
        heard = dict(await asyncio.to_thread(lambda: list(visit(client))))
    assert heard["login"]["fixed"]["Ok"] == "1"
    assert heard["status"]["fixed"]["OnlineStatus"] == "Y"
    for card, sent in (("S100001", "S100001"), ("N001000002", "S200002")):
        for number in ("24", "64", "12", "30", "36"):
            assert heard[f"{card} {number}"]["variable"]["AA"] == [card], number
        assert sent in {asked.patron_identifier for asked in got if hasattr(asked, "patron_identifier")}
    # The register has judged the national card's PIN, and it went no further.
    assert heard["N001000002 64"]["variable"]["CQ"] == heard["N001000002 24"]["variable"]["CQ"] == ["Y"]
    pins = {asked.patron_identifier: asked.patron_password for asked in got if getattr(asked, "patron_password", "")}
    assert pins == {"S100001": "6417"}


def test_the_day_is_one_of_local_cards() -> None:
    assert not any(card.startswith("N") for card in CARDS)
