"""A library system's 64 read as a sighting: does it know the card, and whom by?"""

from __future__ import annotations

from datetime import date

from gateway.sip2.forward_requests import NO_HABITS, IlsHabits
from gateway.sip2.forward_standing import is_known
from protocols import sip2
from registry.domain.card import CardNumber
from registry.domain.recognition import Sighting

_EARLIEST = date(1880, 1, 1)
_LETTERS_OF_A_DATE = 8


def asks_who(card: CardNumber, *, institution: str, now: str, habits: IlsHabits = NO_HABITS) -> sip2.PatronInformation:
    """Return the question whether a library system knows a card: no PIN, no list, nothing that counts as a try."""
    return sip2.PatronInformation(
        language="000",
        transaction_date=now,
        summary=sip2.Summary(),
        institution_id=institution,
        patron_identifier=card,
        terminal_password="" if habits.wants_terminal_password else None,
        patron_password="" if habits.wants_empty_pin else None,
    )


def sighting(answer: sip2.PatronInformationResponse, habits: IlsHabits = NO_HABITS) -> Sighting:
    """Return what ``answer`` tells of the patron it was asked for; the id is the one that the system answers with."""
    if not is_known(answer):
        return Sighting(known=False)
    read = (_birth_date(sip2.first(answer, tag), answer.transaction_date) for tag in habits.birth_date_tags)
    return Sighting(
        known=True,
        name=answer.personal_name.strip() or None,
        birth_date=next((found for found in read if found is not None), None),
        local_id=_local_id(answer, habits.local_id_tag) or answer.patron_identifier.strip() or None,
    )


def _local_id(answer: sip2.PatronInformationResponse, tag: str | None) -> str:
    return "" if tag is None else (sip2.first(answer, tag) or "").strip()


def _birth_date(text: str | None, told_on: str) -> date | None:
    """The date in a field that may mean anything: only a day on which somebody alive can have been born."""
    found = _day(text or "")
    today = _day(told_on[:_LETTERS_OF_A_DATE])
    if found is None or found < _EARLIEST or (today is not None and found > today):
        return None
    return found


def _day(text: str) -> date | None:
    """The day that is written ``YYYYMMDD`` or ``YYYY-MM-DD``, with or without a time behind it."""
    digits = text.strip()[:10].replace("-", "")[:_LETTERS_OF_A_DATE]
    if len(digits) < _LETTERS_OF_A_DATE or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
