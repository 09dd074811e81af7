"""The codes of SIP2 in words, by the name of the field; for people who read a message, in English.

Basis: 3M Standard Interchange Protocol 2.00, rev. 2.12, the value lists of its fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from protocols.sip2 import (
    MESSAGES,
    NOT_SUPPORTED,
    Message,
    PatronStatus,
    Summary,
    SupportedMessages,
    read_date,
)

LANGUAGES = (
    "unspecified", "English", "French", "German", "Italian", "Dutch", "Swedish", "Finnish", "Spanish", "Danish",
    "Portuguese", "Canadian French", "Norwegian", "Hebrew", "Japanese", "Russian", "Arabic", "Polish", "Greek",
    "Chinese", "Korean", "North American Spanish", "Tamil", "Malay", "United Kingdom", "Icelandic", "Belgian",
    "Taiwanese",
)  # fmt: skip
"""The languages by their number."""

_CIRCULATION = (
    "other", "on order", "available", "charged", "charged, not recallable yet", "in process", "recalled",
    "on the hold shelf", "to be re-shelved", "in transit", "claimed returned", "lost", "missing",
)  # fmt: skip
_MEDIA = (
    "other", "book", "magazine", "bound journal", "audio tape", "video tape", "CD or CD-ROM", "diskette",
    "book and diskette", "book and CD", "book and audio tape",
)  # fmt: skip
_FEES = (
    "other", "administrative", "damage", "overdue", "processing", "rental", "replacement", "computer access", "hold",
)  # fmt: skip


def in_words(name: str, value: str) -> str:
    """What this value of the field of this name means; empty where it speaks for itself or is not known."""
    meaning = _MEANINGS.get(name)
    return meaning(value) if meaning and value else ""


def language_number(text: str) -> str | None:
    """The three digits of a language given by number or English name; None where it is neither."""
    names = [name.lower() for name in LANGUAGES]
    if text.lower() in names:
        return f"{names.index(text.lower()):03}"
    return text.zfill(3) if text.isascii() and text.isdigit() and len(text) <= 3 else None


def message_name(message: type[Message]) -> str:
    """What the message is called: `Patron Information Response`."""
    words = re.findall("[A-Z][a-z]*", message.__name__)
    return " ".join({"Acs": "ACS", "Sc": "SC"}.get(word, word) for word in words)


def number_name(number: str) -> str:
    """The name of the message of this number."""
    kind = MESSAGES.get(number)
    return message_name(kind) if kind else "no message of SIP2"


def _choice(said: Mapping[str, str]) -> Callable[[str], str]:
    return lambda value: said.get(value, "")


def _numbered(words: tuple[str, ...], first: int = 0) -> Callable[[str], str]:
    said = dict(enumerate(words, first))
    return lambda value: said.get(int(value), "") if value.isascii() and value.isdigit() else ""


def _denied(value: str) -> str:
    flags = sorted(PatronStatus(value).flags)
    return ", ".join(flag.name.lower().replace("_", " ") for flag in flags) or "nothing denied"


def _listed(value: str) -> str:
    wanted = Summary(value).wanted
    return "counts alone" if wanted is None else f"{wanted.name.lower().replace('_', ' ')} items"


def _supported(value: str) -> str:
    return "answers " + " ".join(sorted(SupportedMessages(value).numbers))


def _dated(value: str) -> str:
    if value == NOT_SUPPORTED:
        return "not supported"
    when = read_date(value)
    return f"{when:%Y-%m-%d %H:%M:%S}" + (f" {when:%Z}" if when.tzinfo else "") if when else ""


def _tenths(value: str) -> str:
    known = {"000": "not on-line", "999": "unknown"}
    return known.get(value) or (f"{int(value) / 10:g} s" if value.isascii() and value.isdigit() else "")


_yes = _choice({"Y": "yes", "N": "no", "U": "unknown"})
_done = _choice({"1": "done", "0": "refused"})
_YES_OR_NO = (
    "renewal ok", "magnetic media", "desensitize", "resensitize", "alert", "SC renewal policy", "no block",
    "third party allowed", "card retained", "available", "end session", "payment accepted", "on-line status",
    "checkin ok", "checkout ok", "ACS renewal policy", "status update ok", "off-line ok", "cancel",
    "fee acknowledged", "security inhibit",
)  # fmt: skip
_DATES = (
    "transaction date", "nb due date", "return date", "date/time sync", "expiration date", "recall date",
    "hold pickup date",
)  # fmt: skip

_MEANINGS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_YES_OR_NO, _yes),
    **dict.fromkeys(_DATES, _dated),
    "ok": _done,
    "item properties ok": _done,
    "patron status": _denied,
    "summary": _listed,
    "supported messages": _supported,
    "language": _numbered(LANGUAGES),
    "timeout period": _tenths,
    "status code": _choice({"0": "all well", "1": "out of paper", "2": "shutting down"}),
    "hold mode": _choice({"+": "add", "-": "delete", "*": "change"}),
    "valid patron": _choice({"Y": "the card is known", "N": "the card is not known"}),
    "valid patron password": _choice({"Y": "the PIN is right", "N": "the PIN is wrong or was not given"}),
    "circulation status": _numbered(_CIRCULATION, 1),
    "security marker": _numbered(("other", "none", "Tattle-Tape strip", "Whisper Tape")),
    "media type": _numbered(_MEDIA),
    "fee type": _numbered(_FEES, 1),
    "payment type": _numbered(("cash", "VISA", "credit card")),
    "hold type": _numbered(("other", "any copy", "this copy", "any copy at one branch"), 1),
}

EXPLAINED = frozenset(_MEANINGS)
"""The names of the fields that are said in words too."""

FIXED_NAMES = frozenset(told.name for kind in MESSAGES.values() for _, told in kind.layout.fixed)
"""The names of all fields without a tag."""
