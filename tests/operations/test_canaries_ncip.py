"""Nothing personal leaves the NCIP door where it must not: canaries in every field, then a search (F20)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ncip.initiators import Place
from gateway.partners.secrets import hash_secret
from registry.domain.decisions import RegisterUnavailable
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret
from tests.gateway.ncip.vendors import (
    accepted,
    card_and_pin,
    create,
    delete,
    electronic,
    header,
    http,
    look_up,
    named,
    postal,
    update,
    user,
)
from tests.gateway.worlds import CHEAP_KIB, Served, World, demo, running
from tests.operations.test_canaries import (
    FAMILY,
    GIVEN,
    GUEST_CARD,
    IDENTITY,
    LOCAL_CARD,
    LOCAL_FAMILY,
    LOCAL_GIVEN,
    LOCAL_PIN,
    PASSWORD,
    PRIVATE,
    RIGHT_PIN,
    STRAY_CARD,
    STRAY_PIN,
    WRONG_PASSWORD,
    WRONG_PIN,
    Failing,
    everywhere_captured,
    found,
    metrics_page,
    patron,
)
from tests.protocols.ncip.documents import credential, message
from tests.protocols.ncip.oracle import is_valid

INITIATOR_SECRET = "startkanari-20394857"
NEW_PIN = "918273640517"
SECRETS = (
    *(RIGHT_PIN, LOCAL_PIN, WRONG_PIN, STRAY_PIN, NEW_PIN, PASSWORD, IDENTITY),
    *(INITIATOR_SECRET, WRONG_PASSWORD),
)
PERSONAL = (*PRIVATE[:5], FAMILY, GIVEN, LOCAL_FAMILY, LOCAL_GIVEN)


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """The demo's world with two canaries in its register, and one as an initiator's secret."""
    made = await demo(tmp_path / "world")
    async with made.at_the_prompt() as register:
        await register.patrons.add_patron(patron(GUEST_CARD, RIGHT_PIN, (FAMILY, GIVEN), {}), "test")
        local_at = {LendingUnitId("NO-2030000"): ""}
        await register.patrons.add_patron(patron(LOCAL_CARD, LOCAL_PIN, (LOCAL_FAMILY, LOCAL_GIVEN), local_at), "test")
    file = made.partners.with_name("initiators.toml")
    text = file.read_text("utf-8")
    secret = next(line for line in text.splitlines() if line.startswith("secret = "))
    file.write_text(
        text.replace(secret, f'secret = "{hash_secret(Secret(INITIATOR_SECRET), memory_kib=CHEAP_KIB)}"', 1)
    )
    return made


def head(secret: str = INITIATOR_SECRET) -> str:
    """The header of the initiator with the canary."""
    return header(secret=secret)


def ours(document: bytes) -> bytes:
    """A document with that initiator's secret in it."""
    return document.replace(b"demo-storbyen-ils", INITIATOR_SECRET.encode())


def odd(document: bytes) -> Iterator[bytes]:
    """A document as it should be, and what a vendor or an attacker may make of it."""
    yield document
    yield document[:-20]
    yield document + document
    yield document.replace(b"UserIdentifierValue", b"UserIdentifierWorth")
    yield document.replace(b"AuthenticationInputType>", b"Colour>")
    yield document.replace(b"LookupUser", b"LookupPatron")
    yield document.replace(b"LookupUser", b"CheckOutItem")
    yield document.replace(b"v2_02", b"v1_0")
    yield document.replace(b"niso", b"nosi")
    yield b'<?xml version="1.0" encoding="ascii"?>' + document
    yield b'<!DOCTYPE NCIPMessage [<!ENTITY x "' + STRAY_PIN.encode() + b'">]>' + document
    yield document.replace(b">", b">\xff", 3)
    yield document.decode().encode("utf-16")
    yield b" " * 300_000 + document


