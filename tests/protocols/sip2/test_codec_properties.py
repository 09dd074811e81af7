"""What holds for every message and for any bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.sip2 import (
    MESSAGES,
    AcsConnection,
    AcsProfile,
    Codec,
    FrameBuffer,
    FrameTooLong,
    Malformed,
    Message,
    ScConnection,
    ScProfile,
    ScStatus,
    Signal,
    UnknownMessage,
    read_frame,
    seal,
)
from tests.protocols.sip2.samples import ENCODINGS, SAMPLES
from tests.protocols.sip2.strategies import messages

repeatable = settings(derandomize=True, deadline=None, max_examples=150)
encodings = st.sampled_from(ENCODINGS)


@pytest.mark.parametrize("number", sorted(MESSAGES))
def test_what_is_written_is_read_back_equal(number: str) -> None:
    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(messages((number,)), encodings, st.sampled_from("|^\t\x80"))
    def check(message: Message, encoding: str, delimiter: str) -> None:
        if delimiter == "\x80" and encoding == "utf-8":
            return
        codec = Codec(encoding, delimiter)
        assert codec.decode(codec.encode(message)) == message

    check()


@repeatable
@given(st.binary(max_size=300), encodings)
def test_any_bytes_are_read_as_something(raw: bytes, encoding: str) -> None:
    frame = read_frame(raw, lenient_encoding=encoding)
    read = Codec(encoding, joins_values=True).decode(frame.body)
    assert isinstance(read, Message | Malformed | UnknownMessage)


@repeatable
@given(st.sampled_from(sorted(MESSAGES)), st.text(max_size=200), encodings)
def test_any_text_after_a_known_number_is_read_and_written_again(number: str, text: str, encoding: str) -> None:
    codec = Codec(encoding)
    read = codec.decode(number.encode() + text.encode(encoding, "replace"))
    if isinstance(read, Message):
        again = codec.decode(codec.encode(read))
        assert isinstance(again, type(read))
        assert codec.encode(again) == codec.encode(read)


@repeatable
@given(st.sampled_from(SAMPLES), st.data(), encodings)
def test_shuffled_repeated_and_unknown_fields_are_written_as_they_came(
    sample: Any, data: st.DataObject, encoding: str
) -> None:
    body = sample.body(encoding)
    width = sample.says.layout.width + 2
    fields = [part + b"|" for part in body[width:].split(b"|")[:-1]]
    extra = data.draw(st.lists(st.sampled_from([b"CTx|", b"AAother|", b"AFline|", b"ZZ|", b"AD0000|"])))
    shuffled = body[:width] + b"".join(data.draw(st.permutations([*fields, *extra])))
    codec = Codec(encoding)
    message = codec.decode(shuffled)
    assert isinstance(message, Message)
    assert codec.encode(message) == shuffled


HOSTILE = st.text(max_size=400) | st.text("|\r\n\0AYZ0^", max_size=40)


@repeatable
@given(st.sampled_from(sorted(MESSAGES)), st.data(), encodings, st.sampled_from("|^\t"))
def test_hostile_values_never_change_the_fields_of_a_message(
    number: str, data: st.DataObject, encoding: str, delimiter: str
) -> None:
    cls = MESSAGES[number]
    made: dict[str, Any] = {name: data.draw(HOSTILE) for name, _ in cls.layout.fixed}
    tags = []
    for place in cls.layout.variable:
        value = data.draw(HOSTILE)
        made[place.attribute] = (value,) if place.repeatable else value
        tags.append(place.told.tag)
    codec = Codec(encoding, delimiter)
    written = seal(codec.encode(cls(**made)), "1", True)
    assert written.count(b"\r") == 1
    assert not set(written[:-1]) & (set(range(32)) - {ord(delimiter)})
    read = codec.decode(read_frame(written[:-1], delimiter.encode()).body)
    assert isinstance(read, cls)
    assert [tag for tag, _ in read.fields()] == tags
    assert all(len(value.encode(encoding)) <= 255 for _, value in read.fields())
    assert [len(value) for value in cls.layout.fixed_values(read)] == [t.width for _, t in cls.layout.fixed]


@repeatable
@given(st.lists(st.binary(max_size=80), max_size=8), st.integers(1, 100))
def test_a_frame_buffer_takes_any_bytes(chunks: list[bytes], limit: int) -> None:
    buffer = FrameBuffer(limit)
    for chunk in chunks:
        buffer.feed(chunk)
        try:
            while (raw := buffer.next_frame()) is not None:
                assert 0 < len(raw) <= limit
        except FrameTooLong:
            assert len(buffer) == 0


SOUP = st.lists(
    st.sampled_from([sample.wire("cp850") + b"\r" for sample in SAMPLES])
    | st.sampled_from([b"\r", b"\n", b"97\r", b"96\r", b"9900802.00\r", b"63AO|AAx|\r"])
    | st.binary(max_size=40),
    max_size=12,
)


@repeatable
@given(SOUP, st.booleans())
def test_an_answering_connection_takes_any_bytes(chunks: list[bytes], login_required: bool) -> None:
    connection = AcsConnection(
        AcsProfile(login_required=login_required, lenient_checksum=True, status_before_login=True)
    )
    for chunk in chunks:
        connection.receive(chunk)
        while (event := connection.next_event()) not in (Signal.NEED_DATA, Signal.CLOSED):
            if event is Signal.PAUSED:
                connection.answer(SAMPLES[-3].says)


@repeatable
@given(SOUP, st.booleans())
def test_an_asking_connection_takes_any_bytes(chunks: list[bytes], error_detection: bool) -> None:
    connection = ScConnection(ScProfile(error_detection=error_detection))
    connection.ask(ScStatus(status_code="0", max_print_width="080", protocol_version="2.00"))
    for chunk in chunks:
        connection.receive(chunk)
        while not isinstance(connection.next_event(), Signal):
            continue
