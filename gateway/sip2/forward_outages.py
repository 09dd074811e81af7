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
from gateway.upstream.failures import READINGS, FailureKind, Verdict
from gateway.words.screen import Screen
from protocols.sip2 import YES, EndSessionResponse, Message, PatronStatus, changed, yes_or_no

IS_DOWN = frozenset(kind for kind, reading in READINGS.items() if reading.verdict is Verdict.ILL) | {
    FailureKind.BREAKER_OPEN,
    FailureKind.LOGIN_REFUSED,
    FailureKind.NOT_ONLINE,
}
"""Failures of the library system itself, and not of one request to it."""

# A payment needs its words, and the end of a session needs nobody.
_NEVER_OFF_LINE = frozenset({"37", "35"})


def is_told_off_line(failure: Failed, number: str) -> bool:
    """Tell whether a terminal that wants it so is answered by a 98 that is not on-line: the request was not executed.

    Such a terminal stops, asks 99 until it is told on-line again, and repeats its request (SIP2 2.00, ACS Status).
    """
    return failure.kind in IS_DOWN and not failure.uncertain and number not in _NEVER_OFF_LINE


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

    The patron may well exist (BL Y). CQ is Y where the register itself found the PIN right, and N else. A session ends
    whatever the library system thinks: a no would leave what it showed on the screen for the next in line.
    """
    answer = REFUSED[asked.number](echo_of(asked, now, said(screen_of(failure, asked.number)), institution))
    if isinstance(answer, EndSessionResponse):
        return changed(answer, end_session=YES, screen_messages=())
    if not isinstance(answer, PatronAnswer) or not isinstance(way, ForwardAs):
        return answer
    values: dict[str, Any] = {
        "valid_patron_password": yes_or_no(way.proof.by_register),
        "patron_status": PatronStatus(answer.patron_status) | way.denied.value,
    }
    return changed(answer, **values)
