"""What may stand in a log line: short printable values, and exceptions without a word of what they say.

An exception's message and arguments hold whatever was at hand when it was made: a frame, a row, a PIN.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType

LONGEST = 200
MOST_ITEMS = 20
MOST_FRAMES = 12
MOST_CAUSES = 5

Scalar = str | int | float | bool | None
Value = Scalar | list[Scalar]


# Stands where a value had no place in a log.
WITHHELD = "***"


def value_of(value: object) -> Value:
    """Return a value as a line may hold it: numbers, short printable text, and short lists of these.

    Anything else is withheld, for nobody knows what its text would say.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return printable(value)
        case list() | tuple() if all(isinstance(item, Scalar) for item in value):
            return [printable(item) if isinstance(item, str) else item for item in value[:MOST_ITEMS]]
        case _:
            return WITHHELD


def printable(text: str) -> str:
    """Return the text, cut at a fixed length, with everything that is not printable escaped.

    So no value can begin a new line, or steer the terminal of whoever reads.
    """
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return cut if cut.isprintable() else "".join(map(_escaped, cut))


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def is_word(value: object) -> bool:
    """Whether a value is one word, as the words that we choose ourselves are."""
    return isinstance(value, str) and value.isidentifier() and len(value) <= 40


def kind_of(error: BaseException | type[BaseException]) -> str:
    """Return an exception's type, with its module unless that is builtin."""
    kind = error if isinstance(error, type) else type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def places(trace: TracebackType | None) -> list[str]:
    """Return where an exception was raised, as file:line, outermost first; at most the innermost dozen."""
    return [place(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)][-MOST_FRAMES:]


def place(file: str, line: int) -> str:
    """Return file:line with only the end of the path, which says enough."""
    return f"{'/'.join(PurePath(file).parts[-3:]).lstrip('/')}:{line}"


def causes(error: BaseException) -> list[str]:
    """Return the types of what led to an exception, nearest first."""
    return [kind_of(cause) for cause, _ in zip(_led_to(error), range(MOST_CAUSES), strict=False)]


def _led_to(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        yield from error.exceptions
    following = error.__cause__ or error.__context__
    if following is not None:
        yield following
        yield from _led_to(following)
