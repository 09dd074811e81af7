"""A kiosk's request as the library system gets it: everything as it came but the patron's id and PIN."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from gateway.sip2.forward_routes import Forward, ForwardAs
from gateway.sip2.forwarding import pin_of
from gateway.sip2.ils_system import NO_HABITS, IlsHabits
from protocols import sip2
from protocols.sip2 import MESSAGES, Message
from registry.domain.card import national

AnyMessage = TypeVar("AnyMessage", bound=Message)

_CODE = re.compile("[A-Z0-9]{2}")

__all__ = ["NO_HABITS", "IlsHabits", "to_ils"]


def _having(attribute: str) -> frozenset[str]:
    return frozenset(
        number
        for number, cls in MESSAGES.items()
        if cls.answered_by is not None and attribute in {place.attribute for place in cls.layout.variable}
    )


_WITH_TERMINAL_PASSWORD = _having("terminal_password")
_WITH_PIN = _having("patron_password")


def to_ils(message: AnyMessage, way: Forward, habits: IlsHabits = NO_HABITS) -> AnyMessage:
    """Return the message for the library system; the very same one for a local card."""
    if isinstance(way, ForwardAs):
        # A second AA or AD must not travel on beside the one that was judged.
        return sip2.changed(message, others=_others_without(message, "AA", "AD"), **_as_local(message, way, habits))
    if way.withholds_pin:
        return sip2.changed(message, others=_others_without(message, "AD"))
    return message


def _others_without(message: Message, *tags: str) -> tuple[tuple[str, str], ...]:
    """The unknown fields but these, and but those whose code cannot be read: such a one may be a PIN as well."""
    return tuple((tag, value) for tag, value in message.others if tag not in tags and _CODE.fullmatch(tag))


def _as_local(message: Message, way: ForwardAs, habits: IlsHabits) -> dict[str, Any]:
    values: dict[str, Any] = {}
    # A local id that a kiosk shows (read from a 10, for a cancelling 11) goes back as it is.
    if national(sip2.first(message, "AA") or "") is not None:
        values["patron_identifier"] = way.local_id
    if message.number in _WITH_PIN and not (way.proof.passes_pin and pin_of(message)):
        # Not even an empty AD, also in a 23, which should have one: some systems count it as a wrong PIN.
        values["patron_password"] = "" if habits.wants_empty_pin else None
    if habits.wants_terminal_password and message.number in _WITH_TERMINAL_PASSWORD:
        values["terminal_password"] = sip2.first(message, "AC") or ""
    return values
