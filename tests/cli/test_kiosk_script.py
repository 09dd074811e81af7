"""The script language of the kiosk: what is understood, and what is said of what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.simulators.kiosk_commands import COMMANDS
from gateway.simulators.kiosk_expectations import ExpectField, ExpectMessage, ExpectNo, Is, Looks, unmet
from gateway.simulators.kiosk_lexer import words_of
from gateway.simulators.kiosk_requests import Requests
from gateway.simulators.kiosk_script import (
    NAMES,
    Ask,
    AskAgain,
    AskAsIs,
    AskForResend,
    Reconnect,
    Say,
    ScriptError,
    Wait,
    read_script,
)
from protocols.sip2 import Codec, LoginResponse, Message, PatronStatusRequest

CODEC = Codec()
CANARY = "kanarifugl"
NOW = datetime(2026, 11, 23, 10, 15, 12, tzinfo=UTC)
DATE = "20261123    101512"
REQUESTS = Requests("NO-2030000", "HOVED", "012", now=lambda: NOW)


def built(line: str) -> Message:
    """The message that a line of a script asks with."""
    (step,) = read_script(line, "s", CODEC)
    assert isinstance(step.action, Ask)
    return step.action.grammar.build(REQUESTS, step.action.given)


def faults(text: str) -> tuple[str, ...]:
    """What is wrong with a script."""
    with pytest.raises(ScriptError) as raised:
        read_script(text, "s", CODEC)
    return raised.value.faults


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("login storbyen-1 'a b#c'", "9300CNstorbyen-1|COa b#c|CPHOVED|"),
        ("status", "9900402.00"),
        ("patron N1", f"23012{DATE}AONO-2030000|AAN1|AC|AD|"),
        ("patron N1 4711", f"23012{DATE}AONO-2030000|AAN1|AC|AD4711|"),
        ("information N1", f"63012{DATE}          AONO-2030000|AAN1|AC|"),
        ("information N1 ''", f"63012{DATE}          AONO-2030000|AAN1|AC|AD|"),
        (
            "information N1 summary=charged 4711 start=1 end=5",
            f"63012{DATE}  Y       AONO-2030000|AAN1|AC|AD4711|BP1|BQ5|",
        ),
        ("checkout N1 301 4711", f"11YN{DATE}{DATE}AONO-2030000|AAN1|AB301|AC|AD4711|"),
        ("checkout N1 301 fee=Y cancel no-block", f"11YY{DATE}{DATE}AONO-2030000|AAN1|AB301|AC|BOY|BIY|"),
        ("checkout N1 301 pin=a=b", f"11YN{DATE}{DATE}AONO-2030000|AAN1|AB301|AC|ADa=b|"),
        ("checkin 301", f"09N{DATE}{DATE}APHOVED|AONO-2030000|AB301|AC|"),
        ("checkin 301 cancel", f"09N{DATE}{DATE}APHOVED|AONO-2030000|AB301|AC|BIY|"),
        ("renew N1 301", f"29NN{DATE}{DATE}AONO-2030000|AAN1|AB301|"),
        ("renew-all N1 4711", f"65{DATE}AONO-2030000|AAN1|AD4711|"),
        ("hold N1 301", f"15+{DATE}AONO-2030000|AAN1|AB301|"),
        ("hold N1 301 4711 mode=- pickup='Øst 2'", f"15-{DATE}BSØst 2|AONO-2030000|AAN1|AD4711|AB301|"),
        ("item 301", f"17{DATE}AONO-2030000|AB301|"),
        ("item-status 301 'vekt 340 g'", f"19{DATE}AONO-2030000|AB301|CHvekt 340 g|"),
        ("fee N1 50.00 4711 id=77", f"37{DATE}0100NOKBV50.00|AONO-2030000|AAN1|AD4711|CG77|"),
        ("block N1 glemt", f"01N{DATE}AONO-2030000|ALglemt|AAN1|AC|"),
        ("enable N1 4711", f"25{DATE}AONO-2030000|AAN1|AD4711|"),
        ("end N1", f"35{DATE}AONO-2030000|AAN1|"),
    ],
)
def test_a_line_becomes_a_message(line: str, body: str) -> None:
    message = built(line)
    assert CODEC.encode(message) == body.encode("cp850")
    # The order of fields on the wire is that of the declaration, whatever the other side demands.
    assert CODEC.decode(CODEC.encode(message)) == message


def test_every_asking_command_has_its_message() -> None:
    lines = {
        "login": "a b", "status": "", "item-status": "301 x", "fee": "N1 1", "block": "N1 x", "item": "1",
        "checkin": "1",
    }  # fmt: skip
    numbers = {built(f"{name} {lines.get(name, 'N1 301')}").number for name in COMMANDS}
    assert numbers == {"93", "99", "23", "63", "11", "09", "29", "65", "15", "17", "19", "37", "01", "25", "35"}


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("status\nagain", AskAgain()),
        ("resend", AskForResend()),
        ("reconnect", Reconnect()),
        ("wait 0.25", Wait(0.25)),
        ("echo two  blanks, 'quotes' and # all", Say("two  blanks, 'quotes' and # all")),
        ("raw 6300120261123    101530  Y       AO|AAN1|", AskAsIs(b"6300120261123    101530  Y       AO|AAN1|")),
        ("raw '99 # x'", AskAsIs(b"99 # x")),
        ("raw 2ø", AskAsIs(b"2\x9b")),
        ("status\nexpect no AF", ExpectNo("AF")),
        ("status\nexpect message 98", ExpectMessage("98")),
        ("status\nexpect AF 'Feil PIN'", ExpectField("AF", "AF", Is("Feil PIN"))),
        ("status\nexpect patron-status ''", ExpectField("", "patron status", Is(""))),
        ("status\nexpect date/time-sync x", ExpectField("", "date/time sync", Is("x"))),
        ("status\nexpect 'hold items count' 0000", ExpectField("", "hold items count", Is("0000"))),
    ],
)
def test_a_line_becomes_an_action(line: str, action: object) -> None:
    assert read_script(line, "s", CODEC)[-1].action == action


def test_blank_lines_comments_and_a_byte_order_mark_say_nothing_but_count() -> None:
    steps = read_script("\ufeff# first\n\n  status  # and why\r\n\t\nstatus\n", "s", CODEC)
    assert [step.line for step in steps] == [3, 5]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a b", ["a", "b"]),
        ("  a\t b ", ["a", "b"]),
        ("a#b #c", ["a#b"]),
        ("a '#b'", ["a", "#b"]),
        (r"a b\ c", ["a", "b c"]),
        (r'"a \" b" c', ['a " b', "c"]),
        ("a'b c'd", ["ab cd"]),
        ("''", [""]),
        ("", []),
        ("#", []),
    ],
)
def test_words_are_split_as_a_shell_does(line: str, words: list[str]) -> None:
    assert words_of(line) == words


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("patorn N1", "s:1: word 1: 'patorn' is no command; expected patron"),
        ("patron", "s:1: word 2: expected CARD (patron CARD [PIN])"),
        ("login a", "s:1: word 3: expected PASSWORD (login NAME PASSWORD)"),
        ("patron N1 1 2", "s:1: word 4: expected nothing more (patron CARD [PIN])"),
        ("status now", "s:1: word 2: expected nothing more (status)"),
        ("checkin 1 2", "s:1: word 3: expected cancel or no-block (checkin ITEM [cancel] [no-block])"),
        ("checkin 1 cancel cancel", "s:1: word 4: cancel stands there twice; expected it once"),
        ("checkout N1 301 fee=y", "s:1: word 4: expected fee=Y|N"),
        ("hold N1 301 mode=x", "s:1: word 4: expected mode=+|-|*"),
        ("information N1 start=x", "s:1: word 3: expected start=NUMBER"),
        ("fee N1 1,50", "s:1: word 3: expected a number such as 50.00"),
        ("wait soon", "s:1: word 2: expected SECONDS, a number (wait SECONDS)"),
        ("wait", "s:1: word 2: expected SECONDS, a number (wait SECONDS)"),
        ("wait -1", "s:1: word 2: expected 0 to 3600 seconds"),
        ("wait nan", "s:1: word 2: expected 0 to 3600 seconds"),
        ("reconnect now", "s:1: word 2: expected nothing more (reconnect)"),
        ("raw", "s:1: word 2: expected FRAME (raw FRAME)"),
        ("raw 63ŋ", "s:1: word 2: expected a frame in letters that cp850 has"),
        ("again", "s:1: word 1: nothing has been asked yet; expected a command that asks something before it"),
        (
            "reconnect\nexpect ok 1",
            "s:2: word 1: nothing has been asked yet; expected a command that asks something before it",
        ),
        ("status\nexpect", "s:2: word 2: expected TAG (expect TAG VALUE"),
        ("status\nexpect AF", "s:2: word 3: expected VALUE or ~PATTERN"),
        ("status\nexpect AF a b", "s:2: word 4: expected nothing more; a value with blanks is quoted"),
        ("status\nexpect no", "s:2: word 3: expected one TAG"),
        ("status\nexpect message 02", "s:2: word 3: expected one number of a SIP2 message"),
        ("status\nexpect oks 1", "s:2: word 2: expected a TAG or a fixed field, as ok"),
        ("status\nexpect AF ~(", "s:2: word 3: expected a regular expression"),
        ("patron 'N1", "s:1: a quote is not closed"),
        ("patron N1 x\\", "s:1: a quote is not closed"),
    ],
)
def test_a_fault_names_line_word_and_what_was_expected(text: str, fault: str) -> None:
    assert faults(text)[0].startswith(fault)


def test_all_faults_are_told_at_once_and_in_order() -> None:
    assert [fault.partition(": ")[0] for fault in faults("x\nstatus\npatron\nexpect no AF\nwait x")] == [
        "s:1",
        "s:3",
        "s:5",
    ]


@pytest.mark.parametrize(
    "line",
    [
        f"login a b {CANARY}",
        f"patron N1 {CANARY} 1",
        f"patron N1 1 {CANARY}",
        f"information N1 {CANARY}=1",
        f"information N1 summary={CANARY}",
        f"patron N1 '{CANARY}",
        f"status {CANARY}",
        f"raw 23ŋ{CANARY}",
    ],
)
def test_no_fault_repeats_a_word_that_may_be_a_pin(line: str) -> None:
    assert CANARY not in str(faults(line))


def test_no_step_shows_a_pin_in_its_repr() -> None:
    steps = read_script(f"patron N1 {CANARY}\nraw 23{CANARY}\nexpect AD {CANARY}\nexpect AD ~{CANARY}", "s", CODEC)
    assert CANARY not in repr(steps)


def test_an_answer_to_the_login_that_the_options_ask_for_may_be_expected_first() -> None:
    assert len(read_script("expect ok 1\nagain", "s", CODEC, logged_in=True)) == 2


ANSWER = PatronStatusRequest(
    language="012",
    transaction_date=DATE,
    institution_id="NO",
    patron_identifier="N1",
    terminal_password="",
    patron_password=CANARY,
    others=(("AF", "Hei"), ("AF", "Feil PIN"), ("XX", "")),
)


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ("AF Hei", None),
        ("AF ~PIN$", None),
        ("XX ''", None),
        ("AA N1", None),
        ("no AE", None),
        ("message 23", None),
        ("language 012", None),
        ("transaction-date ~^2026", None),
        ("AF PIN", 'expected AF "PIN"; found "Hei", "Feil PIN"'),
        ("AF ~^PIN", 'expected AF "~^PIN"; found "Hei", "Feil PIN"'),
        ("AE x", 'expected AE "x"; found no AE'),
        ("no AF", 'expected no AF; found "Hei", "Feil PIN"'),
        ("message 24", "expected message 24; found 23"),
        ("language 001", 'expected language "001"; found "012"'),
        ("ok 1", 'expected ok "1"; found no ok'),
        ("AD 4711", "expected AD ***; found ***"),
        ("no AD", "expected no AD; found ***"),
    ],
)
def test_an_expectation_says_what_it_missed_and_no_secret(expectation: str, said: str | None) -> None:
    (_, step) = read_script(f"status\nexpect {expectation}", "s", CODEC)
    assert isinstance(step.action, ExpectField | ExpectNo | ExpectMessage)
    assert unmet(step.action, ANSWER) == said


def test_an_expectation_of_an_answer_that_cannot_be_read_is_not_met() -> None:
    assert unmet(ExpectNo("AF"), None) == "expected no AF; found no answer that can be read"
    assert unmet(ExpectNo("AF"), LoginResponse(ok="1")) is None


def test_a_pattern_is_found_anywhere_in_a_value() -> None:
    (_, step) = read_script("status\nexpect AF ~IN", "s", CODEC)
    assert isinstance(step.action, ExpectField)
    assert isinstance(step.action.wanted, Looks)
    assert step.action.wanted.holds("Feil PIN")


def test_the_help_tells_every_command_as_it_is_written() -> None:
    from gateway.cli.kiosk import kiosk

    told = " ".join((kiosk.help or "").split())
    assert [name for name in NAMES if f" {name}" not in told] == []
    for grammar in COMMANDS.values():
        words = " ".join([grammar.name, *(word.name.upper() for word in grammar.words)])
        assert words in told
