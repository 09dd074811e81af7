"""``portvakt ncip``: every command against the simulated library, what it shows, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.simulators.ils import read_fault
from gateway.simulators.ils.world import Ncip
from gateway.tls import ServerTls
from protocols.ncip import Codec, LookupUser
from protocols.ncip.elements import UserId
from tests.simulators.ils_library import WORLD
from tests.simulators.ils_line import Running, running

CARD, STRANGER = "N001234567", "N007654321"
PIN, SECRET = "4711", "agent-hemmelig"
WHO = ("--from-agency", "NO-0030100", "--to-agency", "NO-2030000", "--system", "portvakt")


class Peer:
    """A simulated library, and commands that ask it."""

    def __init__(self, lines: Running, url: str) -> None:
        self.lines = lines
        self.url = url

    async def run(self, command: str, *arguments: str | Path, given: str | bytes | None = None, **env: str) -> Result:
        """The result of a command with the library's agency secret in its environment."""
        environment = {"PORTVAKT_NCIP_SECRET": SECRET} | env
        who = () if command == "send" else WHO
        words = ["ncip", command, *map(str, arguments), *who, "--to", self.url]
        return await asyncio.to_thread(CliRunner().invoke, main, words, input=given, env=environment)

    async def shown(self, command: str, *arguments: str | Path, **more: Any) -> dict[str, Any]:
        """What a command shows as JSON."""
        done = await self.run(command, "--json", *arguments, **more)
        told: dict[str, Any] = json.loads(done.stdout)
        return told


@asynccontextmanager
async def peer(*faults: str, scheme: str = "http", **settings: Any) -> AsyncIterator[Peer]:
    world = replace(WORLD, ncip=Ncip(secret=SECRET))
    tls = settings.pop("tls", None)
    async with running(*map(read_fault, faults), world=world, **settings) as lines:
        port = await lines.simulator.ncip.start(raw=scheme.startswith("tcp"), tls=tls)
        yield Peer(lines, f"{scheme}://127.0.0.1:{port}")


def document(number: str = CARD) -> bytes:
    return Codec().encode(LookupUser(user_id=UserId(user_identifier_value=number)))


@pytest.mark.parametrize("scheme", ["http", "tcp"])
async def test_a_look_up_shows_both_messages_their_validity_and_the_time(scheme: str) -> None:
    async with peer(scheme=scheme) as library:
        done = await library.run("lookup-user", CARD, PORTVAKT_NCIP_PIN=PIN)
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("→ LookupUser: ")
    assert lines[0].endswith(", valid")
    answer = next(line for line in lines if line.startswith("← "))
    assert answer.startswith("← LookupUserResponse: ")
    assert ("HTTP 200" in answer) is (scheme == "http")
    assert "Ane Ås" in done.output
    assert f"<ns1:AuthenticationInputData>{CARD}</ns1:AuthenticationInputData>" in done.output
    assert lines[-1].startswith("performed, after ")


@pytest.mark.parametrize("how", ["environment", "file", "prompt"])
async def test_a_pin_comes_from_the_environment_a_file_or_a_hidden_prompt(how: str, tmp_path: Path) -> None:
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    ways: dict[str, tuple[tuple[str | Path, ...], dict[str, str]]] = {
        "environment": ((), {"PORTVAKT_NCIP_PIN": PIN}),
        "file": (("--pin-file", file), {}),
        "prompt": (("--ask-pin",), {"given": f"{PIN}\n"}),
    }
    arguments, more = ways[how]
    async with peer() as library:
        done = await library.run("lookup-user", CARD, *arguments, **more)
    assert done.exit_code == 0
    assert "AuthenticationInput>" in done.output
    assert PIN not in done.output


