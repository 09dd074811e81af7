"""What the kiosk gets of a library system's answer: the asker's card again, and BL, CQ and flags of both."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sip2.answers import Denied
from gateway.sip2.forward_answers import KioskSide, to_kiosk
from gateway.sip2.forward_pins import PinProof
from gateway.sip2.forward_routes import ForwardAs, ForwardUnchanged
from gateway.sip2.forward_standing import PatronAnswer, forgets, pin_judged
from protocols.sip2 import Message, changed, first
from registry.domain.asker import AskerClass
from tests.gateway.sip2.forwarded import (
    ABOUT_THE_ASKER,
    ANSWER_OF,
    AO,
    CARD,
    LOCAL_ID,
    PATRON_REQUESTS,
    REQUESTS,
    THIRD,
    as_local,
    made,
    said,
)
from tests.protocols.sip2.strategies import messages

ANSWERS = tuple(sorted(set(ANSWER_OF.values()) - {"", "94", "96", "98"}))
KIOSK = KioskSide(kind=AskerClass.KIOSK)
FREE, DENIED = " " * 14, "YYYY" + " " * 10
SHOWN = "n001000002"


def shown(answer: Message, asked: Message, way: ForwardAs | ForwardUnchanged, kiosk: KioskSide = KIOSK) -> Message:
    """The answer that the kiosk gets."""
    return to_kiosk(answer, asked, way, kiosk=kiosk, said=said)


def answer_to(number: str, **values: Any) -> Message:
    """The library system's usual answer: about its own patron, whom it knows."""
    told = {"patron_identifier": LOCAL_ID} if ANSWER_OF[number] in ABOUT_THE_ASKER else {}
    if ANSWER_OF[number] in {"24", "26", "64"}:
        told |= {"valid_patron": "Y"}
    return made(ANSWER_OF[number], **(told | values))


# Local cards.


@given(messages(ANSWERS), messages(REQUESTS))
def test_the_answer_to_a_local_cards_request_is_the_same_answer(answer: Message, asked: Message) -> None:
    assert shown(answer, asked, ForwardUnchanged()) is answer


@pytest.mark.parametrize("number", ["23", "63", "25", "01"])
def test_bl_and_cq_that_are_missing_are_added_to_a_local_cards_answer_where_the_kiosk_needs_them(number: str) -> None:
    kiosk = KioskSide(kind=AskerClass.KIOSK, fills_validity=True)
    known = shown(answer_to(number, valid_patron=None), made(number), ForwardUnchanged(), kiosk)
    assert (first(known, "BL"), first(known, "CQ")) == ("Y", "N")
    nobody = answer_to(number, valid_patron="", personal_name="", patron_status=DENIED)
    assert first(shown(nobody, made(number), ForwardUnchanged(), kiosk), "BL") == "N"
    whole = answer_to(number, valid_patron="N", valid_patron_password="Y")
    assert shown(whole, made(number), ForwardUnchanged(), kiosk) is whole


# The patron's id.


@pytest.mark.parametrize("number", [number for number in PATRON_REQUESTS if number != "65"])
@pytest.mark.parametrize("told", [LOCAL_ID, LOCAL_ID.lower(), CARD, ""])
def test_the_kiosk_reads_the_card_exactly_as_it_showed_it(number: str, told: str) -> None:
    answer = answer_to(number, patron_identifier=told)
    assert first(shown(answer, made(number, patron_identifier=SHOWN), as_local()), "AA") == SHOWN


def test_a_kiosk_that_showed_the_local_id_reads_it_again() -> None:
    answer = answer_to("11")
    assert shown(answer, made("11", patron_identifier=LOCAL_ID), as_local()) == answer


@pytest.mark.parametrize("told", [THIRD, LOCAL_ID])
def test_the_patron_in_a_10_stays_as_it_is(told: str) -> None:
    answer = made("10", patron_identifier=told)
    assert shown(answer, made("09"), ForwardUnchanged()) is answer


@pytest.mark.parametrize("tag", ["XI", "CY", "ZY"])
def test_an_extension_field_that_is_the_patrons_id_becomes_their_card(tag: str) -> None:
    answer = answer_to("11", others=((tag, LOCAL_ID), (tag, THIRD), (tag, f"{LOCAL_ID}0")))
    assert shown(answer, made("11"), as_local()).others == ((tag, CARD), (tag, THIRD), (tag, f"{LOCAL_ID}0"))


