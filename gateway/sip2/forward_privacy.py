"""A protected patron's answer without what tells where they live, whatever field the library system put it in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from protocols import sip2
from protocols.sip2 import VARIABLE, Message, changed

_PATRON_ANSWERS = frozenset({"24", "26", "64"})
_ADDRESS, _CONTACT = ("BD",), ("BE", "BF")
_TEXTS = ("screen_messages", "print_lines")

_PIECES = re.compile(r"[,;$/|\r\n]+")
_TELLING = 5
"""A shorter piece of an address (a floor, a country's letters) tells nothing, and stands in many texts."""


def unprotected(answer: Message, *, contact: bool) -> Message:
    """Return the answer of a protected patron; ``contact`` tells whether e-mail and phone may stay.

    The address goes, and with it every line that repeats a piece of it. So do the extension fields of 24, 26 and 64:
    what they mean differs from vendor to vendor, and postal codes are among it.
    """
    pieces = _pieces(value for tag, value in answer.fields() if tag in _ADDRESS)
    hidden = {*_ADDRESS, *(() if contact else _CONTACT)}
    if answer.number in _PATRON_ANSWERS:
        hidden |= {tag for tag, _ in answer.others if tag not in VARIABLE}
    bare = sip2.without(answer, *hidden)
    lines = {text: kept for text in _TEXTS if (kept := _silent(getattr(bare, text, ()), pieces)) is not None}
    return changed(bare, **lines) if lines else bare


def _pieces(addresses: Iterable[str]) -> frozenset[str]:
    pieces = (_plain(piece) for address in addresses for piece in _PIECES.split(address))
    return frozenset(piece for piece in pieces if len(piece) >= _TELLING)


def _silent(lines: tuple[str, ...], pieces: frozenset[str]) -> tuple[str, ...] | None:
    """The lines without those that repeat a piece of the address; None where all may stay."""
    kept = tuple(line for line in lines if not any(piece in _plain(line) for piece in pieces))
    return None if len(kept) == len(lines) else kept


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
