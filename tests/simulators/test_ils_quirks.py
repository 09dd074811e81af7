"""Each habit of real library systems, as it shows on the wire."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.simulators.ils import QUIRKS
from protocols import sip2
from protocols.sip2 import first
from tests.simulators import ils_requests as asking
from tests.simulators.ils_library import ANE, BO, FREE, LENT, Library
from tests.simulators.ils_line import PATIENCE, running

STATUS = b"2301220261123    101530AO|AA%s|AC|AD%s|"
INFORMATION = b"6301220261123    101530          AO|AA%s|"
SIGNED = b"9900802.00AY3AZFC9E"

ASKED = {
    "23": STATUS % (b"S1", b"4711"),
    "23 no PIN": STATUS % (b"S1", b""),
    "23 wrong PIN": STATUS % (b"S1", b"0000"),
    "23 blocked": STATUS % (b"S4", b"1234"),
    "23 by card": STATUS % (b"N001234567", b""),
    "23 no AD": b"2301220261123    101530AO|AAS1|AC|",
    "63": INFORMATION % b"S1",
    "63 fees": INFORMATION % b"S2",
    "99": b"9900802.00",
    "99 signed": SIGNED,
    "09": b"09N20261123    10170020261123    101700APHOVED|AO|ABi2|AC|",
    "09 unknown": b"09N20261123    10170020261123    101700APHOVED|AO|ABnothing|AC|",
    "11 unknown": b"11YN20261123    10160020261123    101600AO|AAS1|ABnothing|AC|",
    "11": b"11YN20261123    10160020261123    101600AO|AAS1|ABi1|AC|",
}

# Quirk, request, a pattern that an answer with the quirk has and one without has not.
SHOWS = [
    ("no-cq", "23", rb"BLY\|(?!CQ)"),
    ("blank-cq", "23", rb"\|CQ\|"),
    ("no-bl", "23", rb"AEAne [^|]*\|CQ"),
    ("blank-bl", "23", rb"\|BL\|"),
    ("cqy-for-no-pin", "23 no PIN", rb"CQY"),
    ("full-record-for-wrong-pin", "23 wrong PIN", rb"AEAne"),
    ("all-flags", "23", rb"\A24Y{14}012"),
    ("only-flag-0", "23 blocked", rb"\A24Y {13}012"),
    ("local-id-in-aa", "23 by card", rb"AAS1\|"),
    ("silent-checkin", "09", rb"\A10(?!.*AAS2)"),
    ("no-bx", "99", rb"1\.00.*BX\|"),
    ("short-bx", "99", rb"BXY{12}\|"),
    ("padded-bx", "99", rb"BXY{16} {144}\|"),
    ("version-2.0E", "99", rb"2\.0EAO"),
    ("timeout-in-seconds", "99", rb"\A98Y{6}003003"),
    ("blank-language", "23", rb"\A24 {17}2026"),
    ("blank-counts", "63", rb"101530 {24}AO"),
    ("padded-ao", "23", rb"AONO-2030000 \|"),
    ("none-values", "11 unknown", rb"AJNone\|"),
    ("entity-for-bar", "63", rb"BEane&#124;x@example.org\|"),
    ("bar-in-value", "63", rb"BEane\|x@example.org\|"),
    ("decimal-comma", "63 fees", rb"BV80,00\|"),
    ("iso-due-dates", "11", rb"AH2026-12-21 23:59:00\|"),
    ("insists-on-ac-and-ad", "23 no AD", b"AFMeldingen er ufullstendig"),
    ("always-az", "99", rb"AZ[0-9A-F]{4}\r"),
    ("az-without-ay", "99 signed", rb"\|AZ[0-9A-F]{4}\r"),
    ("stuck-sequence", "99 signed", rb"AY0AZ"),
    ("lower-case-az", "99 signed", rb"AZ[0-9]*[a-f]"),
    ("decomposed-letters", "23", "Ane A\u030as".encode()),
]


async def said(asked: bytes, *quirks: str) -> bytes:
    async with running(quirks=quirks, line={"login_required": False}) as lines:
        sc = await lines.sc(logged_in=False)
        sc.write(asked + b"\r")
        answer = await sc.read(PATIENCE)
        assert answer is not None
        return answer


@pytest.mark.parametrize(("quirk", "asked", "pattern"), SHOWS, ids=lambda value: value if value in QUIRKS else "")
async def test_a_quirk_shows_in_the_answer_and_without_it_it_does_not(quirk: str, asked: str, pattern: bytes) -> None:
    assert re.search(pattern, await said(ASKED[asked], quirk))
    assert not re.search(pattern, await said(ASKED[asked]))


@pytest.mark.parametrize("quirk", [row[0] for row in SHOWS])
async def test_a_frame_with_a_quirk_still_has_a_checksum_that_is_right(quirk: str) -> None:
    answer = (await said(SIGNED, quirk)).rstrip(b"\r\n")
    assert sip2.read_frame(answer).checksum is sip2.Checksum.RIGHT


async def test_a_sum_of_letters_is_wrong_for_whoever_sums_bytes_and_right_for_whoever_does_not() -> None:
    body = STATUS % (b"S1", b"4711") + b"AY3AZ"
    answer = (await said(body + sip2.checksum(body), "sum-of-letters")).rstrip(b"\r\n")
    assert sip2.read_frame(answer).checksum is sip2.Checksum.WRONG
    assert sip2.read_frame(answer, lenient_encoding="utf-8").checksum is sip2.Checksum.RIGHT


async def test_a_system_without_a_memory_executes_a_retransmitted_request_twice() -> None:
    async with running(quirks=("runs-twice",)) as lines:
        sc = await lines.sc()
        frame = sc.wire.ask(asking.renew(BO, LENT))
        sc.write(frame + frame)
        await lines.until(lambda: lines.simulator.counts["29"] == 2)
        assert lines.simulator.ledger.loans[LENT].renewals == 2


def test_every_quirk_is_tested() -> None:
    assert {row[0] for row in SHOWS} | {"sum-of-letters", "runs-twice"} == QUIRKS.keys()


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"quirks": ("no-cq", "sings")}, "no such quirk: sings"),
        ({"extensions": frozenset({"PB", "QQ"})}, "no such extension: QQ"),
    ],
)
def test_a_quirk_or_extension_that_does_not_exist_is_refused(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Library(**rules)


@pytest.mark.parametrize(
    ("tag", "asked", "value"),
    [
        ("AQ", asking.information(ANE), "HOVED"),
        ("BC", asking.information(ANE), "19900203    000000"),
        ("PB", asking.information(ANE), "19900203"),
        ("PC", asking.information(ANE), "VOKSEN"),
        ("PD", asking.information(ANE), "19900203"),
        ("PI", asking.information(ANE), "N"),
        ("PY", asking.information("S5"), "Y"),
        ("PA", asking.information("S5"), "20261122"),
        ("PX", asking.information("S5"), "20261122    000000"),
        ("XI", asking.information(ANE), ANE),
        ("CR", asking.item(FREE), "ROMAN"),
        ("CS", asking.item(FREE), "839"),
        ("GG", asking.sc_status(), "SIMULATOR"),
        ("CT", asking.checkin("i7"), "HOVED"),
        ("CV", asking.checkin("i7"), "01"),
        ("CY", asking.checkin("i7"), "S3"),
        ("DA", asking.checkin("i7"), "Cat Sæther"),
        ("CM", asking.checkin("i7"), "20261130    000000"),
    ],
)
def test_an_extension_field_is_sent_where_the_rules_name_it(tag: str, asked: sip2.Message, value: str) -> None:
    assert first(Library(extensions=frozenset({tag})).system.answer(asked), tag) == value
    assert first(Library(extensions=frozenset()).system.answer(asked), tag) is None
