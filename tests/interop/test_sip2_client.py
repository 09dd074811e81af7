"""A conversation by the PyPI client ``Sip2``, over real TCP, with the daemon of the demo's world."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from Sip2.sip2 import Sip2

from tests.gateway.worlds import demo, running

Parsed = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    """The client, as its page shows it; it writes its log into a folder and its last words to the screen."""
    made = Sip2()
    made.logfile_path = str(tmp_path)
    made.tlsEnable = False
    made.institutionId = "NO-2030000"
    yield made
    with contextlib.redirect_stdout(io.StringIO()):
        made.disconnect()
    for handler in logging.getLogger("Sip2").handlers[:]:
        logging.getLogger("Sip2").removeHandler(handler)
        handler.close()


def converse(client: Any) -> Iterator[tuple[str, Parsed]]:
    """Log in, ask for patrons and things, and yield what was understood of each answer."""
    client.connect()

    def ask(name: str, *values: Any) -> Parsed:
        request = getattr(client, f"sip_{name}_request")(*values)
        parsed: Parsed = getattr(client, f"sip_{name}_response")(client.get_response(request))
        return parsed

    yield "login", ask("login", "storbyen-1", "demo-storbyen")
    yield "status", ask("sc_status")
    client.patron, client.patronpwd = "N001000001", "4817"
    yield "guest", ask("patron_status")
    client.patron, client.patronpwd = "N001000002", "5926"
    yield "local", ask("patron_information", "charged")
    client.patronpwd = "0000"
    yield "wrong", ask("patron_information", "none")
    yield "checkout", ask("checkout", "03010012345678")
    yield "end", ask("end_patron_session")
    client.disconnect()


async def test_the_third_party_client_understands_every_answer(client: Any, tmp_path: Path) -> None:
    async with running(await demo(tmp_path / "world")) as served:
        client.hostName, client.hostPort = served.daemon.addresses["sip2"]
        # The client blocks, so it talks from a thread of its own.
        heard = dict(await asyncio.to_thread(lambda: list(converse(client))))
    assert heard["login"]["fixed"]["Ok"] == "1"
    assert heard["status"]["fixed"]["OnlineStatus"] == "Y"
    assert heard["guest"]["variable"]["AE"] == ["Ågot"]
    assert (heard["guest"]["variable"]["BL"], heard["guest"]["variable"]["CQ"]) == (["Y"], ["Y"])
    assert heard["local"]["variable"]["AE"] == ["Hætta, Jonas Lie"]
    assert heard["local"]["fixed"]["ChargedItemsCount"] == "0000"
    assert (heard["wrong"]["variable"]["BL"], heard["wrong"]["variable"]["CQ"]) == (["Y"], ["N"])
    assert heard["wrong"]["variable"]["AE"] == [""]
    assert heard["checkout"]["fixed"]["Ok"] == "0"
    assert heard["end"]["fixed"]["EndSession"] == "Y"
