"""Strict out: whatever a value holds, what is sent is valid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocols.sip2 import Codec, EndSessionResponse, PatronInformationResponse
from tests.protocols.sip2.samples import SAMPLES

D = "20261123    101500"
ENDED = EndSessionResponse(end_session="Y", transaction_date=D, institution_id="x", patron_identifier="y")
FULL = next(s.says for s in SAMPLES if isinstance(s.says, PatronInformationResponse))


def af(text: str, encoding: str = "cp850", delimiter: str = "|") -> bytes:
    """What is written for a screen message."""
    body = Codec(encoding, delimiter).encode(replace(ENDED, screen_messages=(text,)))
    mark = delimiter.encode("latin-1")
    assert body.count(mark) == 3
    return body.split(mark)[2].removeprefix(b"AF")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b", b"a b"),
        ("a\r\nb", b"a  b"),
        ("a\0b\x1bc\x7fd", b"a b c d"),
        ("a\x85b\u2028c", b"a b c"),
        ("", b""),
        ("  x  ", b"  x  "),
    ],
)
def test_delimiters_and_controls_become_blanks(text: str, expected: bytes) -> None:
    assert af(text) == expected


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("Blåbær", "cp850", b"Bl\x86b\x91r"),
        ("Blåbær", "iso-8859-1", b"Bl\xe5b\xe6r"),
        ("Blåbær", "utf-8", "Blåbær".encode()),
        ("Bla\u030abær", "cp850", b"Bl\x86b\x91r"),
        ("Bla\u030abær", "utf-8", "Blåbær".encode()),
        ("Blåbær", "ascii", b"Blabaer"),
        ("Sámi čđŋšŧž", "cp850", b"S\xa0mi cdnstz"),
        ("Sámi čđŋšŧž", "utf-8", "Sámi čđŋšŧž".encode()),
        ("«Å» – ’ja’ … 5 €", "cp850", "«Å» - 'ja' ... 5 EUR".encode("cp850")),
        ("日本", "cp850", b"??"),
        ("\ufffd", "cp850", b"?"),
        ("\ud800x", "utf-8", b"?x"),
        ("½ ™", "ascii", b"1/2 TM"),
    ],
)
def test_a_letter_that_the_charset_lacks_becomes_its_nearest(text: str, encoding: str, expected: bytes) -> None:
    assert af(text, encoding) == expected


@pytest.mark.parametrize("text", ["x" * 256, "å" * 255, "å" * 300, "日" * 300, "x" * 254 + "åå"])
@pytest.mark.parametrize("encoding", ["cp850", "utf-8"])
def test_a_value_is_cut_to_255_bytes_between_characters(text: str, encoding: str) -> None:
    written = af(text, encoding)
    whole = text.encode(encoding, "replace")
    assert whole.startswith(written)
    assert 253 <= len(written) <= 255
    written.decode(encoding)


def test_a_value_of_255_bytes_is_left_alone() -> None:
    assert af("x" * 255) == b"x" * 255


@pytest.mark.parametrize(
    ("count", "written"),
    [
        ("0012", "0012"),
        ("12", "0012"),
        ("123456", "9999"),
        ("    ", "    "),
        *[(odd, "0000") for odd in ("", "x", "-5", "٣", "12|4", "9" * 5000)],
    ],
)
def test_a_count_has_four_digits(count: str, written: str) -> None:
    body = Codec().encode(replace(FULL, hold_items_count=count))
    assert body[37:41].decode() == written
    assert body[61:63] == b"AO"


@pytest.mark.parametrize(
    ("date", "written"),
    [(D, D), ("", " " * 18), ("2026", "2026" + " " * 14), (D + "9", D), ("|" * 18, " " * 18), ("\r" * 18, " " * 18)],
)
def test_a_date_has_18_characters(date: str, written: str) -> None:
    assert Codec().encode(replace(ENDED, transaction_date=date))[3:21].decode() == written


@pytest.mark.parametrize(
    ("flag", "written"), [("Y", b"Y"), ("y", b"Y"), ("", b"N"), ("?", b"N"), ("Yes", b"Y"), ("å", b"N")]
)
def test_a_flag_is_one_letter_of_its_kind(flag: str, written: bytes) -> None:
    assert Codec().encode(replace(ENDED, end_session=flag))[2:3] == written


def test_fixed_fields_that_make_up_for_each_other_are_not_mistaken_for_right() -> None:
    body = Codec().encode(replace(FULL, hold_items_count="00010", overdue_items_count="002"))
    assert body[37:45] == b"00100002"


def test_a_delimiter_in_a_fixed_field_becomes_a_blank() -> None:
    body = Codec(delimiter="^").encode(replace(ENDED, transaction_date="20261123^^^^101500"))
    assert body == b"36Y20261123    101500AOx^AAy^"


def test_an_unknown_field_is_written_as_clean_as_a_known_one() -> None:
    message = replace(ENDED, others=(("ZZ", "a|AAother"), ("Z|", "b"), ("AY", "3"), ("AZ", "0000")))
    assert Codec().encode(message) == b"36Y20261123    101500AOx|AAy|ZZa AAother|Z b|"
