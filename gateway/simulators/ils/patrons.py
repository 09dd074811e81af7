"""What the library says of a patron: 23, 63, 01, 25 and 35."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.simulators.ils import extensions
from gateway.simulators.ils.desk import Desk, No, Pin
from gateway.simulators.ils.world import Patron
from protocols.sip2 import (
    ALL_DENIED,
    BlockPatron,
    EndPatronSession,
    EndSessionResponse,
    PatronEnable,
    PatronEnableResponse,
    PatronInformation,
    PatronInformationResponse,
    PatronStatus,
    PatronStatusRequest,
    PatronStatusResponse,
    Summary,
    SummaryList,
    count4,
    read_number,
    yes_or_no,
)

DENIED = PatronStatus.of(*ALL_DENIED)
"""What is said of whoever is not known, or has not proved who they are."""

Asked = PatronStatusRequest | PatronInformation | PatronEnable | BlockPatron


def status(desk: Desk, asked: PatronStatusRequest) -> PatronStatusResponse:
    """Answer a 23."""
    patron = desk.patron(asked.patron_identifier)
    if patron is None:
        return refuse_status(desk, asked, No.UNKNOWN_PATRON)
    proved = desk.pin(patron, asked.patron_password)
    return PatronStatusResponse(
        **_heading(desk, asked, patron, proved), language=asked.language, **_money(desk, patron)
    )


def refuse_status(desk: Desk, asked: PatronStatusRequest, why: No) -> PatronStatusResponse:
    """Answer a 23 in the negative."""
    return PatronStatusResponse(**_nobody(desk, asked, why), language=asked.language)


def information(desk: Desk, asked: PatronInformation) -> PatronInformationResponse:
    """Answer a 63: counts always, and the one list that is asked for, as far as it is asked for."""
    patron = desk.patron(asked.patron_identifier)
    if patron is None:
        return refuse_information(desk, asked, No.UNKNOWN_PATRON)
    proved = desk.pin(patron, asked.patron_password)
    heading = _heading(desk, asked, patron, proved)
    if proved is Pin.WRONG and not desk.rules.full_record_for_wrong_pin:
        return PatronInformationResponse(**heading, language=asked.language, **_counts({}))
    lists = _lists(desk, patron)
    return PatronInformationResponse(
        **heading,
        language=asked.language,
        **_counts(lists),
        **_listed(asked, lists),
        **_money(desk, patron),
        **_contact(desk, patron),
        hold_items_limit=count4(desk.rules.holds_limit),
        overdue_items_limit=count4(desk.rules.overdue_limit),
        charged_items_limit=count4(desk.rules.loans_limit),
        fee_limit=f"{desk.rules.fee_limit:.2f}",
        others=extensions.of_patron(desk, patron),
    )


def refuse_information(desk: Desk, asked: PatronInformation, why: No) -> PatronInformationResponse:
    """Answer a 63 in the negative."""
    return PatronInformationResponse(**_nobody(desk, asked, why), language=asked.language, **_counts({}))


def block(desk: Desk, asked: BlockPatron) -> PatronStatusResponse:
    """Answer a 01: the patron is denied everything until enabled again."""
    patron = desk.patron(asked.patron_identifier)
    if patron is None:
        return refuse_block(desk, asked, No.UNKNOWN_PATRON)
    desk.ledger.blocked[patron.id] = asked.blocked_card_message or "blocked by an SC"
    return PatronStatusResponse(**_heading(desk, asked, patron, Pin.ABSENT), language="000")


def refuse_block(desk: Desk, asked: BlockPatron, why: No) -> PatronStatusResponse:
    """Answer a 01 in the negative."""
    return PatronStatusResponse(**_nobody(desk, asked, why), language="000")


def enable(desk: Desk, asked: PatronEnable) -> PatronEnableResponse:
    """Answer a 25: what blocked the patron is over, unless a wrong PIN came with it."""
    patron = desk.patron(asked.patron_identifier)
    if patron is None:
        return refuse_enable(desk, asked, No.UNKNOWN_PATRON)
    proved = desk.pin(patron, asked.patron_password)
    if proved is not Pin.WRONG:
        desk.ledger.blocked.pop(patron.id, None)
    return PatronEnableResponse(**_heading(desk, asked, patron, proved), language="000")


def refuse_enable(desk: Desk, asked: PatronEnable, why: No) -> PatronEnableResponse:
    """Answer a 25 in the negative."""
    return PatronEnableResponse(**_nobody(desk, asked, why), language="000")


def end(desk: Desk, asked: EndPatronSession) -> EndSessionResponse:
    """Answer a 35: a session is nothing that this library keeps."""
    return _ended(desk, asked, ok=True)


def refuse_end(desk: Desk, asked: EndPatronSession, why: No) -> EndSessionResponse:
    """Answer a 35 in the negative."""
    return _ended(desk, asked, ok=False, why=why)


def _ended(desk: Desk, asked: EndPatronSession, *, ok: bool, why: No | None = None) -> EndSessionResponse:
    return EndSessionResponse(
        end_session=yes_or_no(ok),
        transaction_date=desk.now(),
        institution_id=desk.institution(asked.institution_id),
        patron_identifier=asked.patron_identifier,
        screen_messages=(why,) if why else (),
    )


def _heading(desk: Desk, asked: Asked, patron: Patron, proved: Pin) -> dict[str, Any]:
    """What 24, 26 and 64 have in common."""
    hidden = proved is Pin.WRONG and not desk.rules.full_record_for_wrong_pin
    denied = next((no for flag in ALL_DENIED if (no := desk.denial(patron, flag))), None)
    said = No.WRONG_PIN if proved is Pin.WRONG else denied
    own = desk.rules.answers_with == "local id"
    return {
        "patron_status": DENIED if hidden else desk.status(patron),
        "transaction_date": desk.now(),
        "institution_id": desk.institution(asked.institution_id),
        "patron_identifier": patron.id if own else asked.patron_identifier,
        "personal_name": "" if hidden else patron.name,
        "valid_patron": "Y",
        "valid_patron_password": yes_or_no(_is_proved(desk, proved)),
        "screen_messages": (said,) if said else (),
    }


def _is_proved(desk: Desk, proved: Pin) -> bool:
    return proved is Pin.RIGHT or (proved is Pin.ABSENT and desk.rules.yes_to_no_pin)


def _nobody(desk: Desk, asked: Asked, why: No) -> dict[str, Any]:
    return {
        "patron_status": DENIED,
        "transaction_date": desk.now(),
        "institution_id": desk.institution(asked.institution_id),
        "patron_identifier": asked.patron_identifier,
        "personal_name": "",
        "valid_patron": yes_or_no(why is not No.UNKNOWN_PATRON),
        "valid_patron_password": "N",
        "screen_messages": (why,),
    }


def _money(desk: Desk, patron: Patron) -> dict[str, Any]:
    return {"currency_type": desk.rules.currency, "fee_amount": f"{desk.owed(patron):.2f}"}


def _contact(desk: Desk, patron: Patron) -> dict[str, Any]:
    shown = not patron.address_protected or desk.rules.sends_protected_addresses
    return {
        "home_address": (shown and patron.address) or None,
        "email_address": patron.email or None,
        "home_phone_number": patron.phone or None,
    }


# The list, its count and its field, by the position in the summary.
_LISTS = {
    SummaryList.HOLD: ("hold_items_count", "hold_items"),
    SummaryList.OVERDUE: ("overdue_items_count", "overdue_items"),
    SummaryList.CHARGED: ("charged_items_count", "charged_items"),
    SummaryList.FINE: ("fine_items_count", "fine_items"),
    SummaryList.RECALL: ("recall_items_count", "recall_items"),
    SummaryList.UNAVAILABLE_HOLDS: ("unavailable_holds_count", "unavailable_hold_items"),
}


def _lists(desk: Desk, patron: Patron) -> dict[SummaryList, list[str]]:
    """Every list of a patron; nothing is ever recalled here."""
    holds = desk.holds_of(patron)
    return {
        SummaryList.HOLD: [hold.shelved for hold in holds if hold.shelved],
        SummaryList.OVERDUE: [loan.item for loan in desk.overdue_of(patron)],
        SummaryList.CHARGED: [loan.item for loan in desk.loans_of(patron)],
        SummaryList.FINE: [f"{fee.id} {fee.amount:.2f} {fee.text}" for fee in desk.fees_of(patron)],
        SummaryList.RECALL: [],
        SummaryList.UNAVAILABLE_HOLDS: [hold.item or hold.work for hold in holds if not hold.shelved],
    }


def _counts(lists: dict[SummaryList, list[str]]) -> dict[str, Any]:
    return {count: count4(len(lists.get(which, ()))) for which, (count, _) in _LISTS.items()}


def _listed(asked: PatronInformation, lists: dict[SummaryList, list[str]]) -> dict[str, Any]:
    wanted = Summary(asked.summary).wanted
    if wanted is None:
        return {}
    return {_LISTS[wanted][1]: _sliced(lists[wanted], asked.start_item, asked.end_item)}


def _sliced(entries: Sequence[str], start: str | None, end: str | None) -> tuple[str, ...]:
    """From the entry numbered `start` to the one numbered `end`, both included and counted from 1."""
    first, last = read_number(start) or 1, read_number(end)
    return tuple(entries[first - 1 : last])
