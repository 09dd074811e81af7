"""Lending, renewing and taking back at the simulated library: 11, 29, 65 and 09."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from protocols import sip2
from protocols.sip2 import first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import (
    ANE,
    AWAY,
    BO,
    CAT,
    COPY,
    DEAD,
    FREE,
    GONE,
    HOUSE,
    LENT,
    OVERDUE,
    RENTAL,
    SHELVED,
    WORN,
    Library,
)

LENT_TO_ANOTHER = "Utlånt til en annen"


def lend(library: Library, patron: str, item: str, **fields: Any) -> sip2.CheckoutResponse:
    return library.ask(sip2.CheckoutResponse, asking.checkout(patron, item, **fields))


def take_back(library: Library, item: str, **fields: Any) -> sip2.CheckinResponse:
    return library.ask(sip2.CheckinResponse, asking.checkin(item, **fields))


def test_a_loan_is_made_and_its_tag_switched_off() -> None:
    library = Library()
    answer = lend(library, "N001234567", FREE, patron_password="4711")
    assert (answer.ok, answer.renewal_ok, answer.desensitize) == ("1", "N", "Y")
    assert (answer.patron_identifier, answer.item_identifier) == ("N001234567", FREE)
    assert (answer.title_identifier, answer.due_date) == ("Fri", "21.12.2026")
    assert library.ledger.loans[FREE].patron == ANE


@pytest.mark.parametrize(
    ("patron", "item", "fields", "said"),
    [
        ("X9", FREE, {}, "Ukjent lånekort"),
        (ANE, "nothing", {}, "Ukjent eksemplar"),
        (ANE, FREE, {"patron_password": "0000"}, "Feil PIN"),
        (CAT, FREE, {"patron_password": "0000"}, "Feil PIN"),
        (DEAD, FREE, {}, "Kortet er sperret"),
        (GONE, FREE, {}, "Kortet er utløpt"),
        (ANE, LENT, {}, LENT_TO_ANOTHER),
        (ANE, HOUSE, {}, "Kan ikke lånes ut"),
        (ANE, SHELVED, {}, "Reservert av en annen"),
        (BO, LENT, {"sc_renewal_policy": "N"}, "Allerede lånt av deg"),
        (ANE, FREE, {"cancel": "Y"}, "Ingenting å angre"),
    ],
)
def test_a_loan_is_refused_with_a_reason(patron: str, item: str, fields: dict[str, Any], said: str) -> None:
    library = Library()
    before = dict(library.ledger.loans)
    answer = lend(library, patron, item, **fields)
    assert (answer.ok, answer.renewal_ok, answer.desensitize, answer.due_date) == ("0", "N", "N", "")
    assert (answer.screen_messages, answer.fee_amount) == ((said,), None)
    assert library.ledger.loans == before


@pytest.mark.parametrize("item", [LENT, HOUSE, SHELVED, RENTAL])
def test_what_happened_off_line_is_booked_and_not_refused(item: str) -> None:
    library = Library()
    answer = lend(library, ANE, item, no_block="Y", nb_due_date="20261201    120000")
    assert (answer.ok, answer.due_date) == ("1", "01.12.2026")
    assert (library.ledger.loans[item].patron, library.ledger.loans[item].due) == (ANE, date(2026, 12, 1))


def test_a_fee_must_be_acknowledged_and_is_owed_then() -> None:
    library = Library()
    answer = lend(library, ANE, RENTAL, fee_acknowledged="N")
    assert (answer.ok, answer.fee_type, answer.currency_type, answer.fee_amount) == ("0", "06", "NOK", "20.00")
    answer = lend(library, ANE, RENTAL, fee_acknowledged="Y")
    assert (answer.ok, answer.due_date, answer.fee_amount) == ("1", "30.11.2026", "20.00")
    assert [fee.amount for fee in library.ledger.fees if fee.patron == ANE] == [Decimal(20)]


def test_a_pin_is_demanded_where_the_rules_say_so() -> None:
    library = Library(pin_for_loans=True)
    assert lend(library, ANE, FREE).screen_messages == ("PIN kreves",)
    assert lend(library, ANE, FREE, patron_password="4711").ok == "1"


def test_a_patron_with_too_many_loans_gets_no_more() -> None:
    library = Library(loans_limit=3)
    assert lend(library, BO, FREE).screen_messages == ("For mange lån",)
    status = library.ask(sip2.PatronStatusResponse, asking.status(BO)).patron_status
    assert status == "Y    Y        "


@pytest.mark.parametrize(
    ("rules", "said"),
    [({"overdue_limit": 0}, "For mange lån over fristen"), ({"fee_limit": 79}, "Gebyrer må betales først")],
)
def test_overdue_loans_and_fees_above_the_limit_stop_loans_and_renewals(rules: dict[str, Any], said: str) -> None:
    library = Library(**rules)
    assert lend(library, BO, FREE).screen_messages == (said,)
    assert library.ask(sip2.RenewResponse, asking.renew(BO, LENT)).screen_messages == (said,)


def test_a_checkout_of_ones_own_loan_renews_it() -> None:
    library = Library()
    answer = lend(library, BO, LENT)
    assert (answer.ok, answer.renewal_ok, answer.due_date) == ("1", "Y", "21.12.2026")
    assert library.ledger.loans[LENT].renewals == 1


@pytest.mark.parametrize(
    ("patron", "item", "fields", "said"),
    [
        (BO, WORN, {}, "Kan ikke fornyes flere ganger"),
        (BO, FREE, {}, "Ikke utlånt"),
        (ANE, LENT, {}, "Lånt av en annen"),
        (BO, "nothing", {}, "Ukjent eksemplar"),
        (BO, LENT, {"patron_password": "0000"}, "Feil PIN"),
        ("X9", LENT, {}, "Ukjent lånekort"),
    ],
)
def test_a_renewal_is_refused_with_a_reason(patron: str, item: str, fields: dict[str, Any], said: str) -> None:
    library = Library()
    before = dict(library.ledger.loans)
    answer = library.ask(sip2.RenewResponse, asking.renew(patron, item, **fields))
    assert (answer.ok, answer.desensitize, answer.screen_messages) == ("0", "N", (said,))
    assert library.ledger.loans == before


def test_renewals_end_at_the_limit() -> None:
    library = Library()
    said = [library.ask(sip2.RenewResponse, asking.renew(BO, LENT)).ok for _ in range(3)]
    assert said == ["1", "1", "0"]


def test_a_loan_that_another_waits_for_is_not_renewed() -> None:
    library = Library()
    library.ask(sip2.HoldResponse, asking.hold("+", ANE, LENT))
    answer = library.ask(sip2.RenewResponse, asking.renew(BO, LENT))
    assert (answer.ok, answer.screen_messages) == ("0", ("Reservert av en annen",))


def test_a_loan_is_renewed_by_its_title_and_by_a_third_party() -> None:
    library = Library()
    by_title = library.ask(sip2.RenewResponse, asking.renew(BO, None, title_identifier="Ute"))
    assert (by_title.ok, by_title.item_identifier) == ("1", LENT)
    by_another = library.ask(sip2.RenewResponse, asking.renew(ANE, LENT, third_party_allowed="Y"))
    assert (by_another.ok, library.ledger.loans[LENT].patron) == ("1", BO)


def test_a_library_that_does_not_renew_says_so_everywhere() -> None:
    library = Library(renews=False)
    assert library.ask(sip2.RenewResponse, asking.renew(BO, LENT)).ok == "0"
    assert lend(library, BO, LENT).screen_messages == ("Allerede lånt av deg",)
    assert library.ask(sip2.AcsStatus, asking.sc_status()).acs_renewal_policy == "N"


def test_renewing_all_tells_each_loan_apart() -> None:
    library = Library()
    answer = library.ask(sip2.RenewAllResponse, asking.renew_all(BO))
    assert (answer.ok, answer.renewed_count, answer.unrenewed_count) == ("1", "0002", "0001")
    assert (answer.renewed_items, answer.unrenewed_items) == ((LENT, OVERDUE), (WORN,))
    assert library.ask(sip2.RenewAllResponse, asking.renew_all("X9")).ok == "0"


def test_a_return_tells_who_had_the_item() -> None:
    library = Library()
    answer = take_back(library, LENT, current_location="")
    assert (answer.ok, answer.resensitize, answer.alert) == ("1", "Y", "N")
    assert (answer.patron_identifier, answer.permanent_location) == (BO, "HOVED")
    assert LENT not in library.ledger.loans
    assert first(Library(tells_borrower=False).system.answer(asking.checkin(LENT)), "AA") is None


def test_an_item_that_nobody_has_may_be_returned_again() -> None:
    answer = take_back(Library(), FREE)
    assert (answer.ok, answer.patron_identifier) == ("1", None)


def test_an_unknown_item_is_not_taken_back() -> None:
    answer = take_back(Library(), "nothing")
    assert (answer.ok, answer.resensitize, answer.screen_messages) == ("0", "N", ("Ukjent eksemplar",))


@pytest.mark.parametrize(
    ("item", "here", "alert"),
    [
        (AWAY, "HOVED", [("CT", "NORD"), ("CV", "04")]),
        (AWAY, "NORD", []),
        (AWAY, "automat 7", []),
        (SHELVED, "HOVED", [("CT", "HOVED"), ("CV", "01")]),
        (SHELVED, "NORD", [("CT", "HOVED"), ("CV", "02")]),
    ],
)
def test_an_item_that_must_go_elsewhere_raises_an_alert(item: str, here: str, alert: list[tuple[str, str]]) -> None:
    answer = take_back(Library(), item, current_location=here)
    assert (answer.alert, list(answer.others)) == ("Y" if alert else "N", alert)


def test_a_returned_item_is_shelved_for_whoever_waits_and_lent_to_nobody_else() -> None:
    library = Library()
    library.ask(sip2.HoldResponse, asking.hold("+", ANE, LENT, hold_type="3"))
    assert take_back(library, LENT).alert == "Y"
    assert lend(library, CAT, LENT).screen_messages == ("Reservert av en annen",)
    assert lend(library, ANE, LENT).ok == "1"
    assert [hold.patron for hold in library.ledger.holds] == [CAT]


@pytest.mark.parametrize(("copy", "kind"), [(LENT, "2"), (COPY, "2")])
def test_any_copy_of_a_title_serves_a_hold_on_the_title(copy: str, kind: str) -> None:
    library = Library()
    library.ask(sip2.HoldResponse, asking.hold("+", ANE, LENT, hold_type=kind))
    assert take_back(library, copy).alert == "Y"
    assert library.ledger.holds[-1].shelved == copy


def test_a_failed_checkout_is_undone_with_its_fee_and_its_hold() -> None:
    library = Library()
    library.ask(sip2.HoldResponse, asking.hold("+", ANE, RENTAL))
    lend(library, ANE, RENTAL, fee_acknowledged="Y")
    answer = take_back(library, RENTAL, cancel="Y")
    assert (answer.ok, answer.patron_identifier) == ("1", ANE)
    assert RENTAL not in library.ledger.loans
    assert [fee for fee in library.ledger.fees if fee.patron == ANE] == []
    assert [hold.patron for hold in library.ledger.holds] == [ANE, CAT]


def test_a_failed_renewal_at_checkout_is_undone_to_the_old_due_date() -> None:
    library = Library()
    before = library.ledger.loans[LENT]
    lend(library, BO, LENT)
    assert take_back(library, LENT, cancel="Y").ok == "1"
    assert library.ledger.loans[LENT] == before


def test_a_failed_return_is_undone_with_the_aa_of_the_10() -> None:
    library = Library()
    before = library.ledger.loans[LENT]
    borrower = take_back(library, LENT).patron_identifier
    assert borrower is not None
    assert lend(library, ANE, LENT, cancel="Y").ok == "0"
    answer = lend(library, borrower, LENT, cancel="Y")
    assert (answer.ok, answer.renewal_ok, answer.due_date) == ("1", "N", "03.12.2026")
    assert library.ledger.loans[LENT] == before
    assert take_back(library, LENT, cancel="Y").screen_messages == ("Ingenting å angre",)
