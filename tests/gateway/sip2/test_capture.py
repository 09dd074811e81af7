"""What a capture shows of a message: enough to find a fault, and nothing of a patron; and that it is bounded."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from gateway.sip2.capture import Recorder, shown
from protocols import sip2
from protocols.sip2 import Message
from tests.clocks import HandClock
from tests.gateway.kiosks import NOW
from tests.protocols.sip2.samples import SAMPLES, Sample

CARD, PIN, NAME = "N001000088", "583920", "Kanarifugløy, Ærling"


def reference(card: str) -> str:
    return f"ref{len(card)}"


def fields(message: Message) -> dict[str, str]:
    return {row.tag or row.name: row.value for row in shown(message, reference)}


def asked(**changes: Any) -> sip2.PatronInformation:
    told: dict[str, Any] = {
        "language": "012",
        "transaction_date": NOW,
        "summary": "Y         ",
        "institution_id": "NO-2030000",
        "patron_identifier": CARD,
        "patron_password": PIN,
    }
    return sip2.PatronInformation(**{**told, **changes})


def test_what_helps_is_shown_and_what_is_a_patrons_is_not() -> None:
    assert fields(asked(terminal_password="hemmelig", others=(("ZZ", NAME), ("AE", NAME)))) == {
        "language": "012",
        "transaction date": NOW,
        "summary": "Y         ",
        "AO": "NO-2030000",
        "AA": "card_ref ref10",
        "AC": "***",
        "AD": "***",
        "ZZ": f"({len(NAME)})",
        "AE": f"({len(NAME)})",
    }


@pytest.mark.parametrize("written", ["n001000088", " N001000088 ", "*N001000088*", "N01000088"])
def test_a_card_has_one_reference_however_it_is_written(written: str) -> None:
    assert fields(asked(patron_identifier=written))["AA"] == f"card_ref {reference(CARD)}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"institution_id": CARD}, "AO"),
        ({"institution_id": f"NO-2030000 {PIN}"}, "AO"),
        ({"institution_id": f"NO-2030000^AD{PIN[:3]}"}, "AO"),
        ({"institution_id": f"NO-2030000:AD{PIN[:3]}"}, "AO"),
        ({"institution_id": "n001000099"}, "AO"),
        ({"start_item": PIN}, "BP"),
        ({"start_item": "98127364"}, "BP"),
        ({"transaction_date": f"AA{CARD}|AD{PIN}"[:18]}, "transaction date"),
        ({"summary": f"AD{PIN}|.."}, "summary"),
    ],
)
def test_an_open_field_that_may_hold_what_another_hides_is_told_by_its_length(
    change: dict[str, str], field: str
) -> None:
    (value,) = change.values()
    assert fields(asked(**change))[field] == f"({len(value)})"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.label)
def test_no_personal_or_secret_value_of_any_message_is_shown(sample: Sample) -> None:
    message = sample.says
    told = json.dumps([list(row) for row in shown(message, reference)], ensure_ascii=False)
    for tag, value in message.fields():
        if sip2.privacy_of(tag) is not sip2.Privacy.OPEN and len(value) > 3:
            assert value not in told


def lines(recorder: Recorder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in recorder.take().splitlines()]


def test_a_line_tells_who_said_what_to_whom_and_when() -> None:
    recorder = Recorder(HandClock().now, reference)
    for side in ("kiosk", "ils"):
        track = recorder.track(7, side)
        track.asked(asked())
        track.answered(sip2.LoginResponse(ok="1"))
        track.noted("bad checksum")
    told = lines(recorder)
    assert [(one["side"], one.get("from"), one.get("message"), one.get("event")) for one in told] == [
        ("kiosk", "kiosk", "63", None),
        ("kiosk", "portvakt", "94", None),
        ("kiosk", None, None, "bad checksum"),
        ("ils", "portvakt", "63", None),
        ("ils", "ils", "94", None),
        ("ils", None, None, "bad checksum"),
    ]
    assert {one["conn"] for one in told} == {7}
    assert told[0]["at"] == "2026-11-23T09:15:00.000+00:00"
    assert ["AA", "patron identifier", "card_ref ref10"] in told[0]["fields"]


@pytest.mark.parametrize("limit", [600, 1500, 5000])
def test_a_capture_never_outgrows_its_limit_and_says_that_it_met_it(limit: int) -> None:
    recorder = Recorder(HandClock().now, reference, limit)
    track = recorder.track(1, "kiosk")
    written = b""
    for _ in range(100):
        track.asked(asked())
        written += recorder.take()
    assert recorder.ended == "size"
    assert len(written) <= limit
    assert json.loads(written.splitlines()[-1])["event"] == "ended: size"


def test_what_has_ended_ends_once_and_records_nothing_more() -> None:
    recorder = Recorder(HandClock().now, reference)
    recorder.end("stopped")
    recorder.end("time")
    recorder.track(1, "kiosk").asked(dataclasses.replace(asked()))
    recorder.track(1, "kiosk").noted("lost")
    assert [one["event"] for one in lines(recorder)] == ["ended: stopped"]
