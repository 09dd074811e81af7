"""The register is down, slow or full: said as such within the budget, and over as soon as it is back."""

from __future__ import annotations

import asyncio
import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from protocols import sip2
from protocols.sip2 import Message
from registry.credentials.pool import HashPool, PoolFullError
from registry.domain.card import CardNumber
from registry.domain.decisions import RegisterUnavailable
from registry.domain.identification import CardHolder
from registry.services.holders import CardHolders
from registry.services.ports import Lookups
from tests.gateway.kiosks import NOW, block, enable, information, status
from tests.gateway.worlds import Served, World, running, until

CARD, PIN = "N001000001", "4817"
LATER = (say(Screen.TRY_LATER, Language.NB, "utf-8"),)


class BrokenLookups:
    """Look-ups that fail until mended; ``slow`` ones never end."""

    def __init__(self, behind: Lookups, *, slow: bool = False) -> None:
        self._behind = behind
        self._slow = slow
        self.is_mended = False

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Fail, or wait for ever, or ask the ones behind."""
        if self.is_mended:
            return await self._behind.find(card)
        if self._slow:
            await asyncio.Event().wait()
        raise RegisterUnavailable("no connection") from OSError("4817 is a PIN that must not be logged")


def break_lookups(served: Served, *, slow: bool = False) -> BrokenLookups:
    holders = served.holders
    broken = BrokenLookups(holders._lookups, slow=slow)
    holders._lookups = broken
    return broken


def is_later(answer: Message) -> bool:
    """Tell whether an answer says "try later" and never that the patron does not exist."""
    return (
        getattr(answer, "valid_patron", None),
        getattr(answer, "valid_patron_password", None),
        getattr(answer, "patron_status", None),
        getattr(answer, "personal_name", None),
        getattr(answer, "screen_messages", None),
    ) == ("Y", "N", "YYYY" + " " * 10, "", LATER)


async def test_every_patron_message_says_try_later_while_the_register_is_down(served: Served) -> None:
    broken = break_lookups(served)
    async with served.kiosk("storbyen-1") as kiosk:
        for pin in (PIN, "", "2468"):
            for asked in (status(CARD, pin), information(CARD, pin), enable(CARD, pin), block(CARD)):
                assert is_later(await kiosk.ask(asked))
        # What needs no register is answered as ever.
        assert (await kiosk.status("S1")).valid_patron == "N"
        assert (await kiosk.say(b"9900802.00"))[2:3] == b"Y"
        broken.is_mended = True
        assert (await kiosk.status(CARD, PIN)).personal_name == "Ågot"
    await until(lambda: len(served.events("outage")) == 12)
    assert {line["error"] for line in served.events("outage")} == {"OSError"}
    assert "4817" not in served.stream.getvalue()
    assert served.hashed() == 0


async def test_a_register_that_never_answers_is_given_up_within_the_kiosks_patience(served: Served) -> None:
    broken = break_lookups(served, slow=True)
    served.with_rules(answer=0.1)
    async with served.kiosk("storbyen-1") as kiosk:
        began = asyncio.get_running_loop().time()
        assert is_later(await kiosk.status(CARD, PIN))
        assert asyncio.get_running_loop().time() - began < 1
        broken.is_mended = True
        assert (await kiosk.status(CARD, PIN)).personal_name == "Ågot"


class DefectiveHolders(CardHolders):
    """A cache with a bug in each of its halves, everything in hand."""

    def at_hand(self, card: CardNumber) -> CardHolder | None:
        """Fail at once for one card."""
        if card == "N001000002":
            raise KeyError(card, PIN)
        return None

    async def find(self, card: CardNumber) -> CardHolder | None:
        """Fail a moment later."""
        raise ValueError(f"{card} {PIN}")


async def test_a_defect_is_said_as_try_later_and_logged_by_type_and_place_alone(world: World) -> None:
    async with running(world, expected=("unexpected",)) as served:
        database = served.register.database
        served.register.door._holders = DefectiveHolders(database.lookups, database.signal, served.clock.monotonic)
        async with served.kiosk("storbyen-1") as kiosk:
            assert is_later(await kiosk.status(CARD, PIN))
            assert is_later(await kiosk.status("N001000002", PIN))
            assert (await kiosk.say(b"9900802.00"))[:2] == b"98"
        await until(lambda: len(served.events("unexpected")) == 2)
    assert [line["error"] for line in served.events("unexpected")] == ["ValueError", "KeyError"]
    assert PIN not in served.stream.getvalue()
    assert "N00100000" not in served.stream.getvalue()


async def test_a_lock_held_by_another_process_is_an_outage_of_checks_and_not_of_cards(
    world: World, served: Served
) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        assert (await kiosk.status(CARD)).screen_messages == ()
        with closing(sqlite3.connect(world.register, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = asyncio.get_running_loop().time()
            # No attempt can be counted, so no PIN is checked.
            assert is_later(await kiosk.status(CARD, PIN))
            assert asyncio.get_running_loop().time() - began < 2.5
            assert (await kiosk.status(CARD)).screen_messages == ()
            other.execute("ROLLBACK")
        assert (await kiosk.status(CARD, PIN)).personal_name == "Ågot"
    assert served.hashed() == 0


class FullPool(HashPool):
    """A pool that never has room."""

    async def run(self, work: Callable[..., object], *args: object, **kwargs: object) -> Any:
        """Refuse."""
        raise PoolFullError


async def test_a_full_queue_of_checks_is_try_later_and_no_attempt(served: Served) -> None:
    checks = served.register.door._checks
    before = checks._hashing
    async with served.kiosk("storbyen-1") as kiosk:
        full = FullPool()
        checks._hashing = dataclasses.replace(before, pool=full)
        for number in range(6):
            assert is_later(await kiosk.status(CARD, f"246{number}"))
        checks._hashing = before
        full.close()
        assert (await kiosk.status(CARD, PIN)).personal_name == "Ågot"
    assert served.counted("pin_verifications_total", result="unavailable") == 6


async def test_the_end_of_a_session_cannot_be_kept_while_the_register_is_down(served: Served) -> None:
    async with served.kiosk("storbyen-1") as kiosk:
        with closing(sqlite3.connect(served.daemon._path.parent / "portvakt.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = await kiosk.asked(
                sip2.EndPatronSession(transaction_date=NOW, institution_id="", patron_identifier=CARD),
                sip2.EndSessionResponse,
            )
            assert (answer.end_session, answer.screen_messages) == ("N", LATER)
            other.execute("ROLLBACK")
