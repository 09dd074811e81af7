"""What a kiosk is told when the library system's answer cannot be had: a valid no for every request, never silence.

A request that may have taken effect is never called undone: its outcome is uncertain, and staff can look it up. Why
there is no answer is for logs and metrics; the patron reads the same whatever broke.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.sip2.forward_routes import Forward, ForwardAs, Recognise
from gateway.sip2.forward_standing import PatronAnswer
from gateway.sip2.ils_outcomes import Failed
from gateway.sip2.refusals import REFUSED, echo_of
from gateway.words.screen import Screen
from protocols.sip2 import Message, PatronStatus, changed, yes_or_no


def screen_of(failure: Failed, number: str) -> Screen:
    """Return what the patron reads about a request with this number."""
    if failure.uncertain:
        return Screen.UNCERTAIN
    # "Try again later" would be no advice to who has paid.
    return Screen.PAYMENT_NOT_BOOKED if number == "37" else Screen.SYSTEM_DOWN


def in_trouble(
    failure: Failed,
    asked: Message,
    way: Forward | Recognise,
    *,
    now: str,
    institution: str,
    said: Callable[[Screen], str],
) -> Message:
    """Return the kiosk's answer to ``asked``; ``institution`` stands in where it names none, ``now`` is its date.

    The patron may well exist (BL Y). CQ is Y where the register itself found the PIN right, and N else.
    """
    answer = REFUSED[asked.number](echo_of(asked, now, said(screen_of(failure, asked.number)), institution))
    if not isinstance(answer, PatronAnswer) or not isinstance(way, ForwardAs):
        return answer
    values: dict[str, Any] = {
        "valid_patron_password": yes_or_no(way.proof.by_register),
        "patron_status": PatronStatus(answer.patron_status) | way.denied.value,
    }
    return changed(answer, **values)
