"""The door's tables are complete, and every row of them is a valid answer."""

from __future__ import annotations

import pytest

from gateway.observability.metrics import SIP2_MESSAGES
from gateway.sip2.answers import ROWS, Denied, Outage, stand
from gateway.sip2.refusals import DENIED, REFUSED, Echo, echo_of, id_or_nothing
from gateway.sip2.responders import RESPONDERS
from gateway.words.languages import Language
from gateway.words.screen import Screen, say
from gateway.words.sentences import NAMED
from protocols import sip2
from protocols.sip2 import MESSAGES, Codec, Message
from registry.domain.decisions import Granted, Refusal, Refused, Situation
from registry.domain.release import View
from tests.protocols.sip2.samples import SAMPLES

REQUESTS = {number: cls for number, cls in MESSAGES.items() if cls.answered_by is not None}
BEYOND = REQUESTS.keys() - {"97"}
CODECS = [Codec("cp850"), Codec("iso-8859-1"), Codec("utf-8", "^")]

PLAIN = Echo(now="20261123    101500", text="Prøv igjen om litt.", institution="NO-2030000", patron="N001", item="03")
NASTY = Echo(
    now="",
    text="a|b^c\r\n9800\0",
    institution="NO|AAN1\r",
    patron="\r\n24|BLY|CQY",
    item="|" * 300,
    title="\x85\u2028|",
    language="å|",
    transaction="\n",
)


def test_every_refusal_situation_and_outage_has_a_row() -> None:
    assert set(ROWS) == {*Refusal, *Situation, *Outage}


@pytest.mark.parametrize("reason", Refusal)
def test_a_refusal_never_proves_the_pin_to_a_kiosk_and_never_tells_a_name(reason: Refusal) -> None:
    view = View(given_name="Ågot", name="Bjørnstad, Ågot")
    for proved in (False, True):
        told = stand(Refused(reason, pin_proved=proved, view=view, wait=30))
        assert (told.valid_pin, told.name) == ("N", "")
        assert told.valid_patron in {"Y", "N"}


@pytest.mark.parametrize("situation", Situation)
def test_a_granted_card_is_valid_with_no_service_denied(situation: Situation) -> None:
    told = stand(Granted(View(given_name="Ågot"), situation))
    assert (told.valid_patron, told.valid_pin, told.patron_status) == ("Y", "Y", " " * 14)
    assert told.name == "Ågot"


@pytest.mark.parametrize("outage", Outage)
def test_an_outage_never_says_that_a_patron_does_not_exist(outage: Outage) -> None:
    told = stand(outage)
    assert (told.valid_patron, told.valid_pin, told.patron_status) == ("Y", "N", DENIED)


@pytest.mark.parametrize("denied", Denied)
def test_flags_are_fourteen_blanks_or_y_and_never_all_y(denied: Denied) -> None:
    assert len(denied.value) == 14
    assert set(denied.value) <= {"Y", " "}
    assert " " in denied.value


@pytest.mark.parametrize("what", [*Refusal, *Situation, *Outage], ids=lambda what: f"{type(what).__name__}.{what.name}")
@pytest.mark.parametrize("seconds", [0.0, 0.4, 30.0, 90.1, 3600.0, 86_400.0])
def test_the_words_of_every_row_can_be_said_in_every_language_and_charset(
    what: Refusal | Situation | Outage, seconds: float
) -> None:
    match what:
        case Refusal():
            told = stand(Refused(what, wait=seconds))
        case Situation():
            told = stand(Granted(View(), what))
        case _:
            told = stand(what)
    for language in Language:
        for charset in ("cp850", "iso-8859-1", "utf-8"):
            for library in ("", "Storbyen folkebibliotek", "a|b\r", "Ř" * 90):
                lines = told.line(language, charset, library)
                assert len(lines) == (0 if ROWS[what].screen is None else 1)
                assert all(line.isprintable() and "|" not in line and len(line) <= 80 for line in lines)


@pytest.mark.parametrize("what", [*Refusal, *Situation, *Outage], ids=lambda what: f"{type(what).__name__}.{what.name}")
def test_what_is_denied_is_always_said_in_words(what: Refusal | Situation | Outage) -> None:
    assert ROWS[what].denied is Denied.NOTHING or ROWS[what].screen is not None


@pytest.mark.parametrize("what", [Situation.LOCAL, Situation.SERVICE, Refusal.NO_PIN])
def test_who_is_let_in_or_has_shown_a_card_alone_gets_no_words(what: Refusal | Situation) -> None:
    assert ROWS[what].screen is None


