"""Requests to the simulated library, with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from protocols import sip2
from protocols.sip2 import BLANK_DATE, Summary, SummaryList

NOW = "20261123    101530"
LIBRARY = "NO-2030000"


def status(patron: str, pin: str = "") -> sip2.PatronStatusRequest:
    return sip2.PatronStatusRequest(
        language="012",
        transaction_date=NOW,
        institution_id=LIBRARY,
        patron_identifier=patron,
        terminal_password="",
        patron_password=pin,
    )


def information(
    patron: str, pin: str | None = None, wanted: SummaryList | None = None, **fields: Any
) -> sip2.PatronInformation:
    return sip2.PatronInformation(
        language="012",
        transaction_date=NOW,
        summary=Summary.asking(wanted),
        institution_id=LIBRARY,
        patron_identifier=patron,
        patron_password=pin,
        **fields,
    )


def checkout(patron: str, item: str, **fields: Any) -> sip2.Checkout:
    usual = {"sc_renewal_policy": "Y", "no_block": "N", "nb_due_date": BLANK_DATE}
    return sip2.Checkout(
        **(usual | fields),
        transaction_date=NOW,
        institution_id=LIBRARY,
        patron_identifier=patron,
        item_identifier=item,
        terminal_password="",
    )


def checkin(item: str, **fields: Any) -> sip2.Checkin:
    usual = {"no_block": "N", "return_date": NOW, "current_location": "HOVED"}
    return sip2.Checkin(
        **(usual | fields), transaction_date=NOW, institution_id=LIBRARY, item_identifier=item, terminal_password=""
    )


def renew(patron: str, item: str | None, **fields: Any) -> sip2.Renew:
    usual = {"third_party_allowed": "N", "no_block": "N", "nb_due_date": BLANK_DATE}
    return sip2.Renew(
        **(usual | fields),
        transaction_date=NOW,
        institution_id=LIBRARY,
        patron_identifier=patron,
        item_identifier=item,
    )


def renew_all(patron: str) -> sip2.RenewAll:
    return sip2.RenewAll(transaction_date=NOW, institution_id=LIBRARY, patron_identifier=patron)


def hold(mode: str, patron: str, item: str | None = None, **fields: Any) -> sip2.Hold:
    return sip2.Hold(
        hold_mode=mode,
        transaction_date=NOW,
        institution_id=LIBRARY,
        patron_identifier=patron,
        item_identifier=item,
        **fields,
    )


def fee_paid(patron: str, amount: str, **fields: Any) -> sip2.FeePaid:
    usual = {"currency_type": "NOK"}
    return sip2.FeePaid(
        **(usual | fields),
        transaction_date=NOW,
        fee_type="04",
        payment_type="00",
        fee_amount=amount,
        institution_id=LIBRARY,
        patron_identifier=patron,
    )


def item(barcode: str) -> sip2.ItemInformation:
    return sip2.ItemInformation(transaction_date=NOW, institution_id=LIBRARY, item_identifier=barcode)


def properties(barcode: str, told: str) -> sip2.ItemStatusUpdate:
    return sip2.ItemStatusUpdate(
        transaction_date=NOW, institution_id=LIBRARY, item_identifier=barcode, item_properties=told
    )


def block(patron: str) -> sip2.BlockPatron:
    return sip2.BlockPatron(
        card_retained="N",
        transaction_date=NOW,
        institution_id=LIBRARY,
        blocked_card_message="glemt kort",
        patron_identifier=patron,
        terminal_password="",
    )


def enable(patron: str, pin: str | None = None) -> sip2.PatronEnable:
    return sip2.PatronEnable(
        transaction_date=NOW, institution_id=LIBRARY, patron_identifier=patron, patron_password=pin
    )


def end(patron: str) -> sip2.EndPatronSession:
    return sip2.EndPatronSession(transaction_date=NOW, institution_id=LIBRARY, patron_identifier=patron)


def login(user: str = "automat", password: str = "hemmelig") -> sip2.Login:
    return sip2.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id=user, login_password=password)


def sc_status() -> sip2.ScStatus:
    return sip2.ScStatus(status_code="0", max_print_width="080", protocol_version="2.00")
