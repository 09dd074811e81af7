"""Frames: cut from a stream, trailers and checksums read, sealed for sending."""

from __future__ import annotations

import sys

import pytest

from protocols.sip2 import Checksum, Frame, FrameBuffer, FrameTooLong, checksum, read_frame, seal
from protocols.sip2.frame import byte_sum


@pytest.mark.parametrize(
    ("summed", "az"),
    [
        (b"96AZ", b"FEF6"),
        (b"97AZ", b"FEF5"),
        (b"941AY0AZ", b"FDFD"),
        (b"64" + b"A" * 960 + b"AZ", b"0B3B"),
        ("2ØAZ".encode("cp850"), b"FE96"),
        ("2ØAZ".encode("iso-8859-1"), b"FE5B"),
        ("2ØAZ".encode(), b"FDD8"),
    ],
)
def test_the_checksum_is_over_bytes_and_padded_with_zeros(summed: bytes, az: bytes) -> None:
    assert checksum(summed) == az
    assert read_frame(summed + az).checksum is Checksum.RIGHT
    assert read_frame(summed + az.lower()).checksum is Checksum.RIGHT
    assert read_frame(summed + b"0000").checksum is Checksum.WRONG


@pytest.mark.parametrize("length", [0, 1, 255, 256, 257, 511, 512, 513, 5000, 300_000])
@pytest.mark.parametrize("byte", [0, 1, 0x41, 0xFF])
def test_the_fast_sum_is_the_sum(length: int, byte: int) -> None:
    raw = bytes([byte]) * length
    assert byte_sum(raw) == sum(raw)


@pytest.mark.parametrize(
    ("raw", "body", "sequence", "proved"),
    [
        (b"9900802.00AY1AZFCA0", b"9900802.00", "1", Checksum.RIGHT),
        (b"9900802.00|AY1AZFC24", b"9900802.00|", "1", Checksum.RIGHT),
        (b"9900802.00", b"9900802.00", None, Checksum.ABSENT),
        (b"9900802.00AY1", b"9900802.00", "1", Checksum.ABSENT),
        (b"9300CNx|COy|AY1", b"9300CNx|COy|", "1", Checksum.ABSENT),
        (b"97AZFEF5", b"97", None, Checksum.RIGHT),
        (b"9300CNx|COyAY1", b"9300CNx|COyAY1", None, Checksum.ABSENT),
        (b"9300CNx|COy|AZ12", b"9300CNx|COy|", None, Checksum.WRONG),
        (b"9300CNx|COy|AY1AZGGGG", b"9300CNx|COy|", None, Checksum.WRONG),
        (b"9300CNx|COy|AY1A?1234", b"9300CNx|COy|", None, Checksum.WRONG),
        (b"", b"", None, Checksum.ABSENT),
    ],
)
def test_ay_and_az_may_come_together_alone_or_not_at_all(
    raw: bytes, body: bytes, sequence: str | None, proved: Checksum
) -> None:
    assert read_frame(raw) == Frame(raw, body, sequence, proved)


@pytest.mark.parametrize("encoding", ["cp850", "utf-8"])
def test_a_checksum_over_code_points_is_taken_only_where_allowed(encoding: str) -> None:
    summed = "9300CNØystein|COæøå|AY1AZ"
    raw = summed.encode(encoding) + b"%04X" % (-sum(map(ord, summed)) & 0xFFFF)
    assert read_frame(raw).checksum is Checksum.WRONG
    assert read_frame(raw, lenient_encoding=encoding).checksum is Checksum.RIGHT
    assert read_frame(b"9900802.00AY1AZFCA1", lenient_encoding=encoding).checksum is Checksum.WRONG


@pytest.mark.parametrize(
    ("sequence", "with_checksum", "expected"),
    [
        (None, False, b"941\n"),
        ("0", False, b"941AY0\n"),
        (None, True, b"941AZ" + checksum(b"941AZ") + b"\n"),
        ("0", True, b"941AY0AZFDFD\n"),
    ],
)
def test_a_frame_is_sealed_with_what_is_asked_for(sequence: str | None, with_checksum: bool, expected: bytes) -> None:
    assert seal(b"941", sequence, with_checksum, b"\n") == expected


def test_a_frame_shows_no_bytes() -> None:
    frame = read_frame(b"9300CNautomat|COhemmelig|")
    assert repr(frame) == "<Frame 93 of 25, None, absent>"


def frames(chunks: list[bytes], limit: int = 100) -> list[bytes]:
    buffer = FrameBuffer(limit)
    found = []
    for chunk in chunks:
        buffer.feed(chunk)
        while (raw := buffer.next_frame()) is not None:
            found.append(raw)
    return found


@pytest.mark.parametrize(
    "stream",
    [b"one\rtwo\r", b"one\r\ntwo\r\n", b"one\ntwo\n", b"\n\n one\r\r\0\0\ttwo\n", b"  \r\n\0\r\none\r\n\r\ntwo\r"],
)
def test_frames_end_at_cr_lf_or_both_and_leading_junk_is_dropped(stream: bytes) -> None:
    assert frames([stream]) == [b"one", b"two"]
    assert frames([bytes([byte]) for byte in stream]) == [b"one", b"two"]


@pytest.mark.parametrize("chunks", [[b"x" * 101], [b"x"] * 101, [b"x" * 101 + b"\r"], [b"ok\r" + b"x" * 101]])
def test_a_frame_over_the_limit_is_refused_with_or_without_its_end(chunks: list[bytes]) -> None:
    with pytest.raises(FrameTooLong):
        frames(chunks)
    assert frames([b"x" * 100 + b"\r"]) == [b"x" * 100]


def test_frames_before_one_that_is_too_long_are_handed_out() -> None:
    buffer = FrameBuffer(10)
    buffer.feed(b"first\rsecond\r" + b"x" * 11)
    assert [buffer.next_frame(), buffer.next_frame()] == [b"first", b"second"]
    with pytest.raises(FrameTooLong):
        buffer.next_frame()
    assert len(buffer) == 0


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    buffer = FrameBuffer(100)
    for count in range(1, 60):
        buffer.feed(b"x")
        assert buffer.next_frame() is None
        assert buffer._scanned == count
    buffer.feed(b"\rnext")
    assert buffer.next_frame() == b"x" * 59
    assert buffer._scanned == 0


def test_nothing_is_held_when_nothing_is_pending() -> None:
    buffer = FrameBuffer(100_000)
    buffer.feed(b"x" * 90_000 + b"\r")
    buffer.next_frame()
    assert len(buffer) == 0
    assert sys.getsizeof(buffer) < 100
    assert buffer.pending is None
