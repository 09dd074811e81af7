"""Payments: 37."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.ledger import Fee
from protocols.sip2 import FeePaid, FeePaidResponse, yes_or_no


def pay(desk: Desk, asked: FeePaid) -> FeePaidResponse:
    """Answer a 37: booked on the fee that CG names, else on the oldest; N when it does not fit what is owed.

    The same payment told twice is booked twice, as most systems do.
    """
    patron = desk.admitted(asked.patron_identifier, asked.patron_password)
    if isinstance(patron, No):
        return refuse_payment(desk, asked, patron)
    fees = [fee for fee in desk.fees_of(patron) if asked.fee_identifier in (None, "", fee.id)]
    amount = _amount(asked.fee_amount)
    owed = sum((fee.amount for fee in fees), Decimal(0))
    if asked.currency_type != desk.rules.currency or not 0 < amount <= owed:
        return refuse_payment(desk, asked, No.NO_SUCH_FEE)
    _book(desk, fees, amount)
    return _told(desk, asked)


def refuse_payment(desk: Desk, asked: FeePaid, why: No) -> FeePaidResponse:
    """Answer a 37 in the negative."""
    return _told(desk, asked, why)


def _book(desk: Desk, fees: list[Fee], amount: Decimal) -> None:
    for fee in fees:
        part = min(amount, fee.amount)
        amount -= part
        if part:
            desk.ledger.paid.append(replace(fee, amount=part))
            left = replace(fee, amount=fee.amount - part)
            desk.ledger.fees = [left if one.id == fee.id else one for one in desk.ledger.fees]
    desk.ledger.fees = [fee for fee in desk.ledger.fees if fee.amount]


def _amount(text: str) -> Decimal:
    """The amount, or zero where it is none."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() else Decimal(0)


def _told(desk: Desk, asked: FeePaid, no: No | None = None) -> FeePaidResponse:
    return FeePaidResponse(
        payment_accepted=yes_or_no(no is None),
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        patron_identifier=asked.patron_identifier,
        transaction_id=asked.transaction_id,
        screen_messages=(no,) if no else (),
    )
