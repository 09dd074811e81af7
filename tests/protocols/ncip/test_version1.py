"""Version 1: read as version 2 is, and answered in version 1; and LookupVersion in its own envelope."""

from __future__ import annotations

import pytest
from lxml import etree

from protocols.ncip import (
    VERSION_QUERY,
    Codec,
    Coded,
    CreateUser,
    CreateUserResponse,
    Dialect,
    LookupUser,
    LookupUserResponse,
    LookupVersion,
    LookupVersionResponse,
    Received,
    Trouble,
    Unreadable,
    problem,
    refusal,
)
from protocols.ncip import elements as e
from protocols.ncip.schemes import VERSION_1_0, VERSION_2_02
from protocols.ncip.version1 import generation
from tests.protocols.ncip import documents as d
from tests.protocols.ncip.test_mending import claimed, read

CODEC = Codec()
SCHEME = "http://www.niso.org/ncip/v1_0/schemes/agency.scm"


def agency(name: str, value: str) -> str:
    unique = f"<UniqueAgencyId><Scheme>{SCHEME}</Scheme><Value>{value}</Value></UniqueAgencyId>"
    return f"<{name}>{unique}</{name}>" if name else unique


HEADER = f"<InitiationHeader>{agency('FromAgencyId', d.LIBRARY)}{agency('ToAgencyId', d.WE)}</InitiationHeader>"
UNIQUE = f"<UniqueUserId>{agency('', d.WE)}<UserIdentifierValue>{d.CARD}</UserIdentifierValue></UniqueUserId>"
VISIBLE = (
    "<VisibleUserId><VisibleUserIdentifierType><Scheme/><Value>Barcode</Value></VisibleUserIdentifierType>"
    f"<VisibleUserIdentifier>{d.CARD}</VisibleUserIdentifier></VisibleUserId>"
)
ASKED = "<UserElementType><Scheme/><Value>Visible User Id</Value></UserElementType>"


@pytest.mark.parametrize("number", [UNIQUE, VISIBLE])
@pytest.mark.parametrize("root", ["<!DOCTYPE NCIPMessage SYSTEM 'http://127.0.0.1:9/ncip_v1_0.dtd'>", ""])
def test_a_look_up_is_read(number: str, root: str) -> None:
    found = read(root.encode() + d.first(f"<LookupUser>{HEADER}{number}{ASKED}</LookupUser>"))
    assert isinstance(found.message, LookupUser)
    assert claimed(found.message) == ((d.CARD,), None)
    assert [one.value for one in found.message.user_element_types] == ["User Id"]
    assert found.dialect == Dialect(VERSION_1_0, first=True, agency_scheme=SCHEME)


@pytest.mark.parametrize(("number", "first"), [(UNIQUE, True), (d.USER_ID, False)])
def test_without_a_version_string_the_names_tell_the_version(number: str, first: bool) -> None:
    document = d.bare(f"<LookupUser>{number}</LookupUser>", version="")
    assert read(document).dialect.first is first


def test_a_creation_is_read() -> None:
    found = read(d.first(f"<CreateUser>{HEADER}{VISIBLE}{d.NO_NAME}<DateOfBirth>1990-05-17</DateOfBirth></CreateUser>"))
    assert isinstance(found.message, CreateUser)
    assert claimed(found.message) == ((d.CARD,), None)
    assert found.message.date_of_birth is not None


def answered(dialect: Dialect) -> str:
    """A look-up's answer as text."""
    privilege = e.UserPrivilege(agency_id=Coded(d.LIBRARY), agency_user_privilege_type=Coded("Standing"))
    return CODEC.encode(
        LookupUserResponse(
            response_header=e.ResponseHeader(from_agency_id=Coded(d.WE), to_agency_id=Coded(d.LIBRARY)),
            user_id=e.UserId(user_identifier_value=d.CARD),
            user_optional_fields=e.UserOptionalFields(
                user_privileges=(privilege,), user_ids=(e.UserId(user_identifier_value=d.CARD),)
            ),
        ),
        dialect,
    ).decode()


