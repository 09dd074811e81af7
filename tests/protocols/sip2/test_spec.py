"""A message that could not be told apart on the wire fails when its class is made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from protocols.sip2 import (
    MESSAGES,
    VARIABLE,
    DeclarationError,
    EndPatronSession,
    EndSessionResponse,
    LoginResponse,
    Message,
    Privacy,
    message,
)
from protocols.sip2 import fields as f
from protocols.sip2.spec import TRANSPORT_TAGS


def number_used_twice() -> None:
    @message("23", answered_by="24")
    class Again(Message):
        ok: f.Ok


def fixed_after_variable() -> None:
    @message("02", table={})
    class Late(Message):
        institution_id: f.InstitutionId
        ok: f.Ok


def tag_twice() -> None:
    @message("02", table={})
    class Twice(Message):
        institution_id: f.InstitutionId
        other: f.InstitutionId | None = None


def field_untold() -> None:
    @message("02", table={})
    class Untold(Message):
        ok: str


@pytest.mark.parametrize("declare", [number_used_twice, fixed_after_variable, tag_twice, field_untold])
def test_a_wrong_declaration_is_refused(declare: Callable[[], None]) -> None:
    with pytest.raises(DeclarationError):
        declare()


def test_there_are_31_messages_and_every_request_has_an_answer() -> None:
    assert len(MESSAGES) == 31
    requests = {number: cls.answered_by for number, cls in MESSAGES.items() if cls.answered_by}
    assert requests == {
        "23": "24", "11": "12", "09": "10", "01": "24", "99": "98", "97": "96", "93": "94", "63": "64",
        "35": "36", "37": "38", "17": "18", "19": "20", "25": "26", "15": "16", "29": "30", "65": "66",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("number", "width"),
    {
        "23": 21, "24": 35, "11": 38, "12": 22, "09": 37, "10": 22, "01": 19, "99": 8, "98": 34, "97": 0,
        "96": 0, "93": 2, "94": 1, "63": 31, "64": 59, "35": 18, "36": 19, "37": 25, "38": 19, "17": 18,
        "18": 24, "19": 18, "20": 19, "25": 18, "26": 35, "15": 19, "16": 20, "29": 38, "30": 22, "65": 18,
        "66": 27,
    }.items(),
)  # fmt: skip
def test_the_fixed_part_has_the_width_of_the_standard(number: str, width: int) -> None:
    assert MESSAGES[number].layout.width == width


def test_only_the_lists_of_the_standard_may_repeat() -> None:
    repeatable = {place.told.tag for cls in MESSAGES.values() for place in cls.layout.variable if place.repeatable}
    assert repeatable == {"AF", "AG", "AS", "AT", "AU", "AV", "BU", "CD", "BM", "BN"}


def test_every_field_is_used_and_none_belongs_to_the_hop() -> None:
    used = {place.told.tag for cls in MESSAGES.values() for place in cls.layout.variable}
    assert used == set(VARIABLE)
    assert not used & TRANSPORT_TAGS


def test_secret_are_the_passwords_and_personal_is_what_tells_of_a_person() -> None:
    by_privacy = {privacy: {tag for tag, told in VARIABLE.items() if told.privacy is privacy} for privacy in Privacy}
    assert by_privacy[Privacy.SECRET] == {"AC", "AD", "CO"}
    assert by_privacy[Privacy.PERSONAL] >= {"AA", "AE", "AF", "AG", "BD", "BE", "BF", "AS", "AT", "AU", "AV"}


@pytest.mark.parametrize("said", [{}, {"order": ()}, {"ok": "1", "institution_id": "x"}, {"ok": "1", "number": "94"}])
def test_a_message_says_what_it_must_and_nothing_that_it_cannot(said: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="LoginResponse"):
        LoginResponse(**said)


def test_what_a_message_does_not_say_is_the_default_of_its_class() -> None:
    said: dict[str, Any] = {"transaction_date": "20261123    101512", "institution_id": "x", "patron_identifier": "y"}
    brief = EndPatronSession(**said)
    assert (brief.patron_password, brief.others, brief.order) == (None, (), ())
    assert brief == EndPatronSession(**said, terminal_password=None, patron_password=None)
    assert brief == dataclasses.replace(brief) != dataclasses.replace(brief, patron_password="")


def test_a_copy_of_a_message_says_the_same() -> None:
    made = EndSessionResponse(
        end_session="Y", transaction_date="", institution_id="x", patron_identifier="y", others=(("ZZ", "z"),)
    )
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own
        assert copied == made
        assert copied.fields() == made.fields()


def test_a_message_cannot_be_changed_in_place() -> None:
    made = LoginResponse(ok="1")
    for attribute in ("ok", "order", "unheard_of"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(made, attribute, "0")
    assert not hasattr(made, "__dict__")
