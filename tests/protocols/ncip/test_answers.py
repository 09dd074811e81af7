"""What peers answer us, and what we answer them."""

from __future__ import annotations

from datetime import datetime

import pytest

from protocols.ncip import (
    BareProblem,
    Codec,
    Coded,
    CreateUser,
    CreateUserResponse,
    Declined,
    Dialect,
    InitiationHeader,
    LookupAgency,
    LookupUser,
    LookupUserResponse,
    NotSendable,
    Problem,
    Received,
    Trouble,
    Unreadable,
    UserCreatedResponse,
    Verdict,
    problem,
    refusal,
    verdict_on,
)
from protocols.ncip import elements as e
from protocols.ncip.schemes import VERSION_2_01, processing_error
from tests.protocols.ncip import documents as d
from tests.protocols.ncip.oracle import is_valid

CODEC = Codec()


def declining(word: str) -> str:
    return f"<CreateUserResponse><Problem><ProblemType>{word}</ProblemType></Problem></CreateUserResponse>"


VERDICTS = [
    ("Temporary Processing Failure", Verdict.RETRYABLE),
    (" temporary  processing FAILURE ", Verdict.RETRYABLE),
    ("Duplicate User", Verdict.DUPLICATE),
    ("Unknown User", Verdict.ABSENT),
    ("User Access Denied", Verdict.PERMANENT),
    ("System on fire", Verdict.PERMANENT),
    ("", Verdict.PERMANENT),
]


@pytest.mark.parametrize(("word", "verdict"), VERDICTS)
def test_a_peers_problem_is_sorted_by_its_words(word: str, verdict: Verdict) -> None:
    bodies = (declining(word), f"<Problem><ProblemType>{word}</ProblemType></Problem>")
    for document in (document for body in bodies for document in (d.message(body), d.bare(body))):
        found = CODEC.answer(document, to=CreateUser)
        assert isinstance(found, Declined)
        assert found.verdict is verdict


def test_the_gravest_of_several_problems_counts() -> None:
    def said(*words: str) -> Verdict:
        return verdict_on(Problem(problem_type=Coded(word)) for word in words)

    assert said("Temporary Processing Failure", "Duplicate User") is Verdict.DUPLICATE
    assert said("Duplicate User", "Element Rule Violated", "Unknown User") is Verdict.PERMANENT
    assert said() is Verdict.PERMANENT


def test_a_problem_in_version_1_is_read() -> None:
    body = (
        "<CreateUserResponse><Problem><ProcessingError><ProcessingErrorType><Scheme>x</Scheme>"
        "<Value>Duplicate User</Value></ProcessingErrorType><ProcessingErrorElement><ElementName>UniqueUserId"
        "</ElementName><ProcessingErrorElement><ElementName>UserIdentifierValue</ElementName>"
        "</ProcessingErrorElement></ProcessingErrorElement></ProcessingError></Problem></CreateUserResponse>"
    )
    found = CODEC.answer(d.first(body), to=CreateUser)
    assert isinstance(found, Declined)
    assert found.verdict is Verdict.DUPLICATE
    assert found.problems[0].problem_element == "UniqueUserId"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"OK",
        b"<html><body><p>502 Bad Gateway</body></html>",
        b"<Problem><message>no</message></Problem>",
        d.message(""),
        d.message(d.LOOKUP_ANSWER.replace("LookupUserResponse", "CreateUserResponse")),
        d.message(d.LOOKUP),
    ],
)
def test_what_is_no_answer_to_the_request_is_told_apart_from_a_no(document: bytes) -> None:
    assert isinstance(CODEC.answer(document, to=LookupUser), Unreadable)


@pytest.mark.parametrize("prefix", ["ns1:", "", "x-y:"])
def test_a_success_is_read_whatever_its_prefix(prefix: str) -> None:
    found = CODEC.answer(d.message(d.LOOKUP_ANSWER, prefix=prefix), to=LookupUser)
    assert isinstance(found, Received)
    assert isinstance(found.message, LookupUserResponse)
    assert found.message.user_id is not None
    assert found.message.user_id.user_identifier_value == d.CARD


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("service", ["LookupUser", "UserUpdated", "ItemShipped", "CheckOutItem", None])
def test_every_problem_can_be_answered_to_every_service(trouble: Trouble, service: str | None) -> None:
    answer = refusal(service, problem(trouble, service or "", about="UserId", detail="No"))
    document = CODEC.encode(answer)
    assert is_valid(document)
    assert b"<ns1:ProblemType" in document
    assert f">{trouble.word}<".encode() in document
    assert isinstance(answer, BareProblem) is (service is None)


