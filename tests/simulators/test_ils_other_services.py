"""Holds, payments, items, logins and what the simulated library says of itself: 15, 37, 17, 19, 93 and 99."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from protocols import sip2
from protocols.sip2 import Message, SupportedMessages, first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE, AWAY, BO, CAT, DEAD, FREE, LENT, RENTAL, SHELVED, WORLD, Library


def hold(library: Library, *words: str, **fields: Any) -> sip2.HoldResponse:
    return library.ask(sip2.HoldResponse, asking.hold(*words, **fields))


def pay(library: Library, patron: str, amount: str, **fields: Any) -> str:
    return library.ask(sip2.FeePaidResponse, asking.fee_paid(patron, amount, **fields)).payment_accepted


def test_holds_queue_in_the_order_they_came() -> None:
    library = Library()
    answers = [hold(library, "+", patron, LENT, pickup_location="NORD") for patron in (ANE, CAT)]
    assert [(answer.ok, answer.available, answer.queue_position) for answer in answers] == [
        ("1", "N", "1"),
        ("1", "N", "2"),
    ]
    assert (answers[0].pickup_location, answers[0].title_identifier) == ("NORD", "Ute")
    assert hold(library, "-", ANE, LENT).ok == "1"
    assert hold(library, "*", CAT, LENT, pickup_location="HOVED").queue_position == "1"
    assert library.ledger.holds[-1].pickup == "HOVED"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (asking.hold("+", "X9", LENT), "Ukjent lånekort"),
        (asking.hold("+", ANE, "nothing"), "Ukjent eksemplar"),
        (asking.hold("+", ANE, None), "Ukjent eksemplar"),
        (asking.hold("+", ANE, LENT, patron_password="0000"), "Feil PIN"),
        (asking.hold("+", DEAD, LENT), "Kortet er sperret"),
        (asking.hold("+", BO, LENT), "Allerede lånt av deg"),
        (asking.hold("+", CAT, SHELVED), "Allerede reservert"),
        (asking.hold("-", ANE, LENT), "Ingen slik reservering"),
        (asking.hold("*", ANE, LENT), "Ingen slik reservering"),
        (asking.hold("?", ANE, LENT), "Tjenesten finnes ikke her"),
    ],
)
def test_a_hold_is_refused_with_a_reason(asked: Message, said: str) -> None:
    library = Library()
    before = list(library.ledger.holds)
    answer = library.ask(sip2.HoldResponse, asked)
    assert (answer.ok, answer.screen_messages) == ("0", (said,))
    assert library.ledger.holds == before


def test_a_patron_has_no_more_holds_than_the_limit() -> None:
    library = Library(holds_limit=1)
    assert [hold(library, "+", ANE, item).ok for item in (FREE, LENT)] == ["1", "0"]


def test_holds_whose_time_is_over_are_forgotten() -> None:
    library = Library()
    hold(library, "+", ANE, LENT, expiration_date="20261125    235900")
    library.clock.turn(days=2)
    assert library.ask(sip2.ItemInformationResponse, asking.item(LENT)).hold_queue_length == "1"
    library.clock.turn(days=6)
    assert library.ask(sip2.ItemInformationResponse, asking.item(LENT)).hold_queue_length == "0"
    assert library.ask(sip2.CheckoutResponse, asking.checkout(ANE, SHELVED)).ok == "1"


def test_a_payment_goes_to_the_fee_that_it_names_or_the_oldest() -> None:
    library = Library()
    assert pay(library, BO, "30.00", fee_identifier="F1002") == "Y"
    assert pay(library, BO, "20.00") == "Y"
    assert [(fee.id, fee.amount) for fee in library.ledger.fees] == [("F1001", Decimal(30))]
    answer = library.ask(sip2.FeePaidResponse, asking.fee_paid(BO, "30", transaction_id="T-8"))
    assert (answer.payment_accepted, answer.transaction_id, library.ledger.fees) == ("Y", "T-8", [])


@pytest.mark.parametrize(
    ("patron", "amount", "fields"),
    [
        ("X9", "10.00", {}),
        (BO, "80.01", {}),
        (BO, "30.01", {"fee_identifier": "F1002"}),
        (BO, "10.00", {"fee_identifier": "F9"}),
        (BO, "10.00", {"currency_type": "SEK"}),
        (BO, "10.00", {"patron_password": "0000"}),
        (BO, "0", {}),
        (BO, "-5", {}),
        (BO, "NaN", {}),
        (BO, "ti", {}),
        (ANE, "1.00", {}),
    ],
)
def test_a_payment_that_does_not_fit_is_not_booked(patron: str, amount: str, fields: dict[str, Any]) -> None:
    library = Library()
    assert pay(library, patron, amount, **fields) == "N"
    assert sum(fee.amount for fee in library.ledger.fees) == Decimal(80)


def test_the_same_payment_told_twice_is_booked_twice() -> None:
    library = Library()
    assert [pay(library, BO, "40.00", transaction_id="T-1") for _ in range(3)] == ["Y", "Y", "N"]


@pytest.mark.parametrize(
    ("barcode", "status", "fields"),
    [
        (FREE, "03", {"AJ": "Fri", "AP": "HOVED", "AH": None, "CF": "0"}),
        (LENT, "04", {"AH": "03.12.2026"}),
        (SHELVED, "08", {"CM": "20261130    000000", "CF": "1"}),
        (RENTAL, "03", {"BV": "20.00", "BH": "NOK", "CK": "005"}),
        (AWAY, "03", {"AQ": "NORD", "BG": "NO-2030000"}),
        ("nothing", "01", {"AJ": "", "AF": "Ukjent eksemplar"}),
    ],
)
def test_an_item_is_told_as_it_stands(barcode: str, status: str, fields: dict[str, str | None]) -> None:
    answer = Library().ask(sip2.ItemInformationResponse, asking.item(barcode))
    assert (answer.circulation_status, answer.item_identifier) == (status, barcode)
    assert {tag: first(answer, tag) for tag in fields} == fields


def test_properties_of_an_item_are_kept_and_told() -> None:
    library = Library()
    answers = [
        library.ask(sip2.ItemStatusUpdateResponse, asking.properties(code, "340 g")) for code in (FREE, "nothing")
    ]
    assert [answer.item_properties_ok for answer in answers] == ["1", "0"]
    assert library.ask(sip2.ItemInformationResponse, asking.item(FREE)).item_properties == "340 g"


@pytest.mark.parametrize(
    ("login", "ok"),
    [
        (asking.login(), "1"),
        (asking.login(password="feil"), "0"),
        (asking.login(user="annen"), "0"),
        (sip2.changed(asking.login(), pwd_algorithm="1"), "0"),
    ],
)
def test_a_login_is_checked(login: Message, ok: str) -> None:
    assert Library().ask(sip2.LoginResponse, login).ok == ok


def test_the_98_tells_the_truth() -> None:
    library = Library(unsupported=frozenset({"15", "37", "11"}), retries=2)
    answer = library.ask(sip2.AcsStatus, asking.sc_status())
    assert (answer.online_status, answer.checkin_ok, answer.checkout_ok, answer.offline_ok) == ("Y", "Y", "N", "Y")
    assert (answer.timeout_period, answer.retries_allowed) == ("030", "002")
    assert (answer.date_time_sync, answer.protocol_version) == ("20261123    101530", "2.00")
    assert SupportedMessages(answer.supported_messages).numbers == {
        *("23", "09", "01", "99", "97", "93", "63", "35", "17", "19", "25", "29", "65")
    }


@pytest.mark.parametrize(
    ("asked", "no"),
    [
        (asking.status(ANE), {"BL": "Y", "CQ": "N"}),
        (asking.information(ANE), {"BL": "Y", "CQ": "N"}),
        (asking.block(ANE), {"BL": "Y"}),
        (asking.enable(ANE), {"BL": "Y", "CQ": "N"}),
        (asking.checkout(ANE, FREE), {"ok": "0"}),
        (asking.checkin(LENT), {"ok": "0"}),
        (asking.renew(BO, LENT), {"ok": "0"}),
        (asking.renew_all(BO), {"ok": "0"}),
        (asking.hold("+", ANE, LENT), {"ok": "0"}),
        (asking.fee_paid(BO, "1.00"), {"payment_accepted": "N"}),
        (asking.item(FREE), {"circulation_status": "01"}),
        (asking.properties(FREE, "x"), {"item_properties_ok": "0"}),
        (asking.end(ANE), {"end_session": "N"}),
    ],
)
def test_a_service_that_is_switched_off_is_refused_and_changes_nothing(asked: Message, no: dict[str, str]) -> None:
    library = Library(unsupported=frozenset({asked.number}))
    loans = dict(library.ledger.loans)
    answer = library.system.answer(asked)
    assert answer.number == asked.answered_by
    assert {
        name: first(answer, name) if len(name) == 2 and name.isupper() else getattr(answer, name) for name in no
    } == no
    assert first(answer, "AF") == "Tjenesten finnes ikke her"
    assert library.ledger.loans == loans


def test_every_request_of_the_protocol_is_answered_by_its_answer() -> None:
    library = Library(WORLD)
    requests = [cls for cls in sip2.MESSAGES.values() if cls.answered_by]
    asked: list[Message] = [
        asking.status(ANE), asking.information(ANE), asking.block(ANE), asking.enable(ANE), asking.end(ANE),
        asking.checkout(ANE, FREE), asking.checkin(FREE), asking.renew(BO, LENT), asking.renew_all(BO),
        asking.hold("+", ANE, LENT), asking.fee_paid(BO, "1"), asking.item(FREE), asking.properties(FREE, "x"),
        asking.login(), asking.sc_status(), sip2.RequestAcsResend(),
    ]  # fmt: skip
    assert {type(one) for one in asked} == set(requests)
    assert [library.system.answer(one).number for one in asked] == [one.answered_by for one in asked]