@pytest.mark.parametrize("way", [(), ("--raw",), ("--json",)])
@pytest.mark.parametrize("command", ["lookup-user", "send"])
async def test_no_secret_is_ever_shown(way: tuple[str, ...], command: str, tmp_path: Path) -> None:
    sent = tmp_path / "sent.xml"
    async with peer() as library:
        told = await library.run("lookup-user", CARD, *way, PORTVAKT_NCIP_PIN="99187")
        assert told.exit_code == 1
        assert "User Authentication Failed" in told.output
        assert not [word for word in ("99187", SECRET) if word in told.output]
        body = document().replace(
            b"<ns1:UserId>",
            b"<ns1:InitiationHeader><ns1:FromAgencyAuthentication>"
            + SECRET.encode()
            + b"</ns1:FromAgencyAuthentication>"
            b"</ns1:InitiationHeader><ns1:AuthenticationInput><ns1:AuthenticationInputData>99187</ns1:AuthenticationInputData>"
            b"<ns1:AuthenticationInputType>PIN</ns1:AuthenticationInputType></ns1:AuthenticationInput><ns1:UserId>",
        )
        for text in (body, body.replace(b"</ns1:NCIPMessage>", b""), body.decode().encode("utf-16")):
            sent.write_bytes(text)
            told = await library.run("send", sent, *way)
            assert not [word for word in ("99187", SECRET) if word in told.output]
            assert "***" in told.output
        # What is no secret is still there, behind the last of them.
        sent.write_bytes(body)
        assert CARD in (await library.run("send", sent, *way)).output


@pytest.mark.parametrize("ending", ["toml", "json"])
async def test_a_person_in_a_file_becomes_a_patron_and_the_second_time_a_duplicate(ending: str, tmp_path: Path) -> None:
    told = {
        "number": STRANGER,
        "name": "Nora Ny",
        "born": "2001-02-03",
        "email": "nora@example.org",
        "rules": "2026-01",
    }
    told |= {"street": "Vei 1", "postal_code": "9990", "town": "Storbyen", "language": "nob", "phone": "+4740000000"}
    file = tmp_path / f"nora.{ending}"
    toml = "\n".join(f'{key} = "{value}"' for key, value in told.items() if key != "born") + "\nborn = 2001-02-03\n"
    file.write_text(json.dumps(told) if ending == "json" else toml)
    async with peer() as library:
        first = await library.shown("create-user", file)
        assert (first["outcome"], first["request"]["valid"], first["answer"]["valid"]) == ("performed", True, True)
        (made,) = library.lines.simulator.ledger.enrolled.values()
        assert (made.name, made.cards, made.email) == ("Nora Ny", (STRANGER,), "nora@example.org")
        assert str(made.born) == "2001-02-03"
        assert made.address == "Vei 1, 9990 Storbyen"
        again = await library.run("create-user", file)
        assert again.exit_code == 1
        assert "problem: Duplicate User; UserId\ndeclined (duplicate), after " in again.output


async def test_a_patron_is_changed_and_removed_and_an_agency_looked_up() -> None:
    async with peer() as library:
        done = await library.run("update-user", CARD, "--email", "ny@example.org", "--language", "nno")
        assert done.exit_code == 0
        assert library.lines.simulator.ledger.enrolled["S1"].email == "ny@example.org"
        new = {"PORTVAKT_NCIP_PIN": PIN, "PORTVAKT_NCIP_NEW_PIN": "83921"}
        done = await library.run("update-user", CARD, "--change-pin", **new)
        assert done.exit_code == 0
        assert not [pin for pin in (PIN, "83921") if pin in done.output]
        assert library.lines.simulator.ledger.enrolled["S1"].pin == "83921"
        assert (await library.run("delete-user", CARD)).exit_code == 0
        assert "Unknown User" in (await library.run("lookup-user", CARD)).output
        assert "Storbyen folkebibliotek" in (await library.run("lookup-agency", "NO-2030000")).output


