"""What of a conversation is shown: every field in words, and never a PIN or a password."""

from __future__ import annotations

import json

import pytest

from gateway.simulators.kiosk_address import read_address
from gateway.simulators.kiosk_exchange import Exchange, Framed, readable
from gateway.simulators.kiosk_masking import shown_frame
from gateway.simulators.kiosk_rendering import Line, Tone, as_json, as_lines
from gateway.simulators.kiosk_screen import Screen
from gateway.simulators.kiosk_words import EXPLAINED, FIXED_NAMES, in_words, language_number, message_name
from protocols.sip2 import MESSAGES, VARIABLE, Codec, read_frame

CODEC = Codec()
PIN = "8642971"
ASKED = f"6301220261123    101530          AONO|AAN000000017|AC|AD{PIN}|AY3AZ"
ANSWERED = (
    "64YYYY          01220261123    101530000000000002000000000000AONO|AAN000000017|AEØdegård, Åse|"
    "BLY|CQN|AFFeil PIN|AFPrøv igjen|"
)


def exchange(*frames: tuple[bool, bytes]) -> Exchange:
    """An exchange of these frames."""
    return Exchange(None, None, tuple(Framed(ours, raw) for ours, raw in frames))


def shown(*frames: tuple[bool, bytes], raw: bool = True) -> list[Line]:
    """The lines that people see of these frames."""
    return list(as_lines(exchange(*frames), CODEC, raw_sent=raw, raw_received=raw))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("patron status", "YYYY          ", "charge denied, renewal denied, recall denied, hold denied"),
        ("patron status", "    Y         ", "card lost"),
        ("patron status", " " * 14, "nothing denied"),
        ("valid patron", "Y", "the card is known"),
        ("valid patron", "N", "the card is not known"),
        ("valid patron password", "Y", "the PIN is right"),
        ("valid patron password", "N", "the PIN is wrong or was not given"),
        ("language", "012", "Norwegian"),
        ("language", "099", ""),
        ("ok", "1", "done"),
        ("ok", "0", "refused"),
        ("desensitize", "U", "unknown"),
        ("transaction date", "20261123    101530", "2026-11-23 10:15:30"),
        ("transaction date", "20261123   Z101530", "2026-11-23 10:15:30 UTC"),
        ("transaction date", " " * 18, ""),
        ("date/time sync", "0" * 18, "not supported"),
        ("timeout period", "025", "2.5 s"),
        ("timeout period", "000", "not on-line"),
        ("timeout period", "abc", ""),
        ("retries allowed", "003", ""),
        ("circulation status", "13", "missing"),
        ("circulation status", "00", ""),
        ("security marker", "02", "Tattle-Tape strip"),
        ("media type", "001", "book"),
        ("fee type", "06", "rental"),
        ("payment type", "00", "cash"),
        ("hold mode", "*", "change"),
        ("hold type", "2", "any copy"),
        ("summary", "  Y       ", "charged items"),
        ("summary", " " * 10, "counts alone"),
        ("supported messages", "YNNNYNYNNNNNNNNN", "answers 23 93 99"),
        ("personal name", "Åse", ""),
        ("circulation status", "²²", ""),
    ],
)
def test_a_code_is_said_in_words(name: str, value: str, words: str) -> None:
    assert in_words(name, value) == words


def test_every_field_that_is_explained_is_one_of_sip2() -> None:
    assert FIXED_NAMES | {told.name for told in VARIABLE.values()} >= EXPLAINED


@pytest.mark.parametrize(
    ("number", "name"),
    [("64", "Patron Information Response"), ("99", "SC Status"), ("98", "ACS Status"), ("97", "Request ACS Resend")],
)
def test_a_message_is_called_by_its_name(number: str, name: str) -> None:
    assert message_name(MESSAGES[number]) == name


@pytest.mark.parametrize(
    ("given", "number"),
    [("012", "012"), ("1", "001"), ("Norwegian", "012"), ("canadian french", "011"), ("sami", None), ("1234", None)],
)
def test_a_language_is_given_by_number_or_name(given: str, number: str | None) -> None:
    assert language_number(given) == number


def test_an_answer_is_shown_field_by_field_with_names_and_words() -> None:
    lines = shown((True, ASKED.encode()), (False, ANSWERED.encode("cp850")), raw=False)
    texts = [" ".join(line.text.split()) for line in lines]
    assert texts[:2] == ["> 63 Patron Information", "< 64 Patron Information Response"]
    assert "patron status YYYY·········· charge denied, renewal denied, recall denied, hold denied" in texts
    assert "charged items count 0002" in texts
    assert "AE personal name Ødegård, Åse" in texts
    assert "BL valid patron Y the card is known" in texts
    assert "CQ valid patron password N the PIN is wrong or was not given" in texts
    assert [line.text.split()[-1] for line in lines if line.tone is Tone.SCREEN] == ["PIN", "igjen"]


def test_frames_are_shown_as_sent_where_wanted() -> None:
    lines = [line.text for line in shown((True, ASKED.encode()), (False, b"941AY0AZFDFD"))]
    assert lines[1] == "      as sent: 6301220261123    101530          AONO|AAN000000017|AC|AD***|AY3AZ"
    assert lines[-1] == "      as sent: 941AY0AZFDFD"


def test_a_wrong_checksum_and_an_unreadable_answer_are_told() -> None:
    lines = [line.text for line in shown((False, b"941AY0AZ0000"), (False, b"xyz"), (False, b"64 "), raw=False)]
    assert lines == [
        "< 94 Login Response  (its checksum is wrong)",
        "      ok                       1                    done",
        "< ?? no message of SIP2",
        "      it cannot be read",
        "< 64 Patron Information Response",
        "      it cannot be read",
    ]


