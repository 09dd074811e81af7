"""Canaries in every field that is brought to a Koha, and every log, exception and value searched for them."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from gateway.delivery.carriers import Brought, There
from gateway.simulators.koha import Fault, Kind
from registry.domain.card import CardNumber
from registry.domain.delivery import DeliveryKind
from registry.domain.patron import Address
from registry.domain.release import View
from tests.gateway.delivery.koha_world import PATIENCE, SECRET, Said, carrier_to, koha, parcel

CARD = CardNumber("N777000111")
VIEW = View(
    card_number=CARD,
    name="Kanarifamilie, Kanarifornavn",
    birth_date=date(1977, 7, 17),
    registered_address=Address(lines=("Kanarigata 7",), postal_code="7177", place="Kanariby"),
    mobile="+4777177177",
    phone="+4778177177",
    email="kanari@example.org",
)
CANARIES = (CARD, "anari", "1977-07-17", "7177", SECRET)
BROUGHT = parcel(view=VIEW, card=CARD)
CHANGED = parcel(DeliveryKind.UPDATE, view=VIEW, card=CARD, local_id=CARD)


def assert_clean(text: str) -> None:
    assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.DELAY, Kind.SLOW_BYTES}))
async def test_nothing_of_a_patron_is_logged_or_told_whatever_goes_wrong(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with koha() as there:
        told: list[object] = [await there.carrier.create(BROUGHT, PATIENCE)]
        for requests in ({"list"}, {"update"}, {"add"}, {"token"}):
            if kind is not Kind.REFUSE_CONNECTIONS:
                there.simulator.faults.add(Fault(kind=kind, requests=frozenset(requests), times=1))
            told.append(await there.carrier.look_up(BROUGHT, 0.2))
            told.append(await there.carrier.update(CHANGED, 0.2))
            told.append(await there.carrier.create(BROUGHT, 0.2))
            there.simulator.library.keys.expire()
    assert len(told) == 13
    shown = "".join(repr(one) for one in told if not isinstance(one, Brought | There))
    assert_clean(shown)
    assert_clean("".join(map(repr, told)))
    assert_clean(caplog.text)
    assert "HTTP Request" not in caplog.text  # as httpx would tell it, with the address


async def test_what_koha_writes_about_a_patron_goes_no_further() -> None:
    spiteful = Said(400, {"error": f"Problem with {CARD}", "error_code": "kanari", "x": VIEW.name})
    async with carrier_to(spiteful) as (carrier, _):
        assert_clean(repr(await carrier.create(BROUGHT, PATIENCE)))


async def test_neither_a_pin_nor_an_identity_number_has_a_place_in_what_is_sent() -> None:
    async with koha() as there:
        await there.carrier.create(BROUGHT, PATIENCE)
        await there.carrier.update(CHANGED, PATIENCE)
        allowed = {
            *("cardnumber", "userid", "surname", "firstname", "date_of_birth", "address", "address2", "postal_code"),
            *("city", "country", "email", "phone", "mobile", "sms_number", "library_id", "category_id", "lang"),
        }
        for record in (*there.sent("POST"), *there.sent("PUT")):
            assert record.keys() <= allowed
