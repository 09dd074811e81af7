"""Library cards: the national card number and the states a card can be in."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from registry.domain.patron import PatronId

CardNumber = NewType("CardNumber", str)
"""A national card number in its one written form: ``N`` and nine digits, zeros kept. Made by :func:`national`."""

# What scanners put around a number: blanks, asterisks, Codabar start and stop letters.
_AROUND = " \t*"
_WRITTEN = re.compile(r"N[0-9]{9}")
_NATIONAL = re.compile(r"N([0-9]{8,9})")
_CODABAR = re.compile(r"([ABCD])(N[0-9]{8,9})\1|\*?(N[0-9]{8,9})\*?")


def national(written: str) -> CardNumber | None:
    """Return the national card number that ``written`` means, or ``None`` where it is a local card.

    Accepts what kiosks send: blanks and asterisks around it, start and stop letters, a lower-case ``n``, and eight
    digits where a leading zero was lost. A bare row of digits is a local card, never a national one.
    """
    if _WRITTEN.fullmatch(written):
        return CardNumber(written)  # as nearly every kiosk sends it
    text = written.strip(_AROUND).upper()
    found = _NATIONAL.fullmatch(text)
    if found is None:
        wrapped = _CODABAR.fullmatch(text)
        if wrapped is None:
            return None
        found = _NATIONAL.fullmatch(wrapped.group(2) or wrapped.group(3))
        if found is None:  # pragma: no cover - the outer pattern holds the inner one
            return None
    return CardNumber("N" + found.group(1).rjust(9, "0"))


class CardState(enum.StrEnum):
    """What has become of a card: only an ISSUED one opens anything."""

    ISSUED = "issued"
    REPLACED = "replaced"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class CardKind(enum.StrEnum):
    """Whether the card is a number on a phone or plastic from a library's series (A8, A9, B1)."""

    DIGITAL = "digital"
    PRINTED = "printed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card of one patron; a patron has exactly one that is ISSUED and any number of former ones."""

    number: CardNumber
    patron: PatronId
    state: CardState = CardState.ISSUED
    kind: CardKind = CardKind.DIGITAL
    replaced_by: CardNumber | None = None
    issued_at: datetime
