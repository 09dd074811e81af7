"""The tolerance list, row by row: what kiosks and library systems send and what we take it for."""

from __future__ import annotations

import pytest

from protocols.sip2 import (
    AcsStatus,
    Checkout,
    Codec,
    Malformed,
    Message,
    PatronInformation,
    PatronInformationResponse,
    PatronStatusRequest,
    ScStatus,
    Summary,
    SummaryList,
    SupportedMessages,
    UnknownMessage,
    repeated,
)

D = b"20261123    101500"
R63 = b"63012" + D + b"  Y       "
R23 = b"23012" + D


def read(body: bytes, codec: Codec | None = None) -> Message:
    message = (codec or Codec()).decode(body)
    assert isinstance(message, Message), message
    return message


def refused(body: bytes) -> Malformed:
    malformed = Codec().decode(body)
    assert isinstance(malformed, Malformed), malformed
    return malformed


def test_a_stray_delimiter_after_the_fixed_part_is_ignored() -> None:
    assert read(b"9900802.00|") == read(b"9900802.00")
    assert read(R63 + b"|AOx|AAy|") == read(R63 + b"AOx|AAy|")
    assert read(R63 + b"AOx||AAy||") == read(R63 + b"AOx|AAy|")


def test_the_last_field_needs_no_delimiter() -> None:
    assert read(R63 + b"AOx|AAN001234567") == read(R63 + b"AOx|AAN001234567|")


@pytest.mark.parametrize("fields", [b"AAcard|", b"AO|AAcard|AC|AD|", b"AAcard|AD|"])
def test_institution_and_passwords_may_be_missing_or_empty(fields: bytes) -> None:
    message = read(R23 + fields)
    assert isinstance(message, PatronStatusRequest)
    assert (message.institution_id, message.terminal_password, message.patron_password) == ("", "", "")


def test_an_absent_optional_field_differs_from_one_that_was_sent_empty() -> None:
    absent, empty = read(R63 + b"AO|AAx|"), read(R63 + b"AO|AAx|AD|")
    assert isinstance(absent, PatronInformation)
    assert isinstance(empty, PatronInformation)
    assert (absent.patron_password, empty.patron_password) == (None, "")
    assert Codec().encode(absent) == R63 + b"AO|AAx|"
    assert Codec().encode(empty) == R63 + b"AO|AAx|AD|"


@pytest.mark.parametrize(
    "date",
    [b"20261123000010 500", b" " * 18, b"0" * 18, b"20269999    996161", b"2026-11-23 10:15:0"],
)
def test_a_bad_or_blank_date_is_kept_as_text(date: bytes) -> None:
    message = read(b"63012" + date + b" " * 10 + b"AOx|AAy|")
    assert isinstance(message, PatronInformation)
    assert message.transaction_date == date.decode()
    assert Codec().encode(message) == b"63012" + date + b" " * 10 + b"AOx|AAy|"


@pytest.mark.parametrize(
    "body",
    [
        b"63",
        b"63012",
        b"63AO|AAN001234567|",
        b"63012AONO-2030000|AAN001234567|",
        b"6301220261123    101500AONO-2030000|AAN001234567|AC|AD4711|",
        b"6301220261123    101500 Y      AONO-2030000|AAN001234567|AC|",
        b"6301220261123    101500  Y      AONO-2030000|AAN001234567|AC|",
        b"2301220261123    10150AONO-2030000|AAN001234567|AC|AD4711|",
        b"11YN20261123    101600AONO-2030000|AAN001234567|AB1|AC|",
        b"11YN20261123    10160020261123    10160AOxx|AAN001234567|AB1|AC|",
        b"9900",
        b"93CNautomat|COhemmelig|",
        b"930CNautomat|COhemmelig|",
        b"3720261123    1020000400BV50.00|AOx|AAN001234567|",
    ],
)
def test_tags_are_never_read_as_a_short_fixed_part(body: bytes) -> None:
    malformed = refused(body)
    assert malformed.short
    assert malformed.number == body[:2].decode()


def test_a_message_with_a_short_fixed_part_still_tells_what_can_be_echoed() -> None:
    malformed = refused(b"63012AONO-2030000|AAN001234567|AD4711|")
    assert (malformed.first("AO"), malformed.first("AA")) == ("NO-2030000", "N001234567")
    assert malformed.what == "short fixed part"
    assert "N001234567" not in repr(malformed)


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (R63 + b"AOx|AD4711|", ("AA",)),
        (R63 + b"AOx|AD4711|aaN001234567|", ("AA",)),
        (b"11YN" + D + D + b"AOx|", ("AA", "AB")),
        (b"9300", ("CN", "CO")),
        (b"37" + D + b"0400NOKAOx|AAy|", ("BV",)),
    ],
)
def test_a_missing_required_field_is_named(body: bytes, missing: tuple[str, ...]) -> None:
    malformed = refused(body)
    assert malformed.missing == missing
    assert malformed.what == "missing " + " ".join(missing)
    assert not malformed.short


def test_library_systems_may_leave_out_what_they_do_not_know() -> None:
    message = read(b"64" + b" " * 14 + b"012" + D + b"    " * 6 + b"AAx|")
    assert isinstance(message, PatronInformationResponse)
    assert (message.personal_name, message.valid_patron, message.valid_patron_password) == ("", None, None)
    assert message.hold_items_count == "    "


def test_the_first_y_of_a_summary_counts() -> None:
    assert Summary("  yY").wanted is SummaryList.CHARGED
    assert Summary("").wanted is None
    assert Summary("      Y   ").wanted is None


