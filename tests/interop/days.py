"""A day at a library as frames: hundreds of requests of every kind, the same each time, and what is heard in answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from random import Random

from protocols import sip2
from protocols.sip2 import Message, ScProfile, SummaryList, seal
from tests.simulators import ils_requests as asking

SEALED = ScProfile(encoding="utf-8", error_detection=True)
PINS = {"S100001": "6417", "S100002": "3852", "S100003": "7906"}
CARDS = (*PINS, "S100002", "s100001 ", "finnes-ikke", "Æøå 99")
ITEMS = (*(f"301010000{number:02}" for number in range(1, 21)), "30101999999", "Bjørnä")
TEXTS = ("", "slitt på ryggen", "ÆØÅ æøå", "Áhkku ja áddjá", "50% rabatt & mer", "'; drop table", "x" * 200)
STRANGE = (("ZZ", "ukjent felt æøå"), ("XQ", ""), ("QQ", "1"), ("QQ", "2"), ("CT", "HØVIK"))

SHARE_OF_STRANGE = 0.3
PATIENCE = 10.0


def day(requests: int, seed: int) -> list[Message]:
    """So many requests of every kind, some with fields that no standard knows, and with these twice."""
    chance = Random(seed)
    return [_strange(_request(chance), chance) for _ in range(requests)]


def plain_day(requests: int, seed: int) -> list[Message]:
    """So many requests of every kind, without what a strict server closes the connection for."""
    chance = Random(seed)
    return [_with_dates(_request(chance)) for _ in range(requests)]


def _request(chance: Random) -> Message:
    card, item = chance.choice(CARDS), chance.choice(ITEMS)
    pin = chance.choice([PINS.get(card), PINS.get(card), None, "0000"])
    return chance.choice(KINDS)(chance, card, item, pin)


def _strange(request: Message, chance: Random) -> Message:
    if chance.random() >= SHARE_OF_STRANGE:
        return request
    return sip2.changed(request, others=tuple(chance.sample(STRANGE, chance.randint(1, len(STRANGE)))))


def _with_dates(request: Message) -> Message:
    blank = getattr(request, "nb_due_date", None) == sip2.BLANK_DATE
    return sip2.changed(request, nb_due_date="20270101    120000") if blank else request


Made = Callable[[Random, str, str, str | None], Message]

KINDS: Sequence[Made] = (
    lambda chance, card, item, pin: asking.status(card, pin or ""),
    lambda chance, card, item, pin: asking.information(card, pin, chance.choice([None, *SummaryList])),
    lambda chance, card, item, pin: asking.information(
        card, pin, chance.choice([*SummaryList]), start_item="1", end_item="2"
    ),
    lambda chance, card, item, pin: asking.checkout(
        card, item, patron_password=pin, fee_acknowledged=chance.choice([None, "Y", "N"])
    ),
    lambda chance, card, item, pin: asking.checkout(card, item, no_block="Y", nb_due_date="20270101    120000"),
    lambda chance, card, item, pin: asking.checkout(card, item, cancel="Y"),
    lambda chance, card, item, pin: asking.checkin(item, current_location=chance.choice(["HOVED", "NORD", "Ø"])),
    lambda chance, card, item, pin: asking.checkin(item, cancel="Y"),
    lambda chance, card, item, pin: asking.renew(card, item, patron_password=pin),
    lambda chance, card, item, pin: asking.renew_all(card),
    lambda chance, card, item, pin: asking.hold(
        chance.choice("+-*"), card, item, patron_password=pin, pickup_location="HOVED"
    ),
    lambda chance, card, item, pin: asking.fee_paid(
        card, chance.choice(["10.00", "0", "999.99"]), transaction_id=chance.choice([None, "kvittering-7"])
    ),
    lambda chance, card, item, pin: asking.item(item),
    lambda chance, card, item, pin: asking.properties(item, chance.choice(TEXTS)),
    lambda chance, card, item, pin: asking.block(card),
    lambda chance, card, item, pin: asking.enable(card, pin),
    lambda chance, card, item, pin: asking.end(card),
)


def frames(messages: Sequence[Message], profile: ScProfile = SEALED) -> Iterator[bytes]:
    """The requests as they are sent, each with the next digit where there is error detection."""
    for place, message in enumerate(messages):
        digit = str((place + 1) % 10) if profile.error_detection else None
        yield seal(profile.codec.encode(message), digit, profile.error_detection)


async def spoken(
    address: tuple[str, int], login: Message, messages: Sequence[Message], profile: ScProfile = SEALED
) -> list[bytes]:
    """Log in, ask one after the other, and return the frames that came in answer; some are asked for again by a 97."""
    reader, writer = await asyncio.open_connection(*address, limit=1 << 20)
    heard: list[bytes] = []

    async def said(raw: bytes) -> bytes:
        writer.write(raw)
        async with asyncio.timeout(PATIENCE):
            return (await reader.readuntil(b"\r")).strip(b"\r\n")

    try:
        assert (await said(next(frames([login], profile)))).startswith(b"941")
        for place, raw in enumerate(frames(messages, profile)):
            heard.append(await said(raw))
            if place % 17 == 3:
                heard.append(await said(seal(b"97", None, profile.error_detection)))
            if place % 23 == 5 and profile.error_detection:
                # The same frame once more, as from a kiosk that has lost the answer.
                heard.append(await said(raw))
    finally:
        writer.close()
    return heard
