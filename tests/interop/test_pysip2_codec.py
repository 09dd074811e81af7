"""Our codec against pysip2's, an independent one: each reads what the other writes, to the same values."""

from __future__ import annotations

from typing import Any

import msgspec
import pysip2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysip2.models import MESSAGE_SPECS_BY_ID

from protocols.sip2 import MESSAGES, Checksum, Codec, Message, read_frame, seal
from tests.protocols.sip2.samples import SAMPLES

# pysip2 names lists in the singular where the standard does.
THEIR_NAMES = {"screen_messages": "screen_message", "print_lines": "print_line"}
RESENDS = {"96", "97"}

values = st.text("abcXYZ æøåÆØÅ,.-0123456789", max_size=40)
dates = st.just("20261123    101512") | st.just("20270101   Z000000")
SHAPES: dict[str, st.SearchStrategy[str]] = {
    "date of 18": dates,
    "Y or N": st.sampled_from("YN"),
    "number of 4": st.sampled_from(["0000", "0012", "9999"]),
    "16 of Y or N": st.text("YN", min_size=16, max_size=16),
}
CODES = {"BH": "NOK", "BT": "06", "CK": "001", "BY": "2"}


def variable_value(tag: str, kind: str) -> st.SearchStrategy[str]:
    """A value that pysip2 accepts under this tag."""
    return st.just(CODES[tag]) if tag in CODES else SHAPES.get(kind, values)


# pysip2 takes neither U nor blanks in some places where the standard has them.
NARROWER = {
    "resensitize": "[YN]", "currency_type": "[A-Z]{3}", "protocol_version": r"[0-9]\.[0-9]{2}",
    "language": "[0-9]{3}", "max_print_width": "[0-9]{3}", "timeout_period": "[0-9]{3}",
    "retries_allowed": "[0-9]{3}", "uid_algorithm": "[0-9]", "pwd_algorithm": "[0-9]",
    "fee_type": "[0-9]{2}", "payment_type": "[0-9]{2}", "circulation_status": "[0-9]{2}",
    "security_marker": "[0-9]{2}", "renewed_count": "[0-9]{4}", "unrenewed_count": "[0-9]{4}",
}  # fmt: skip


@st.composite
def messages(draw: st.DrawFn, number: str) -> Message:
    """A message that both libraries can say."""
    cls = MESSAGES[number]
    made: dict[str, Any] = {}
    for name, told in cls.layout.fixed:
        pattern = NARROWER.get(name, told.kind.read)
        shape = dates if told.width == 18 else st.from_regex(f"({pattern})", fullmatch=True)
        made[name] = draw(shape)
    for place in cls.layout.variable:
        value = variable_value(place.told.tag, place.told.kind.name)
        if place.repeatable:
            made[place.attribute] = tuple(draw(st.lists(value, max_size=3)))
        else:
            made[place.attribute] = draw(value if place.required else st.none() | value)
    return cls(**made)


def our_values(message: Message) -> dict[str, Any]:
    """The message by pysip2's names."""
    names = [name for name, _ in message.layout.fixed] + [place.attribute for place in message.layout.variable]
    return {THEIR_NAMES.get(name, name): getattr(message, name) for name in names}


def test_both_know_the_same_messages_with_the_same_fields() -> None:
    assert set(MESSAGES) == set(MESSAGE_SPECS_BY_ID)
    for number, cls in MESSAGES.items():
        theirs = MESSAGE_SPECS_BY_ID[number].fields
        ours = cls.layout
        assert [told.width for _, told in ours.fixed] == [field.width for field in theirs if not field.field_id]
        assert {(place.told.tag, place.required, place.repeatable) for place in ours.variable} == {
            (field.field_id, field.required, field.repeatable) for field in theirs if field.field_id
        }


@pytest.mark.parametrize("number", sorted(MESSAGES))
def test_each_reads_what_the_other_writes(number: str) -> None:
    @settings(derandomize=True, deadline=None, max_examples=20)
    @given(messages(number), st.sampled_from(["cp850", "latin-1", "utf-8"]), st.booleans())
    def check(message: Message, encoding: str, sealed: bool) -> None:
        codec = Codec(encoding)
        digit = None if number in RESENDS else "3"
        ours = seal(codec.encode(message), digit if sealed else None, sealed)

        theirs = pysip2.decode_message(ours, encoding=encoding)
        assert msgspec.structs.asdict(theirs.message) == our_values(message)

        written = pysip2.encode_message(theirs.message, sequence_number=3, checksum=sealed, encoding=encoding)
        frame = read_frame(written.removesuffix(b"\r"))
        assert frame.checksum is (Checksum.RIGHT if sealed else Checksum.ABSENT)
        assert frame.sequence == (digit if sealed else None)
        assert codec.decode(frame.body) == message

    check()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
def test_the_sample_conversation_is_read_alike(sample: Any) -> None:
    theirs = pysip2.decode_message(sample.wire("cp850") + b"\r", encoding="cp850")
    assert msgspec.structs.asdict(theirs.message) == our_values(sample.says)
