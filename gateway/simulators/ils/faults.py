"""What goes wrong, on purpose: kinds of faults, and the plan of which request meets which fault how often."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from protocols import ncip, sip2


class Kind(StrEnum):
    """What a fault does; the second text is told by ``--list-faults`` and by ``kinds`` at the control port."""

    DELAY = "delay"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    CLOSE_BEFORE = "close-before"
    CLOSE_AFTER = "close-after"
    CLOSE_IN_THE_MIDDLE = "close-in-the-middle"
    HALF_ANSWER = "half-answer"
    HANG = "hang"
    SLOW_BYTES = "slow-bytes"
    GARBAGE = "garbage"
    PLAIN_TEXT = "plain-text"
    TOO_LARGE = "too-large"
    WRONG_CHECKSUM = "wrong-checksum"
    WRONG_SEQUENCE = "wrong-sequence"
    WRONG_MESSAGE = "wrong-message"
    OTHER_PATRON = "other-patron"
    OTHER_CHARSET = "other-charset"
    UNASKED_BEFORE = "unasked-before"
    UNASKED_AFTER = "unasked-after"
    OFF_LINE = "off-line"
    ASK_AGAIN = "ask-again"
    REFUSE_LOGIN = "refuse-login"
    REFUSE_CONNECTIONS = "refuse-connections"
    PROBLEM = "problem"
    HTTP_STATUS = "http-status"
    BROKEN_XML = "broken-xml"


SAYS: Mapping[Kind, str] = {
    Kind.DELAY: "executed at once, answered after `seconds` (1)",
    Kind.DROP_BEFORE: "not executed, never answered",
    Kind.DROP_AFTER: "executed, never answered",
    Kind.CLOSE_BEFORE: "not executed, the connection is closed",
    Kind.CLOSE_AFTER: "executed, the connection is closed without an answer",
    Kind.CLOSE_IN_THE_MIDDLE: "executed, the connection is closed in the middle of the answer",
    Kind.HALF_ANSWER: "executed, half of the answer is sent and the rest never",
    Kind.HANG: "not executed, and nothing on this connection is read or answered any more",
    Kind.SLOW_BYTES: "executed, answered a byte every `seconds` (0.02)",
    Kind.GARBAGE: "executed, answered with `size` (64) bytes that mean nothing",
    Kind.PLAIN_TEXT: "executed, answered with the text of a program that failed (over NCIP a page)",
    Kind.TOO_LARGE: "executed, the answer is filled up to `size` bytes (300000, over NCIP 2000000)",
    Kind.WRONG_CHECKSUM: "executed, the checksum of the answer is wrong",
    Kind.WRONG_SEQUENCE: "executed, the answer has another sequence digit",
    Kind.WRONG_MESSAGE: "executed, the answer is that to another message: a 36, to a 35 a 94; over NCIP UserCreated's",
    Kind.OTHER_PATRON: "executed, the answer is for `patron` (S999999)",
    Kind.OTHER_CHARSET: "executed, the answer is in `charset` (latin-1)",
    Kind.UNASKED_BEFORE: "executed, and before the answer comes one that nobody asked for",
    Kind.UNASKED_AFTER: "executed, and after the answer comes one that nobody asked for",
    Kind.OFF_LINE: "not executed, answered with a 98 that is not on-line",
    Kind.ASK_AGAIN: "not executed, answered with a 96",
    Kind.REFUSE_LOGIN: "a 93 is refused",
    Kind.REFUSE_CONNECTIONS: "a new connection is closed at once",
    Kind.PROBLEM: "NCIP: not executed, answered with the problem `problem` (Temporary_Processing_Failure)",
    Kind.HTTP_STATUS: "NCIP: not executed, answered with the HTTP status `status` (503) and a page",
    Kind.BROKEN_XML: "NCIP: executed, answered with XML that does not end as it began",
}
"""What each kind does, in a line."""

CONNECT = "connect"
"""Stands for a new connection where a fault names the messages that it waits for."""

_PLACES: Mapping[Kind, frozenset[str]] = {
    Kind.REFUSE_LOGIN: frozenset({"93"}),
    Kind.REFUSE_CONNECTIONS: frozenset({CONNECT}),
}


SIP2_ONLY = frozenset(
    {
        *(Kind.WRONG_CHECKSUM, Kind.WRONG_SEQUENCE, Kind.UNASKED_BEFORE, Kind.UNASKED_AFTER),
        *(Kind.OFF_LINE, Kind.ASK_AGAIN, Kind.REFUSE_LOGIN),
    }
)
"""Faults that NCIP cannot have: it has no checksums, no sequence numbers, no logins and no state of its own."""

NCIP_ONLY = frozenset({Kind.PROBLEM, Kind.HTTP_STATUS, Kind.BROKEN_XML})
"""Faults that SIP2 cannot have."""

_NUMBERS = frozenset(number for number, cls in sip2.MESSAGES.items() if cls.answered_by)
_SERVICES = frozenset(name for name, cls in ncip.MESSAGES.items() if cls.answered_by)
_REQUESTS = _NUMBERS | _SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault: of which kind, for which requests (by number, over NCIP by service; none: for all), and how often.

    `times` None is for ever, `after` lets so many matching requests pass first, `chance` is between 0 and 1. A
    number of `97` means the repetition of an answer. `seconds` and `size` are each kind's own where they are None.
    """

    kind: Kind
    messages: frozenset[str] = frozenset()
    times: int | None = None
    after: int = 0
    chance: float = 1.0
    seconds: float | None = None
    size: int | None = None
    patron: str = "S999999"
    charset: str = "latin-1"
    problem: str = "Temporary Processing Failure"
    status: int = 503

    def __post_init__(self) -> None:
        if not 0 < self.chance <= 1:
            raise ValueError("chance is above 0 and at most 1")
        if min(self.times or 0, self.after, self.seconds or 0, self.size or 0) < 0 or self.times == 0:
            raise ValueError("times, after, seconds and size are not negative, and times is not 0")
        if not 100 < self.status < 600:
            raise ValueError("status is between 101 and 599")
        if strange := sorted(self.messages - _REQUESTS):
            raise ValueError(f"no such request: {', '.join(strange)}")
        "".encode(self.charset)

    def meets(self, number: str) -> bool:
        """Tell whether a request of this number is one that the fault waits for."""
        place = _PLACES.get(self.kind)
        if place is not None:
            return number in place
        if number == CONNECT or self.kind in (SIP2_ONLY if number in _SERVICES else NCIP_ONLY):
            return False
        return not self.messages or number in self.messages

    def __str__(self) -> str:
        """As it is written."""
        told = ((one.name, getattr(self, one.name), one.default) for one in fields(self))
        words = [f"{name}={_word(value)}" for name, value, usual in told if name != "kind" and value != usual and value]
        return " ".join([self.kind.value, *words])


