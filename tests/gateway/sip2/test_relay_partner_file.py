"""Each key of ``[[library_systems]]`` does what it says: from the partner file to the library system's own wire."""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.demo_world import ILS_LOGIN, ILS_PASSWORD, PASSWORDS
from gateway.simulators.ils import Kind
from gateway.sip2.ils_system import Budgets
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Codec, Frame, Message
from tests.gateway.kiosks import Kiosk
from tests.gateway.libraries import LONG, NEVER_OPENS, Library, library, put_behind, retune
from tests.gateway.sip2.scripted_ils import ScriptedIls, courteous, in_kind, scripted
from tests.gateway.worlds import Served, demo, running, until
from tests.simulators import ils_requests as asking

LOCAL, PIN = "S100001", "6417"
JONAS, JONAS_PIN, JONAS_ID = "N001000002", "5926", "S200002"
EIRA, EIRA_PIN, EIRA_ID = "N001000010", "5048", "S200010"
BOOK = "30101000001"
TRUE, FALSE = "true", "false"


def knows_everybody(asked: Frame) -> bytes:
    """The answers of a library system that says of every patron that they are Kåre Ås."""
    if asked.number != "23":
        return courteous(asked)
    patron = asked.body.split(b"AA", 1)[1].partition(b"|")[0]
    return in_kind(asked, b"24              01220261123    101530AOHOVED|AA" + patron + b"|AEK\x86re \x8fs|BLY|CQY|")


@asynccontextmanager
async def behind(
    tmp_path: Path, *, certified: ssl.SSLContext | None = None, end: bytes = b"\r", **told: str
) -> AsyncIterator[tuple[Served, ScriptedIls]]:
    """A daemon with a scripted library system of which the partner file tells so."""
    place = await demo(tmp_path / "world")
    async with scripted(knows_everybody, certified, end) as ils:
        put_behind(place, ils.port, **({"encoding": '"cp850"', "local_id_field": ""} | told))
        async with running(place) as served:
            retune(served, budgets=LONG, breaker=NEVER_OPENS)
            yield served, ils


@asynccontextmanager
async def with_kiosk(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[Kiosk, ScriptedIls]]:
    """The same, and a kiosk that has asked for a local patron."""
    async with behind(tmp_path, **more) as (served, ils), served.kiosk("storbyen-1") as kiosk:
        told = await kiosk.status(LOCAL, PIN)
        assert (told.valid_patron_password, told.personal_name) == ("Y", "Kåre Ås")
        yield kiosk, ils


# How it is reached, and how it is spoken to.


async def test_the_gateways_own_login_and_location(tmp_path: Path) -> None:
    async with with_kiosk(tmp_path, location='"Ø-bygg"') as (_, ils):
        login = Codec("cp850").decode(ils.frames[0].body)
    assert isinstance(login, sip2.Login)
    assert (login.login_user_id, login.login_password, login.location_code) == (ILS_LOGIN, ILS_PASSWORD, "Ø-bygg")


async def test_each_kiosks_own_login_and_location(tmp_path: Path) -> None:
    asked = behind(tmp_path, login="", password_file="", login_of_terminal=TRUE)
    async with asked as (served, ils), served.kiosk() as kiosk:
        assert await kiosk.log_in("storbyen-1", location="NORD") == "1"
        await kiosk.status(LOCAL, PIN)
        login = Codec("cp850").decode(ils.frames[0].body)
    assert isinstance(login, sip2.Login)
    assert (login.login_user_id, login.login_password, login.location_code) == (
        "storbyen-1",
        PASSWORDS["storbyen-1"],
        "NORD",
    )


async def test_no_login_at_all(tmp_path: Path) -> None:
    async with with_kiosk(tmp_path, login="", password_file="") as (_, ils):
        assert ils.numbers == ["99", "23"]


