"""The sample conversation read from both ends: each frame says what it should, and is written as it stands."""

from __future__ import annotations

import pytest

from protocols.sip2 import (
    MESSAGES,
    NEED_DATA,
    AcsConnection,
    AcsProfile,
    Asked,
    Checksum,
    Codec,
    read_frame,
    seal,
)
from tests.protocols.sip2.samples import ENCODINGS, SAMPLES, Sample

by_label = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
in_every_charset = pytest.mark.parametrize("encoding", ENCODINGS)


@by_label
@in_every_charset
def test_a_frame_is_read_as_what_it_says(sample: Sample, encoding: str) -> None:
    frame = read_frame(sample.wire(encoding))
    assert frame.checksum is Checksum.RIGHT
    assert frame.sequence == sample.sequence
    assert frame.body == sample.body(encoding)
    assert Codec(encoding).decode(frame.body) == sample.says


@by_label
@in_every_charset
def test_a_frame_that_was_read_is_written_byte_for_byte(sample: Sample, encoding: str) -> None:
    codec = Codec(encoding)
    message = codec.decode(sample.body(encoding))
    assert isinstance(message, type(sample.says))
    assert seal(codec.encode(message), sample.sequence, True) == sample.wire(encoding) + b"\r"


@by_label
@in_every_charset
def test_a_message_made_of_its_values_is_written_as_the_frame(sample: Sample, encoding: str) -> None:
    written = Codec(encoding).encode(sample.says)
    if sample.exact:
        assert written == sample.body(encoding)
    else:
        assert sorted(written.split(b"|")) == sorted(sample.body(encoding).split(b"|"))


def test_the_samples_hold_every_message() -> None:
    assert {sample.says.number for sample in SAMPLES} == set(MESSAGES)


REQUESTS = [sample for sample in SAMPLES if sample.says.answered_by and sample.says.number != "97"]


@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: sample.label)
@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\r\r\n \0"], ids=repr)
def test_a_frame_cut_at_any_byte_gives_the_same_events(sample: Sample, terminator: bytes) -> None:
    stream = sample.wire("utf-8") + terminator
    for cut in range(len(stream) + 1):
        connection = AcsConnection(AcsProfile(encoding="utf-8", login_required=False))
        events = []
        for part in (stream[:cut], stream[cut:]):
            connection.receive(part)
            while isinstance(event := connection.next_event(), Asked):
                events.append(event.message)
                connection.pass_over()
            assert event is NEED_DATA
        assert events == [sample.says]