def test_an_answer_has_version_1s_names_and_no_prefix() -> None:
    text = answered(Dialect(VERSION_1_0, first=True, agency_scheme=SCHEME))
    assert f'<NCIPMessage version="{VERSION_1_0}"><LookupUserResponse>' in text
    assert "ns1" not in text
    assert UNIQUE in text
    assert "<UserPrivilege>" + agency("", d.LIBRARY) + "<AgencyUserPrivilegeType><Scheme></Scheme>" in text.replace(
        "<Scheme/>", "<Scheme></Scheme>"
    )
    assert text.index("<VisibleUserId>") < text.index("<UserPrivilege>")


@pytest.mark.parametrize(
    ("trouble", "error"),
    [(Trouble.DUPLICATE_USER, "ProcessingError"), (Trouble.UNKNOWN_ELEMENT, "MessagingError")],
)
def test_a_problem_has_version_1s_shape(trouble: Trouble, error: str) -> None:
    answer = refusal("CreateUser", problem(trouble, "CreateUser", about="UserId"))
    root = etree.fromstring(CODEC.encode(answer, Dialect(VERSION_1_0, first=True)))
    path = f"CreateUserResponse/Problem/{error}/{error}"
    assert root.findtext(f"{path}Type/Value") == trouble.word
    assert root.findtext(f"{path}Element/ElementName") == "UniqueUserId"


def test_an_answer_in_version_1_is_read_as_any_other() -> None:
    message = CreateUserResponse(user_id=e.UserId(agency_id=Coded(d.LIBRARY), user_identifier_value="L0004711"))
    found = CODEC.answer(CODEC.encode(message, Dialect(VERSION_1_0, first=True)), to=CreateUser)
    assert isinstance(found, Received)
    assert found.message == message


def test_a_request_that_is_refused_is_refused_in_version_1() -> None:
    found = CODEC.request(d.first(f"<LookupUser>{HEADER}<Shoe/></LookupUser>"))
    assert isinstance(found, Unreadable)
    assert found.dialect.first
    assert b"<MessagingErrorType>" in CODEC.encode(found.answer(), found.dialect)


def test_a_version_string_that_is_no_uri_is_not_repeated() -> None:
    found = read(d.bare(f"<LookupUser>{UNIQUE}</LookupUser>", version="&lt;script&gt; v1_0"))
    assert found.dialect.version == VERSION_1_0


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (VERSION_1_0, 1),
        ("http://ncip.envisionware.com/documentation/ncip_v1_01.dtd", 1),
        (VERSION_2_02, 2),
        ("2.0", 2),
        ("1", 1),
        ("http://10.0.0.1/ncip", None),
        ("", None),
        ("http://www.niso.org/2008/ncip", None),
    ],
)
def test_the_generation_is_read_out_of_a_version_string(version: str, told: int | None) -> None:
    assert generation(version) == told


ASK = f"<LookupVersion>{agency('FromAgencyId', d.LIBRARY)}{agency('ToAgencyId', d.WE)}</LookupVersion>"


@pytest.mark.parametrize("root", ["NCIPVersionMessage", "NCIPMessage"])
def test_lookup_version_is_answered_in_the_envelope_it_came_in(root: str) -> None:
    found = read(f'<{root} version="{VERSION_QUERY.version}">{ASK}</{root}>'.encode())
    assert isinstance(found.message, LookupVersion)
    document = CODEC.encode(found.message.reply(), found.dialect)
    assert document.endswith(f"</LookupVersionResponse></{root}>".encode())
    assert agency("ToAgencyId", d.LIBRARY).encode() in document
    answer = CODEC.answer(document, to=LookupVersion)
    assert isinstance(answer, Received)
    assert isinstance(answer.message, LookupVersionResponse)
    assert VERSION_2_02 in answer.message.versions_supported
    assert answer.message.from_agency_id == Coded(d.WE, SCHEME)


def test_lookup_version_can_be_asked() -> None:
    message = LookupVersion(from_agency_id=Coded(d.WE, SCHEME), to_agency_id=Coded("A&B"))
    found = CODEC.request(CODEC.encode(message, VERSION_QUERY))
    assert isinstance(found, Received)
    assert found.message == LookupVersion(from_agency_id=Coded(d.WE, SCHEME), to_agency_id=Coded("A&B"))


def test_lookup_version_with_an_endless_agency_is_refused() -> None:
    document = f"<NCIPVersionMessage version='v1_0'>{ASK.replace(d.WE, 'x' * 600)}</NCIPVersionMessage>"
    assert isinstance(CODEC.request(document.encode()), Unreadable)
