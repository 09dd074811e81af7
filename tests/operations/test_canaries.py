"""Nothing personal leaves where it must not: canaries in every field, then a search of every byte that left (F20)."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.observability.log_routes import capture, capture_loop
from gateway.partners.secrets import hash_secret
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.domain.institution import LendingUnitId
from registry.domain.patron import Address, Level
from registry.domain.secret import Secret
from registry.register import NewPatron
from tests.gateway.kiosks import NOW
from tests.gateway.memory import line_to
from tests.gateway.worlds import CHEAP_KIB, Served, World, demo, running

# Twelve digits, as four would be found by chance.
RIGHT_PIN, LOCAL_PIN, WRONG_PIN, STRAY_PIN = "583920174655", "294017385561", "660193847251", "771029384756"
PASSWORD = "kanari-passord-Øks-93817"
TERMINAL_PASSWORD, WRONG_PASSWORD = "terminalkanari-44810293", "gjettkanari-90817263"
IDENTITY = "17858610044"
SECRETS = (RIGHT_PIN, LOCAL_PIN, WRONG_PIN, STRAY_PIN, PASSWORD, TERMINAL_PASSWORD, WRONG_PASSWORD, IDENTITY)

FAMILY, GIVEN = "Kanarifugløy", "Ærlingkanari"
LOCAL_FAMILY, LOCAL_GIVEN = "Lokalkanarisen", "Såmundkanari"
PRIVATE = ("Kanarigata 8471", "Kanarivågen", "kanari-8842@patron.example", "400 88 421", "75 88 42 10", "1971-03-29")
NAMES = (FAMILY, GIVEN, LOCAL_FAMILY, LOCAL_GIVEN)

# What a kiosk may put into fields that are echoed to it, and to it alone.
STRAY_CARD = "kortkanari-55019283"

GUEST_CARD, LOCAL_CARD = "N001000088", "N001000089"


def disguises(text: str) -> Iterator[bytes]:
    """Every form in which a text might have left."""
    for encoding in ("utf-8", "latin-1", "cp850", "utf-16-le"):
        raw = text.encode(encoding)
        yield raw
        yield raw[::-1]
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield quote(raw).encode()
        for offset in range(3):
            # Somewhere inside a longer text; what stands beside it changes the first and last letters.
            coded = base64.b64encode(b"\0" * offset + raw)
            yield coded[(0, 2, 3)[offset] : len(coded) // 4 * 4 - 4]
    yield text.encode("unicode_escape")
    yield text[::-1].encode()


def found(text: str, *places: bytes) -> bool:
    """Tell whether a text has left to any of these places, in whatever form."""
    return any(form in place for form in disguises(text) for place in places)


@pytest.mark.parametrize("text", [RIGHT_PIN, PASSWORD, FAMILY, PRIVATE[0]])
def test_the_search_finds_every_disguise(text: str) -> None:
    for hidden in disguises(text):
        assert len(hidden) >= 8
        assert found(text, b"...." + hidden + b"....")
    for offset in range(5):
        coded = base64.b64encode(b"x" * offset + text.encode() + b"yz")
        assert found(text, coded)
    assert not found(text, b"nothing of the kind")


def patron(card: str, pin: str, name: tuple[str, str], local_at: dict[LendingUnitId, str]) -> NewPatron:
    return NewPatron(
        family_name=name[0],
        given_name=name[1],
        birth_date=date(1971, 3, 29),
        card=CardNumber(card),
        pin=Secret(pin),
        password=Secret(PASSWORD),
        minimum_level=Level.LOW,
        registered_address=Address(lines=(PRIVATE[0],), postal_code="6199", place=PRIVATE[1]),
        mobile=f"+47 {PRIVATE[3]}",
        phone=PRIVATE[4],
        email=PRIVATE[2],
        local_at=local_at,
    )


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """The demo's world with two canaries in its register and one as a terminal's password."""
    made = await demo(tmp_path / "world")
    async with made.at_the_prompt() as register:
        await register.patrons.add_patron(patron(GUEST_CARD, RIGHT_PIN, (FAMILY, GIVEN), {}), "test")
        local_at = {LendingUnitId("NO-2030000"): ""}
        await register.patrons.add_patron(patron(LOCAL_CARD, LOCAL_PIN, (LOCAL_FAMILY, LOCAL_GIVEN), local_at), "test")
    secret = next(line for line in made.partners.read_text("utf-8").splitlines() if line.startswith("secret = "))
    made.rewrite_partners((secret, f'secret = "{hash_secret(Secret(TERMINAL_PASSWORD), memory_kib=CHEAP_KIB)}"'))
    return made


def fields(card: str, pin: str) -> bytes:
    """Every field that a patron message may hold, and some that none knows, each with a canary of its own."""
    secret = f"AC{STRAY_PIN}|AD{pin}|ZZ{STRAY_PIN}|BP{STRAY_PIN}|AL{STRAY_PIN}|BD{PRIVATE[0]}|AE{FAMILY}|PB{IDENTITY}|"
    return f"AONO-2030000|AA{card}|AB0301|AJ0301|{secret}".encode()


D, NB_DUE = NOW.encode(), b" " * 18
HEADS = {
    "23": b"23012" + D,
    "63": b"63012" + D + b"Y" * 10,
    "25": b"25" + D,
    "01": b"01N" + D,
    "35": b"35" + D,
    "11": b"11YN" + D + NB_DUE,
    "09": b"09N" + D + D,
    "15": b"15+" + D,
    "17": b"17" + D,
    "19": b"19" + D,
    "29": b"29NN" + D + NB_DUE,
    "37": b"37" + D + b"0400NOK",
    "65": b"65" + D,
}


def login(name: str, password: str) -> bytes:
    return f"9300CN{name}|CO{password}|CP{STRAY_PIN}|".encode()


def odd(raw: bytes) -> Iterator[bytes]:
    """A frame as it should be, and what the wire, the kiosk or an attacker may make of it."""
    yield raw
    yield sip2.seal(raw, "1", True, b"")
    yield raw + b"AY2AZ0000"  # a wrong checksum
    yield raw + b"AY2AZ"
    yield b"44" + raw[2:]  # an unknown message
    yield b"XX" + raw[2:]
    yield b"24" + raw[2:]  # an answer instead of a question
    yield raw[:9] + raw[raw.index(b"AO") :]  # a short fixed part
    yield raw.replace(b"AA", b"QQ")  # a required field missing
    yield raw.replace(b"|", b"\xff|\xc3")  # bad bytes for the charset
    yield raw.replace(b"|", b"^")
    yield raw.replace(b"|AD", b"|\0AD")
    yield raw + b"AD" + STRAY_PIN.encode() + b"|" + b"ZZ|" * 40  # too many fields
    yield raw[:-4]


def conversation() -> Iterator[bytes]:
    """All that a kiosk says, frame by frame, after it has logged in."""
    for head in HEADS.values():
        for card, pin in ((GUEST_CARD, RIGHT_PIN), (LOCAL_CARD, LOCAL_PIN), (GUEST_CARD, PASSWORD)):
            yield head + fields(card, pin)
    for head in HEADS.values():
        yield from odd(head + fields(LOCAL_CARD, WRONG_PIN))
        yield head + fields(STRAY_CARD, IDENTITY)
        yield head + fields("N001777777", IDENTITY)
    yield b"97"
    yield b"9900802.00" + STRAY_PIN.encode()


class Failing:
    """Look-ups that fail with everything in hand."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Fail."""
        raise self._error from OSError(f"{card} {RIGHT_PIN} {FAMILY} {IDENTITY}")