def test_a_line_that_is_the_patrons_id_becomes_their_card_and_a_sentence_stays() -> None:
    lines = (LOCAL_ID, f"Laaner {LOCAL_ID} har 2 laan", THIRD)
    answer = answer_to("11", screen_messages=lines, print_lines=lines)
    told = shown(answer, made("11"), as_local())
    assert [value for tag, value in told.fields() if tag in {"AF", "AG"}] == [CARD, *lines[1:]] * 2


@pytest.mark.parametrize("attribute", ["item_identifier", "title_identifier", "due_date", "transaction_id"])
def test_an_item_with_the_patrons_number_is_no_patron(attribute: str) -> None:
    answer = answer_to("11", **{attribute: LOCAL_ID})
    assert getattr(shown(answer, made("11"), as_local()), attribute) == LOCAL_ID


def test_a_short_id_is_looked_for_in_aa_alone() -> None:
    answer = answer_to("11", patron_identifier="50", others=(("PC", "50"),), screen_messages=("50",), fee_amount="50")
    told = shown(answer, made("11"), as_local(local_id="50"))
    assert told == changed(answer, patron_identifier=CARD)


@given(messages(ANSWERS), st.sampled_from(PATRON_REQUESTS))
def test_a_third_persons_id_is_never_rewritten(answer: Message, number: str) -> None:
    answer = dataclasses.replace(answer, others=(*answer.others, ("CY", THIRD), ("XI", THIRD)))
    told = shown(answer, made(number), as_local(PinProof.REGISTER))
    assert told.others[-2:] == (("CY", THIRD), ("XI", THIRD))


# Everything else.


@given(messages(ANSWERS), st.sampled_from(PATRON_REQUESTS))
def test_every_other_field_is_as_the_library_system_sent_it(answer: Message, number: str) -> None:
    told = shown(answer, made(number), as_local(PinProof.REGISTER))
    merged = {"AA", "AO", "BL", "CQ"}
    assert [one for one in told.fields() if one[0] not in merged] == [
        one for one in answer.fields() if one[0] not in merged
    ]
    for (name, _), before, after in zip(
        answer.layout.fixed, answer.layout.fixed_values(answer), answer.layout.fixed_values(told), strict=True
    ):
        assert name in {"patron_status", "language"} or before == after


@pytest.mark.parametrize("number", PATRON_REQUESTS)
def test_the_institution_is_the_one_that_the_kiosk_named(number: str) -> None:
    answer = answer_to(number, institution_id="ILS ")
    assert first(shown(answer, made(number), as_local()), "AO") == AO
    assert first(shown(answer, made(number, institution_id=""), as_local()), "AO") == "ILS "


@pytest.mark.parametrize("number", ["23", "63"])
def test_the_language_is_the_one_that_was_asked_for(number: str) -> None:
    answer = answer_to(number, language="   ")
    told = shown(answer, made(number, language="001"), as_local())
    assert isinstance(told, PatronAnswer)
    assert told.language == "001"


# BL, CQ and flags.

CQ_TABLE = [
    # proof, the library system's CQ, the kiosk's
    (PinProof.REGISTER, "Y", "Y"),
    (PinProof.REGISTER, "N", "Y"),
    (PinProof.REGISTER, "", "Y"),
    (PinProof.REGISTER, None, "Y"),
    (PinProof.REGISTER_AND_PASSED, "Y", "Y"),
    (PinProof.REGISTER_AND_PASSED, "N", "N"),
    (PinProof.REGISTER_AND_PASSED, "", "Y"),
    (PinProof.REGISTER_AND_PASSED, None, "Y"),
    (PinProof.ILS, "Y", "Y"),
    (PinProof.ILS, "N", "N"),
    (PinProof.ILS, "", "N"),
    (PinProof.ILS, None, "N"),
    (PinProof.NONE, "Y", "N"),
    (PinProof.NONE, "N", "N"),
    (PinProof.NONE, None, "N"),
    (PinProof.NOT_REQUIRED, "Y", "Y"),
    (PinProof.NOT_REQUIRED, "N", "N"),
    (PinProof.NOT_REQUIRED, None, "N"),
]


@pytest.mark.parametrize("number", ["23", "63", "25"])
@pytest.mark.parametrize(("proof", "theirs", "ours"), CQ_TABLE)
def test_cq_is_the_registers_and_the_library_systems_word_by_who_judged(
    number: str, proof: PinProof, theirs: str | None, ours: str
) -> None:
    told = shown(answer_to(number, valid_patron_password=theirs), made(number), as_local(proof))
    assert first(told, "CQ") == ours


BL_TABLE = [
    # BL, flags, name, the kiosk's BL
    ("Y", DENIED, "", "Y"),
    ("N", FREE, "Hætta", "N"),
    ("", FREE, "Hætta", "Y"),
    (None, FREE, "", "Y"),
    (None, DENIED, "Hætta", "Y"),
    (None, DENIED, "", "N"),
    ("", DENIED, " ", "N"),
]


