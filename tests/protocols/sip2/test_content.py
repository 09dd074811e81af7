"""Looking at and changing messages field by field, and what of them may be shown."""

from __future__ import annotations

import pytest

from protocols.sip2 import (
    MESSAGES,
    VARIABLE,
    Codec,
    Malformed,
    Message,
    PatronInformation,
    PatronInformationResponse,
    Privacy,
    Row,
    changed,
    first,
    masked,
    without,
    without_secrets,
)
from tests.protocols.sip2.samples import SAMPLES

HEAD = b"6301220261123    101530  Y       "
CODEC = Codec("utf-8")


def request(fields: bytes) -> PatronInformation:
    message = CODEC.decode(HEAD + fields)
    assert isinstance(message, PatronInformation)
    return message


def fields(message: Message) -> bytes:
    return CODEC.encode(message).removeprefix(HEAD)


ARRIVED = b"XXone|ADpin|AAcard|XXtwo|AOinst|AC|ZZ|"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ARRIVED),
        ({"patron_identifier": "local"}, ARRIVED.replace(b"card", b"local")),
        ({"patron_password": None}, ARRIVED.replace(b"ADpin|", b"")),
        ({"patron_password": "", "institution_id": "x"}, b"XXone|AD|AAcard|XXtwo|AOx|AC|ZZ|"),
        ({"start_item": "1"}, ARRIVED + b"BP1|"),
        ({"others": ()}, b"ADpin|AAcard|AOinst|AC|"),
        ({"others": (("ZZ", "z"), ("NN", "n"))}, b"ADpin|AAcard|AOinst|AC|ZZz|NNn|"),
    ],
)
def test_a_changed_field_stays_in_its_place(values: dict[str, object], expected: bytes) -> None:
    assert fields(changed(request(ARRIVED), **values)) == expected


def test_changing_a_field_drops_its_duplicates_and_no_others() -> None:
    message = request(b"AAcard|AOx|AAother|AOy|ADpin|AD0000|")
    assert fields(changed(message, patron_identifier="local")) == b"AAlocal|AOx|AOy|ADpin|AD0000|"
    assert fields(changed(message, patron_password=None)) == b"AAcard|AOx|AAother|AOy|"


def test_a_field_that_is_added_where_another_came_twice_is_written_and_the_other_once() -> None:
    message = request(b"AOx|AAcard|AAother|")
    assert fields(changed(message, patron_identifier="local", patron_password="4817")) == b"AOx|AAlocal|AD4817|"


def test_a_list_keeps_its_places_and_grows_at_the_end() -> None:
    answer = next(sample.says for sample in SAMPLES if sample.label == "patron information answered")
    body = CODEC.encode(answer) + b"AFone|XXx|AFtwo|BEkari@example.org|"
    message = CODEC.decode(body)
    assert isinstance(message, PatronInformationResponse)
    more = changed(message, screen_messages=("1", "2", "3"), charged_items=("only",))
    written = CODEC.encode(more)
    assert written.endswith(b"AUonly|AF1|XXx|AF2|BEkari@example.org|AF3|")


def test_fields_can_be_taken_out_known_or_not() -> None:
    message = without(request(ARRIVED), "XX", "AD", "AO")
    assert fields(message) == b"AAcard|AO|AC|ZZ|"
    assert (first(message, "ZZ"), first(message, "XX"), first(message, "AO")) == ("", None, "")


def test_a_message_compares_by_its_fields_and_not_by_their_order() -> None:
    assert request(b"AAcard|AOx|AD1|") == request(b"AOx|AD1|AAcard|")
    assert request(b"AAcard|AOx|AD|") != request(b"AAcard|AOx|")
    assert hash(request(b"AAcard|AOx|")) == hash(request(b"AOx|AAcard|"))


def test_rows_hide_what_is_personal_and_what_is_secret() -> None:
    message = request(b"AOinst|AAN001234567|AC|AD4711|BP1|XXsomething|")
    assert masked(message) == [
        Row("", "language", "012"),
        Row("", "transaction date", "20261123    101530"),
        Row("", "summary", "  Y       "),
        Row("AO", "institution id", "inst"),
        Row("AA", "patron identifier", "(10)"),
        Row("AC", "terminal password", ""),
        Row("AD", "patron password", "***"),
        Row("BP", "start item", "1"),
        Row("XX", "unknown", "(9)"),
    ]
    shown = {row.tag: row.value for row in without_secrets(message)}
    assert (shown["AA"], shown["AD"], shown["XX"]) == ("N001234567", "***", "something")


@pytest.mark.parametrize("number", sorted(MESSAGES))
def test_no_personal_or_secret_value_shows_in_a_repr_or_a_masked_row(number: str) -> None:
    cls = MESSAGES[number]
    body = number.encode() + b" " * cls.layout.width
    tags = [place.told.tag for place in cls.layout.variable]
    body += b"".join(f"{tag}canary{tag}|".encode() for tag in [*tags, *tags, "XX"])
    message = CODEC.decode(body)
    assert isinstance(message, Message)
    assert "canary" not in repr(message)
    shown = " ".join(row.value for row in masked(message))
    open_tags = {tag for tag in tags if VARIABLE[tag].privacy is Privacy.OPEN}
    assert {tag for tag in [*tags, "XX"] if f"canary{tag}" in shown} == open_tags
    unmasked = " ".join(row.value for row in without_secrets(message))
    assert not any(f"canary{tag}" in unmasked for tag in ("AC", "AD", "CO"))


def test_a_repr_shows_tags_and_lengths() -> None:
    assert repr(request(b"AOinst|AAcard|AD4711|")) == "<63 PatronInformation AO:4 AA:4 AD:*>"
    assert repr(Malformed("63", missing=("AA",), fields=(("AD", "4711"),))).count("4711") == 0


def test_a_peers_other_delimiter_uncovers_nothing() -> None:
    body = b"36Y20261123    102200AOx^AAN001234567^AFKari^AD4711^"
    for codec in (CODEC, Codec("cp850"), Codec("cp850", "\x80")):
        for delimiter in (b"^", b"\t", b"\x80", b"|"):
            message = codec.decode(body.replace(b"^", delimiter))
            assert isinstance(message, Message)
            shown = repr(message) + repr(masked(message))
            assert not any(value in shown for value in ("N001234567", "4711", "Kari"))


def test_a_piece_of_a_value_is_not_shown_as_a_tag() -> None:
    message = request(b"AOx|AAcard|4711|kari|")
    assert repr(message) == "<63 PatronInformation AO:1 AA:4 ??:2 ??:2>"
    assert [row.tag for row in masked(message)][-2:] == ["??", "??"]
