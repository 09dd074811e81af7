"""The values that pages are made of: languages, addresses, proofs, texts from outside."""

from __future__ import annotations

from datetime import UTC, date, datetime
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from gateway.partners.networks import Network
from gateway.web.asked import Asked, UnreadableFormError, fields_of, patron_address
from gateway.web.cookies import Cookies, fitting, new_visitor
from gateway.web.languages import choice, of_browser
from gateway.web.proofs import Proofs
from gateway.web.speech import Speech, clean, paragraphs
from gateway.words.dates import in_words
from gateway.words.languages import Language
from gateway.words.page_keys import Text
from registry.credentials.keys import Key

PROOFS = Proofs(Key(bytes(range(32))))
PROXIES: tuple[Network, ...] = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("nb-NO,nb;q=0.9,en;q=0.8", Language.NB),
        ("de-DE,de;q=0.9,en;q=0.8", Language.EN),
        ("en;q=0.5,se;q=0.9", Language.SE),
        ("en;q=0.5,nn;q=0.5", Language.EN),
        ("no", Language.NB),
        ("sme", Language.SE),
        ("nn;q=0", None),
        ("*", None),
        ("de", None),
        ("", None),
        (";;;,,,q=", None),
        ("en;q=1e999", Language.EN),
        ("en;q=nan", None),
        ("nn; q=0.5; x=y", Language.NN),
        (",".join(["de"] * 50 + ["en"]), None),
    ],
)
def test_the_browsers_first_choice_among_ours(header: str, language: Language | None) -> None:
    assert of_browser(header) is language


@given(st.text())
def test_no_header_breaks_the_choice(header: str) -> None:
    assert of_browser(header) in (None, *Language)
    assert choice(header) in (None, *Language)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.5", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5, <script>", "10.0.0.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", " , ,203.0.113.5, ", "203.0.113.5"),
    ],
)
def test_a_proxy_is_believed_and_nobody_else(peer: str, forwarded: str, address: str) -> None:
    assert patron_address(peer, forwarded, PROXIES) == address


def test_a_whole_ipv6_network_counts_as_one_address() -> None:
    origin = PROOFS.of_origin
    assert origin("2001:db8::1") == origin("2001:db8::ffff:1") != origin("2001:db8:0:1::1")
    assert origin("198.51.100.7") != origin("198.51.100.8")
    assert origin("fe80::1%eth0") == origin("fe80::2")


def test_another_key_makes_other_proofs() -> None:
    other = Proofs(Key(bytes(32)))
    assert not other.holds(PROOFS.of_form("cookie", "enter"), "cookie", "enter")
    assert other.of_origin("198.51.100.7") != PROOFS.of_origin("198.51.100.7")


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3), st.lists(st.text(max_size=5), min_size=1, max_size=3))
def test_no_purpose_runs_into_another(one: list[str], other: list[str]) -> None:
    encodable = all(part.isprintable() for part in (*one, *other))
    if encodable:
        assert PROOFS.holds(PROOFS.of_form("c", *one), "c", *other) == (one == other)


@given(st.text())
def test_any_text_may_come_as_a_proof(text: str) -> None:
    if text.isprintable():
        assert not PROOFS.holds(text, "cookie", "enter")


@pytest.mark.parametrize(
    "value", [None, "", "short", "a" * 201, "æ" * 20, "a b c d e f g h i j", 'x"; Path=/evil;aaaaaa']
)
def test_what_is_no_cookie_of_ours_is_none(value: str | None) -> None:
    assert fitting(value) is None
    if value is not None:
        with pytest.raises(ValueError, match="does not fit"):
            Cookies(encrypted=True).set("name", value)


def test_visitors_are_told_apart() -> None:
    made = {new_visitor() for _ in range(100)}
    assert len(made) == 100
    assert all(map(fitting, made))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_none(raw: bytes) -> None:
    try:
        fields = fields_of(raw)
    except UnreadableFormError:
        return
    assert len(fields) <= 20


def test_of_a_field_twice_the_first_counts() -> None:
    assert fields_of(b"lang=nn&lang=en&password") == {"lang": "nn", "password": ""}


@given(st.text())
def test_a_text_from_outside_becomes_one_line_that_can_be_seen(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert len(shown) <= 200
    said = Speech(Language.NB).say(Text.BACK, library=text)
    assert isinstance(said, Markup)
    assert "<" not in said.replace("<bdi>", "").replace("</bdi>", "")


@given(st.text())
def test_a_long_text_becomes_paragraphs_of_lines(text: str) -> None:
    for lines in paragraphs(text):
        assert lines
        assert all(line and line == line.strip() for line in lines)


def test_blank_lines_part_paragraphs() -> None:
    assert paragraphs("a\nb\n \n\n\nc\u202ed\n") == [["a", "b"], ["cd"]]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.NB, "1. januar 2026"),
        (Language.NN, "1. januar 2026"),
        (Language.SE, "ođđajagimánu 1. b. 2026"),
        (Language.EN, "1 January 2026"),
    ],
)
def test_days_are_said_as_each_language_says_them(language: Language, said: str) -> None:
    assert in_words(date(2026, 1, 1), language) == said


def test_a_day_is_that_of_the_library_and_not_of_greenwich() -> None:
    assert Speech(Language.EN).date(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == "1 July 2026"


def test_what_somebody_asks_is_shown_nowhere() -> None:
    asked = Asked(method="POST", path="/k/secret", address="198.51.100.7", form={"pin": "4817"})
    assert not [one for one in ("4817", "secret", "198.51") if one in repr(asked)]