@pytest.mark.parametrize(
    ("trouble", "service", "family"),
    [
        (Trouble.USER_AUTHENTICATION_FAILED, "LookupUser", "lookupuser"),
        (Trouble.DUPLICATE_USER, "CreateUser", "createuser"),
        (Trouble.UNKNOWN_USER, "ItemRequested", "requestitem"),
        (Trouble.USER_INELIGIBLE_TO_REQUEST, "RenewItem", "requestitem"),
        (Trouble.TEMPORARY_PROCESSING_FAILURE, "LookupUser", "general"),
        (Trouble.UNKNOWN_USER, "", "general"),
    ],
)
def test_a_problem_has_the_scheme_of_its_list(trouble: Trouble, service: str, family: str) -> None:
    assert problem(trouble, service).problem_type == Coded(trouble.word, processing_error(family))


def test_an_answer_turns_the_agencies_round_and_repeats_no_secret() -> None:
    header = InitiationHeader(
        from_system_id=Coded("ILS"),
        from_system_authentication="s3cret-1",
        from_agency_id=Coded(d.LIBRARY),
        from_agency_authentication="s3cret-2",
        to_agency_id=Coded(d.WE),
    )
    document = CODEC.encode(refusal("LookupUser", problem(Trouble.UNKNOWN_USER, "LookupUser"), header))
    assert b"s3cret" not in document
    assert b"s3cret" not in repr(header).encode()
    assert document.index(d.WE.encode()) < document.index(d.LIBRARY.encode()) < document.index(b"Problem")
    assert InitiationHeader(from_agency_id=Coded(d.LIBRARY)).reply() is None


def test_beside_a_problem_nothing_of_the_patron_is_sent() -> None:
    user_id = e.UserId(user_identifier_value=d.CARD)
    document = CODEC.encode(
        LookupUserResponse(
            problems=(problem(Trouble.UNKNOWN_USER, "LookupUser"),), user_id=user_id, ext=e.Ext(user_id=user_id)
        )
    )
    assert is_valid(document)
    assert d.CARD.encode() not in document


def test_an_address_without_street_gets_an_empty_line() -> None:
    address = e.StructuredAddress(locality="Tromsø", house_name="Tårnet")
    physical = e.PhysicalAddress(structured_address=address, physical_address_type=Coded(""))
    information = e.UserAddressInformation(user_address_role_type=Coded("Home"), physical_address=physical)
    document = CODEC.encode(
        LookupUserResponse(
            user_id=e.UserId(user_identifier_value=d.CARD),
            user_optional_fields=e.UserOptionalFields(user_address_informations=(information,)),
        )
    )
    assert is_valid(document)
    assert "<ns1:Line1></ns1:Line1><ns1:Locality>Tromsø<".encode() in document


def test_a_partner_may_want_another_version_string() -> None:
    document = CODEC.encode(UserCreatedResponse(), Dialect(VERSION_2_01))
    assert f'ns1:version="{VERSION_2_01}"'.encode() in document
    assert is_valid(document)


UNSENDABLE = {
    "an answer that says nothing": CreateUserResponse(),
    "a look-up of nobody": LookupUser(),
    "a look-up by both": LookupUser(
        user_id=e.UserId(user_identifier_value="1"),
        authentication_inputs=(
            e.AuthenticationInput(
                authentication_input_data="1",
                authentication_data_format_type=Coded(""),
                authentication_input_type=Coded("PIN"),
            ),
        ),
    ),
    "an agency asked for nothing": LookupAgency(agency_id=Coded(d.LIBRARY)),
    "a header that names nobody": UserCreatedResponse(response_header=e.ResponseHeader()),
    "no problem at all": BareProblem(problems=()),
}


@pytest.mark.parametrize("message", UNSENDABLE.values(), ids=UNSENDABLE)
def test_what_would_not_be_valid_is_never_sent(message: LookupUser) -> None:
    for _ in range(2):
        with pytest.raises(NotSendable):
            CODEC.encode(message)


def test_an_instant_without_a_zone_is_never_sent() -> None:
    naive = datetime.fromisoformat("2026-01-15T09:30:00")
    status = e.UserPrivilegeStatus(user_privilege_status_type=Coded("Active"), date_of_user_privilege_status=naive)
    row = e.UserPrivilege(
        agency_id=Coded(d.LIBRARY), agency_user_privilege_type=Coded("Standing"), user_privilege_status=status
    )
    message = LookupUserResponse(
        user_id=e.UserId(user_identifier_value=d.CARD),
        user_optional_fields=e.UserOptionalFields(user_privileges=(row,)),
    )
    with pytest.raises(NotSendable):
        CODEC.encode(message)