def test_an_answer_in_utf_8_that_is_read_as_something_else_is_told() -> None:
    hint = "this looks like UTF-8: --encoding utf-8 reads it"
    assert any(hint in line.text for line in shown((False, ANSWERED.encode("utf-8"))))
    assert not any(hint in line.text for line in shown((False, ANSWERED.encode("cp850"))))


def test_what_steers_a_terminal_is_shown_and_not_obeyed() -> None:
    raw = ANSWERED.replace("Feil", "\x1b[2J").encode("cp850")
    text = "\n".join(line.text for line in shown((False, raw)))
    assert "\x1b" not in text
    assert r"\x1b[2J PIN" in text


SECRET_FRAMES = [
    ASKED,
    f"9300CNstorbyen-1|CO{PIN}|CP1|",
    f"9300CO{PIN}|CNstorbyen-1|",
    f"9300CO{PIN}",
    f"93CNa|CO{PIN}|",
    f"93CO{PIN}|CNa",
    f"63012AD{PIN}|AAN1|",
    f"2301220261123    101512AONO|AAN1|AC{PIN}|AD{PIN}|AY2AZF155",
    f"2301220261123    101512AONO|AAN1|AC|AD|{PIN}|",
    f"2301220261123    101512AONO|AAN1|AC|AD1||{PIN}|",
    f"2301220261123    101512AONO|AAN1|AC|AD{PIN}",
    f"2301220261123    101512AONO^AAN1^AC^AD{PIN}^",
    f"2301220261123    101512AONO\tAAN1\tAC\tAD{PIN}\t",
    f"55AD{PIN}|",
    f"AD{PIN}|",
    f"AAN1|AD{PIN}|",
]


@pytest.mark.parametrize("frame", SECRET_FRAMES)
@pytest.mark.parametrize("codec", [CODEC, Codec("utf-8", "^"), Codec("iso-8859-1", "\t")])
def test_no_frame_shows_a_pin_however_it_is_broken(frame: str, codec: Codec) -> None:
    assert PIN not in shown_frame(frame.encode(), codec)


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("frame", SECRET_FRAMES[:10])
def test_neither_lines_nor_objects_nor_reprs_show_a_pin(frame: str, ours: bool) -> None:
    one = exchange((ours, frame.encode()))
    lines = as_lines(one, CODEC, raw_sent=True, raw_received=True)
    text = repr([*lines, *as_json(one, CODEC, raw=True), one])
    assert PIN not in text


def test_the_checksum_of_a_frame_with_a_secret_is_hidden_because_it_sums_the_digits() -> None:
    assert shown_frame(b"9300CNa|CO4711|AY0AZF1C4", CODEC) == "9300CNa|CO***|AY0AZ****"
    assert shown_frame(b"9300CNa|CO|AY0AZF1C4", CODEC) == "9300CNa|CO|AY0AZF1C4"


def test_all_else_of_a_frame_is_shown_as_it_stands() -> None:
    assert shown_frame(ANSWERED.encode("cp850"), CODEC) == ANSWERED


def test_a_message_becomes_one_object() -> None:
    (sent, received) = map(
        json.loads,
        as_json(exchange((True, ASKED.encode() + b"0000"), (False, ANSWERED.encode("cp850"))), CODEC, raw=False),
    )
    assert (sent["direction"], sent["number"], sent["sequence"]) == ("sent", "63", "3")
    assert {"tag": "AD", "name": "patron password", "value": "***"} in sent["fields"]
    assert (received["direction"], received["name"], received["checksum"]) == (
        "received",
        "Patron Information Response",
        "absent",
    )
    told = {"tag": "CQ", "name": "valid patron password", "value": "N", "meaning": "the PIN is wrong or was not given"}
    assert told in received["fields"]
    assert "raw" not in received


def test_a_frame_that_is_no_message_is_an_object_without_fields() -> None:
    (told,) = map(json.loads, as_json(exchange((False, b"oops")), CODEC, raw=True))
    assert (told["number"], told["name"], told["fields"], told["raw"]) == ("??", None, [], "oops")


@pytest.mark.parametrize(
    ("watched", "shown_lines"),
    [
        (False, []),
        (True, ["the card is known", "the PIN is wrong or was not given", "Feil PIN", "Prøv igjen"]),
    ],
)
def test_a_quiet_screen_shows_a_person_what_a_patron_sees_and_a_script_nothing(
    watched: bool, shown_lines: list[str]
) -> None:
    out: list[Line] = []
    raw = ANSWERED.encode("cp850")
    answer = readable(CODEC, read_frame(raw).body)
    Screen(CODEC, out.append, out.append, quiet=True, watched=watched).heard(
        Exchange(None, answer, (Framed(False, raw),))
    )
    assert [line.text.rpartition("  ")[2] for line in out] == shown_lines


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sip.example.org", ("sip.example.org", 6001)),
        ("sip.example.org:6443", ("sip.example.org", 6443)),
        ("192.0.2.7:1", ("192.0.2.7", 1)),
        ("[2001:db8::7]:6443", ("2001:db8::7", 6443)),
        ("[::1]", ("::1", 6001)),
        ("2001:db8::7", ("2001:db8::7", 6001)),
    ],
)
def test_an_address_is_read_as_people_write_it(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", ":6001", "host:", "host:0", "host:65536", "host:x", "[::1", "[]:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected HOST"):
        read_address(text)