def _word(value: Any) -> str:
    return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value).replace(" ", "_")


_READ: Mapping[str, Callable[[str], Any]] = {
    "messages": lambda text: frozenset(text.split(",")),
    "times": int,
    "after": int,
    "chance": float,
    "seconds": float,
    "size": int,
    "patron": str,
    "charset": str,
    "problem": lambda text: text.replace("_", " "),
    "status": int,
}


def read_fault(text: str) -> Fault:
    """The fault that is written here, as in ``delay messages=63,23 seconds=2 times=3``.

    Raises `ValueError`, which says what is wrong.
    """
    kind, *words = text.split() or [""]
    if kind not in set(Kind):
        raise ValueError(f"no such fault: {kind or '(none)'}")
    values: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in _READ or not value:
            raise ValueError(f"{word}: one of {', '.join(f'{known}=…' for known in _READ)} is meant")
        try:
            values[name] = _READ[name](value)
        except ValueError:
            raise ValueError(f"{word}: not a number") from None
    try:
        return Fault(kind=Kind(kind), **values)
    except LookupError:
        raise ValueError(f"charset={values['charset']}: no such charset") from None


@dataclass(slots=True)
class _Armed:
    fault: Fault
    met: int = 0
    done: int = field(default=0)


class FaultPlan:
    """The faults in force; the same seed and the same requests meet the same faults."""

    def __init__(self, faults: Iterable[Fault] = (), seed: int = 0) -> None:
        """Begin with these faults."""
        self._armed = [_Armed(fault) for fault in faults]
        self._seed = seed
        self._thrown = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults in force, each with the times that are left to it."""
        return tuple(_left(armed) for armed in self._armed)

    def add(self, fault: Fault) -> None:
        """Put a fault into force, from the next request on."""
        self._armed.append(_Armed(fault))

    def clear(self, kind: Kind | None = None) -> None:
        """End the faults of this kind, or all."""
        self._armed = [armed for armed in self._armed if kind is not None and armed.fault.kind is not kind]

    def due(self, number: str) -> tuple[Fault, ...]:
        """The faults that this request meets now; each counts it."""
        due = tuple(armed.fault for armed in self._armed if self._strikes(armed, number))
        self._armed = [armed for armed in self._armed if armed.fault.times is None or armed.done < armed.fault.times]
        return due

    def noise(self, size: int) -> bytes:
        """Bytes that mean nothing and end no frame."""
        seed = f"{self._seed}/{self._thrown}".encode()
        return hashlib.shake_128(seed).digest(size).replace(b"\r", b"\x01").replace(b"\n", b"\x02")

    def _strikes(self, armed: _Armed, number: str) -> bool:
        if not armed.fault.meets(number):
            return False
        armed.met += 1
        if armed.met <= armed.fault.after or not self._falls(armed.fault.chance):
            return False
        armed.done += 1
        return True

    def _falls(self, chance: float) -> bool:
        if chance >= 1:
            return True
        self._thrown += 1
        thrown = hashlib.blake2b(f"{self._seed}/{self._thrown}".encode(), digest_size=8).digest()
        return int.from_bytes(thrown) / 2**64 < chance


def _left(armed: _Armed) -> Fault:
    fault = armed.fault
    left = None if fault.times is None else fault.times - armed.done
    return replace(fault, times=left, after=max(fault.after - armed.met, 0))