@pytest.mark.parametrize("number", ["23", "63", "25", "01"])
@pytest.mark.parametrize(("theirs", "flags", "name", "ours"), BL_TABLE)
def test_bl_is_always_there_and_a_missing_one_is_judged_by_flags_and_name(
    number: str, theirs: str | None, flags: str, name: str, ours: str
) -> None:
    answer = answer_to(number, valid_patron=theirs, patron_status=flags, personal_name=name)
    assert first(shown(answer, made(number), as_local()), "BL") == ours
    assert forgets(answer, as_local()) == (ours == "N")
    assert not forgets(answer, ForwardUnchanged())


@pytest.mark.parametrize("number", ["23", "63"])
def test_flags_are_those_of_both(number: str) -> None:
    answer = answer_to(number, patron_status="     Y    Y   ")
    way = as_local(denied=Denied.LENDING_CARD_LOST)
    told = shown(answer, made(number), way)
    assert isinstance(told, PatronAnswer)
    assert told.patron_status == "YYYYYY    Y   "


@pytest.mark.parametrize(
    ("proof", "cq", "judged"),
    [
        (PinProof.ILS, "Y", True),
        (PinProof.ILS, "N", False),
        (PinProof.ILS, None, False),
        (PinProof.REGISTER, "N", None),
        (PinProof.NONE, "N", None),
    ],
)
def test_only_a_judgement_that_the_library_system_was_asked_for_counts(
    proof: PinProof, cq: str | None, judged: bool | None
) -> None:
    assert pin_judged(answer_to("63", valid_patron_password=cq), as_local(proof)) is judged
    assert pin_judged(answer_to("11"), as_local(proof)) is None
    assert pin_judged(answer_to("63"), ForwardUnchanged()) is None


# Who proved nothing learns nothing.

TELLING: dict[str, Any] = {
    "personal_name": "CANARY name",
    "patron_status": "Y    YY   Y   ",
    "hold_items_count": "0003",
    "charged_items_count": "0007",
    "fee_amount": "CANARY fee",
    "charged_items": ("CANARY item",),
    "home_address": "CANARY street",
    "email_address": "CANARY mail",
    "home_phone_number": "CANARY phone",
    "screen_messages": ("CANARY greeting",),
    "print_lines": ("CANARY print",),
    "others": (("PB", "CANARY birth"), ("BE", "CANARY second mail")),
    "valid_patron_password": "N",
}


@pytest.mark.parametrize("proof", [proof for proof in PinProof if proof.passes_pin])
def test_a_full_record_for_a_wrong_pin_is_the_answer_to_a_wrong_pin(proof: PinProof) -> None:
    told = shown(answer_to("63", **TELLING), made("63"), as_local(proof))
    assert told == made(
        "64", valid_patron="Y", valid_patron_password="N", personal_name="", screen_messages=("<WRONG_PIN>",)
    )


def test_a_yes_to_no_pin_is_not_trusted() -> None:
    answer = answer_to("25", personal_name="CANARY name", valid_patron_password="Y")
    told = shown(answer, made("25"), as_local(PinProof.NONE))
    assert told == made("26", language="012", valid_patron="Y", valid_patron_password="N", personal_name="")


def test_a_block_shows_what_the_card_is_denied_and_nothing_of_the_person() -> None:
    answer = answer_to("01", personal_name="CANARY", patron_status="YYYY YY   Y   ", screen_messages=("CANARY",))
    told = shown(answer, made("01"), as_local(PinProof.NONE))
    assert told == made("24", patron_status=DENIED, valid_patron="Y", valid_patron_password="N", personal_name="")


def test_a_library_that_asks_no_pin_is_answered_as_its_system_does() -> None:
    answer = answer_to("63", **TELLING)
    told = shown(answer, made("63"), as_local(PinProof.NOT_REQUIRED))
    assert told == changed(answer, patron_identifier=CARD, language="012")


@given(messages(("24", "26", "64")), st.sampled_from([PinProof.ILS, PinProof.NONE]))
def test_without_a_proof_nothing_but_the_frame_of_an_answer_is_left(answer: Message, proof: PinProof) -> None:
    answer = changed(answer, valid_patron_password="N")
    told = shown(answer, made("63"), as_local(proof))
    kept = {"AO": AO, "AA": CARD, "AE": "", "CQ": "N", "AF": "<WRONG_PIN>"}
    for tag, value in told.fields():
        assert tag == "BL" or kept[tag] == value
