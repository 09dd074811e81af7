"""Where a message of the loans between libraries goes: to the patron's home library, or to the one that it names.

A request is told by its RequestId, the home library's agency and its number. What an owner says of it goes to that
agency, even when the patron has moved since; an order that has no RequestId yet goes to the patron's home library as
it is now. What the home library says goes to the agency that it names.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.ncip.endpoint import Endpoint
from protocols.ncip import (
    CancelRequestItem,
    ItemReceived,
    ItemRequested,
    ItemShipped,
    RenewItem,
    RequestItem,
)
from registry.domain.institution import LendingUnitId

Routed = ItemRequested | RequestItem | CancelRequestItem | ItemShipped | ItemReceived | RenewItem

Forward = Callable[[bytes, Endpoint, float], Awaitable[bytes]]


class Whither(enum.Enum):
    """To whom a message goes."""

    HOME = enum.auto()
    """The home library of the patron, as it is now."""
    REQUESTER = enum.auto()
    """The agency in the RequestId."""
    ADDRESSEE = enum.auto()
    """The agency that the header names."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Where lending units take such messages, and how one is sent on."""

    endpoints: Mapping[LendingUnitId, Endpoint]
    forward: Forward


def whither(asked: Routed, is_own: Callable[[str], bool]) -> Whither:
    """Return to whom a message goes; ``is_own`` tells whether an agency is the sender's own."""
    match asked:
        case ItemRequested():
            return Whither.HOME
        case RequestItem() | RenewItem():
            return Whither.ADDRESSEE
        case _:
            requester = requester_of(asked)
    if requester is None:
        return Whither.HOME if asked.user_id is not None else Whither.ADDRESSEE
    return Whither.ADDRESSEE if is_own(requester) else Whither.REQUESTER


def requester_of(asked: Routed) -> str | None:
    """Return the agency in a message's RequestId, or ``None`` where there is none, or it is empty."""
    request = None if isinstance(asked, RenewItem) else asked.request_id
    return (request.agency_id.value or None) if request and request.agency_id else None


# The sender's secret is for us: whoever it is sent on to could speak in the sender's name with it.
_SECRETS = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?From(?:Agency|System)Authentication)(?:\s[^<>]*)?>[^<]*</\1\s*>\s*")


# In whatever way one is written (CDATA, comments within): but for the empty element, which holds none.
_PLACES = re.compile(rb"From(?:Agency|System)Authentication(?![^<>]*/>)")


def may_hold_secrets(document: bytes) -> bool:
    """Tell whether a document still has a place for a secret, written so that it was not taken out."""
    return _PLACES.search(document) is not None


def without_secrets(document: bytes) -> bytes:
    """Return a document without the secrets of its header; every other byte stays as it is."""
    return _SECRETS.sub(b"", document)
