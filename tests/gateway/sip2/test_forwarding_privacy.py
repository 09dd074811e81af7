"""A protected patron's address reaches no terminal, whatever field a library system puts it in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip2.forward_answers import KioskSide, to_kiosk
from gateway.sip2.forward_pins import PinProof
from protocols.sip2 import Codec, Message, changed, first
from registry.domain.asker import AskerClass
from tests.gateway.sip2.forwarded import ANSWER_OF, MAIL, PATRON_REQUESTS, PHONE, STREET, as_local, made, said
from tests.protocols.sip2.strategies import messages

ANSWERS = tuple(sorted(set(ANSWER_OF.values()) - {"", "94", "96", "98"}))
RECORD = {
    "valid_patron": "Y",
    "valid_patron_password": "Y",
    "home_address": STREET,
    "email_address": MAIL,
    "home_phone_number": PHONE,
}


def shown(answer: Message, kind: AskerClass, proof: PinProof = PinProof.REGISTER, *, protected: bool = True) -> Message:
    """The answer that a terminal of this class gets to the question about a patron."""
    asked, way = made("63"), as_local(proof, protected=protected)
    return to_kiosk(answer, asked, way, kiosk=KioskSide(kind=kind), said=said)


@pytest.mark.parametrize("kind", AskerClass)
@pytest.mark.parametrize("proof", PinProof)
def test_a_protected_address_reaches_no_terminal(kind: AskerClass, proof: PinProof) -> None:
    told = shown(made("64", **RECORD, others=(("BD", STREET), ("PZ", "8006"))), kind, proof)
    assert first(told, "BD") is None
    assert STREET not in Codec("utf-8").encode(told).decode()
    assert "8006" not in Codec("utf-8").encode(told).decode()


@pytest.mark.parametrize("kind", AskerClass)
def test_mail_and_phone_of_a_protected_patron_reach_staff_terminals_alone(kind: AskerClass) -> None:
    told = shown(made("64", **RECORD), kind)
    expected = (MAIL, PHONE) if kind is AskerClass.STAFF else (None, None)
    assert (first(told, "BE"), first(told, "BF")) == expected


@pytest.mark.parametrize("kind", AskerClass)
def test_who_is_not_protected_is_shown_as_the_library_system_does(kind: AskerClass) -> None:
    told = shown(made("64", **RECORD, others=(("PZ", "8006"),)), kind, protected=False)
    assert [first(told, tag) for tag in ("BD", "BE", "BF", "PZ")] == [STREET, MAIL, PHONE, "8006"]


@pytest.mark.parametrize("attribute", ["screen_messages", "print_lines"])
@pytest.mark.parametrize("line", [STREET, "Post til Storgata 14B", f"Adr: {STREET.upper()}", "sendt:  8006  BODØ"])
def test_a_line_that_repeats_a_piece_of_the_address_goes_and_others_stay(attribute: str, line: str) -> None:
    told = shown(made("64", **RECORD, **{attribute: ("To laan", line, "NO")}), AskerClass.STAFF)
    assert getattr(told, attribute) == ("To laan", "NO")


def test_a_receipt_keeps_its_own_extension_fields() -> None:
    answer = made("12", others=(("CT", "HOVED"), ("BD", STREET), ("BF", PHONE)))
    asked, way = made("11"), as_local(protected=True)
    told = to_kiosk(answer, asked, way, kiosk=KioskSide(kind=AskerClass.KIOSK), said=said)
    assert told.others == (("CT", "HOVED"),)


@given(messages(ANSWERS), st.sampled_from(PATRON_REQUESTS), st.sampled_from(AskerClass), st.sampled_from(PinProof))
def test_no_answer_of_any_kind_brings_a_planted_address(
    answer: Message, number: str, kind: AskerClass, proof: PinProof
) -> None:
    planted: dict[str, str | tuple[str, ...]] = {"screen_messages": (STREET,), "print_lines": (f"x {STREET} x",)}
    if answer.number == "64":
        planted |= {"home_address": STREET}
    if answer.number in {"24", "26", "64"}:
        answer = changed(answer, others=(*answer.others, ("XA", STREET)))
    answer = changed(answer, **planted)
    answer = changed(answer, others=(*answer.others, ("BD", STREET)))
    told = to_kiosk(answer, made(number), as_local(proof, protected=True), kiosk=KioskSide(kind=kind), said=said)
    assert STREET not in Codec("utf-8").encode(told).decode()
