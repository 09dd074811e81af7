"""Rows of flags, counts and dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from protocols.sip2 import (
    ALL_DENIED,
    BLANK_DATE,
    NOT_SUPPORTED,
    PatronFlag,
    PatronStatus,
    Summary,
    SummaryList,
    SupportedMessages,
    count4,
    read_date,
    read_number,
    write_date,
    yes,
    yes_or_no,
)


def test_a_patron_status_is_fourteen_places() -> None:
    assert PatronStatus.of(*ALL_DENIED) == "YYYY" + " " * 10
    assert PatronStatus.of(PatronFlag.CARD_LOST) == "    Y" + " " * 9
    assert PatronStatus("yNx Y").flags == {PatronFlag.CHARGE_DENIED, PatronFlag.CARD_LOST}
    assert PatronStatus("Y" * 20) == "Y" * 14


def test_the_union_of_two_statuses_has_the_flags_of_both() -> None:
    assert PatronStatus("Y") | "   Y" == "Y  Y" + " " * 10


@pytest.mark.parametrize("wanted", [None, *SummaryList])
def test_a_summary_asks_for_one_list_or_none(wanted: SummaryList | None) -> None:
    summary = Summary.asking(wanted)
    assert len(summary) == 10
    assert summary.count("Y") == (wanted is not None)
    assert summary.wanted is wanted


def test_supported_messages_are_known_by_number() -> None:
    assert SupportedMessages.of(["23", "63", "65"]) == "YNNNNNNYNNNNNNNY"
    assert SupportedMessages("YNNNNNNYNNNNNNNY").numbers == {"23", "63", "65"}
    assert SupportedMessages("Y" * 16) & "YYN" == "YY" + "N" * 14
    assert SupportedMessages(None) == SupportedMessages("  ") == "YYYYYYNNNNNNNNNN"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0012", 12), (" 40", 40), ("00001", 1), ("    ", None), (None, None), ("1.5", None), ("٣", None), ("-1", None)],
)
def test_a_number_of_a_peer_is_read_leniently(text: str | None, number: int | None) -> None:
    assert read_number(text) == number


def test_a_count_is_kept_within_four_digits() -> None:
    assert [count4(number) for number in (-1, 0, 7, 9999, 10_000)] == ["0000", "0000", "0007", "9999", "9999"]


def test_only_y_and_1_are_yes() -> None:
    assert [flag for flag in ("Y", "y", "1", "N", "0", "", " ", "U", None) if yes(flag)] == ["Y", "y", "1"]
    assert (yes_or_no(True), yes_or_no(False)) == ("Y", "N")


WINTER = datetime(2026, 11, 23, 10, 15, 12, tzinfo=timezone(timedelta(hours=1)))


def test_a_date_is_the_wall_clock_or_utc() -> None:
    assert write_date(WINTER) == "20261123    101512"
    assert write_date(WINTER.replace(tzinfo=None)) == "20261123    101512"
    assert write_date(WINTER, utc=True) == "20261123   Z091512"
    with pytest.raises(ValueError):
        write_date(WINTER.replace(tzinfo=None), utc=True)
    assert len(write_date(WINTER.replace(year=7))) == 18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261123    101512", WINTER.replace(tzinfo=None)),
        ("202611230000101512", WINTER.replace(tzinfo=None)),
        ("20261123 XYZ101512", WINTER.replace(tzinfo=None)),
        ("20261123   Z101512", WINTER.replace(tzinfo=UTC)),
        ("20261123   A101512", WINTER),
        ("20261123   Q101512", WINTER.replace(tzinfo=timezone(timedelta(hours=-4)))),
        (BLANK_DATE, None),
        (NOT_SUPPORTED, None),
        ("20261399    101512", None),
        ("20261123", None),
        ("", None),
        ("2026112٣    101512", None),
    ],
)
def test_a_date_is_read_leniently(text: str, expected: datetime | None) -> None:
    assert read_date(text) == expected