async def everything_said(served: Served) -> dict[str, bytes]:
    """Have the whole conversation; return what each kiosk was answered."""
    heard: dict[str, bytes] = {}
    with line_to(served.door) as stranger:
        for raw in conversation():
            await stranger.hear(raw + b"\r")
        for name in ("nobody", "storbyen-1", "storbyen-1"):
            await stranger.hear(login(name, WRONG_PASSWORD) + b"\r")
        heard["stranger"] = await stranger.settle()
    for name in ("storbyen-1", "storbyen-door", "film-1"):
        password = TERMINAL_PASSWORD if name == "storbyen-1" else f"demo-{name.removesuffix('-1')}"
        with line_to(served.door) as kiosk:
            assert await kiosk.hear(login(name, password) + b"\r") == b"941\r"
            for raw in conversation():
                await kiosk.hear(raw + b"\r")
            kiosk.feed(b"63012" + fields(LOCAL_CARD, STRAY_PIN) * 100)  # oversize
            heard[name] = await kiosk.settle()
    async with served.kiosk("film-1") as over_tcp:
        over_tcp.send(b"".join(raw + b"\r" for raw in conversation()))
        over_tcp.writer.write_eof()
        heard["over TCP"] = await over_tcp.rest()
    return heard


async def failures_said(served: Served) -> bytes:
    """The same while the register is down, and while it has a bug."""
    heard = b""
    holders = served.holders
    for error in (RegisterUnavailable(f"{RIGHT_PIN} {FAMILY}"), ValueError(RIGHT_PIN, FAMILY, IDENTITY)):
        holders._lookups = Failing(error)
        holders._known.clear()
        with line_to(served.door) as kiosk:
            await kiosk.hear(login("storbyen-1", TERMINAL_PASSWORD) + b"\r")
            for head in HEADS.values():
                await kiosk.hear(head + fields(LOCAL_CARD, LOCAL_PIN) + b"\r")
            heard += await kiosk.settle()
    return heard


