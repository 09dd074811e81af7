"""A client that is not ours, the package ``Sip2``, visits the simulated library."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from Sip2.sip2 import Sip2

from gateway.simulators.ils import IlsSimulator, built_in_world
from tests.simulators.ils_library import Clock


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    client = Sip2()
    client.hostName, client.tlsEnable, client.logfile_path = "127.0.0.1", False, str(tmp_path)
    client.institutionId, client.language, client.socketTimeout = "NO-2030000", "012", 5
    yield client
    client.disconnect()
    for log in list(logging.getLogger("Sip2").handlers):
        logging.getLogger("Sip2").removeHandler(log)
        log.close()


def visit(client: Any) -> list[Any]:
    """A patron looks, borrows, renews and returns; what the client made of each answer."""
    client.connect()
    client.patron, client.patronpwd = "S100002", "3852"
    seen = []

    def ask(name: str, *words: str | int) -> dict[str, Any]:
        raw = client.get_response(getattr(client, f"sip_{name}_request")(*words))
        read: dict[str, Any] = getattr(client, f"sip_{name}_response")(raw)
        return read

    seen.append(ask("login", "portvakt", "demo-storbyen-sip2")["fixed"]["Ok"])
    seen.append(ask("sc_status")["fixed"]["OnlineStatus"])
    status = ask("patron_status")["variable"]
    seen.append([status[tag][0] for tag in ("AE", "BL", "CQ")])
    known = ask("patron_information", "charged")
    seen.append([known["fixed"]["ChargedItemsCount"], known["fixed"]["OverdueItemsCount"], *known["variable"]["AU"]])
    seen.append(ask("checkout", "30101000001")["fixed"]["Ok"])
    seen.append(ask("item_information", "30101000001")["fixed"]["CirculationStatus"])
    seen.append(ask("renew", "30101000001")["variable"]["AH"][0])
    returned = ask("checkin", "30101000001")
    seen.append([returned["fixed"]["Ok"], returned["variable"]["AA"][0]])
    seen.append(ask("hold", "+", "", 2, "30101000011")["fixed"]["Ok"])
    seen.append(ask("end_patron_session")["fixed"]["EndSession"])
    return seen


async def test_a_third_party_client_goes_through_a_day(client: Any) -> None:
    simulator = IlsSimulator.open(built_in_world(), clock=Clock())
    client.hostPort = await simulator.start()
    try:
        seen = await asyncio.to_thread(visit, client)
    finally:
        await simulator.stop()
    assert seen == [
        "1",
        "Y",
        ["Sigurd Ødegård", "Y", "Y"],
        ["0002", "0001", "30101000011", "30101000012"],
        "1",
        "04",
        "21.12.2026",
        ["1", "S100002"],
        "0",
        "Y",
    ]
