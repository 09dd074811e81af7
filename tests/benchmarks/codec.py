"""Reading a 63 and writing a 64, checksums included, beside the same by ``pysip2``."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pysip2

from protocols import sip2
from protocols.sip2 import read_frame, seal
from tests.benchmarks.conversation import ANSWERED, CODEC, question
from tests.benchmarks.report import Row, at_least

ROUNDS = 60
MESSAGES = 400
LEAST = 4.0

_ASKED = question("N100000000", "4817", 3)
_FULL = {
    "charged_items_count": "0003",
    "hold_items_limit": "0020",
    "overdue_items_limit": "0005",
    "charged_items_limit": "0050",
    "currency_type": "NOK",
    "fee_amount": "0.00",
    "charged_items": ("03010824124010", "03010824124011", "03010824124012"),
    "home_address": "Storgata 1, 0155 Oslo",
    "email_address": "agot@patron.example",
    "home_phone_number": "75 00 00 00",
}
_LINE = "Velkommen, Ågot. Du har tre lån."
"""What the two libraries name differently: the screen message."""


class UnlikeError(Exception):
    """The two do not say the same bytes, so that their speed cannot be compared."""


def codec() -> list[Row]:
    """Return the rows: the short 64 that the daemon gives itself, and a long one as library systems give it."""
    return [
        _compared("decode 63, encode a 64 of 14 fields", {}, ()),
        _compared("decode 63, encode a 64 of 26 fields", _FULL, (_LINE,)),
    ]


def _compared(name: str, more: dict[str, Any], lines: tuple[str, ...]) -> Row:
    our_answer = sip2.PatronInformationResponse(**{**ANSWERED, **more}, screen_messages=lines)
    their_answer = pysip2.PatronInformationResponse(**{**ANSWERED, **more}, screen_message=lines)

    def ours() -> bytes:
        frame = read_frame(_ASKED[:-1])
        CODEC.decode(frame.body)
        return seal(CODEC.encode(our_answer), frame.sequence, True)

    def theirs() -> bytes:
        asked = pysip2.decode_message(_ASKED)
        return pysip2.encode_message(their_answer, sequence_number=asked.sequence_number, checksum=True)

    if ours() != theirs():
        raise UnlikeError(name)
    rounds = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)][ROUNDS // 10 :]
    ratio = statistics.median(theirs / ours for ours, theirs in rounds)
    ours_alone, theirs_alone = (statistics.median(one) * 1e6 for one in zip(*rounds, strict=True))
    return at_least(f"{name}, to pysip2", ratio, LEAST, f"{ours_alone:.1f} to {theirs_alone:.1f} µs")


def _seconds(what: Callable[[], object]) -> float:
    """Return the processor time of one call, over some that follow one another."""
    began = time.process_time_ns()
    for _ in range(MESSAGES):
        what()
    return (time.process_time_ns() - began) / MESSAGES / 1e9
