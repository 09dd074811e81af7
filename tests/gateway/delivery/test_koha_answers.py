"""Every answer that Koha is known to give, and what becomes of the delivery: as a table, and over a real connection."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.delivery.carriers import Brought, Duplicate, Lost, NotSent, Rejected, SomebodyElse
from gateway.delivery.koha_answers import _OUTCOMES, Meaning, Reply, Step, ending, meaning_of
from gateway.delivery.koha_client import Trouble
from gateway.delivery.koha_finding import Doubt
from gateway.delivery.koha_reasons import SAYS
from registry.domain.delivery import DeliveryKind
from tests.gateway.delivery.koha_world import CARD, PATIENCE, Said, carrier_to, parcel

PATRON = {"patron_id": 4711, "cardnumber": CARD, "userid": CARD, "library_id": "HOVED", "category_id": "VOKSEN"}
WHOLE = {**PATRON, "surname": "Ødegård", "firstname": "Åse Marie", "date_of_birth": "1991-03-14"}
PAGE = b"<!DOCTYPE html><html><body>Log in to Koha</body></html>"
MISSING = "Authorization failure. Missing required permission(s)."
FAILED = "Something went wrong, check Koha logs for details."


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"error": text, **more}


def alarm(reason: str) -> NotSent:
    return NotSent(reason, whole_unit=True)


# Status, body, and what becomes of a creation, of a change and of a look-up.
ANSWERS: list[tuple[Any, ...]] = [
    (409, said("x", conflict="borrowers.cardnumber"), Duplicate("number_taken"), Rejected("number_taken"), None),
    (409, said("x", conflict="cardnumber"), Duplicate("number_taken"), Rejected("number_taken"), None),
    (409, said("x", conflict="userid"), Duplicate("number_taken"), Rejected("number_taken"), None),
    (409, said(f"Problem with {CARD}"), Duplicate("number_taken"), Rejected("number_taken"), None),
    (400, said(f"Problem with {CARD}"), Duplicate("number_taken"), Rejected("number_taken"), None),
    (
        409,
        said("A patron record matching these details already exists"),
        Rejected("resembles_another"),
        Rejected("resembles_another"),
        None,
    ),
    (409, said("something else"), Rejected("resembles_another"), Rejected("resembles_another"), None),
    (400, said("Given category_id does not exist"), alarm("mapping_unknown"), Rejected("mapping_unknown"), None),
    (400, said("Given library_id does not exist"), alarm("mapping_unknown"), Rejected("mapping_unknown"), None),
    *(
        (400, said("x", error_code=code), alarm("attribute_unfit"), Rejected("attribute_unfit"), None)
        for code in ("missing_mandatory_attribute", "invalid_attribute_type", "non_repeatable_attribute")
    ),
    (
        400,
        said("x", error_code="attribute_not_unique"),
        Duplicate("attribute_taken"),
        Rejected("attribute_taken"),
        None,
    ),
    (
        400,
        {"errors": [{"message": "Properties not allowed: x.", "path": "/body"}], "status": 400},
        alarm("field_unknown"),
        alarm("field_unknown"),
        alarm("field_unknown"),
    ),
    (
        400,
        {"errors": [{"message": "Does not match date format.", "path": "/body/date_of_birth"}], "status": 400},
        Rejected("form_refused"),
        Rejected("form_refused"),
        alarm("form_refused"),
    ),
    (
        400,
        [{"path": "/query/x", "message": "Malformed query string"}],
        Rejected("form_refused"),
        Rejected("form_refused"),
        alarm("form_refused"),
    ),
    (400, said("Unheard of"), Rejected("refused"), Rejected("refused"), alarm("refused")),
    (400, PAGE, Rejected("refused"), Rejected("refused"), alarm("refused")),
    (413, PAGE, Rejected("refused"), Rejected("refused"), alarm("refused")),
    (401, said("Authentication failure."), alarm("key_refused"), alarm("key_refused"), alarm("key_refused")),
    (
        403,
        said(MISSING, required_permissions={"borrowers": "edit_borrowers"}),
        alarm("key_may_not"),
        alarm("key_may_not"),
        alarm("key_may_not"),
    ),
    (403, PAGE, alarm("key_may_not"), alarm("key_may_not"), alarm("key_may_not")),
    (
        403,
        said("Not enough privileges to change a superlibrarian's email"),
        alarm("protected_staff"),
        Rejected("protected_staff"),
        None,
    ),
    (404, said("Patron not found."), alarm("not_found"), Rejected("not_found"), alarm("not_found")),
    (404, PAGE, alarm("no_koha_there"), alarm("no_koha_there"), alarm("no_koha_there")),
    (
        404,
        {"errors": [{"message": "Not Found.", "path": "/"}], "status": 404},
        alarm("no_koha_there"),
        alarm("no_koha_there"),
        alarm("no_koha_there"),
    ),
    (405, PAGE, alarm("no_koha_there"), alarm("no_koha_there"), alarm("no_koha_there")),
    *((status, PAGE, *[alarm("redirected")] * 3) for status in (301, 302, 307, 308)),
    (303, PAGE, Lost("failed"), Lost("failed"), NotSent("failed")),
    *((status, PAGE, *[NotSent("busy")] * 3) for status in (408, 425, 429)),
    (503, said("System is under maintenance."), *[NotSent("maintenance")] * 3),
    (503, PAGE, Lost("failed"), Lost("failed"), NotSent("failed")),
    (500, said(FAILED), Lost("failed"), Lost("failed"), NotSent("failed")),
    (500, said("x", error_code="internal_server_error"), Lost("failed"), Lost("failed"), NotSent("failed")),
    (502, PAGE, Lost("failed"), Lost("failed"), NotSent("failed")),
    (504, b"", Lost("failed"), Lost("failed"), NotSent("failed")),
    (200, PAGE, Lost("unreadable"), Lost("unreadable"), NotSent("unreadable")),
    (200, b'{"patron_id": 47', Lost("unreadable"), Lost("unreadable"), NotSent("unreadable")),
    (200, b"[" * 200_000, Lost("unreadable"), Lost("unreadable"), NotSent("unreadable")),
    (200, {"patron_id": "x"}, Lost("unreadable"), Lost("unreadable"), NotSent("unreadable")),
    (202, None, Lost("unreadable"), Lost("unreadable"), NotSent("unreadable")),
]
_IDS = [f"{status}-{place}" for place, (status, *_) in enumerate(ANSWERS)]


@pytest.mark.parametrize(("status", "body", "created", "changed", "looked_up"), ANSWERS, ids=_IDS)
async def test_what_becomes_of_an_answer(status: int, body: Any, created: Any, changed: Any, looked_up: Any) -> None:
    answer = Said(status, body)
    # A 401 is asked again with a new token.
    answers = [answer] * (2 if status == 401 else 1)
    async with carrier_to(*answers) as (carrier, sent):
        assert await carrier.create(parcel(), PATIENCE) == created
        assert len(sent) == len(answers)
    async with carrier_to(Said(200, [WHOLE]), *answers) as (carrier, _):
        assert await carrier.update(parcel(DeliveryKind.UPDATE, local_id=CARD), PATIENCE) == changed
    async with carrier_to(Said(200, [WHOLE]), *answers) as (carrier, _):
        assert await carrier.end(parcel(DeliveryKind.END, local_id=CARD), PATIENCE) == changed
    if looked_up is not None:
        async with carrier_to(*answers) as (carrier, _):
            assert await carrier.look_up(parcel(), PATIENCE) == looked_up


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("body", "created"),
    [
        (PATRON, Brought(CARD)),
        ({**PATRON, "cardnumber": "P-17"}, Brought("P-17")),  # a plugin numbers patrons itself
        ({**PATRON, "userid": None}, Brought(CARD)),
        ({**PATRON, "cardnumber": "S999999", "userid": "S999999"}, Lost("unreadable")),
        ({"patron_id": 4711}, Lost("unreadable")),
    ],
)
async def test_a_creation_is_done_when_the_answer_has_our_number(status: int, body: Any, created: Any) -> None:
    async with carrier_to(Said(status, body)) as (carrier, _):
        assert await carrier.create(parcel(), PATIENCE) == created


@pytest.mark.parametrize(
    ("answer", "changed"),
    [
        (Said(200, PATRON), Brought(CARD)),
        (Said(204, b""), Brought(CARD)),
        (Said(200, {**PATRON, "patron_id": 4712}), Lost("unreadable")),
    ],
)
async def test_a_change_is_done_when_the_answer_is_about_that_patron(answer: Said, changed: Any) -> None:
    async with carrier_to(Said(200, [WHOLE]), answer) as (carrier, sent):
        assert await carrier.update(parcel(DeliveryKind.UPDATE, local_id=CARD), PATIENCE) == changed
        assert sent[1].startswith(b"PUT /api/v1/patrons/4711 ")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ([{**WHOLE, "cardnumber": "S999999", "userid": "S999999"}], SomebodyElse("other_number")),
        ([WHOLE, WHOLE], SomebodyElse("several_found")),
        ([{"surname": "x"}], NotSent("unreadable")),
        ({"patrons": []}, NotSent("unreadable")),
    ],
)
async def test_a_look_up_believes_nothing_that_does_not_fit(body: Any, outcome: Any) -> None:
    async with carrier_to(Said(200, body)) as (carrier, _):
        assert await carrier.look_up(parcel(), PATIENCE) == outcome


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        (Said(400, said("Unimplemented grant type")), alarm("keys_off")),
        (Said(403, said("unauthorized_client")), alarm("key_refused")),
        (Said(401, said("x")), alarm("key_refused")),
        (Said(400, {"errors": [{"message": "Missing property.", "path": "/grant_type"}]}), alarm("form_refused")),
        (Said(404, PAGE), alarm("no_koha_there")),
        (Said(302, PAGE), alarm("redirected")),
        (Said(500, said(FAILED)), NotSent("failed")),
        (Said(503, said("System is under maintenance.")), NotSent("maintenance")),
        (Said(502, PAGE), NotSent("failed")),
        (Said(200, PAGE), NotSent("unreadable")),
        (Said(200, {"access_token": "a b"}), NotSent("unreadable")),
        (Said(200, {"access_token": 7}), NotSent("unreadable")),
        (Said(200, {"access_token": "å\r\nX: y"}), NotSent("unreadable")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", NotSent("cut_off")),
    ],
)
async def test_without_a_token_nothing_is_sent(token: Said | bytes, outcome: NotSent) -> None:
    async with carrier_to(token=token) as (carrier, sent):
        assert await carrier.create(parcel(), PATIENCE) == outcome
        assert await carrier.look_up(parcel(), PATIENCE) == outcome
        assert sent == []


def test_every_meaning_has_an_outcome_for_everything_that_can_be_asked() -> None:
    assert _OUTCOMES.keys() == set(Meaning)
    assert {frozenset(row) for row in _OUTCOMES.values()} == {frozenset(Step)}
    for meaning, row in _OUTCOMES.items():
        assert {outcome(meaning).reason for outcome in row.values()} == {meaning.value}
    assert {meaning_of(Reply(status, None)) for status in range(1000)} <= set(Meaning)
    assert isinstance(ending(Reply(999, None), Step.CREATE), Lost)


def test_every_reason_is_explained_to_staff() -> None:
    given = {one.value for kind in (Meaning, Trouble, Doubt) for one in kind}
    assert given == SAYS.keys()
    assert all(reason.isidentifier() and len(reason) <= 40 for reason in given)
