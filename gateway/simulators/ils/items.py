"""What the library says of an item: 17 and 19."""

from __future__ import annotations

from gateway.simulators.ils import extensions
from gateway.simulators.ils.desk import Desk, No
from gateway.simulators.ils.lending import RENTAL
from gateway.simulators.ils.world import Item
from protocols.sip2 import (
    ItemInformation,
    ItemInformationResponse,
    ItemStatusUpdate,
    ItemStatusUpdateResponse,
)

OTHER, AVAILABLE, CHARGED, ON_HOLD_SHELF, IN_TRANSIT = "01", "03", "04", "08", "10"
"""Circulation statuses that occur here."""

NO_FEE, NO_MARKER, TATTLE_TAPE = "01", "01", "02"


def information(desk: Desk, asked: ItemInformation) -> ItemInformationResponse:
    """Answer a 17."""
    item = desk.item(asked.item_identifier)
    if item is None:
        return refuse_information(desk, asked, No.UNKNOWN_ITEM)
    loan, shelved = desk.ledger.loans.get(item.barcode), desk.ledger.shelved(item)
    return ItemInformationResponse(
        circulation_status=circulation_status(desk, item),
        security_marker=TATTLE_TAPE if item.magnetic else NO_MARKER,
        fee_type=RENTAL if item.fee else NO_FEE,
        transaction_date=desk.now(),
        hold_queue_length=str(sum(1 for _ in desk.ledger.queue(item))),
        due_date=desk.shown_due(loan.due) if loan else None,
        hold_pickup_date=f"{shelved.until:%Y%m%d}    000000" if shelved and shelved.until else None,
        item_identifier=asked.item_identifier,
        title_identifier=item.title,
        owner=desk.rules.institution,
        currency_type=desk.rules.currency if item.fee else None,
        fee_amount=f"{item.fee:.2f}" if item.fee else None,
        media_type=item.media_type,
        permanent_location=item.location or None,
        current_location=desk.place(item) or None,
        item_properties=desk.ledger.properties.get(item.barcode),
        others=extensions.of_item(desk, item),
    )


def refuse_information(desk: Desk, asked: ItemInformation, why: No) -> ItemInformationResponse:
    """Answer a 17 in the negative."""
    return ItemInformationResponse(
        circulation_status=OTHER,
        security_marker="00",
        fee_type=NO_FEE,
        transaction_date=desk.now(),
        item_identifier=asked.item_identifier,
        title_identifier="",
        screen_messages=(why,),
    )


def circulation_status(desk: Desk, item: Item) -> str:
    """Where an item is in its round, as SIP2's code."""
    if item.barcode in desk.ledger.loans:
        return CHARGED
    if hold := desk.ledger.shelved(item):
        return ON_HOLD_SHELF if hold.pickup in ("", desk.place(item)) else IN_TRANSIT
    away = desk.place(item) != item.location and desk.place(item) in desk.rules.branches
    return IN_TRANSIT if away else AVAILABLE


def update(desk: Desk, asked: ItemStatusUpdate) -> ItemStatusUpdateResponse:
    """Answer a 19: the properties are kept, and told with the item from now on."""
    item = desk.item(asked.item_identifier)
    if item is None:
        return refuse_update(desk, asked, No.UNKNOWN_ITEM)
    desk.ledger.properties[item.barcode] = asked.item_properties
    return ItemStatusUpdateResponse(
        item_properties_ok="1",
        transaction_date=desk.now(),
        item_identifier=asked.item_identifier,
        title_identifier=item.title,
        item_properties=asked.item_properties,
    )


def refuse_update(desk: Desk, asked: ItemStatusUpdate, why: No) -> ItemStatusUpdateResponse:
    """Answer a 19 in the negative."""
    return ItemStatusUpdateResponse(
        item_properties_ok="0",
        transaction_date=desk.now(),
        item_identifier=asked.item_identifier,
        screen_messages=(why,),
    )
