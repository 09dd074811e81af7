"""What a kiosk script may expect of the last answer, and whether it came true."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway.simulators.kiosk_masking import printable
from gateway.simulators.kiosk_matching import WrongWord, nearest
from gateway.simulators.kiosk_words import FIXED_NAMES
from protocols.sip2 import MESSAGES, Message, Privacy, mask, privacy_of

USAGE = "expect TAG VALUE, TAG ~PATTERN, no TAG, message NN, or FIXED-FIELD VALUE"

_TAG = re.compile("[A-Z][A-Z0-9]")
_FIXED = {name.lower().replace(" ", "-"): name for name in FIXED_NAMES}


@dataclass(frozen=True, slots=True)
class Is:
    """A value that is exactly this, blanks at the end apart."""

    value: str = field(repr=False)

    def holds(self, value: str) -> bool:
        """Whether it is."""
        return value.rstrip() == self.value.rstrip()

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Looks:
    """A value in which this pattern is found."""

    pattern: re.Pattern[str] = field(repr=False)

    def holds(self, value: str) -> bool:
        """Whether it is."""
        return self.pattern.search(value) is not None

    def __str__(self) -> str:
        return f"~{self.pattern.pattern}"


@dataclass(frozen=True, slots=True)
class ExpectField:
    """One of the values of this field is so; `tag` is empty for a field without one."""

    tag: str
    name: str
    wanted: Is | Looks


@dataclass(frozen=True, slots=True)
class ExpectNo:
    """No field has this tag."""

    tag: str


@dataclass(frozen=True, slots=True)
class ExpectMessage:
    """The answer has this number."""

    number: str


Expectation: TypeAlias = ExpectField | ExpectNo | ExpectMessage


def read_expectation(words: list[str]) -> Expectation:
    """What the words behind `expect` say; raises `WrongWord`."""
    match words:
        case ["no", tag] if _TAG.fullmatch(tag):
            return ExpectNo(tag)
        case ["no", *_]:
            raise WrongWord(3, "expected one TAG (expect no TAG)")
        case ["message", number] if number in MESSAGES:
            return ExpectMessage(number)
        case ["message", *_]:
            raise WrongWord(3, "expected one number of a SIP2 message (expect message NN)")
        case [name, value]:
            return _field(name, value)
        case [_, _, _, *_]:
            raise WrongWord(4, f"expected nothing more; a value with blanks is quoted ({USAGE})")
        case _:
            raise WrongWord(len(words) + 2, f"expected {'VALUE or ~PATTERN' if words else 'TAG'} ({USAGE})")


def _field(name: str, value: str) -> ExpectField:
    wanted = _wanted(value)
    if _TAG.fullmatch(name):
        return ExpectField(name, name, wanted)
    fixed = _FIXED.get(name.lower().replace(" ", "-").replace("_", "-"))
    if fixed is None:
        raise WrongWord(2, f"expected a TAG or a fixed field, as {nearest(name, _FIXED)}")
    return ExpectField("", fixed, wanted)


def _wanted(value: str) -> Is | Looks:
    if not value.startswith("~"):
        return Is(value)
    try:
        return Looks(re.compile(value[1:]))
    except re.error as fault:
        raise WrongWord(3, f"expected a regular expression; this one is none: {fault.msg}") from None


def unmet(expectation: Expectation, answer: Message | None) -> str | None:
    """What was expected and found, in a line without secrets, where it did not come true; else None."""
    if answer is None:
        return f"expected {_said(expectation)}; found no answer that can be read"
    match expectation:
        case ExpectMessage(number):
            return None if answer.number == number else f"expected message {number}; found {answer.number}"
        case ExpectNo(tag):
            found = values_of(answer, tag, tag)
            return f"expected no {tag}; found {_shown(tag, found)}" if found else None
        case ExpectField(tag, name, wanted):
            found = values_of(answer, tag, name)
            if any(wanted.holds(value) for value in found):
                return None
            return f"expected {_said(expectation)}; found {_shown(tag, found) if found else f'no {name}'}"


def values_of(answer: Message, tag: str, name: str) -> list[str]:
    """The values under this tag, or without one, of the fixed field of this name."""
    if tag:
        return [value for known, value in answer.fields() if known == tag]
    fixed = zip(answer.layout.fixed, answer.layout.fixed_values(answer), strict=True)
    return [value for (_, told), value in fixed if told.name == name]


def _said(expectation: Expectation) -> str:
    match expectation:
        case ExpectMessage(number):
            return f"message {number}"
        case ExpectNo(tag):
            return f"no {tag}"
        case ExpectField(tag, name, wanted):
            return f"{name} {_shown(tag, [str(wanted)])}"


def _shown(tag: str, values: list[str]) -> str:
    secret = tag != "" and privacy_of(tag) is Privacy.SECRET
    return ", ".join(mask(tag, value) if secret else f'"{printable(value)}"' for value in values)
