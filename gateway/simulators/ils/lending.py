"""Lending and renewing: 11, 29 and 65."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.ledger import Lent, Loan
from gateway.simulators.ils.world import Item, Patron
from protocols.sip2 import (
    Checkout,
    CheckoutResponse,
    PatronFlag,
    Renew,
    RenewAll,
    RenewAllResponse,
    RenewResponse,
    count4,
    read_date,
    yes,
    yes_or_no,
)

RENTAL = "06"


@dataclass(frozen=True, slots=True)
class Lending:
    """How a request to lend or renew ended: with a loan, or with a no, maybe for want of a fee's acknowledgement."""

    item: Item | None
    loan: Loan | None = None
    renewed: bool = False
    no: No | None = None
    fee_asked: bool = False


def check_out(desk: Desk, asked: Checkout) -> CheckoutResponse:
    """Answer an 11: a loan, a renewal of one's own loan, or the undoing of a failed checkin."""
    return _told(CheckoutResponse, desk, asked, _lending(desk, asked))


def refuse_checkout(desk: Desk, asked: Checkout, why: No) -> CheckoutResponse:
    """Answer an 11 in the negative."""
    return _told(CheckoutResponse, desk, asked, Lending(None, no=why))


def renew(desk: Desk, asked: Renew) -> RenewResponse:
    """Answer a 29."""
    return _told(RenewResponse, desk, asked, _renewing(desk, asked))


def refuse_renew(desk: Desk, asked: Renew, why: No) -> RenewResponse:
    """Answer a 29 in the negative."""
    return _told(RenewResponse, desk, asked, Lending(None, no=why))


def renew_all(desk: Desk, asked: RenewAll) -> RenewAllResponse:
    """Answer a 65: every loan is tried, and told of as renewed or not."""
    patron = desk.admitted(asked.patron_identifier, asked.patron_password)
    if isinstance(patron, No):
        return refuse_renew_all(desk, asked, patron)
    renewed, kept = [], []
    for loan in desk.loans_of(patron):
        item = desk.lent_item(loan)
        if no_renewal(desk, patron, item, loan):
            kept.append(loan.item)
        else:
            _prolong(desk, item, loan, desk.due(item))
            renewed.append(loan.item)
    return RenewAllResponse(
        ok="1",
        renewed_count=count4(len(renewed)),
        unrenewed_count=count4(len(kept)),
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        renewed_items=tuple(renewed),
        unrenewed_items=tuple(kept),
    )


def refuse_renew_all(desk: Desk, asked: RenewAll, why: No) -> RenewAllResponse:
    """Answer a 65 in the negative."""
    return RenewAllResponse(
        ok="0",
        renewed_count="0000",
        unrenewed_count="0000",
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        screen_messages=(why,),
    )


def _lending(desk: Desk, asked: Checkout) -> Lending:
    item = desk.item(asked.item_identifier)
    patron = desk.admitted(asked.patron_identifier, asked.patron_password)
    if isinstance(patron, No) or item is None:
        return Lending(item, no=patron if isinstance(patron, No) else No.UNKNOWN_ITEM)
    if yes(asked.cancel):
        return _taken_out_again(desk, patron, item)
    loan = desk.ledger.loans.get(item.barcode)
    happened = yes(asked.no_block)
    if loan is not None and loan.patron == patron.id:
        return _renewed_at_checkout(desk, asked, patron, item, loan)
    if no := None if happened else _no_loan(desk, patron, item):
        return Lending(item, no=no)
    if item.fee and not happened and not yes(asked.fee_acknowledged):
        return Lending(item, no=No.FEE, fee_asked=True)
    return Lending(item, _lend(desk, patron, item, _due(desk, item, asked.nb_due_date, happened)))


def _renewed_at_checkout(desk: Desk, asked: Checkout, patron: Patron, item: Item, loan: Loan) -> Lending:
    """A checkout of what the patron has is a renewal, if this SC and this library let SCs renew."""
    happened = yes(asked.no_block)
    if not happened:
        if not (yes(asked.sc_renewal_policy) and desk.rules.renews):
            return Lending(item, no=No.HAS_IT)
        if no := no_renewal(desk, patron, item, loan):
            return Lending(item, no=no, renewed=True)
    prolonged = _prolong(desk, item, loan, _due(desk, item, asked.nb_due_date, happened))
    desk.ledger.lent[item.barcode] = Lent(before=loan)
    return Lending(item, prolonged, renewed=True)


