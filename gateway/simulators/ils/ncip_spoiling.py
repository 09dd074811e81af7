"""How a fault spoils an answer over NCIP: what is sent instead, when, and what becomes of the connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.simulators.ils.faults import Fault, FaultPlan, Kind

NOT_EXECUTED: Final = frozenset({Kind.DROP_BEFORE, Kind.CLOSE_BEFORE, Kind.HANG, Kind.PROBLEM, Kind.HTTP_STATUS})
"""The faults after which a request is not executed."""

_PAGE: Final = b"<html><head><title>Error</title></head><body><h1>Application error</h1><hr/></body></html>\n"
_OTHER: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<ns1:NCIPMessage xmlns:ns1="http://www.niso.org/2008/ncip" '
    b'ns1:version="http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd"><ns1:UserCreatedResponse/></ns1:NCIPMessage>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What leaves for an answer: `body` after `delay` seconds, the bytes one every `per_byte` seconds.

    `part` is the share of the bytes that is sent at all; then the connection may be closed, or held in silence.
    """

    body: bytes = field(repr=False)
    status: int = 200
    is_page: bool = False
    delay: float = 0.0
    per_byte: float = 0.0
    part: float = 1.0
    closes: bool = False
    holds: bool = False


def spoiled(body: bytes, faults: Iterable[Fault], plan: FaultPlan) -> Reply:
    """What is sent for an answer under these faults."""
    reply = Reply(body=body)
    for fault in sorted(faults, key=lambda fault: _ORDER.index(fault.kind)):
        reply = SPOILS[fault.kind](reply, fault, plan)
    return reply


Spoil = Callable[[Reply, Fault, FaultPlan], Reply]


def _page(reply: Reply, status: int) -> Reply:
    return replace(reply, body=_PAGE, status=status, is_page=True)


def _other_patron(reply: Reply, fault: Fault, plan: FaultPlan) -> Reply:
    number = fault.patron.encode()
    value = rb"(<ns1:UserIdentifierValue>)[^<]*"
    return replace(reply, body=re.sub(value, lambda found: found[1] + number, reply.body))


def _other_charset(reply: Reply, fault: Fault, plan: FaultPlan) -> Reply:
    declared = reply.body.decode().replace('encoding="UTF-8"', f'encoding="{fault.charset}"')
    return replace(reply, body=declared.encode(fault.charset, "replace"))


def _too_large(reply: Reply, fault: Fault, plan: FaultPlan) -> Reply:
    size = 2_000_000 if fault.size is None else fault.size
    head, end, tail = reply.body.rpartition(b"</")
    return replace(reply, body=head + b" " * max(size - len(reply.body), 0) + end + tail)


SPOILS: Mapping[Kind, Spoil] = {
    Kind.OTHER_PATRON: _other_patron,
    Kind.WRONG_MESSAGE: lambda reply, fault, plan: replace(reply, body=_OTHER),
    Kind.OTHER_CHARSET: _other_charset,
    Kind.TOO_LARGE: _too_large,
    Kind.BROKEN_XML: lambda reply, fault, plan: replace(reply, body=reply.body.replace(b"</ns1:NCIP", b"</ns2:NCIP")),
    Kind.GARBAGE: lambda reply, fault, plan: replace(reply, body=plan.noise(64 if fault.size is None else fault.size)),
    Kind.PLAIN_TEXT: lambda reply, fault, plan: _page(reply, 200),
    Kind.HTTP_STATUS: lambda reply, fault, plan: _page(reply, fault.status),
    Kind.HALF_ANSWER: lambda reply, fault, plan: replace(reply, part=0.5, holds=True),
    Kind.CLOSE_IN_THE_MIDDLE: lambda reply, fault, plan: replace(reply, part=0.5, closes=True),
    Kind.DROP_AFTER: lambda reply, fault, plan: replace(reply, part=0.0, holds=True),
    Kind.CLOSE_AFTER: lambda reply, fault, plan: replace(reply, part=0.0, closes=True),
    Kind.DELAY: lambda reply, fault, plan: replace(reply, delay=1.0 if fault.seconds is None else fault.seconds),
    Kind.SLOW_BYTES: lambda reply, fault, plan: replace(
        reply, per_byte=0.02 if fault.seconds is None else fault.seconds
    ),
    Kind.DROP_BEFORE: lambda reply, fault, plan: replace(reply, part=0.0, holds=True),
    Kind.CLOSE_BEFORE: lambda reply, fault, plan: replace(reply, part=0.0, closes=True),
    Kind.HANG: lambda reply, fault, plan: replace(reply, part=0.0, holds=True),
    # Settled before there are bytes: the answer itself is another one.
    Kind.PROBLEM: lambda reply, fault, plan: reply,
    # Meets connections, not requests.
    Kind.REFUSE_CONNECTIONS: lambda reply, fault, plan: reply,
}
"""Every fault that a request of NCIP can meet; a test asserts it."""

_ORDER: Final = tuple(SPOILS)
"""Faults that meet are applied in this order, from the words of the answer outwards to the connection."""