async def test_over_tls_by_an_authority_and_a_name_of_its_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("sip.example.org").configure_cert(context)
    (tmp_path / "world" / "partners.d").mkdir(parents=True)
    authority.cert_pem.write_to_path(str(tmp_path / "world" / "partners.d" / "ils-ca.pem"))
    told = {"tls": TRUE, "ca": '"ils-ca.pem"', "server_name": '"sip.example.org"'}
    async with with_kiosk(tmp_path, certified=context, **told) as (_, ils):
        assert ils.numbers == ["93", "99", "23"]


async def test_the_second_address_while_the_first_does_not_answer(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world")) as storbyen:
        first = storbyen.ils._at[1]
        async with scripted(knows_everybody) as second:
            told = storbyen.served.daemon._path.parent / "partners.d" / "library-system.toml"
            text = told.read_text("utf-8")
            both = f'["127.0.0.1:{first}", "127.0.0.1:{second.port}"]'
            told.write_text(text.replace(f'["127.0.0.1:{first}"]', both), "utf-8")
            await storbyen.ils.close_port()
            assert await storbyen.served.daemon.reload()
            async with storbyen.kiosk() as kiosk:
                assert (await kiosk.status(LOCAL, PIN)).valid_patron_password == "Y"
            assert second.numbers == ["93", "99", "23"]


async def test_its_institution_and_the_kiosks_own_again(tmp_path: Path) -> None:
    async with with_kiosk(tmp_path, institution='"HOVED"') as (kiosk, ils):
        for card, pin in ((LOCAL, PIN), (JONAS, JONAS_PIN)):
            assert (await kiosk.status(card, pin)).institution_id == "NO-2030000"
            assert b"AOHOVED|" in ils.frames[-1].body


@pytest.mark.parametrize(("told", "end"), [("cr", b"\r"), ("crlf", b"\r\n"), ("lf", b"\n")])
async def test_its_terminator(tmp_path: Path, told: str, end: bytes) -> None:
    async with with_kiosk(tmp_path, end=end, terminator=f'"{told}"') as (_, ils):
        # What another terminator leaves behind would be the beginning of the next frame.
        assert [frame.raw[:1] for frame in ils.frames] == [b"9", b"9", b"2"]


async def test_its_charset(tmp_path: Path) -> None:
    async with behind(tmp_path, encoding='"iso-8859-1"') as (served, ils), served.kiosk("storbyen-1") as kiosk:
        told = await kiosk.status("Æ-7", PIN)
        assert b"AA\xc6-7|" in ils.frames[-1].body
        assert told.patron_identifier == "Æ-7"


@pytest.mark.parametrize(("told", "sealed"), [(TRUE, True), (FALSE, False)])
async def test_with_error_detection_and_without(tmp_path: Path, told: str, sealed: bool) -> None:
    async with with_kiosk(tmp_path, error_detection=told) as (_, ils):
        assert {frame.sequence is not None for frame in ils.frames} == {sealed}
        assert {frame.checksum is sip2.Checksum.RIGHT for frame in ils.frames} == {sealed}


@pytest.mark.parametrize(
    ("quirk", "echo", "served"),
    [
        ("az-without-ay", "required", False),
        ("az-without-ay", "optional", True),
        ("stuck-sequence", "optional", False),
        ("stuck-sequence", "ignored", True),
    ],
)
async def test_whether_its_answers_repeat_the_sequence_digit(
    tmp_path: Path, quirk: str, echo: str, served: bool
) -> None:
    quirky = library(await demo(tmp_path / "world"), rules={"quirks": (quirk,)}, told={"echo": f'"{echo}"'})
    async with quirky as storbyen:
        # Where every answer is the wrong one, none of them is worth waiting for.
        storbyen.tune(budgets=LONG if served else Budgets(total=0.4, connect=0.4, resend=0.2, least_for_change=0.0))
        async with storbyen.kiosk() as kiosk:
            told = await kiosk.status(LOCAL, PIN)
            assert (told.valid_patron_password == "Y") is served


@pytest.mark.parametrize(("told", "ok", "frames"), [(TRUE, "1", 2), (FALSE, "0", 1)])
async def test_a_change_is_repeated_only_where_it_is_not_executed_twice(
    tmp_path: Path, told: str, ok: str, frames: int
) -> None:
    async with library(await demo(tmp_path / "world"), told={"replays": told}) as storbyen:
        storbyen.tune(budgets=Budgets(total=4.0 if ok == "1" else 0.6, connect=0.5, resend=0.2, least_for_change=0.0))
        async with storbyen.kiosk() as kiosk:
            await kiosk.status(LOCAL, PIN)
            with storbyen.failing(Kind.DROP_BEFORE, "11", times=1):
                lent = await kiosk.asked(asking.checkout(LOCAL, BOOK), sip2.CheckoutResponse)
        assert (lent.ok, storbyen.asked("11")) == (ok, frames)


async def test_whether_answers_about_another_number_are_believed(tmp_path: Path) -> None:
    for told, name in ((TRUE, ""), (FALSE, "Kåre Ås")):

        def says(asked: Frame) -> bytes:
            return knows_everybody(asked).replace(b"AA7|", b"AA8|") if asked.number == "23" else courteous(asked)

        place = await demo(tmp_path / told)
        async with scripted(says) as ils:
            keys = {"encoding": '"cp850"', "local_id_field": "", "proves_patron": told, "error_detection": FALSE}
            put_behind(place, ils.port, **keys)
            async with running(place) as served:
                retune(served, budgets=LONG, breaker=NEVER_OPENS)
                async with served.kiosk("storbyen-1") as kiosk:
                    assert (await kiosk.status("7", PIN)).personal_name == name


# An idle link.


async def idle_for(served: Served, seconds: float) -> None:
    """Let time pass for idle links, and what they then do be done."""
    served.clock.turn(seconds)
    peer = served.door._peers["storbyen-ils"]
    peer.idle.look()
    await until(lambda: not any(link._turn.locked() for link in peer.links))


async def test_an_idle_link_says_a_status_as_often_as_told(tmp_path: Path) -> None:
    async with behind(tmp_path, keep_alive="100.0") as (served, ils), served.kiosk("storbyen-1") as kiosk:
        await kiosk.status(LOCAL, PIN)
        await idle_for(served, 85)
        assert ils.numbers == ["93", "99", "23"]
        await idle_for(served, 20)
        await ils.until(lambda: ils.numbers == ["93", "99", "23", "99"])


async def test_an_idle_link_is_closed_where_told_and_opened_again_by_the_next_card(tmp_path: Path) -> None:
    async with behind(tmp_path, idle_close="30.0") as (served, ils), served.kiosk("storbyen-1") as kiosk:
        await kiosk.status(LOCAL, PIN)
        await idle_for(served, 31)
        await ils.until(lambda: ils.closed == 1)
        assert (await kiosk.status(LOCAL, PIN)).valid_patron_password == "Y"
        assert ils.connections == 2


# What its requests hold, and what its answers mean.


@pytest.mark.parametrize("told", [FALSE, TRUE])
async def test_an_empty_terminal_password_where_it_wants_one(tmp_path: Path, told: str) -> None:
    async with library(await demo(tmp_path / "world"), told={"wants_terminal_password": told}) as storbyen:
        async with storbyen.kiosk() as kiosk:
            await kiosk.information(JONAS, JONAS_PIN)
            await kiosk.status(EIRA, EIRA_PIN)
        expected = "" if told == TRUE else None
        # In what is asked for a patron, and in what is asked to recognise one.
        assert {sip2.first(asked, "AC") for asked in of_number(storbyen, "63")} == {expected}
        assert len(of_number(storbyen, "63")) == 2


@pytest.mark.parametrize("told", [FALSE, TRUE])
async def test_an_empty_pin_where_it_wants_one(tmp_path: Path, told: str) -> None:
    async with library(await demo(tmp_path / "world"), told={"wants_empty_pin": told}) as storbyen:
        async with storbyen.kiosk() as kiosk:
            await kiosk.information(JONAS, JONAS_PIN)
            await kiosk.status(EIRA, EIRA_PIN)
            # A local card's message is the same message, whatever a library system wants.
            await kiosk.information(LOCAL)
        asked = [sip2.first(asked, "AD") for asked in of_number(storbyen, "63")]
        expected = "" if told == TRUE else None
        assert asked == [expected, expected, None]


@pytest.mark.parametrize(("told", "got"), [(FALSE, None), (TRUE, JONAS_PIN)])
async def test_a_pin_that_the_register_found_right_where_it_wants_it(
    tmp_path: Path, told: str, got: str | None
) -> None:
    async with library(await demo(tmp_path / "world"), told={"wants_pin": told}) as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin=JONAS_PIN))
        async with storbyen.kiosk() as kiosk:
            lent = await kiosk.asked(asking.checkout(JONAS, BOOK, patron_password=JONAS_PIN), sip2.CheckoutResponse)
            assert (lent.ok, sip2.first(storbyen.got("11"), "AD")) == ("1", got)
            assert (await kiosk.information(JONAS, JONAS_PIN)).personal_name == "Jonas Lie Hætta"
            # A wrong one goes nowhere, and a checkout without a PIN has none.
            before = len(storbyen.ils.requests)
            refused = await kiosk.information(JONAS, "0000")
            assert refused.screen_messages == (say(Screen.WRONG_PIN, Language.NB, "utf-8"),)
            assert len(storbyen.ils.requests) == before
            await kiosk.ask(asking.renew(JONAS, BOOK))
            assert sip2.first(storbyen.got("29"), "AD") is None


