"""Makes any text a value that may be sent: no delimiter, no control character, only letters the charset has."""

from __future__ import annotations

import unicodedata

from protocols.sip2.charset import Charset
from protocols.sip2.fields import VALUE_LIMIT

# Letters without a decomposition that our charsets lack: Sámi and Norwegian ones, and typographers' signs.
_NEAREST = {
    "Æ": "Ae", "æ": "ae", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d", "Ŋ": "N", "ŋ": "n", "Ŧ": "T", "ŧ": "t",
    "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "ß": "ss", "Œ": "Oe", "œ": "oe", "Ł": "L", "ł": "l", "ı": "i",
    "Ʒ": "Z", "ʒ": "z", "Ǥ": "G", "ǥ": "g",
    "‘": "'", "’": "'", "‚": "'", "′": "'", "“": '"', "”": '"', "„": '"', "″": '"', "«": '"', "»": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "…": "...", "•": "*", "⁄": "/", "€": "EUR",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u00ad": "", "\u200b": "", "\ufeff": "",
}  # fmt: skip

# A line or paragraph separator ends a line for many programs that read what we send.
_BLANKED = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")


def cleaned(value: str, charset: Charset) -> bytes:
    """The value in this charset as it may stand in a field: at most 255 bytes, cut between characters."""
    value = unicodedata.normalize("NFC", value).translate(_BLANKED)
    raw = _written(value.replace(charset.mark, " "), charset)
    # The nearest letter may have been the delimiter itself.
    raw = raw.replace(charset.delimiter_byte, b" ")
    if len(raw) <= VALUE_LIMIT:
        return raw
    return charset.write(raw[:VALUE_LIMIT].decode(charset.encoding, "ignore"))


def _written(value: str, charset: Charset) -> bytes:
    try:
        return charset.write(value)
    except UnicodeEncodeError:
        return b"".join(_nearest(letter, charset) for letter in value)


def _nearest(letter: str, charset: Charset) -> bytes:
    parts = unicodedata.normalize("NFKD", letter)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    plain = "".join(_NEAREST.get(part, part) for part in bare)
    candidates = [letter, _NEAREST.get(letter), bare or None, plain or None]
    for candidate in candidates:
        if candidate is not None:
            try:
                return charset.write(candidate.translate(_BLANKED))
            except UnicodeEncodeError:
                continue
    return b"?"
