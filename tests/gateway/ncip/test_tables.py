"""Every decision has a row, every request a responder, and no row says more than it may."""

from __future__ import annotations

import pytest

from gateway.ncip.answers import (
    GRANTED,
    OBJECTIONS,
    OUTAGES,
    PARTS,
    PROVED,
    REFUSALS,
    STANDINGS,
    STRANGERS,
    Outage,
    Row,
    of_objection,
    of_row,
    row_of,
)
from gateway.ncip.callers import Stranger
from gateway.ncip.responders import OF_SERVICES, RESPONDERS
from gateway.ncip.users import LANGUAGES
from protocols.ncip import MESSAGES, Codec, LookupUserResponse, Request, Trouble
from registry.domain.decisions import Refusal, Refused, Situation
from registry.domain.initiating import Objected, Objection, Part
from registry.domain.patron import Language

# What tells nothing from a wrong PIN, byte for byte: else an answer would tell whether a card exists.
ALIKE = {
    Refusal.NO_PIN,
    Refusal.WRONG_PIN,
    Refusal.WAIT,
    Refusal.LOCKED,
    Refusal.UNKNOWN_CARD,
    Refusal.CARD_LOST,
    Refusal.CARD_WITHDRAWN,
    Refusal.CARD_REPLACED,
    Refusal.PIN_NOT_ENOUGH,
}
EVERY_ROW = [*REFUSALS.values(), *PROVED.values(), *GRANTED.values(), *OBJECTIONS.values(), *STRANGERS.values()]


def test_every_decision_has_a_row() -> None:
    assert REFUSALS.keys() == set(Refusal)
    assert STANDINGS.keys() == set(Situation)
    assert OBJECTIONS.keys() == set(Objection)
    assert STRANGERS.keys() == set(Stranger)
    assert OUTAGES.keys() == set(Outage)
    assert PARTS.keys() == set(Part)
    assert LANGUAGES.keys() == set(Language)


def test_every_request_that_can_be_read_has_a_responder() -> None:
    requests = {cls for cls in MESSAGES.values() if issubclass(cls, Request) and cls.answered_by}
    assert RESPONDERS.keys() == requests
    assert requests >= OF_SERVICES


def test_no_answer_tells_an_unknown_card_from_a_wrong_pin() -> None:
    rows = [row_of(Refused(reason)) for reason in ALIKE]
    written = {Codec().encode(LookupUserResponse(problems=(of_row(row, "LookupUser"),))) for row in rows}
    assert len(written) == 1


@pytest.mark.parametrize("by_grant", [True, False])
@pytest.mark.parametrize("proved", [True, False])
@pytest.mark.parametrize("reason", Refusal)
def test_a_failed_proof_is_told_on_the_stroke_and_nothing_else_is(
    reason: Refusal, proved: bool, by_grant: bool
) -> None:
    row = row_of(Refused(reason, pin_proved=proved), by_grant=by_grant)
    assert row.alike == (row.trouble is Trouble.USER_AUTHENTICATION_FAILED)


@pytest.mark.parametrize("row", EVERY_ROW, ids=str)
def test_every_row_makes_a_valid_problem(row: Row) -> None:
    assert row.detail is None or row.detail.isascii()
    assert row.about is None or row.about.isalpha()


@pytest.mark.parametrize("part", Part)
def test_an_objection_names_the_element_that_stands_in_the_way(part: Part) -> None:
    told = of_objection(Objected(Objection.NOT_ALLOWED, part), "UpdateUser")
    assert (told.problem_type.value, told.problem_element) == ("Unable To Add Element", PARTS[part])
