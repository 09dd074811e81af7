"""What the library system gets: the kiosk's message, and at most another id and no PIN."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_requests import IlsHabits, to_ils
from gateway.sip2.forward_routes import ForwardUnchanged
from protocols.sip2 import Codec, Message, changed, first
from tests.gateway.sip2.forwarded import (
    CARD,
    ITEM_REQUESTS,
    LOCAL_ID,
    PATRON_REQUESTS,
    PIN,
    REQUESTS,
    THIRD,
    as_local,
    made,
    without_pin,
)
from tests.protocols.sip2.strategies import messages

WITHHELD = [proof for proof in PinProof if not proof.passes_pin]
PASSED = [proof for proof in PinProof if proof.passes_pin]


def wire(message: Message) -> str:
    """The message as it leaves."""
    return Codec("utf-8").encode(message).decode()


@given(messages(REQUESTS))
def test_a_local_cards_request_is_the_same_message(message: Message) -> None:
    assert to_ils(message, ForwardUnchanged()) is message


@given(messages(PATRON_REQUESTS), st.sampled_from(PinProof))
def test_a_local_patrons_request_differs_in_id_and_pin_alone(message: Message, proof: PinProof) -> None:
    message = changed(message, patron_identifier=CARD)
    sent = to_ils(message, as_local(proof))
    assert type(sent) is type(message)
    assert message.layout.fixed_values(sent) == message.layout.fixed_values(message)
    expected = [(tag, LOCAL_ID if tag == "AA" else value) for tag, value in message.fields() if tag != "AD"]
    assert [field for field in sent.fields() if field[0] != "AD"] == expected


@pytest.mark.parametrize("number", PATRON_REQUESTS)
def test_the_patrons_card_becomes_their_local_id(number: str) -> None:
    sent = to_ils(made(number), as_local())
    assert first(sent, "AA") == LOCAL_ID
    assert CARD not in wire(sent)


@pytest.mark.parametrize("written", ["n001000002", " N001000002 ", "*N001000002*", "N01000002"])
def test_the_card_is_replaced_however_a_scanner_writes_it(written: str) -> None:
    assert first(to_ils(made("23", patron_identifier=written), as_local()), "AA") == LOCAL_ID


@pytest.mark.parametrize("written", [LOCAL_ID, LOCAL_ID.lower(), THIRD])
def test_a_local_id_goes_back_as_it_is(written: str) -> None:
    sent = to_ils(made("11", cancel="Y", patron_identifier=written), as_local())
    assert first(sent, "AA") == written


@pytest.mark.parametrize("number", PATRON_REQUESTS)
@pytest.mark.parametrize("proof", WITHHELD)
def test_a_pin_that_the_library_system_need_not_check_stays_here(number: str, proof: PinProof) -> None:
    sent = to_ils(made(number, others=(("AD", PIN),)), as_local(proof))
    assert first(sent, "AD") is None
    assert PIN not in wire(sent)
    assert "|AD" not in wire(sent)


@pytest.mark.parametrize("number", [number for number in PATRON_REQUESTS if number != "01"])
@pytest.mark.parametrize("proof", PASSED)
def test_a_pin_that_it_judges_is_passed_once(number: str, proof: PinProof) -> None:
    sent = to_ils(made(number, others=(("AD", "0000"),)), as_local(proof))
    assert [value for tag, value in sent.fields() if tag == "AD"] == [PIN]


@pytest.mark.parametrize("number", PATRON_REQUESTS)
@pytest.mark.parametrize("proof", PinProof)
def test_an_empty_pin_is_never_sent(number: str, proof: PinProof) -> None:
    for message in (without_pin(number), made(number, **({} if number == "01" else {"patron_password": ""}))):
        assert "|AD" not in wire(to_ils(message, as_local(proof)))


def test_a_system_that_refuses_requests_without_ac_and_ad_gets_them_empty() -> None:
    habits = IlsHabits(wants_terminal_password=True, wants_empty_pin=True)
    sent = to_ils(made("63", terminal_password=None), as_local(), habits)
    assert (first(sent, "AC"), first(sent, "AD")) == ("", "")
    kept = to_ils(made("63", terminal_password="kiosk"), as_local(PinProof.ILS), habits)
    assert (first(kept, "AC"), first(kept, "AD")) == ("kiosk", PIN)


def test_a_second_card_does_not_travel_on_beside_the_first() -> None:
    sent = to_ils(made("23", others=(("AA", CARD), ("XX", "kept"))), as_local())
    assert sent.others == (("XX", "kept"),)


def test_the_card_is_replaced_in_its_place() -> None:
    message = made("11", order=("AB", "XX", "AA", "AO", "AC", "BO"), fee_acknowledged="N", others=(("XX", "1"),))
    sent = to_ils(message, as_local())
    assert [tag for tag, _ in sent.fields()] == ["AB", "XX", "AA", "AO", "AC", "BO"]


@pytest.mark.parametrize("number", ITEM_REQUESTS)
def test_an_item_message_that_shows_a_national_card_loses_its_pin_alone(number: str) -> None:
    message = made(number, others=(("AA", CARD), ("AD", PIN), ("XX", "kept")))
    sent = to_ils(message, ForwardUnchanged(withholds_pin=True))
    assert sent == dataclasses.replace(message, others=(("AA", CARD), ("XX", "kept")))