async def test_a_file_is_sent_as_it_stands_and_its_faults_are_told_without_values(tmp_path: Path) -> None:
    bad = (
        b'<NCIPMessage xmlns="http://www.niso.org/2008/ncip"><RenewItem><Ukjent>Ola</Ukjent></RenewItem></NCIPMessage>'
    )
    async with peer() as library:
        told = await library.shown("send", "-", given=bad)
        assert told["request"]["bytes"] == len(bad)
        assert not told["request"]["valid"]
        assert told["request"]["faults"]
        assert "Ola" not in "".join(told["request"]["faults"])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("drop-after", "no answer: hung"),
        ("close-after", "no answer: closed"),
        ("close-in-the-middle", "no answer: half answer"),
        ("plain-text", "no usable answer"),
        ("http-status status=500", "no usable answer"),
        ("garbage", "no usable answer"),
        ("broken-xml", "no usable answer"),
        ("wrong-message", "no usable answer"),
        ("too-large", "no answer: too large"),
    ],
)
async def test_what_is_no_usable_answer_ends_with_three(fault: str, said: str) -> None:
    async with peer(fault) as library:
        timeout = "0.3" if fault.startswith("drop") else "10"
        done = await library.run("lookup-user", CARD, "--timeout", timeout)
    assert done.exit_code == 3
    assert said in done.output


async def test_nobody_there_ends_with_three() -> None:
    async with peer() as library:
        await library.lines.simulator.close_port()
        done = await library.run("lookup-user", CARD, "--quiet")
        assert (done.exit_code, done.output) == (3, "")
        assert "no answer: refused" in (await library.run("lookup-user", CARD)).output


async def test_tls_is_proved(tmp_path: Path) -> None:
    authority = trustme.CA()
    served = authority.issue_cert("ils.example.org")
    ca, certificate, key = (tmp_path / name for name in ("ca.pem", "ils.pem", "ils.key"))
    authority.cert_pem.write_to_path(str(ca))
    served.cert_chain_pems[0].write_to_path(str(certificate))
    served.private_key_pem.write_to_path(str(key))
    async with peer(scheme="https", tls=ServerTls(certificate, key).current) as library:
        trusted = await library.run("lookup-user", CARD, "--ca", ca, "--server-name", "ils.example.org")
        assert trusted.exit_code == 0
        for arguments in (("--ca", ca), ("--server-name", "ils.example.org")):
            done = await library.run("lookup-user", CARD, *arguments)
            assert done.exit_code == 3
            assert "no answer: untrusted" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("number = ", "Invalid value"),
        ('number = "N1"\nsex = "F"', "sex: Unexpected keyword argument"),
        ('born = "yesterday-Ola"', "born: "),
    ],
)
def test_a_file_that_cannot_be_used_is_told_without_its_values(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "person.toml"
    file.write_text(text)
    done = CliRunner().invoke(main, ["ncip", "create-user", str(file), *WHO])
    assert done.exit_code == 2
    assert said in done.output
    assert "Ola" not in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lookup-user", CARD], "--from-agency"),
        (["lookup-user", CARD, *WHO, "--to", "ftp://x"], "expected http://"),
        (["lookup-user", CARD, *WHO, "--key", __file__], "--key needs --certificate"),
        (["lookup-user", CARD, *WHO, "--to", "https://127.0.0.1:1/", "--ca", __file__], "expected PEM files"),
        (["update-user", CARD, *WHO], "nothing to change"),
        (["send", "nowhere.xml"], "nowhere.xml"),
    ],
)
def test_wrong_usage_ends_with_two_and_says_why(words: list[str], said: str) -> None:
    done = CliRunner().invoke(main, ["ncip", *words])
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "command", ["lookup-user", "create-user", "update-user", "delete-user", "lookup-agency", "send"]
)
def test_every_command_has_an_example_and_takes_no_secret_as_an_argument(command: str) -> None:
    told = CliRunner().invoke(main, ["ncip", command, "--help"]).output
    assert f"portvakt ncip {command} " in told
    assert not [option for option in ("--pin ", "--secret ", "--new-pin ") if option in told]
