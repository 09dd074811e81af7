"""The messages that are spoken in every benchmark, as a kiosk and as a library system say them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protocols import sip2
from protocols.sip2 import Codec, seal

LOGIN, PASSWORD, LIBRARY = "bench-1", "not-a-secret-of-anybody", "NO-2030000"

CODEC = Codec("cp850")
"""The standard's charset, which is also what both servers speak unless told otherwise."""

NOW = "20261123    101512"

ANSWERED: dict[str, Any] = {
    "patron_status": " " * 14,
    "language": "000",
    "transaction_date": NOW,
    "hold_items_count": "0000",
    "overdue_items_count": "0000",
    "charged_items_count": "0000",
    "fine_items_count": "0000",
    "recall_items_count": "0000",
    "unavailable_holds_count": "0000",
    "institution_id": LIBRARY,
    "patron_identifier": "N100000000",
    "personal_name": "Bjørnstad, Ågot",
    "valid_patron": "Y",
    "valid_patron_password": "Y",
}
"""A 64 by field, as both libraries name them: what our daemon answers for a local patron whose PIN was right."""

RIGHT = b"|BLY|CQY|"
"""What stands in every such answer."""


def login() -> bytes:
    """Return the frame of a 93."""
    asked = sip2.Login(uid_algorithm="0", pwd_algorithm="0", login_user_id=LOGIN, login_password=PASSWORD)
    return seal(CODEC.encode(asked), "0", True)


def question(card: str, pin: str, digit: int) -> bytes:
    """Return the frame of a 63."""
    asked = sip2.PatronInformation(
        language="000",
        transaction_date=NOW,
        summary=" " * 10,
        institution_id=LIBRARY,
        patron_identifier=card,
        terminal_password="",
        patron_password=pin,
    )
    return seal(CODEC.encode(asked), str(digit), True)


def questions(people: Sequence[tuple[str, str]]) -> list[bytes]:
    """Return a 63 for each card and PIN in turn; in a circle no frame equals the one before it."""
    return [question(card, pin, place % 10) for place, (card, pin) in enumerate(people)]