def conversation() -> Iterator[bytes]:
    """All that a library system says, right and wrong."""
    contacts = postal(PRIVATE[0], "6199", PRIVATE[1]) + electronic("mailto", PRIVATE[2]) + electronic("tel", PRIVATE[3])
    looks = [
        look_up(card_and_pin(GUEST_CARD, RIGHT_PIN)),
        look_up(card_and_pin(LOCAL_CARD, LOCAL_PIN)),
        look_up(card_and_pin(LOCAL_CARD, WRONG_PIN)),
        look_up(card_and_pin(STRAY_CARD, STRAY_PIN)),
        look_up(user(IDENTITY) + credential("PIN", IDENTITY)),
        look_up(user(LOCAL_CARD) + card_and_pin(GUEST_CARD, RIGHT_PIN)),
        look_up(user(GUEST_CARD) + credential("Password", PASSWORD)),
        look_up(user(GUEST_CARD) + credential("X.509 Certificate", STRAY_PIN)),
        look_up(user(LOCAL_CARD)),
        look_up(card_and_pin(GUEST_CARD, RIGHT_PIN), head=head(WRONG_PASSWORD)),
        look_up(card_and_pin(GUEST_CARD, RIGHT_PIN), head=header(secret=WRONG_PASSWORD, agency="NO-9999999")),
    ]
    for document in looks:
        yield from odd(ours(document))
    acts = [
        create(card_and_pin(GUEST_CARD, WRONG_PIN), rows=accepted(version=STRAY_PIN)),
        create(card_and_pin(GUEST_CARD, WRONG_PIN)),
        create(user("N001000090"), named(FAMILY, "Ny"), born="1990-01-01", more=contacts),
        create("", named(FAMILY, "Ny"), born="1990-01-01", more=contacts),
        update(user(LOCAL_CARD), electronic("mailto", PRIVATE[2]), contacts),
        update(user(LOCAL_CARD), credential("PIN", WRONG_PIN), credential("PIN", NEW_PIN)),
        update(user(LOCAL_CARD), credential("PIN", LOCAL_PIN), credential("PIN", NEW_PIN)),
        update(user(LOCAL_CARD), added=named(FAMILY, GIVEN)),
        message(f"<UserCreated>{header()}{user(LOCAL_CARD)}{named(FAMILY, GIVEN)}</UserCreated>"),
        message(f"<ItemRequested>{header()}{user(GUEST_CARD)}</ItemRequested>"),
        delete(user(GUEST_CARD)),
    ]
    yield from map(ours, acts)


async def everything_said(served: Served) -> bytes:
    """Have the whole conversation; return all that was answered."""
    exchange, heard = served.daemon._ncip.exchange, b""
    for document in conversation():
        answer = exchange.answer(document, Place("127.0.0.1"))
        told = answer if isinstance(answer, bytes) else await answer
        assert is_valid(told)
        heard += told
    async with http(served) as vendor:
        for document in (look_up(card_and_pin(LOCAL_CARD, WRONG_PIN)), update(user(LOCAL_CARD))):
            heard += (await vendor.post(ours(document))).body
        vendor.writer.write(b"GET /ncip?pin=" + STRAY_PIN.encode() + b" HTTP/1.1\r\nAuthorization: Basic ")
        vendor.writer.write(WRONG_PASSWORD.encode() + b"\r\n\r\n")
        heard += (await vendor.page()).body
    return heard


async def failures_said(served: Served) -> bytes:
    """The same while the register is down, and while it has a bug."""
    heard = b""
    for error in (RegisterUnavailable(f"{RIGHT_PIN} {FAMILY}"), ValueError(RIGHT_PIN, FAMILY, IDENTITY)):
        served.holders._lookups = Failing(error)
        served.holders._known.clear()
        async with http(served) as vendor:
            for document in (look_up(card_and_pin(GUEST_CARD, RIGHT_PIN)), look_up(user(GUEST_CARD))):
                heard += (await vendor.post(ours(document))).body
    return heard


async def test_no_secret_and_nothing_personal_leaves_the_ncip_door_where_it_must_not(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(world, level="debug", expected=("unexpected",)) as served:
        with everywhere_captured(served):
            heard = await everything_said(served)
            failed = await failures_said(served)
            page = await metrics_page(served)
            await asyncio.sleep(0)
        on_disk = b"".join(path.read_bytes() for path in sorted(world.directory.glob("portvakt.db*")))
    log = served.stream.getvalue().encode()
    printed = "".join(capfd.readouterr()).encode()
    assert {line["error"] for line in served.events("unexpected")} == {"ValueError"}
    for event in ("pin_check", "performed", "initiator_refused", "outage"):
        assert served.events(event), event

    for secret in SECRETS:
        assert not found(secret, heard, failed, log, page, printed, on_disk), secret[:2]
    for text in (*PERSONAL, STRAY_CARD, GUEST_CARD, LOCAL_CARD, "N001000090"):
        assert not found(text, log, page, printed, failed), text
    # A guest's name, and a local patron's whole record: what the release table tells, and so what was searched for.
    for told in (FAMILY, GIVEN, LOCAL_FAMILY, PRIVATE[0]):
        assert found(told, heard), told
