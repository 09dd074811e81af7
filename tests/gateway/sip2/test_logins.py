"""Who is let in: login, password, network, location and agreement; and who is not, without a word of why."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from registry.credentials.pool import HashPool
from tests.gateway.kiosks import status
from tests.gateway.worlds import Served, World, running, until
from tests.protocols.sip2.samples import SAMPLES

ASKED = [
    sample
    for sample in SAMPLES
    if type(sample.says).answered_by is not None and sample.says.number not in {"93", "97", "99"}
]


async def reasons(served: Served) -> list[str]:
    """Why logins were refused, as the log has it once every connection is closed."""
    await until(lambda: served.door.connections == 0)
    await until(lambda: len(served.events("connection_closed")) == len(served.events("connection_opened")))
    return [line["reason"] for line in served.events("login_refused")]


async def test_nothing_is_told_before_a_login(shared: Served) -> None:
    invalid = shared.rise("requests_total", protocol="sip2", message="63", outcome="invalid")
    async with shared.kiosk() as kiosk:
        for sample in ASKED:
            answer = sip2.Codec("cp850").decode(sip2.read_frame(await kiosk.say(sample.wire("cp850"))).body)
            assert isinstance(answer, sip2.Message)
            assert answer.number == type(sample.says).answered_by
            assert getattr(answer, "screen_messages", None) == (say(Screen.NOT_LOGGED_IN, Language.NB, "cp850"),)
            # Known or not is no stranger's business, and nobody is told that a patron does not exist.
            assert getattr(answer, "valid_patron", "Y") == "Y"
            assert getattr(answer, "valid_patron_password", "N") == "N"
        assert invalid() == 1
        assert await kiosk.say(b"97") != b"96AZFEF6"
        assert await kiosk.log_in("storbyen-1") == "1"
        assert await kiosk.works()


async def test_a_98_before_a_login_names_no_library(shared: Served) -> None:
    async with shared.kiosk() as kiosk:
        answer = await kiosk.asked(
            sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"), sip2.AcsStatus
        )
        assert (answer.online_status, answer.institution_id, answer.library_name) == ("Y", "", None)


async def test_a_status_before_a_login_is_answered_off_line_where_the_dialect_wants_a_login_first(
    world: World,
) -> None:
    world.rewrite_partners(("status_before_login = true", "status_before_login = false"))
    async with running(world) as served, served.kiosk() as kiosk:
        answer = await kiosk.asked(
            sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"), sip2.AcsStatus
        )
        assert (answer.online_status, answer.supported_messages) == ("N", "N" * 16)
        assert await kiosk.log_in("storbyen-1") == "1"


async def test_three_wrong_passwords_close_the_connection(served: Served) -> None:
    async with served.kiosk() as kiosk:
        assert [await kiosk.log_in("storbyen-1", f"wrong-{number}") for number in range(3)] == ["0", "0", "0"]
        assert await kiosk.is_closed()
    assert await reasons(served) == ["credentials"] * 3
    assert served.counted("connections_closed_total", listener="sip2", reason="login") == 1


async def test_a_right_password_after_two_wrong_ones_is_let_in(shared: Served) -> None:
    async with shared.kiosk() as kiosk:
        assert await kiosk.log_in("storbyen-1", "wrong") == "0"
        assert await kiosk.log_in("storbyen-1", "") == "0"
        assert await kiosk.log_in("storbyen-1") == "1"
        assert await kiosk.works()


class CountingPool(HashPool):
    """A pool that counts what it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs = 0

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run it and count it."""
        self.runs += 1
        return await super().run(work, *args, **kwargs)


@pytest.mark.parametrize("login", ["nobody-1", "storbyen-1", "", "STORBYEN-1", "a" * 255])
async def test_an_unknown_login_is_refused_as_slowly_as_a_wrong_password(served: Served, login: str) -> None:
    pool = CountingPool()
    served.register.machine_secrets._pool = pool
    async with served.kiosk() as kiosk:
        assert await kiosk.say(f"9300CN{login}|COwrong|".encode()) == b"940"
    assert pool.runs == 1
    assert await reasons(served) == ["credentials"]
    pool.close()


@pytest.mark.parametrize(("uid", "pwd"), [("1", "0"), ("0", "1"), ("x", "x")])
async def test_another_algorithm_than_plain_text_is_refused_even_with_the_right_password(
    served: Served, uid: str, pwd: str
) -> None:
    async with served.kiosk() as kiosk:
        assert await kiosk.log_in("storbyen-1", uid=uid, pwd=pwd) == "0"
        assert (await kiosk.status("N001000001")).screen_messages[0].startswith("Maskinen er ikke logget inn")
    assert await reasons(served) == ["algorithm"]


@pytest.mark.parametrize("right_before", [False, True])
async def test_the_right_password_from_another_network_is_refused(world: World, right_before: bool) -> None:
    async with running(world) as served:
        if right_before:
            async with served.kiosk("storbyen-1"):
                pass
        world.rewrite_partners(('networks = ["127.0.0.0/8", "::1/128"]', 'networks = ["10.9.0.0/16"]'))
        assert await served.daemon.reload()
        async with served.kiosk() as kiosk:
            assert await kiosk.log_in("storbyen-1") == "0"
        assert await reasons(served) == ["place"]


async def test_a_location_that_is_not_the_terminals_is_refused(world: World) -> None:
    world.rewrite_partners(('login = "storbyen-1"\n', 'login = "storbyen-1"\nlocations = ["HOVED"]\n'))
    async with running(world) as served:
        async with served.kiosk() as kiosk:
            assert await kiosk.log_in("storbyen-1", location="BARN") == "0"
            assert await kiosk.log_in("storbyen-1", location="HOVED") == "1"
            assert await kiosk.works()
        assert await reasons(served) == ["location"]


async def test_an_expired_agreement_refuses_the_login_and_is_audited_once(world: World, served: Served) -> None:
    async with served.kiosk() as kiosk:
        assert [await kiosk.log_in("vidda-1") for _ in range(2)] == ["0", "0"]
    assert await reasons(served) == ["agreement", "agreement"]
    with contextlib.closing(sqlite3.connect(world.register)) as database:
        rows = database.execute("SELECT actor FROM audit WHERE action = 'login_without_agreement'").fetchall()
    assert rows == [("vidda-1",)]


async def test_a_second_login_replaces_the_first(shared: Served) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status("N001000001", "4817")).personal_name == "Ågot"
        assert await kiosk.log_in("film-1") == "1"
        assert (await kiosk.status("N001000001", "4817")).personal_name == ""
        # The answer before belongs to another identity.
        assert await kiosk.say(b"97") != b""
        assert await kiosk.log_in("fjordby-1", "wrong") == "0"
        assert (await kiosk.status("N001000001", "4817")).valid_patron_password == "N"


async def test_a_resend_after_a_second_login_repeats_only_the_login(shared: Served) -> None:
    async with shared.kiosk("storbyen-1") as kiosk:
        assert b"AE" in await kiosk.say(PIN_ASKED)
        assert await kiosk.say(b"9300CNstorbyen-1|COdemo-storbyen|") == b"941"
        assert await kiosk.say(b"97") == b"941"


PIN_ASKED = sip2.seal(sip2.Codec("utf-8").encode(status("N001000001", "4817")), None, False, b"")


async def test_a_login_is_answered_in_the_terminals_own_dialect(shared: Served) -> None:
    async with shared.kiosk() as kiosk:
        kiosk.send(b"9300CNfjordby-1|COdemo-fjordby|AY0AZ" + sip2.checksum(b"9300CNfjordby-1|COdemo-fjordby|AY0AZ"))
        kiosk.send(b"\r")
        assert await kiosk.reader.readuntil(b"\n") == b"941AY0AZFDFD\r\n"


async def test_one_login_serves_so_many_connections_and_logging_in_again_is_no_second_one(served: Served) -> None:
    served.with_rules(per_login=1)
    async with served.kiosk("storbyen-1") as kiosk:
        async with served.kiosk() as second:
            assert await second.log_in("storbyen-1") == "0"
            assert await second.log_in("film-1") == "1"
        assert await kiosk.log_in("storbyen-1") == "1"
        assert await kiosk.works()
    assert await reasons(served) == ["crowded"]


async def test_a_place_at_a_login_is_free_again_when_its_connection_ends_or_becomes_anothers(served: Served) -> None:
    served.with_rules(per_login=1)
    async with served.kiosk("storbyen-1") as first, served.kiosk() as turned_away:
        assert await first.log_in("film-1") == "1"
        async with served.kiosk("storbyen-1") as second:
            assert await second.works()
            assert await first.log_in("storbyen-1") == "0"
        await until(lambda: served.door.connections == 2)
        assert await first.log_in("storbyen-1") == "1"
        assert await turned_away.log_in("storbyen-1") == "0"
    await until(lambda: served.door.connections == 0)
    async with served.kiosk("storbyen-1") as last:
        assert await last.works()


async def test_a_terminal_that_needs_no_login_is_known_by_its_network(world: World) -> None:
    world.rewrite_partners(
        ("[dialects.default]\n", "[dialects.default]\nlogin_required = false\n"),
        ('login = "vidda-1"\n', 'login = "vidda-1"\nlocations = []\n'),
    )
    world.rewrite_partners(
        ("valid_from = 2020-01-01\nvalid_until = 2025-12-31", "valid_from = 2020-01-01\nvalid_until = 2099-12-31")
    )
    async with running(world) as served, served.kiosk() as kiosk:
        answer = await kiosk.status("N001000001")
        assert (answer.valid_patron, answer.screen_messages) == ("Y", ())


async def test_a_login_under_way_when_its_terminal_is_removed_is_refused(world: World) -> None:
    async with running(world) as served, served.kiosk() as kiosk:
        pool = GatedPool()
        served.register.machine_secrets._pool = pool
        kiosk.send(b"9300CNstorbyen-1|COdemo-storbyen|\r")
        await until(lambda: pool.waiting_for_the_gate == 1)
        world.rewrite_partners(('login = "storbyen-1"', 'login = "storbyen-2"'))
        assert await served.daemon.reload()
        pool.open()
        assert await kiosk.frame() == b"940"
        pool.close()


class GatedPool(HashPool):
    """A pool whose work waits until the gate is opened."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = asyncio.Event()
        self.waiting_for_the_gate = 0

    def open(self) -> None:
        """Let the work through."""
        self._gate.set()

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Wait, then run."""
        self.waiting_for_the_gate += 1
        await self._gate.wait()
        return await super().run(work, *args, **kwargs)
