"""Messages on a TCP stream, cut at every byte."""

from __future__ import annotations

import pytest

from protocols.ncip import Codec, Framer, MessageTooLong, Received
from tests.protocols.ncip import documents as d

LOOKUP = d.message(d.LOOKUP_BY_ID)
FRAMES = {
    "ns1:": LOOKUP,
    "no prefix": d.message(d.LOOKUP_BY_ID, prefix=""),
    "an odd prefix": d.message(d.LOOKUP_BY_ID, prefix="nc-ip_2.0:"),
    "blanks in the tag": LOOKUP.replace(b"</ns1:NCIPMessage>", b"</ns1:NCIPMessage \r\n\t>"),
    "LookupVersion": (
        b"<NCIPVersionMessage version='v1_0'><LookupVersion><FromAgencyId/><ToAgencyId/></LookupVersion>"
        b"</NCIPVersionMessage>"
    ),
    "UTF-16": LOOKUP.decode().encode("utf-16"),
    "UTF-16, big end first": LOOKUP.decode().encode("utf-16-be"),
    "Latin-1": d.message(d.LOOKUP_BY_ID.replace(d.CARD, "GRØNN")).decode().encode("latin-1"),
}


@pytest.mark.parametrize("document", FRAMES.values(), ids=FRAMES)
def test_a_message_is_found_wherever_it_is_cut(document: bytes) -> None:
    for cut in range(len(document)):
        framer = Framer(limit=4096)
        found = framer.feed(document[:cut])
        if found is None:
            found = framer.feed(document[cut:])
        assert found is not None
        assert document == found + document[len(found) :]
        assert not document[len(found) :].strip(b"\0")


@pytest.mark.parametrize("document", FRAMES.values(), ids=FRAMES)
def test_a_message_is_read_wherever_its_end_was_cut(document: bytes) -> None:
    for cut in range(len(document) - 3, len(document) + 1):
        framer = Framer(limit=4096)
        found = framer.feed(document[:cut]) or framer.feed(document[cut:])
        assert found is not None
        assert isinstance(Codec().decode(found), Received), cut


@pytest.mark.parametrize("document", FRAMES.values(), ids=FRAMES)
def test_a_message_is_found_byte_by_byte_and_not_before_its_end(document: bytes) -> None:
    framer = Framer(limit=4096)
    found = [framer.feed(document[at : at + 1]) for at in range(len(document))]
    ends = [at for at, one in enumerate(found) if one is not None]
    assert len(ends) == 1
    assert document[ends[0] : ends[0] + 1] == b">"


def test_what_follows_a_message_waits() -> None:
    framer = Framer(limit=4096)
    assert framer.feed(LOOKUP + b"\n" + LOOKUP) == LOOKUP
    assert framer.surplus == len(LOOKUP) + 1
    assert framer.feed(b"") == b"\n" + LOOKUP
    assert framer.surplus == 0


@pytest.mark.parametrize("near", [b"</NCIPMessages>", b"<NCIPMessage>", b"</ns1:NCIP Message>", b"</a:b:NCIPMessage>"])
def test_what_only_resembles_the_closing_tag_ends_nothing(near: bytes) -> None:
    assert Framer(limit=4096).feed(b"<NCIPMessage>" + near) is None


def test_a_stream_without_end_is_given_up_at_the_limit() -> None:
    framer = Framer(limit=len(LOOKUP))
    assert framer.feed(b" " * len(LOOKUP)) is None
    with pytest.raises(MessageTooLong):
        framer.feed(b" ")
    assert framer.surplus == 0


def test_a_message_that_ends_beyond_the_limit_is_too_long() -> None:
    with pytest.raises(MessageTooLong):
        Framer(limit=len(LOOKUP) - 1).feed(LOOKUP)
    assert Framer(limit=len(LOOKUP)).feed(LOOKUP + b" " * 99) == LOOKUP


def test_single_bytes_are_not_searched_again_and_again() -> None:
    framer = Framer(limit=256 * 1024)
    for piece in (b"<", b"/", b">", b"a") * 64 * 1024:
        assert framer.feed(piece) is None
    assert framer.surplus == 256 * 1024
