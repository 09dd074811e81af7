"""Taking back: 09."""

from __future__ import annotations

from datetime import timedelta

from gateway.simulators.ils import extensions
from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.extensions import Others
from gateway.simulators.ils.ledger import Hold, Loan
from gateway.simulators.ils.world import Item
from protocols.sip2 import Checkin, CheckinResponse, yes, yes_or_no

HOLD_HERE, HOLD_ELSEWHERE, SEND_HOME = "01", "02", "04"
"""Alert types of 3M's extension."""


def check_in(desk: Desk, asked: Checkin) -> CheckinResponse:
    """Answer a 09: whoever had the item is told of in AA, whoever waits for it next gets it shelved."""
    item = desk.item(asked.item_identifier)
    if item is None:
        return refuse_checkin(desk, asked, No.UNKNOWN_ITEM)
    if yes(asked.cancel):
        return _lending_undone(desk, asked, item)
    return _taken_back(desk, asked, item)


def refuse_checkin(desk: Desk, asked: Checkin, why: No) -> CheckinResponse:
    """Answer a 09 in the negative."""
    return _told(desk, asked, desk.item(asked.item_identifier), no=why)


def _taken_back(desk: Desk, asked: Checkin, item: Item) -> CheckinResponse:
    ledger = desk.ledger
    loan = ledger.loans.pop(item.barcode, None)
    ledger.lent.pop(item.barcode, None)
    if loan is not None:
        ledger.returned[item.barcode] = loan
    if asked.current_location:
        ledger.places[item.barcode] = asked.current_location
    hold = ledger.shelved(item) or _next_in_queue(desk, item)
    return _told(desk, asked, item, loan=loan, alert=_alert(desk, item, hold))


def _next_in_queue(desk: Desk, item: Item) -> Hold | None:
    waiting = next((hold for hold in desk.ledger.queue(item) if not hold.shelved), None)
    if waiting is None:
        return None
    desk.ledger.shelve(waiting, item, desk.today + timedelta(days=desk.rules.hold_shelf_days))
    return desk.ledger.shelved(item)


def _lending_undone(desk: Desk, asked: Checkin, item: Item) -> CheckinResponse:
    """A checkout failed after it was booked: everything is as it was before."""
    ledger = desk.ledger
    loan, lent = ledger.loans.get(item.barcode), ledger.lent.pop(item.barcode, None)
    if loan is None or lent is None:
        return _told(desk, asked, item, no=No.NOTHING_TO_UNDO)
    ledger.strike(lent.fee)
    if lent.hold is not None:
        ledger.holds.insert(0, lent.hold)
    if lent.before is not None:
        ledger.loans[item.barcode] = lent.before
    else:
        del ledger.loans[item.barcode]
    return _told(desk, asked, item, loan=loan)


def _alert(desk: Desk, item: Item, hold: Hold | None) -> Others:
    """Where the item must go and why; empty when it may stay."""
    here = desk.place(item)
    if hold is not None:
        pickup = hold.pickup or here
        waiting = desk.patron_of(hold.patron)
        return (
            ("CT", pickup),
            ("CV", HOLD_HERE if pickup == here else HOLD_ELSEWHERE),
            ("CY", waiting.id),
            ("DA", waiting.name),
            ("BF", waiting.phone),
            ("CM", f"{hold.until:%Y%m%d}    000000" if hold.until else ""),
        )
    if here != item.location and here in desk.rules.branches:
        return (("CT", item.location), ("CV", SEND_HOME))
    return ()


def _told(
    desk: Desk,
    asked: Checkin,
    item: Item | None,
    *,
    loan: Loan | None = None,
    alert: Others = (),
    no: No | None = None,
) -> CheckinResponse:
    done = no is None
    return CheckinResponse(
        ok="1" if done else "0",
        resensitize=yes_or_no(done),
        magnetic_media=yes_or_no(item.magnetic) if item else "U",
        alert=yes_or_no(bool(alert)),
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        item_identifier=asked.item_identifier,
        permanent_location=item.location if item else "",
        title_identifier=item.title if item else None,
        sort_bin=(item.sort_bin or None) if item else None,
        patron_identifier=loan.patron if loan and desk.rules.tells_borrower else None,
        media_type=item.media_type if item else None,
        item_properties=desk.ledger.properties.get(item.barcode) if item else None,
        screen_messages=(no,) if no else (),
        others=(*extensions.chosen(desk, alert), *(extensions.of_item(desk, item) if item else ())),
    )
