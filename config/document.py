"""A TOML file read and judged by a model, with every problem told by its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel, ValidationError

from config.errors import ConfigurationError, Problem
from config.lines import Place, key_lines, line_of
from config.wording import expected_of, found_of, place_of, spelled, worth_telling

Model = TypeVar("Model", bound=BaseModel)

_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """The tables of one file and the lines on which they stand."""

    name: str
    tables: Mapping[str, Any]
    lines: Mapping[Place, int]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file's document; ConfigurationError when it cannot be read or is no TOML."""
        text = read_text(path)
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as wrong:
            raise ConfigurationError([_no_toml(str(path), text, str(wrong))]) from None
        return cls(str(path), tables, key_lines(text))

    def problem(self, place: Place, expected: str, found: str) -> Problem:
        """A problem with what stands at a place, or is missing there."""
        return Problem(self.name, line_of(place, self.lines), spelled(place, self.tables), expected, found)

    def judged_by(self, model: type[Model], tables: Mapping[str, Any] | None = None) -> Model:
        """The file as a model, or `tables` made of it; ConfigurationError with all that is wrong."""
        try:
            return model(**(self.tables if tables is None else tables))
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False)
        raise ConfigurationError(
            self.problem(place_of(error), expected_of(error, model), found_of(error)) for error in worth_telling(errors)
        )


def read_text(path: Path) -> str:
    """The text of a UTF-8 file with plain line ends; ConfigurationError when it cannot be read."""
    octets = read_octets(path)
    try:
        return octets.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as wrong:
        line = octets.count(b"\n", 0, wrong.start) + 1
        raise ConfigurationError([Problem(str(path), line, "", "text in UTF-8", "other octets")]) from None


def read_octets(path: Path) -> bytes:
    """What a file holds; ConfigurationError that names it when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as wrong:
        raise ConfigurationError(
            [Problem(str(path), None, "", "a file that can be read", (wrong.strerror or "none").lower())]
        ) from None


def _no_toml(name: str, text: str, reason: str) -> Problem:
    at = _LINE.search(reason)
    line = int(at[1]) if at and at[1] else text.count("\n") + 1
    # Only what went wrong: a reason may quote a key or one character, never a value.
    return Problem(name, line, "", "TOML", f"a mistake in it: {_LINE.sub('', reason)}")
