"""Shows exchanges to people, line by line, and to programs, as JSON; secrets are stars in both."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from gateway.simulators.kiosk_exchange import Exchange, Framed, readable
from gateway.simulators.kiosk_masking import printable, shown_frame
from gateway.simulators.kiosk_words import in_words, message_name, number_name
from protocols.sip2 import Checksum, Codec, Frame, Message, Row, read_frame, without_secrets

SCREEN_MESSAGE = "AF"


class Tone(Enum):
    """How a line should look, where there are colours."""

    PLAIN = auto()
    SENT = auto()
    RECEIVED = auto()
    SCREEN = auto()
    QUIET = auto()
    BAD = auto()
    GOOD = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """One line to show."""

    text: str
    tone: Tone = Tone.PLAIN


def as_lines(exchange: Exchange, codec: Codec, *, raw_sent: bool, raw_received: bool) -> Iterator[Line]:
    """The exchange for people: what was asked in a line, what came field by field, and the frames where wanted."""
    for framed in exchange.frames:
        frame = _read(framed, codec)
        yield Line(_heading(framed, frame), Tone.SENT if framed.ours else Tone.RECEIVED)
        if not framed.ours:
            yield from _fields(readable(codec, frame.body), frame)
            yield from _hint(framed.raw, codec)
        if raw_sent if framed.ours else raw_received:
            yield Line(f"      as sent: {shown_frame(framed.raw, codec)}", Tone.QUIET)


def as_summary(exchange: Exchange) -> Iterator[Line]:
    """What a patron would see of the answer: whether card and PIN are good, and the screen messages."""
    for row in without_secrets(exchange.answer) if exchange.answer else ():
        if row.tag in ("BL", "CQ"):
            yield _field(row)
        if row.tag == SCREEN_MESSAGE:
            yield Line(printable(row.value), Tone.SCREEN)


def as_json(exchange: Exchange, codec: Codec, *, raw: bool) -> Iterator[str]:
    """One JSON object for each frame of the exchange, each on a line of its own."""
    for framed in exchange.frames:
        yield json.dumps(_object(framed, codec, raw=raw), ensure_ascii=False)


def _read(framed: Framed, codec: Codec) -> Frame:
    return read_frame(framed.raw, codec.charset.delimiter_byte)


def _heading(framed: Framed, frame: Frame) -> str:
    arrow = ">" if framed.ours else "<"
    wrong = "  (its checksum is wrong)" if not framed.ours and frame.checksum is Checksum.WRONG else ""
    return f"{arrow} {frame.number} {number_name(frame.number)}{wrong}"


def _fields(message: Message | None, frame: Frame) -> Iterator[Line]:
    if message is None:
        yield Line("      it cannot be read", Tone.BAD)
        return
    for row in without_secrets(message):
        yield _field(row)


def _hint(raw: bytes, codec: Codec) -> Iterator[Line]:
    """A word where the frame is in UTF-8 and is read as something else: nothing else looks like UTF-8 by chance."""
    if raw.isascii() or codec.charset.multibyte:
        return
    with contextlib.suppress(UnicodeDecodeError):
        raw.decode("utf-8")
        yield Line("      this looks like UTF-8: --encoding utf-8 reads it", Tone.QUIET)


def _field(row: Row) -> Line:
    value = printable(row.value).replace(" ", "·") if row.name in ("patron status", "summary") else printable(row.value)
    meaning = in_words(row.name, row.value)
    text = f"  {row.tag:<2}  {row.name:<24} {value}"
    if meaning:
        text = f"{text:<50}  {meaning}"
    return Line(text.rstrip(), _tone(row))


def _tone(row: Row) -> Tone:
    match row.tag or row.name, row.value:
        case "AF", _:
            return Tone.SCREEN
        case (("BL" | "CQ" | "ok"), ("Y" | "1")):
            return Tone.GOOD
        case (("BL" | "CQ" | "ok"), _):
            return Tone.BAD
        case _:
            return Tone.PLAIN


def _object(framed: Framed, codec: Codec, *, raw: bool) -> dict[str, object]:
    frame = _read(framed, codec)
    message = readable(codec, frame.body)
    told: dict[str, object] = {
        "direction": "sent" if framed.ours else "received",
        "number": frame.number,
        "name": message_name(type(message)) if message else None,
        "sequence": frame.sequence,
        "checksum": frame.checksum.value,
        "fields": [_field_object(row) for row in without_secrets(message)] if message else [],
    }
    return told | {"raw": shown_frame(framed.raw, codec)} if raw else told


def _field_object(row: Row) -> dict[str, str]:
    told = {"tag": row.tag, "name": row.name, "value": row.value}
    meaning = in_words(row.name, row.value)
    return {key: value for key, value in (told | {"meaning": meaning}).items() if value or key == "value"}