def test_the_library_is_named_only_where_such_a_sentence_exists() -> None:
    told = stand(Refused(Refusal.ACTIVATE_AT_DESK))
    assert told.screen in NAMED
    assert told.line(Language.NB, "utf-8", "Fjordby bibliotek") == (
        say(Screen.ACTIVATE_AT_DESK, Language.NB, "utf-8", library="Fjordby bibliotek"),
    )
    assert "Fjordby" in told.line(Language.NB, "utf-8", "Fjordby bibliotek")[0]


def test_every_request_has_a_negative_answer_and_a_responder() -> None:
    assert REFUSED.keys() == BEYOND
    # A login and a resend belong to the session itself.
    assert {cls.number for cls in RESPONDERS} == BEYOND - {"93"}


def test_every_request_is_counted_by_its_own_number() -> None:
    assert set(SIP2_MESSAGES) == REQUESTS.keys()


@pytest.mark.parametrize("number", sorted(BEYOND))
@pytest.mark.parametrize("echo", [PLAIN, NASTY], ids=["plain", "nasty"])
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.encoding)
def test_every_negative_answer_is_a_whole_message_of_the_right_number(number: str, echo: Echo, codec: Codec) -> None:
    body = codec.encode(REFUSED[number](echo))
    assert not set(body) & {0x0D, 0x0A, 0x00}
    read = codec.decode(body)
    assert isinstance(read, MESSAGES[REQUESTS[number].answered_by or ""])
    tags = {tag for tag, _ in read.fields()}
    assert {place.told.tag for place in type(read).layout.variable if place.required} <= tags
    if number in {"23", "63", "25", "01"}:
        assert {"BL", "CQ"} <= tags


NEGATIVE = {
    "23": {"patron_status": DENIED, "valid_patron_password": "N", "personal_name": ""},
    "63": {"patron_status": DENIED, "valid_patron_password": "N", "personal_name": ""},
    "01": {"patron_status": DENIED, "valid_patron_password": "N", "personal_name": ""},
    "25": {"patron_status": DENIED, "valid_patron_password": "N", "personal_name": ""},
    "11": {"ok": "0", "renewal_ok": "N", "desensitize": "N"},
    "29": {"ok": "0", "renewal_ok": "N", "desensitize": "N"},
    "09": {"ok": "0", "resensitize": "N", "alert": "N"},
    "15": {"ok": "0", "available": "N"},
    "65": {"ok": "0", "renewed_count": "0000", "unrenewed_count": "0000"},
    "35": {"end_session": "N"},
    "37": {"payment_accepted": "N"},
    "19": {"item_properties_ok": "0"},
    "17": {"circulation_status": "01"},
    "93": {"ok": "0"},
    "99": {"online_status": "N", "checkin_ok": "N", "checkout_ok": "N", "supported_messages": "N" * 16},
}


@pytest.mark.parametrize("number", sorted(BEYOND))
def test_every_negative_answer_is_negative(number: str) -> None:
    answer = REFUSED[number](PLAIN)
    assert {name: getattr(answer, name) for name in NEGATIVE[number]} == NEGATIVE[number]


@pytest.mark.parametrize("number", sorted(BEYOND - {"93"}))
def test_every_negative_answer_but_a_logins_says_why(number: str) -> None:
    assert getattr(REFUSED[number](PLAIN), "screen_messages", None) == (PLAIN.text,)


@pytest.mark.parametrize(
    "asked", [sample.says for sample in SAMPLES if sample.says.number in BEYOND], ids=lambda asked: asked.number
)
def test_a_negative_answer_repeats_what_the_request_said_of_itself(asked: Message) -> None:
    echo = echo_of(asked, "20261123    101500", "nei", "NO-0000000")
    answer = REFUSED[asked.number](echo)
    for name in ("institution_id", "patron_identifier", "item_identifier", "transaction_id"):
        if hasattr(answer, name) and getattr(asked, name, None):
            assert getattr(answer, name) == getattr(asked, name)


def test_a_request_without_an_institution_is_answered_in_the_terminals() -> None:
    asked = next(sample.says for sample in SAMPLES if sample.says.number == "63")
    echo = echo_of(sip2.changed(asked, institution_id=""), "", "", "NO-2030000")
    assert echo.institution == "NO-2030000"


@pytest.mark.parametrize("value", ["", "NO-2030000", "*N001000001*", "n001 000001", "Hovedbiblioteket 2"])
def test_what_could_not_be_read_is_repeated_where_it_looks_like_an_id(value: str) -> None:
    assert id_or_nothing(value) == value


@pytest.mark.parametrize("value", ["NO-2030000^AAN001^AD4711^", "x\tAD4711", "a" * 65, "N001;AD4711", "\ufffdAD4711"])
def test_what_may_hold_other_fields_is_not_repeated(value: str) -> None:
    assert id_or_nothing(value) == ""