def test_lower_case_flags_are_folded() -> None:
    message = read(b"11yn" + D + D + b"AOx|AAy|ABz|AC|BOy|BIn|")
    assert isinstance(message, Checkout)
    assert (message.sc_renewal_policy, message.no_block) == ("Y", "N")
    assert (message.fee_acknowledged, message.cancel) == ("Y", "N")


def test_of_a_repeated_field_the_first_wins_and_the_others_travel_on() -> None:
    body = R63 + b"AOx|AAfirst|AD1|AAsecond|AD2|"
    message = read(body)
    assert isinstance(message, PatronInformation)
    assert (message.patron_identifier, message.patron_password) == ("first", "1")
    assert repeated(message) == ("AA", "AD")
    assert Codec().encode(message) == body


def test_unknown_fields_are_kept_and_ay_and_az_are_not() -> None:
    body = R63 + b"AOx|XYone|AAy|XYtwo|U1|"
    message = read(body)
    assert message.others == (("XY", "one"), ("XY", "two"), ("U1", ""))
    assert Codec().encode(message) == body
    assert Codec().encode(read(R63 + b"AOx|AY3|AAy|AZ1234|AD1|")) == R63 + b"AOx|AAy|AD1|"


@pytest.mark.parametrize(
    ("body", "number"), [(b"02x", "02"), (b"40", "40"), (b"", "??"), (b"x", "??"), ("Ø1".encode(), "??")]
)
def test_an_unknown_number_is_a_value(body: bytes, number: str) -> None:
    assert Codec().decode(body) == UnknownMessage(number)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_bytes_that_are_no_text_are_replaced(encoding: str) -> None:
    message = read(R63 + b"AOx|AAN\xff1|", Codec(encoding))
    assert isinstance(message, PatronInformation)
    assert message.patron_identifier == "N\ufffd1"


def test_decomposed_letters_are_composed() -> None:
    message = read(R63 + "AOBodø|AAa\u030al|".encode(), Codec("utf-8"))
    assert isinstance(message, PatronInformation)
    assert message.patron_identifier == "ål"


def test_a_mark_after_a_tag_does_not_change_the_tag() -> None:
    message = read(R63 + "AOx|AA\u030al|".encode(), Codec("utf-8"))
    assert isinstance(message, PatronInformation)
    assert message.patron_identifier == "\u030al"


def test_a_long_value_is_taken_whole() -> None:
    message = read(R63 + b"AOx|AA" + b"9" * 4000 + b"|")
    assert isinstance(message, PatronInformation)
    assert len(message.patron_identifier) == 4000


@pytest.mark.parametrize(("tag", "named"), [("AF", "AF"), ("ZQ", "??")])
def test_too_many_fields_of_one_id_are_refused(tag: str, named: str) -> None:
    few, many = (R63 + b"AOx|AAy|" + f"{tag}l|".encode() * times for times in (32, 33))
    read(few)
    assert refused(many).crowded == (named,)
    assert refused(many).first("AA") == "y"
    read(many, Codec(repeats_limit=100))


JOINED = b"AOx|AAcard|AEKari|BEleona|x@y.no|BF12|34|"


def test_a_delimiter_inside_a_value_is_taken_back_where_that_is_asked_for() -> None:
    body = b"64" + b" " * 14 + b"012" + D + b"0000" * 6 + JOINED
    joined = read(body, Codec(joins_values=True))
    assert isinstance(joined, PatronInformationResponse)
    assert (joined.email_address, joined.home_phone_number) == ("leona|x@y.no", "12|34")
    assert b"BEleona x@y.no|BF12 34|" in Codec().encode(joined)
    assert isinstance(plain := read(body), PatronInformationResponse)
    assert plain.email_address == "leona"


@pytest.mark.parametrize(
    ("bx", "expected"),
    [
        (b"", SupportedMessages.of(["23", "11", "09", "01", "99", "97"])),
        (b"BXYYN|", SupportedMessages("YYNNNNNNNNNNNNNN")),
        (b"BX" + b"Y" * 16 + b" " * 144 + b"|", SupportedMessages("Y" * 16)),
    ],
)
def test_supported_messages_may_be_absent_short_or_padded(bx: bytes, expected: SupportedMessages) -> None:
    message = read(b"98YYYYYN100003" + D + b"2.0EAOx|" + bx)
    assert isinstance(message, AcsStatus)
    assert SupportedMessages(message.supported_messages) == expected
    assert message.protocol_version == "2.0E"


def test_a_blank_padded_print_width_is_fine() -> None:
    message = read(b"990 402.00")
    assert isinstance(message, ScStatus)
    assert message.max_print_width == " 40"


@pytest.mark.parametrize(("delimiter", "byte"), [("^", b"^"), ("\t", b"\t"), ("\x80", b"\x80")])
def test_the_delimiter_is_the_terminals_own(delimiter: str, byte: bytes) -> None:
    message = read((R63 + b"AOx|AAy|ADz|").replace(b"|", byte), Codec("cp850", delimiter))
    assert isinstance(message, PatronInformation)
    assert (message.institution_id, message.patron_identifier, message.patron_password) == ("x", "y", "z")


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        *[(encoding, "|") for encoding in ("utf-16", "cp037", "no-such", "gb2312")],
        *[("cp850", delimiter) for delimiter in ("", "A", "\r", " ", "||", "\u20ac")],
        ("utf-8", "\x80"),
    ],
)
def test_a_charset_or_delimiter_that_cannot_work_is_refused(encoding: str, delimiter: str) -> None:
    with pytest.raises(ValueError):
        Codec(encoding, delimiter)
