"""A charset and a delimiter together: text ⇄ bytes of one peer."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Any

_NEVER_DELIMITERS = frozenset("\r\n\0 +-*.:")
_MULTIBYTE = frozenset({"utf-8"})


@dataclass(frozen=True, slots=True)
class Charset:
    """Turns the text of a peer into bytes and back.

    `mark` is the delimiter in text, `delimiter_byte` on the wire. Raises `ValueError` for a charset without ASCII
    or an unknown one, and for a delimiter that could not be told from a value.
    """

    encoding: str
    delimiter: str
    mark: str = field(init=False, repr=False)
    delimiter_byte: bytes = field(init=False, repr=False)
    multibyte: bool = field(init=False, repr=False)
    _table: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name = _known(self.encoding)
        if len(self.delimiter) != 1 or self.delimiter.isalnum() or self.delimiter in _NEVER_DELIMITERS:
            raise ValueError("a delimiter is one character, no letter, digit, blank or line end")
        byte = self.delimiter.encode("latin-1")
        multibyte = name in _MULTIBYTE
        # Python's own table for cp850 is a dict and ten times slower than a charmap.
        own_table = not multibyte and name != "iso8859-1"
        table = codecs.charmap_build(bytes(range(256)).decode(name, "replace")) if own_table else None
        for attribute, value in {
            "encoding": name,
            "mark": byte.decode(name),
            "delimiter_byte": byte,
            "multibyte": multibyte,
            "_table": table,
        }.items():
            object.__setattr__(self, attribute, value)

    def read(self, raw: bytes) -> str:
        """The text of these bytes; what is no text here becomes a replacement character."""
        return raw.decode(self.encoding, "replace")

    def write(self, text: str) -> bytes:
        """The bytes of this text; raises `UnicodeEncodeError` for a letter that the charset lacks."""
        if self._table is not None:
            return codecs.charmap_encode(text, "strict", self._table)[0]
        return text.encode(self.encoding)


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        all_bytes = bytes(range(256)).decode(name, "replace")
    except LookupError:
        raise ValueError(f"no charset {encoding}") from None
    if all_bytes[:128].encode("ascii", "replace") != bytes(range(128)):
        raise ValueError(f"{encoding} does not hold ASCII")
    if name not in _MULTIBYTE and len(all_bytes) != 256:
        raise ValueError(f"{encoding} has more than a byte for a letter")
    return name
