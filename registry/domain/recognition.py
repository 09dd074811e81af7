"""Is the patron whom a library system has under this card the one whom the register has?

Names are compared as people write them: in any order, with or without given names, accents, hyphens and the letters
that a system's charset lacks. A birth date is compared exactly. In doubt staff decide.
"""

from __future__ import annotations

import enum
import itertools
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a library system tells of a card: whether it knows it, and whom by; ``None`` is what it does not tell."""

    known: bool
    name: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    local_id: str | None = field(default=None, repr=False)


class Recognition(enum.Enum):
    """What a sighting makes of a patron without a standing: local, a case for staff, or a guest."""

    KNOWN = "known"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"


def recognise(sighting: Sighting, *, family_name: str, given_name: str, birth_date: date) -> Recognition:
    """Return whether the patron sighted is the one with this name and birth date, as far as the sighting tells."""
    if not sighting.known:
        return Recognition.UNKNOWN
    if sighting.birth_date is not None and sighting.birth_date != birth_date:
        return Recognition.DOUBTFUL
    if sighting.name is not None and not is_same_name(sighting.name, family_name, given_name):
        return Recognition.DOUBTFUL
    return Recognition.KNOWN


def is_same_name(written: str, family_name: str, given_name: str) -> bool:
    """Tell whether ``written``, in whatever order, may be this person's name.

    One of the two may leave names out, or write given names as initials: but every name of the shorter one must be in
    the longer, and a family name must be among them. Where nothing is written nothing disagrees.
    """
    told, family, given = _names(written), _names(family_name), _names(given_name)
    if not told:
        return True
    whole = family + given
    shares_family = any(_is_among(name, family) for name in told) or any(_is_among(name, told) for name in family)
    if not shares_family:
        return False
    return all(_is_among(name, whole) or _is_initial(name, given) for name in told) or all(
        _is_among(name, told) for name in whole
    )


# Letters without a decomposition into a plain one and a mark.
_PLAIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ŋ": "n", "ŧ": "t", "þ": "th", "ß": "ss", "ł": "l", "ı": "i"}
)
_SPELLINGS = re.compile("aa|ae|oe")
_INSIDE_A_NAME = re.compile(r"['’ʼ`´\u00ad]")
# A question mark or a replacement character stands for a letter that a system's charset lacks.
_NAME = re.compile(r"(?:[^\W_]|[?\ufffd])+")
_LOST = re.compile(r"[?\ufffd]+")
_MOST_LOST = 4
"""In one name; more is no name any longer."""


def _names(text: str) -> tuple[str, ...]:
    """The single names in their plainest spelling: Åse, Aase and ASE are all ``ase``."""
    apart = unicodedata.normalize("NFKD", _INSIDE_A_NAME.sub("", text).casefold())
    bare = "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(_PLAIN)
    plain = _SPELLINGS.sub(lambda found: found[0][0], bare)
    return tuple(name for name in _NAME.findall(plain) if _LOST.sub("", name))


def _is_among(name: str, names: tuple[str, ...]) -> bool:
    """Whether a name is one of these, or two neighbours among them written as one (Annemarie, Anne-Marie)."""
    joined = [first + second for first, second in itertools.pairwise(names)]
    return any(_is_one(name, other) for other in (*names, *joined))


def _is_one(name: str, other: str) -> bool:
    if name == other:
        return True
    return any(_has_lost(*pair) for pair in ((name, other), (other, name)) if _LOST.search(pair[0]))


def _has_lost(name: str, other: str) -> bool:
    """Whether ``other`` is what ``name`` was before letters were lost."""
    pieces = [re.escape(piece) for piece in _LOST.split(name)]
    if len(pieces) > _MOST_LOST + 1:
        return False
    return re.fullmatch(".{0,2}".join(pieces), other) is not None


def _is_initial(name: str, given: tuple[str, ...]) -> bool:
    return len(name) == 1 and any(one.startswith(name) for one in given)
