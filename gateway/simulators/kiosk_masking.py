"""What of a frame may be shown to the person at the kiosk: all but PINs, passwords and what steers a terminal."""

from __future__ import annotations

import re

from protocols.sip2 import MESSAGES, VARIABLE, Codec, Privacy, mask, privacy_of

SECRET_TAGS = tuple(tag for tag in VARIABLE if privacy_of(tag) is Privacy.SECRET)

_TAG = re.compile("[A-Z][A-Z0-9]")
_SECRET = re.compile("|".join(SECRET_TAGS))
# However a frame is delimited, and whatever we take for the delimiter: from a secret tag behind a sign up to the
# same sign with a tag behind it, or the end, stands a secret.
_BEHIND_A_SIGN = re.compile(rf"([^\w .,+*:/-])({_SECRET.pattern})(?:(?!\1(?:{_TAG.pattern}|\Z)).)+", re.DOTALL)
_TRAILER = re.compile(r"(?:AY.)?AZ[0-9A-Fa-f]{4}\Z")


def shown_frame(raw: bytes, codec: Codec) -> str:
    """The frame as it was sent, its secrets as stars and what cannot be printed as `\\xNN`."""
    text = codec.charset.read(raw)
    mark = codec.charset.mark
    trailer = _TRAILER.search(text)
    body, tail = (text[: trailer.start()], trailer[0]) if trailer else (text, "")
    head, *chunks = body.split(mark)
    shown, hiding = _shown_head(head)
    parts = [shown]
    for chunk in chunks:
        if _TAG.match(chunk):
            hiding = chunk.startswith(SECRET_TAGS)
            parts.append(_shown_field(chunk) if hiding else chunk)
        elif not (hiding and chunk):
            parts.append(chunk)
    masked = _BEHIND_A_SIGN.sub(r"\1\2***", mark.join(parts))
    if masked != body:
        # The checksum is a plain sum: with everything else in sight it would tell the sum of the PIN's digits.
        tail = tail[:-4] + "****" if tail else ""
    return printable(masked + tail)


def _shown_head(head: str) -> tuple[str, bool]:
    """Number, fixed part and first field, and whether that one is secret."""
    kind = MESSAGES.get(head[:2])
    start = 2 + kind.layout.width if kind else 2
    if _TAG.match(head, start):
        field = head[start:]
        return head[:start] + _shown_field(field), field.startswith(SECRET_TAGS)
    # The fixed part is short or long: nobody knows where the first field begins.
    if secret := _SECRET.search(head, 2 if head[:2].isdigit() else 0):
        return head[: secret.start()] + _shown_field(head[secret.start() :]), True
    return head, False


def _shown_field(field: str) -> str:
    tag, value = field[:2], field[2:]
    return tag + mask(tag, value) if tag in SECRET_TAGS else field


def printable(text: str) -> str:
    """The text on one line, control characters (which might steer a terminal) as `\\xNN`."""
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