async def metrics_page(served: Served) -> bytes:
    host, port = served.daemon.addresses["http"]
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
    async with asyncio.timeout(5):
        page = await reader.read()
    writer.close()
    assert b"portvakt_requests_total" in page
    return page


def everywhere_captured(served: Served) -> AbstractContextManager[object]:
    """What libraries, Twisted and the loop log goes to the same log, as in a running daemon."""
    capture_loop(served.logs.log, asyncio.get_running_loop())
    return capture(served.logs.log)


async def test_no_secret_and_nothing_personal_leaves_where_it_must_not(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(world, level="debug", expected=("unexpected",)) as served:
        with everywhere_captured(served):
            heard = await everything_said(served)
            failed = await failures_said(served)
            page = await metrics_page(served)
        on_disk = b"".join(path.read_bytes() for path in sorted(world.directory.glob("portvakt.db*")))
    log = served.stream.getvalue().encode()
    printed = "".join(capfd.readouterr()).encode()
    # What was made to fail did, and nothing else.
    assert {line["error"] for line in served.events("unexpected")} == {"ValueError"}
    assert len(served.events("frame_refused")) > 0
    assert len(served.events("pin_check")) > 0

    for secret in SECRETS:
        assert not found(secret, log, page, printed, failed, on_disk, *heard.values()), secret[:2]
    for text in (*PRIVATE, *NAMES, STRAY_CARD):
        assert not found(text, log, page, printed), text
    for card in (GUEST_CARD, LOCAL_CARD):
        assert not found(card, log, page, printed), card
    for text in PRIVATE:
        assert not found(text, failed, *heard.values()), text
    _only_the_release_table_told_names(heard, failed)


def _only_the_release_table_told_names(heard: dict[str, bytes], failed: bytes) -> None:
    # A guest's given name greets at the kiosk; a local patron's whole name stands at that library's terminals.
    told = {"storbyen-1": {GIVEN, LOCAL_FAMILY, LOCAL_GIVEN}, "storbyen-door": {LOCAL_FAMILY, LOCAL_GIVEN}}
    for who, written in heard.items():
        for name in NAMES:
            assert found(name, written) == (name in told.get(who, set())), (who, name)
        named = set(re.findall(rb"\|AE([^|]+)\|", written))
        allowed = {GIVEN.encode(), f"{LOCAL_FAMILY}, {LOCAL_GIVEN}".encode()}
        assert named <= allowed
    assert not any(found(name, failed) for name in NAMES)
