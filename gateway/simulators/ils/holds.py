"""Holds: 15."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.ledger import Hold as Held
from gateway.simulators.ils.world import Item, Patron
from protocols.sip2 import Hold, HoldResponse, PatronFlag, read_date, yes_or_no

SPECIFIC_COPY = "3"


def hold(desk: Desk, asked: Hold) -> HoldResponse:
    """Answer a 15: add a hold at the end of the queue, change or delete one."""
    item = desk.wanted(asked.item_identifier, asked.title_identifier)
    patron = desk.admitted(asked.patron_identifier, asked.patron_password)
    if isinstance(patron, No):
        return refuse_hold(desk, asked, patron)
    if item is None:
        return refuse_hold(desk, asked, No.UNKNOWN_ITEM)
    mode = MODES.get(asked.hold_mode)
    outcome = No.UNSUPPORTED if mode is None else mode(desk, asked, patron, item)
    return _told(desk, asked, item, outcome)


def refuse_hold(desk: Desk, asked: Hold, why: No) -> HoldResponse:
    """Answer a 15 in the negative."""
    return _told(desk, asked, desk.wanted(asked.item_identifier, asked.title_identifier), why)


def _add(desk: Desk, asked: Hold, patron: Patron, item: Item) -> Held | No:
    if no := desk.denial(patron, PatronFlag.HOLD_DENIED):
        return no
    if _mine(desk, patron, item):
        return No.HAS_HOLD
    loan = desk.ledger.loans.get(item.barcode)
    if loan and loan.patron == patron.id:
        return No.HAS_IT
    if len(desk.holds_of(patron)) >= desk.rules.holds_limit:
        return No.TOO_MANY_HOLDS
    only = item.barcode if asked.hold_type == SPECIFIC_COPY else None
    made = Held(patron.id, item.work, only, asked.pickup_location or "", _expires(asked))
    desk.ledger.holds.append(made)
    return made


def _change(desk: Desk, asked: Hold, patron: Patron, item: Item) -> Held | No:
    mine = _mine(desk, patron, item)
    if mine is None:
        return No.NO_HOLD
    pickup = mine.pickup if asked.pickup_location is None else asked.pickup_location
    changed = replace(mine, pickup=pickup, expires=_expires(asked) or mine.expires)
    desk.ledger.put(mine, changed)
    return changed


def _delete(desk: Desk, asked: Hold, patron: Patron, item: Item) -> Held | No:
    mine = _mine(desk, patron, item)
    if mine is None:
        return No.NO_HOLD
    desk.ledger.holds.remove(mine)
    return mine


MODES: Mapping[str, Callable[[Desk, Hold, Patron, Item], Held | No]] = {"+": _add, "*": _change, "-": _delete}
"""What each hold mode does."""


def _mine(desk: Desk, patron: Patron, item: Item) -> Held | None:
    return next((held for held in desk.ledger.queue(item) if held.patron == patron.id), None)


def _expires(asked: Hold) -> date | None:
    told = read_date(asked.expiration_date or "")
    return told.date() if told else None


def _told(desk: Desk, asked: Hold, item: Item | None, outcome: Held | No) -> HoldResponse:
    held = None if isinstance(outcome, No) else outcome
    queue = list(desk.ledger.queue(item)) if item else []
    return HoldResponse(
        ok="1" if held else "0",
        available=yes_or_no(item is not None and item.barcode not in desk.ledger.loans),
        transaction_date=desk.now(),
        expiration_date=asked.expiration_date,
        queue_position=str(queue.index(held) + 1) if held in queue else None,
        pickup_location=(held.pickup or None) if held else asked.pickup_location,
        institution_id=desk.institution(asked.institution_id),
        patron_identifier=asked.patron_identifier,
        item_identifier=asked.item_identifier,
        title_identifier=item.title if item else asked.title_identifier,
        screen_messages=(outcome,) if isinstance(outcome, No) else (),
    )
