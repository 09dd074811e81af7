"""What the simulated library says of its patrons: 23, 63, 01, 25 and 35."""

from __future__ import annotations

from typing import Any

import pytest

from protocols import sip2
from protocols.sip2 import Message, SummaryList, first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE, BO, CAT, DEAD, FREE, GONE, LENT, OVERDUE, SHELVED, WORN, Library

DENIED = "YYYY          "


@pytest.mark.parametrize(
    ("patron", "pin", "said"),
    [
        (ANE, "4711", (" " * 14, "Y", "Y", "Ane Ås", ())),
        (ANE, "", (" " * 14, "Y", "N", "Ane Ås", ())),
        (ANE, "0000", (DENIED, "Y", "N", "", ("Feil PIN",))),
        ("N001234567", "4711", (" " * 14, "Y", "Y", "Ane Ås", ())),
        (" n001234567 ", "4711", (" " * 14, "Y", "Y", "Ane Ås", ())),
        (CAT, "4711", (DENIED, "Y", "N", "", ("Feil PIN",))),
        (DEAD, "1234", (DENIED, "Y", "Y", "Dag Moe", ("Kortet er sperret",))),
        (GONE, "1234", (DENIED, "Y", "Y", "Geir Foss", ("Kortet er utløpt",))),
        ("X9", "4711", (DENIED, "N", "N", "", ("Ukjent lånekort",))),
        ("", "", (DENIED, "N", "N", "", ("Ukjent lånekort",))),
    ],
)
def test_a_card_and_a_pin_are_judged_alike_by_23_and_63(patron: str, pin: str, said: tuple[Any, ...]) -> None:
    library = Library()
    for answer in (
        library.ask(sip2.PatronStatusResponse, asking.status(patron, pin)),
        library.ask(sip2.PatronInformationResponse, asking.information(patron, pin)),
    ):
        assert said == (
            answer.patron_status,
            answer.valid_patron,
            answer.valid_patron_password,
            answer.personal_name,
            answer.screen_messages,
        )
        assert (answer.patron_identifier, answer.language) == (patron, "012")


def test_a_63_without_a_list_still_counts_everything() -> None:
    answer = Library().ask(sip2.PatronInformationResponse, asking.information(BO, "1234"))
    assert [
        answer.hold_items_count,
        answer.overdue_items_count,
        answer.charged_items_count,
        answer.fine_items_count,
        answer.recall_items_count,
        answer.unavailable_holds_count,
    ] == ["0000", "0001", "0003", "0002", "0000", "0000"]
    assert (answer.fee_amount, answer.currency_type, answer.charged_items) == ("80.00", "NOK", ())


@pytest.mark.parametrize(
    ("patron", "wanted", "tag", "entries"),
    [
        (BO, SummaryList.CHARGED, "AU", [LENT, OVERDUE, WORN]),
        (BO, SummaryList.OVERDUE, "AT", [OVERDUE]),
        (BO, SummaryList.FINE, "AV", ["F1001 50.00 Purregebyr", "F1002 30.00 Gebyr"]),
        (CAT, SummaryList.HOLD, "AS", [SHELVED]),
        (BO, SummaryList.UNAVAILABLE_HOLDS, "CD", ["Fri"]),
        (BO, SummaryList.RECALL, "BU", []),
    ],
)
def test_the_list_that_is_asked_for_is_told_and_no_other(
    patron: str, wanted: SummaryList, tag: str, entries: list[str]
) -> None:
    library = Library()
    library.ask(sip2.HoldResponse, asking.hold("+", BO, FREE))
    answer = library.ask(sip2.PatronInformationResponse, asking.information(patron, None, wanted))
    lists = [field for field in answer.fields() if field[0] in {"AS", "AT", "AU", "AV", "BU", "CD"}]
    assert lists == [(tag, entry) for entry in entries]


@pytest.mark.parametrize(
    ("start", "end", "entries"),
    [
        (None, None, (LENT, OVERDUE, WORN)),
        ("1", "2", (LENT, OVERDUE)),
        ("00002", "00003", (OVERDUE, WORN)),
        ("2", None, (OVERDUE, WORN)),
        ("4", "9", ()),
        ("x", "", (LENT, OVERDUE, WORN)),
        ("0", "1", (LENT,)),
    ],
)
def test_bp_and_bq_cut_a_slice_counted_from_one(start: str | None, end: str | None, entries: tuple[str, ...]) -> None:
    asked = asking.information(BO, None, SummaryList.CHARGED, start_item=start, end_item=end)
    answer = Library().ask(sip2.PatronInformationResponse, asked)
    assert answer.charged_items == entries
    assert answer.charged_items_count == "0003"


def test_a_card_that_an_ils_knows_is_told_with_what_recognising_needs() -> None:
    answer = Library().ask(sip2.PatronInformationResponse, asking.information("N001234567"))
    assert [first(answer, tag) for tag in ("AA", "AE", "PB", "XI", "AQ")] == [
        "N001234567",
        "Ane Ås",
        "19900203",
        ANE,
        "HOVED",
    ]


def test_a_library_may_answer_with_its_own_number() -> None:
    library = Library(answers_with="local id")
    assert library.ask(sip2.PatronStatusResponse, asking.status("N001234567")).patron_identifier == ANE


@pytest.mark.parametrize(("sends", "address"), [(True, "Skjult 1"), (False, None)])
def test_a_protected_address_is_sent_by_a_library_that_does_not_care(sends: bool, address: str | None) -> None:
    library = Library(sends_protected_addresses=sends)
    assert library.ask(sip2.PatronInformationResponse, asking.information(CAT)).home_address == address


def test_a_wrong_pin_tells_nothing_about_the_person() -> None:
    answer = Library().ask(sip2.PatronInformationResponse, asking.information(ANE, "0000", SummaryList.CHARGED))
    assert {tag for tag, _ in answer.fields()} == {"AO", "AA", "AE", "BL", "CQ", "AF"}


def test_extensions_are_sent_only_where_the_rules_name_them() -> None:
    answer = Library(extensions=frozenset()).ask(sip2.PatronInformationResponse, asking.information(ANE))
    assert answer.others == ()


def test_a_block_denies_everything_until_the_patron_is_enabled() -> None:
    library = Library()
    assert library.ask(sip2.PatronStatusResponse, asking.block(ANE)).patron_status == DENIED
    assert library.ask(sip2.CheckoutResponse, asking.checkout(ANE, FREE)).screen_messages == ("Kortet er sperret",)
    assert library.ask(sip2.PatronEnableResponse, asking.enable(ANE, "0000")).patron_status == DENIED
    assert library.ask(sip2.CheckoutResponse, asking.checkout(ANE, FREE)).ok == "0"
    assert library.ask(sip2.PatronEnableResponse, asking.enable(ANE, "4711")).patron_status == " " * 14
    assert library.ask(sip2.CheckoutResponse, asking.checkout(ANE, FREE)).ok == "1"


@pytest.mark.parametrize("patron", [ANE, "X9"])
def test_a_session_can_always_be_ended(patron: str) -> None:
    assert Library().ask(sip2.EndSessionResponse, asking.end(patron)).end_session == "Y"


@pytest.mark.parametrize("asked", [asking.block("X9"), asking.enable("X9")])
def test_an_unknown_patron_can_be_neither_blocked_nor_enabled(asked: Message) -> None:
    library = Library()
    before = dict(library.ledger.blocked)
    assert first(library.system.answer(asked), "BL") == "N"
    assert library.ledger.blocked == before
