"""How a fault spoils an answer: what is sent instead, when, and what becomes of the connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.simulators.ils.faults import Fault, FaultPlan, Kind
from gateway.simulators.ils.quirks import resealed

PREVENTS = frozenset({Kind.DROP_BEFORE, Kind.CLOSE_BEFORE, Kind.HANG, Kind.ASK_AGAIN})
"""The faults after which a request is not executed and has no answer to spoil."""

_TRACE = b'Traceback (most recent call last): File "ils.pl", line 217, in dispatch: KeyError: None'


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What leaves for an answer: `raw` after `delay` seconds, a byte every `per_byte` seconds, then maybe the end."""

    raw: bytes = field(default=b"", repr=False)
    delay: float = 0.0
    per_byte: float = 0.0
    closes: bool = False
    hangs: bool = False

    @property
    def at_once(self) -> bool:
        """Whether there is nothing to wait for."""
        return not self.delay and not self.per_byte


def spoiled(raw: bytes, faults: Iterable[Fault], plan: FaultPlan, encoding: str) -> Delivery:
    """The delivery of these bytes under these faults."""
    delivery = Delivery(raw=raw)
    for fault in sorted(faults, key=lambda fault: _ORDER.index(fault.kind)):
        delivery = _SPOILS[fault.kind](delivery, fault, plan, encoding)
    return delivery


Spoil = Callable[[Delivery, Fault, FaultPlan, str], Delivery]


def _sent(change: Callable[[bytes, Fault, FaultPlan, str], bytes]) -> Spoil:
    """A fault that changes what is sent and nothing else."""
    return lambda delivery, fault, plan, encoding: replace(delivery, raw=change(delivery.raw, fault, plan, encoding))


def _end(raw: bytes) -> bytes:
    return raw[len(raw.rstrip(b"\r\n")) :]


def _wrong_checksum(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    """The last digit is another one; without error detection there is none to be wrong."""
    return re.sub(
        rb"(AZ[0-9A-Fa-f]{3})([0-9A-Fa-f])(?=[\r\n]*\Z)",
        lambda found: found[1] + (b"0" if found[2] != b"0" else b"1"),
        raw,
    )


def _wrong_sequence(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    turned = re.sub(rb"AY([0-9])(?=AZ)", lambda found: b"AY%d" % ((int(found[1]) + 5) % 10), raw)
    return resealed(turned)


def _wrong_message(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    return resealed(raw, lambda body: b"941" if body.startswith(b"36") else b"36Y" + b" " * 18 + b"AO|AA|")


def _other_patron(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    patron = b"AA" + fault.patron.encode(encoding, "replace") + b"|"
    return resealed(raw, lambda body: re.sub(rb"(?<=\|)AA[^|]*\|", lambda _: patron, body, count=1))


def _other_charset(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    return resealed(raw, lambda body: body.decode(encoding, "replace").encode(fault.charset, "replace"))


def _too_large(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    line = b"AF" + b"x" * 250 + b"|"
    size = 300_000 if fault.size is None else fault.size
    return resealed(raw, lambda body: body + line * (1 + max(size - len(body), 0) // len(line)))


def _unasked(raw: bytes, fault: Fault, plan: FaultPlan, encoding: str) -> bytes:
    """An answer of the same number about somebody else, with nothing that tells it from the real one but AY."""
    sequence_off = re.sub(rb"AY[0-9](?=AZ)", b"", raw)
    return _other_patron(sequence_off, fault, plan, encoding)


_SPOILS: Mapping[Kind, Spoil] = {
    Kind.OTHER_PATRON: _sent(_other_patron),
    Kind.WRONG_MESSAGE: _sent(_wrong_message),
    Kind.OTHER_CHARSET: _sent(_other_charset),
    Kind.TOO_LARGE: _sent(_too_large),
    Kind.WRONG_SEQUENCE: _sent(_wrong_sequence),
    Kind.WRONG_CHECKSUM: _sent(_wrong_checksum),
    Kind.GARBAGE: _sent(
        lambda raw, fault, plan, encoding: plan.noise(64 if fault.size is None else fault.size) + _end(raw)
    ),
    Kind.PLAIN_TEXT: _sent(lambda raw, fault, plan, encoding: _TRACE + _end(raw)),
    Kind.UNASKED_BEFORE: _sent(lambda raw, fault, plan, encoding: _unasked(raw, fault, plan, encoding) + raw),
    Kind.UNASKED_AFTER: _sent(lambda raw, fault, plan, encoding: raw + _unasked(raw, fault, plan, encoding)),
    Kind.HALF_ANSWER: _sent(lambda raw, fault, plan, encoding: raw[: len(raw) // 2]),
    Kind.CLOSE_IN_THE_MIDDLE: lambda delivery, fault, plan, encoding: replace(
        delivery, raw=delivery.raw[: len(delivery.raw) // 2], closes=True
    ),
    Kind.DROP_AFTER: _sent(lambda raw, fault, plan, encoding: b""),
    Kind.CLOSE_AFTER: lambda delivery, fault, plan, encoding: replace(delivery, raw=b"", closes=True),
    Kind.DELAY: lambda delivery, fault, plan, encoding: replace(
        delivery, delay=1.0 if fault.seconds is None else fault.seconds
    ),
    Kind.SLOW_BYTES: lambda delivery, fault, plan, encoding: replace(
        delivery, per_byte=0.02 if fault.seconds is None else fault.seconds
    ),
    # Not executed, so there is nothing of an answer to spoil.
    Kind.DROP_BEFORE: _sent(lambda raw, fault, plan, encoding: b""),
    Kind.CLOSE_BEFORE: lambda delivery, fault, plan, encoding: replace(delivery, raw=b"", closes=True),
    Kind.HANG: lambda delivery, fault, plan, encoding: replace(delivery, raw=b"", hangs=True),
    # Settled before there are bytes: the answer itself is another one.
    Kind.ASK_AGAIN: lambda delivery, fault, plan, encoding: delivery,
    Kind.OFF_LINE: lambda delivery, fault, plan, encoding: delivery,
    Kind.REFUSE_LOGIN: lambda delivery, fault, plan, encoding: delivery,
    Kind.REFUSE_CONNECTIONS: lambda delivery, fault, plan, encoding: delivery,
    # No request of SIP2 ever meets them.
    Kind.PROBLEM: lambda delivery, fault, plan, encoding: delivery,
    Kind.HTTP_STATUS: lambda delivery, fault, plan, encoding: delivery,
    Kind.BROKEN_XML: lambda delivery, fault, plan, encoding: delivery,
}

_ORDER = tuple(_SPOILS)
"""Faults that meet are applied in this order, from the words of the answer outwards to the connection."""
