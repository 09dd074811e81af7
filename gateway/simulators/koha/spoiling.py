"""How a fault spoils an answer: what is sent instead, when, and what becomes of the connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.simulators.koha.faults import Fault, Kind
from gateway.simulators.koha.wire import EMPTY, KohaAnswer

_PAGE: Final = b"<!DOCTYPE html><html><head><title>Log in to Koha</title></head><body><h1>Koha</h1></body></html>\n"
_FAILED: Final = b'{"error":"Something went wrong, check Koha logs for details."}'
_JSON: Final = "application/json;charset=UTF-8"
_OTHERS: Final = {"patron_id": 999999, "cardnumber": "S999999", "userid": "S999999", "surname": "Annen"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What leaves for an answer: after `delay` seconds, the bytes one every `per_byte` seconds.

    `part` is the share of the bytes that is sent at all; then the connection may be closed, or held in silence.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = _JSON
    delay: float = 0.0
    per_byte: float = 0.0
    part: float = 1.0
    closes: bool = False
    holds: bool = False


def reply_of(answer: KohaAnswer) -> Reply:
    """What leaves for an answer without a fault."""
    body = b"" if answer.body is EMPTY else json.dumps(answer.body, ensure_ascii=False).encode()
    return Reply(status=answer.status, body=body, headers=answer.headers)


def spoiled(reply: Reply, faults: Iterable[Fault]) -> Reply:
    """What is sent for an answer under these faults."""
    for fault in sorted(faults, key=lambda fault: _ORDER.index(fault.kind)):
        reply = SPOILS[fault.kind](reply, fault)
    return reply


def _page(status: int) -> Callable[[Reply, Fault], Reply]:
    return lambda reply, fault: replace(
        reply, status=fault.status or status, body=_PAGE, headers={}, kind="text/html; charset=UTF-8"
    )


def _failed(reply: Reply, fault: Fault) -> Reply:
    return replace(reply, status=fault.status or 500, body=_FAILED, headers={})


def _redirected(reply: Reply, fault: Fault) -> Reply:
    elsewhere = {"Location": "https://elsewhere.example.org/api/v1/patrons"}
    return replace(reply, status=fault.status or 302, body=b"", headers=elsewhere)


def _others(reply: Reply, fault: Fault) -> Reply:
    if not reply.body or reply.status >= 300:
        return reply
    told = json.loads(reply.body)
    other: Any = [{**one, **_OTHERS} for one in told] if isinstance(told, list) else {**told, **_OTHERS}
    return replace(reply, body=json.dumps(other).encode())


def _large(reply: Reply, fault: Fault) -> Reply:
    size = 2_000_000 if fault.size is None else fault.size
    return replace(reply, body=reply.body + b" " * max(size - len(reply.body), 0))


SPOILS: Mapping[Kind, Callable[[Reply, Fault], Reply]] = {
    Kind.OTHER_PATRON: _others,
    Kind.GARBAGE: lambda reply, fault: replace(reply, body=b'{"patron_id": 47'),
    Kind.TOO_LARGE: _large,
    Kind.FAIL_BEFORE: _failed,
    Kind.FAIL_AFTER: _failed,
    Kind.PAGE: _page(502),
    Kind.PAGE_AFTER: _page(200),
    Kind.REDIRECT: _redirected,
    Kind.DELAY: lambda reply, fault: replace(reply, delay=1.0 if fault.seconds is None else fault.seconds),
    Kind.SLOW_BYTES: lambda reply, fault: replace(reply, per_byte=0.02 if fault.seconds is None else fault.seconds),
    Kind.CLOSE_IN_THE_MIDDLE: lambda reply, fault: replace(reply, part=0.5, closes=True),
    Kind.DROP_BEFORE: lambda reply, fault: replace(reply, part=0.0, holds=True),
    Kind.DROP_AFTER: lambda reply, fault: replace(reply, part=0.0, holds=True),
    Kind.CLOSE_BEFORE: lambda reply, fault: replace(reply, part=0.0, closes=True),
    Kind.CLOSE_AFTER: lambda reply, fault: replace(reply, part=0.0, closes=True),
    # Settled before there is an answer: the request is refused.
    Kind.EXPIRE_TOKENS: lambda reply, fault: reply,
    # Meets connections, not requests.
    Kind.REFUSE_CONNECTIONS: lambda reply, fault: reply,
}
"""Every fault; a test asserts it."""

_ORDER: Final = tuple(SPOILS)
"""Faults that meet are applied in this order, from the words of the answer outwards to the connection."""
