"""What a library system must be told of a patron and the register does not know: category, branch, expiry, language.

One mapping per lending unit, for every carrier and for the sheet that staff type from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from registry.domain.institution import InstitutionId
from registry.domain.patron import Language

LONGEST_EXPIRY = 100
"""Years; more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """Patrons of this age in whole years and above, up to the next group, are of this category."""

    from_age: int
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMapping:
    """One lending unit's mapping: checked when it is built, so that nothing is refused when it is used.

    ``categories`` begin at age 0 and ascend. ``expiry_years`` None leaves the expiry to the library system, a language
    that ``languages`` does not name is left out, and ``text_messages`` lets notices go to the mobile number.
    Raises ``ValueError``.
    """

    categories: tuple[AgeGroup, ...]
    default_branch: str
    branches: Mapping[InstitutionId, str] = field(default_factory=dict)
    expiry_years: int | None = None
    languages: Mapping[Language, str] = field(default_factory=dict)
    text_messages: bool = False

    def __post_init__(self) -> None:
        ages = [group.from_age for group in self.categories]
        if not ages or ages[0] != 0:
            raise ValueError("the first category begins at age 0")
        if ages != sorted(set(ages)):
            raise ValueError("each category begins at a higher age than the one before")
        if self.expiry_years is not None and not 1 <= self.expiry_years <= LONGEST_EXPIRY:
            raise ValueError(f"a patron expires after 1 to {LONGEST_EXPIRY} years")
        for code in (*(group.category for group in self.categories), *self.branches.values(), *self.languages.values()):
            _check(code)
        _check(self.default_branch)

    def category_for(self, age: int) -> str:
        """Return the patron category at this age in whole years."""
        return next((one.category for one in reversed(self.categories) if one.from_age <= age), _first(self.categories))

    def branch_for(self, place: InstitutionId) -> str:
        """Return the branch for who was welcomed at this institution."""
        return self.branches.get(place, self.default_branch)

    def expiry_from(self, today: date) -> date | None:
        """Return when who is created today expires, or ``None`` where the library system knows by itself."""
        if self.expiry_years is None:
            return None
        year = today.year + self.expiry_years
        leaps = (today.month, today.day) == (2, 29)
        return date(year, 2, 28) if leaps else today.replace(year=year)

    def language_for(self, language: Language | None) -> str | None:
        """Return the library system's code of a language, or ``None`` where it is to be left out."""
        return None if language is None else self.languages.get(language)


def _first(categories: tuple[AgeGroup, ...]) -> str:
    return categories[0].category


def _check(code: str) -> None:
    if not code or code != code.strip() or not code.isprintable():
        raise ValueError("a code is a text without blanks around it")