async def test_its_no_to_a_pin_that_it_wanted_is_a_no(tmp_path: Path) -> None:
    async with library(await demo(tmp_path / "world"), told={"wants_pin": TRUE}) as storbyen:
        storbyen.enrol(dataclasses.replace(storbyen.patron(JONAS_ID), pin="4321"))
        async with storbyen.kiosk() as kiosk:
            told = await kiosk.information(JONAS, JONAS_PIN)
        assert (told.valid_patron, told.valid_patron_password, told.personal_name) == ("Y", "N", "")
        assert told.screen_messages == (say(Screen.WRONG_PIN, Language.NB, "utf-8"),)


@pytest.mark.parametrize(("fields", "name"), [("", "Eira Myklebust"), ('["BC", "PD"]', "Eira")])
async def test_the_field_of_a_birth_date_that_agrees_or_not(tmp_path: Path, fields: str, name: str) -> None:
    told = {"birth_date_fields": fields}
    async with library(await demo(tmp_path / "world"), told=told) as storbyen:
        somebody_else = {"PD": date(1931, 5, 6).strftime("%Y%m%d")}
        storbyen.enrol(dataclasses.replace(storbyen.patron(EIRA_ID), born=None, fields=somebody_else))
        async with storbyen.kiosk() as kiosk:
            # Of the same name, but born on another day: a case for staff, who greet with the given name alone.
            assert (await kiosk.status(EIRA, EIRA_PIN)).personal_name == name


@pytest.mark.parametrize(("told", "answers"), [(FALSE, (None, None)), (TRUE, ("Y", "N"))])
async def test_bl_and_cq_of_a_local_card_that_it_leaves_out(
    tmp_path: Path, told: str, answers: tuple[str | None, str | None]
) -> None:
    quirky = {"quirks": ("no-bl", "no-cq")}
    silent = library(await demo(tmp_path / "world"), rules=quirky, told={"fills_validity": told})
    async with silent as storbyen, storbyen.kiosk() as kiosk:
        for request in (asking.status(LOCAL, PIN), asking.information(LOCAL, PIN), asking.enable(LOCAL)):
            answer = await kiosk.ask(request)
            assert (sip2.first(answer, "BL"), sip2.first(answer, "CQ")) == answers, request.number
        # Of a national card kiosks get both, whatever it leaves out.
        jonas = await kiosk.information(JONAS, JONAS_PIN)
        assert (jonas.valid_patron, jonas.valid_patron_password) == ("Y", "Y")


def of_number(storbyen: Library, number: str) -> list[Message]:
    """The requests with this number that the library system has executed."""
    return [asked for asked in storbyen.ils.requests if asked.number == number]
