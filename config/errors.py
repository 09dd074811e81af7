"""What is wrong with a file, told so that it can be mended: where, what was expected, what stood there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one place; never holds the value of a secret."""

    file: str
    line: int | None
    key: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = f"{place}: {self.key}" if self.key else place
        return f"{subject}: expected {self.expected}, found {self.found}"


class ConfigurationError(Exception):
    """Settings or partners that cannot be used, with everything that is wrong with them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(*self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))
