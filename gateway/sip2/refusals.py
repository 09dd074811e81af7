"""A valid negative answer for every request: what is sent when a request cannot be met, read or allowed.

One row for each request of the protocol, so that no message can end in silence or in a half-filled answer. Never
``BLN`` here: a patron whose request failed may well exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocols import sip2
from protocols.sip2 import Message

DENIED = "YYYY          "
"""Charge, renewal, recall and hold are denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """What a negative answer repeats of the request, as far as it could be read, the time and the words."""

    now: str
    text: str
    institution: str = ""
    patron: str = ""
    item: str = ""
    title: str | None = None
    language: str = "000"
    transaction: str | None = None


def _patron_status(echo: Echo) -> Message:
    return sip2.PatronStatusResponse(
        patron_status=DENIED,
        language=echo.language,
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        personal_name="",
        valid_patron="Y",
        valid_patron_password="N",
        screen_messages=(echo.text,),
    )


def _patron_information(echo: Echo) -> Message:
    return sip2.PatronInformationResponse(
        patron_status=DENIED,
        language=echo.language,
        transaction_date=echo.now,
        hold_items_count="0000",
        overdue_items_count="0000",
        charged_items_count="0000",
        fine_items_count="0000",
        recall_items_count="0000",
        unavailable_holds_count="0000",
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        personal_name="",
        valid_patron="Y",
        valid_patron_password="N",
        screen_messages=(echo.text,),
    )


def _patron_enable(echo: Echo) -> Message:
    return sip2.PatronEnableResponse(
        patron_status=DENIED,
        language=echo.language,
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        personal_name="",
        valid_patron="Y",
        valid_patron_password="N",
        screen_messages=(echo.text,),
    )


def _checkout(echo: Echo) -> Message:
    return sip2.CheckoutResponse(
        ok="0",
        renewal_ok="N",
        magnetic_media="U",
        desensitize="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        item_identifier=echo.item,
        title_identifier=echo.title or "",
        due_date="",
        screen_messages=(echo.text,),
    )


def _renew(echo: Echo) -> Message:
    return sip2.RenewResponse(
        ok="0",
        renewal_ok="N",
        magnetic_media="U",
        desensitize="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        item_identifier=echo.item,
        title_identifier=echo.title or "",
        due_date="",
        screen_messages=(echo.text,),
    )


def _checkin(echo: Echo) -> Message:
    return sip2.CheckinResponse(
        ok="0",
        resensitize="N",
        magnetic_media="U",
        alert="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        item_identifier=echo.item,
        permanent_location="",
        screen_messages=(echo.text,),
    )


def _end_session(echo: Echo) -> Message:
    return sip2.EndSessionResponse(
        end_session="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        screen_messages=(echo.text,),
    )


def _fee_paid(echo: Echo) -> Message:
    return sip2.FeePaidResponse(
        payment_accepted="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        transaction_id=echo.transaction,
        screen_messages=(echo.text,),
    )


def _item_information(echo: Echo) -> Message:
    return sip2.ItemInformationResponse(
        circulation_status="01",
        security_marker="00",
        fee_type="01",
        transaction_date=echo.now,
        item_identifier=echo.item,
        title_identifier="",
        screen_messages=(echo.text,),
    )


def _item_status(echo: Echo) -> Message:
    return sip2.ItemStatusUpdateResponse(
        item_properties_ok="0",
        transaction_date=echo.now,
        item_identifier=echo.item,
        screen_messages=(echo.text,),
    )


def _hold(echo: Echo) -> Message:
    return sip2.HoldResponse(
        ok="0",
        available="N",
        transaction_date=echo.now,
        institution_id=echo.institution,
        patron_identifier=echo.patron,
        item_identifier=echo.item or None,
        title_identifier=echo.title,
        screen_messages=(echo.text,),
    )


def _renew_all(echo: Echo) -> Message:
    return sip2.RenewAllResponse(
        ok="0",
        renewed_count="0000",
        unrenewed_count="0000",
        transaction_date=echo.now,
        institution_id=echo.institution,
        screen_messages=(echo.text,),
    )


def _login(_echo: Echo) -> Message:
    return sip2.LoginResponse(ok="0")


def _status(echo: Echo) -> Message:
    return sip2.AcsStatus(
        online_status="N",
        checkin_ok="N",
        checkout_ok="N",
        acs_renewal_policy="N",
        status_update_ok="N",
        offline_ok="N",
        timeout_period="000",
        retries_allowed="000",
        date_time_sync=echo.now,
        protocol_version="2.00",
        institution_id=echo.institution,
        supported_messages="N" * 16,
        screen_messages=(echo.text,),
    )


REFUSED: Mapping[str, Callable[[Echo], Message]] = {
    "23": _patron_status,
    "63": _patron_information,
    "01": _patron_status,
    "25": _patron_enable,
    "11": _checkout,
    "29": _renew,
    "09": _checkin,
    "35": _end_session,
    "37": _fee_paid,
    "17": _item_information,
    "19": _item_status,
    "15": _hold,
    "65": _renew_all,
    "93": _login,
    "99": _status,
}
"""Number of a request → its negative answer; complete over all requests but 97, whose answer is never refused."""


def echo_of(message: Message, now: str, text: str, institution: str) -> Echo:
    """Return what an answer to ``message`` repeats; ``institution`` stands in where the request names none."""
    return Echo(
        now=now,
        text=text,
        institution=getattr(message, "institution_id", "") or institution,
        patron=getattr(message, "patron_identifier", None) or "",
        item=getattr(message, "item_identifier", None) or "",
        title=getattr(message, "title_identifier", None),
        language=getattr(message, "language", "000"),
        transaction=getattr(message, "transaction_id", None),
    )


_ID = re.compile(r"[\w .:/*$%+-]{0,64}")


def id_or_nothing(value: str) -> str:
    """Return a value of a message that could not be read if it looks like an id, else an empty one.

    From a kiosk with another delimiter all fields arrive as one value, the PIN among them: not to be repeated.
    """
    return value if _ID.fullmatch(value) else ""