def _renewing(desk: Desk, asked: Renew) -> Lending:
    item = desk.wanted(asked.item_identifier, asked.title_identifier)
    patron = desk.admitted(asked.patron_identifier, asked.patron_password)
    if isinstance(patron, No) or item is None:
        return Lending(item, no=patron if isinstance(patron, No) else No.UNKNOWN_ITEM)
    loan = desk.ledger.loans.get(item.barcode)
    if loan is None:
        return Lending(item, no=No.NOT_LENT)
    if loan.patron != patron.id and not yes(asked.third_party_allowed):
        return Lending(item, no=No.NOT_YOURS)
    happened = yes(asked.no_block)
    if no := None if happened else no_renewal(desk, patron, item, loan):
        return Lending(item, no=no, renewed=True)
    return Lending(item, _prolong(desk, item, loan, _due(desk, item, asked.nb_due_date, happened)), renewed=True)


# Why there is no loan, the first that is true.
_OBSTACLES: tuple[tuple[Callable[[Desk, Patron, Item], bool], No], ...] = (
    (lambda desk, patron, item: item.reference_only, No.REFERENCE_ONLY),
    (lambda desk, patron, item: item.barcode in desk.ledger.loans, No.WITH_ANOTHER),
    (lambda desk, patron, item: _is_held_for_another(desk, patron, item), No.HELD),
)


def _no_loan(desk: Desk, patron: Patron, item: Item) -> No | None:
    if no := desk.denial(patron, PatronFlag.CHARGE_DENIED):
        return no
    return next((no for stands, no in _OBSTACLES if stands(desk, patron, item)), None)


def no_renewal(desk: Desk, patron: Patron, item: Item, loan: Loan) -> No | None:
    """Why a loan is not renewed, or None when it may be."""
    if not desk.rules.renews:
        return No.NO_RENEWALS
    if no := desk.denial(patron, PatronFlag.RENEWAL_DENIED):
        return no
    if any(hold.patron != loan.patron for hold in desk.ledger.queue(item)):
        return No.HELD
    return No.RENEWED_TOO_OFTEN if loan.renewals >= desk.rules.renewals_limit else None


def _is_held_for_another(desk: Desk, patron: Patron, item: Item) -> bool:
    """A copy on the shelf waits for one patron; any other goes to the first in the queue."""
    hold = desk.ledger.shelved(item) or next((hold for hold in desk.ledger.queue(item) if not hold.shelved), None)
    return hold is not None and hold.patron != patron.id


def _lend(desk: Desk, patron: Patron, item: Item, due: date) -> Loan:
    ledger = desk.ledger
    loan = Loan(item.barcode, patron.id, due)
    hold = next((hold for hold in ledger.queue(item) if hold.patron == patron.id), None)
    if hold is not None:
        ledger.holds.remove(hold)
    fee = ledger.charge(patron.id, item.fee, item.title, RENTAL) if item.fee else None
    ledger.lent[item.barcode] = Lent(ledger.loans.get(item.barcode), fee, hold)
    ledger.returned.pop(item.barcode, None)
    ledger.loans[item.barcode] = loan
    return loan


def _prolong(desk: Desk, item: Item, loan: Loan, due: date) -> Loan:
    prolonged = replace(loan, due=max(due, loan.due), renewals=loan.renewals + 1)
    desk.ledger.loans[item.barcode] = prolonged
    return prolonged


def _taken_out_again(desk: Desk, patron: Patron, item: Item) -> Lending:
    """A checkin failed after it was booked: the loan is as it was before, and whoever waits goes on waiting."""
    before = desk.ledger.returned.get(item.barcode)
    if before is None or before.patron != patron.id or item.barcode in desk.ledger.loans:
        return Lending(item, no=No.NOTHING_TO_UNDO)
    del desk.ledger.returned[item.barcode]
    if hold := desk.ledger.shelved(item):
        desk.ledger.put(hold, replace(hold, shelved=None, until=None))
    desk.ledger.loans[item.barcode] = before
    return Lending(item, before)


def _due(desk: Desk, item: Item, told: str, happened: bool) -> date:
    """The due date that was given off-line, where the loan happened off-line, else our own."""
    given = read_date(told) if happened else None
    return given.date() if given else desk.due(item)


Answer = TypeVar("Answer", CheckoutResponse, RenewResponse)


def _told(answer: type[Answer], desk: Desk, asked: Checkout | Renew, lending: Lending) -> Answer:
    item, loan = lending.item, lending.loan
    has_fee = item is not None and item.fee and (lending.fee_asked or (loan is not None and not lending.renewed))
    return answer(
        ok="1" if loan else "0",
        renewal_ok=yes_or_no(lending.renewed),
        magnetic_media=yes_or_no(item.magnetic) if item else "U",
        desensitize=yes_or_no(loan is not None),
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        patron_identifier=asked.patron_identifier,
        item_identifier=asked.item_identifier or (item.barcode if item else ""),
        title_identifier=item.title if item else "",
        due_date=desk.shown_due(loan.due) if loan else "",
        fee_type=RENTAL if has_fee else None,
        currency_type=desk.rules.currency if has_fee else None,
        fee_amount=f"{item.fee:.2f}" if item and has_fee else None,
        media_type=item.media_type if item else None,
        screen_messages=(lending.no,) if lending.no else (),
    )
