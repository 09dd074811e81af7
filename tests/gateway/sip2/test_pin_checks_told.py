"""Every message that brings a PIN leaves a line in the log where the register said no, whoever the patron is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocols import sip2
from protocols.sip2 import Message
from tests.gateway.kiosks import NOW, information, status
from tests.gateway.libraries import Library, library
from tests.gateway.worlds import demo
from tests.simulators import ils_requests as asking

BOOK, GUEST, LOCAL = "30101000001", "N001000001", "N001000002"
WRONG = "0713"


@pytest.fixture
async def storbyen(tmp_path: Path) -> AsyncIterator[Library]:
    """Storbyen with its library system."""
    async with library(await demo(tmp_path / "world")) as found:
        yield found


def with_pin(card: str, pin: str | None) -> list[Message]:
    """Every request that has a place for a patron's PIN."""
    place: dict[str, Any] = {
        "transaction_date": NOW,
        "institution_id": "NO-2030000",
        "patron_identifier": card,
        "patron_password": pin,
    }
    return [
        status(card, pin),
        information(card, pin),
        asking.checkout(card, BOOK, patron_password=pin),
        sip2.PatronEnable(**place),
        sip2.Hold(hold_mode="+", item_identifier=BOOK, **place),
        sip2.Renew(third_party_allowed="N", no_block="N", nb_due_date=" " * 18, item_identifier=BOOK, **place),
        sip2.RenewAll(**place),
        sip2.FeePaid(fee_type="01", payment_type="00", currency_type="NOK", fee_amount="1.00", **place),
        sip2.EndPatronSession(**place),
    ]


NUMBERS = [asked.number for asked in with_pin("", "")]


@pytest.mark.parametrize("card", [GUEST, LOCAL], ids=["guest", "local"])
@pytest.mark.parametrize("number", NUMBERS)
async def test_a_wrong_pin_is_told_with_card_and_terminal_by_whatever_message_it_came(
    storbyen: Library, card: str, number: str
) -> None:
    served = storbyen.served
    (asked,) = [one for one in with_pin(card, WRONG) if one.number == number]
    async with storbyen.kiosk() as kiosk:
        await kiosk.ask(asked)
    (line,) = served.events("pin_check")
    assert (line["reason"], line["terminal"]) == ("wrong_pin", "storbyen-1")
    assert line["card_ref"] == served.door.log.card_reference(card)
    assert WRONG not in str(served.lines())


async def test_a_checkout_while_the_card_waits_is_told_as_throttled(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        for _ in range(4):
            await kiosk.ask(asking.checkout(GUEST, BOOK, patron_password=WRONG))
    told = [(line["reason"], line["outcome"]) for line in storbyen.served.events("pin_check")]
    assert told == [("wrong_pin", "refused")] * 3 + [("wait", "throttled")]


async def test_what_is_refused_for_another_reason_than_the_pin_is_no_pin_check(storbyen: Library) -> None:
    async with storbyen.kiosk() as kiosk:
        for pin in ("4817", None):
            for asked in with_pin(GUEST, pin)[2:]:
                await kiosk.ask(asked)
    assert storbyen.served.events("pin_check") == []
