"""What systems really send: each deviation is read as what was meant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from protocols.ncip import (
    BareProblem,
    Claim,
    Codec,
    Conformance,
    CreateUser,
    DeleteUser,
    Flaw,
    ItemReceived,
    ItemRequested,
    ItemShipped,
    LookupUser,
    LookupUserResponse,
    Message,
    Received,
    RequestItem,
    Unreadable,
    UpdateUser,
    claim_of,
)
from tests.protocols.ncip import documents as d

CODEC = Codec()


def read(document: bytes) -> Received:
    """The message in a document that is readable."""
    found = CODEC.request(document)
    assert isinstance(found, Received), found
    return found


def refused(document: bytes) -> tuple[str, str | None, str | None]:
    """Word, element and service of the problem with a document that is not."""
    found = CODEC.request(document)
    assert isinstance(found, Unreadable), found
    return found.problem.problem_type.value, found.problem.problem_element, found.service


def claimed(message: Message) -> tuple[tuple[str, ...], str | None]:
    """The numbers and the proof in a request."""
    assert isinstance(message, LookupUser | CreateUser | UpdateUser | DeleteUser)
    claim = claim_of(message)
    assert isinstance(claim, Claim)
    return claim.numbers, claim.proof.word if claim.proof else None


LOOKUP = d.message(d.LOOKUP)
BY_ID = d.message(d.LOOKUP_BY_ID)
SCHEME = "http://www.niso.org/ncip/v1_0/imp1/schemes/a/a.scm"
MESSAGES = {
    "as it should be": LOOKUP,
    "default namespace": d.message(d.LOOKUP, prefix=""),
    "another prefix": d.message(d.LOOKUP, prefix="ncip:"),
    "no namespace": d.bare(d.LOOKUP),
    "plain version attribute": LOOKUP.replace(b"ns1:version", b"version"),
    "no version": LOOKUP.replace(b" ns1:version=", b" xml:lang="),
    "a version of an earlier 2": LOOKUP.replace(b"v2_02/ncip_v2_02", b"v2_0/imp1/xsd/ncip_v2_0"),
    "a version that is no URI": LOOKUP.replace(b"http://www.niso.org/schemas/ncip/v2_02/ncip_v2_02.xsd", b"2.02"),
    "padded values": LOOKUP.replace(b">N001234567<", b">\n\t N001234567 \r\n<").replace(b">NO-", b"> NO-"),
    "schemes as children": LOOKUP.replace(
        b">Barcode Id<", f"><ns1:Scheme>{SCHEME}</ns1:Scheme><ns1:Value>Barcode Id</ns1:Value><".encode()
    ),
    "a scheme that is no URI": LOOKUP.replace(b"InputType>Barcode", b"InputType ns1:Scheme='a b %'>Barcode"),
    "other attributes": LOOKUP.replace(b"<ns1:LookupUser>", b"<ns1:LookupUser id='7' datatype='string'>"),
    "comments": LOOKUP.replace(b"N001234567", b"N00<!-- <x> -->1234567").replace(b"<ns1:Auth", b"<!----><ns1:Auth"),
    "processing instructions": LOOKUP.replace(b"N001234567", b"N00<?x y?>1234567"),
    "CDATA": LOOKUP.replace(b"N001234567", b"<![CDATA[N001234567]]>"),
    "character references": LOOKUP.replace(b"N001234567", b"&#78;0012&#x33;4567"),
    "control bytes": LOOKUP.replace(b"N001234567", b"N0012\x04\x0034567") + b"\0\n\0",
    "lines before the declaration": b"\n \n<?xml version='1.0' encoding='UTF-8'?>\n" + LOOKUP,
    "a byte order mark": b"\xef\xbb\xbf<?xml version='1.0'?>" + LOOKUP,
    "XML 1.1": b"<?xml version='1.1'?>" + LOOKUP,
    "a harmless DOCTYPE": b"<!DOCTYPE NCIPMessage PUBLIC '-//NISO//NCIP' 'http://127.0.0.1:9/x.dtd'>" + LOOKUP,
    "types before values": d.message(
        d.LOOKUP.replace("<AuthenticationInputType>PIN</AuthenticationInputType>", "").replace(
            f"<AuthenticationInputData>{d.PIN}<",
            f"<AuthenticationInputType>PIN</AuthenticationInputType><AuthenticationInputData>{d.PIN}<",
        )
    ),
    "the header last": d.message(d.LOOKUP.replace(d.HEADER, "").replace("</LookupUser>", d.HEADER + "</LookupUser>")),
    "no format type": d.message(
        d.LOOKUP.replace("<AuthenticationDataFormatType>text/plain</AuthenticationDataFormatType>", "")
    ),
    "a stranger's extension": LOOKUP.replace(
        b"</ns1:LookupUser>", b"<ns1:Ext><x:y xmlns:x='urn:x'>z</x:y><ns1:Foo/></ns1:Ext></ns1:LookupUser>"
    ),
    "the number as UserId too": d.message(d.LOOKUP.replace(d.HEADER, d.HEADER + d.USER_ID)),
    "the number as UserId alone": d.message(
        f"<LookupUser>{d.HEADER}{d.credential('pin', d.PIN)}{d.USER_ID}"
        "<UserElementType>Name Information</UserElementType></LookupUser>"
    ),
    "version 1": d.first(
        d.LOOKUP.replace("<AgencyId>", "<UniqueAgencyId><Scheme/><Value>").replace(
            "</AgencyId>", "</Value></UniqueAgencyId>"
        )
    ),
}


@pytest.mark.parametrize("document", MESSAGES.values(), ids=MESSAGES)
def test_a_look_up_with_card_and_pin_is_read(document: bytes) -> None:
    message = read(document).message
    assert isinstance(message, LookupUser)
    assert claimed(message) == ((d.CARD,), d.PIN)
    assert [one.value for one in message.user_element_types] == ["Name Information"]
    assert message.initiation_header is not None
    assert message.initiation_header.from_agency_id is not None
    assert message.initiation_header.from_agency_id.value == d.LIBRARY


@pytest.mark.parametrize("name", sorted(MESSAGES.keys() - {"no format type"}))
def test_the_usual_deviations_are_valid_once_they_are_mended(name: str) -> None:
    assert isinstance(CODEC.request(MESSAGES[name], strict=True), Received)


def test_an_extension_is_never_a_reason_to_refuse() -> None:
    notices = "<NoticeContent>a</NoticeContent><NoticeContent>b</NoticeContent><UserId/>"
    message = read(d.message(f"<LookupUser>{d.USER_ID}<Ext>{notices}</Ext></LookupUser>")).message
    assert isinstance(message, LookupUser)
    assert message.ext is not None
    assert message.ext.notice_content == "a"


@pytest.mark.parametrize(
    ("document", "conformance"),
    [
        (LOOKUP, Conformance.VALID),
        (d.bare(d.LOOKUP), Conformance.MENDED),
        (d.message("<LookupUser/>"), Conformance.INVALID),
    ],
)
def test_how_well_a_document_was_made_is_told(document: bytes, conformance: Conformance) -> None:
    assert read(document).conformance is conformance


def test_a_strict_reader_refuses_what_mending_could_not_make_valid() -> None:
    assert isinstance(CODEC.request(d.message("<LookupUser/>"), strict=True), Unreadable)
    assert isinstance(CODEC.request(d.bare(d.LOOKUP), strict=True), Received)


ENCODED = d.message(f"<CreateUser>{d.USER_ID}{d.NO_NAME.replace('>-<', '>Ødegård, Åse<')}</CreateUser>").decode()
ENCODINGS = {
    "undeclared UTF-8": ENCODED.encode(),
    "undeclared Latin-1": ENCODED.encode("latin-1"),
    "Latin-1 declared as UTF-8": b"<?xml version='1.0' encoding='UTF-8'?>" + ENCODED.encode("latin-1"),
    "ISO-8859-1": b"<?xml version='1.0' encoding='ISO-8859-1'?>" + ENCODED.encode("latin-1"),
    "windows-1252": b'<?xml version="1.0" encoding = "Windows-1252"?>' + ENCODED.encode("cp1252"),
    "UTF-16 with mark": ENCODED.encode("utf-16"),
    "UTF-16 big": b"\xfe\xff" + f"<?xml version='1.0' encoding='UTF-16'?>{ENCODED}".encode("utf-16-be"),
    "UTF-16 without mark": f"<?xml version='1.0' encoding='utf-16'?>{ENCODED}".encode("utf-16-le"),
    "UTF-16 cut in the middle": ENCODED.encode("utf-16") + b"\n",
    "UTF-8 declared as UTF-16": b"<?xml version='1.0' encoding='utf-16'?>" + ENCODED.encode(),
    "UTF-8 declared as ASCII": b"<?xml version='1.0' encoding='us-ascii'?>" + ENCODED.encode(),
}


@pytest.mark.parametrize("document", ENCODINGS.values(), ids=ENCODINGS)
def test_a_name_is_read_in_every_accepted_encoding(document: bytes) -> None:
    message = read(document).message
    assert isinstance(message, CreateUser)
    person = message.name_information.personal_name_information
    assert person is not None
    assert person.unstructured_personal_user_name == "Ødegård, Åse"


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "ebcdic-cp-us", "iso-8859-15", "idna", "x" * 40])
def test_any_other_encoding_is_refused(encoding: str) -> None:
    found = CODEC.request(f"<?xml version='1.0' encoding='{encoding}'?>".encode() + LOOKUP)
    assert isinstance(found, Unreadable)
    assert found.flaw is Flaw.CHARSET


def created(extra: str) -> CreateUser:
    message = read(d.message(f"<CreateUser>{d.USER_ID}{d.NO_NAME}{extra}</CreateUser>")).message
    assert isinstance(message, CreateUser)
    return message


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("1990-05-17", date(1990, 5, 17)),
        ("1990-05-17T00:00:00Z", date(1990, 5, 17)),
        ("1990-05-17T00:00:00", date(1990, 5, 17)),
        ("1990-05-17T00:00:00+02:00", date(1990, 5, 17)),
        ("1990-05-16T22:00:00Z", date(1990, 5, 17)),
        ("1990-01-16T23:00:00.000Z", date(1990, 1, 17)),
        ("1990-05-17T12:00:00Z", date(1990, 5, 17)),
        (" 1990-05-17T09:30 ", date(1990, 5, 17)),
        ("", None),
    ],
)
def test_a_date_of_birth_is_the_date_that_was_meant(text: str, born: date | None) -> None:
    assert created(f"<DateOfBirth>{text}</DateOfBirth>").date_of_birth == born


@pytest.mark.parametrize("text", ["17.05.1990", "1990-02-30", "1990-05-17T25:00:00Z", "0000-01-01", "yesterday"])
def test_what_is_no_date_is_refused_by_name(text: str) -> None:
    document = d.message(f"<CreateUser>{d.USER_ID}{d.NO_NAME}<DateOfBirth>{text}</DateOfBirth></CreateUser>")
    assert refused(document) == ("Invalid Date", "DateOfBirth", "CreateUser")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-01-15T09:30:00Z", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("2026-01-15T10:30:00+01:00", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("2026-01-15T10:30+01:00", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("2026-01-15T10:30", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("2026-01-15T10:30:00.25", datetime(2026, 1, 15, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC)),
        ("2026-01-14T24:00:00Z", datetime(2026, 1, 15, tzinfo=UTC)),
        ("", None),
    ],
)
def test_an_instant_without_zone_is_in_the_senders(text: str, when: datetime | None) -> None:
    privilege = (
        f"<UserPrivilege><AgencyId>{d.LIBRARY}</AgencyId><AgencyUserPrivilegeType>Standing</AgencyUserPrivilegeType>"
        f"<ValidFromDate>{text}</ValidFromDate></UserPrivilege>"
    )
    document = d.message(f"<CreateUser>{d.USER_ID}{d.NO_NAME}{privilege}</CreateUser>")
    found = CODEC.request(document, zone=timezone(timedelta(hours=1)))
    assert isinstance(found, Received)
    assert isinstance(found.message, CreateUser)
    assert found.message.user_privileges[0].valid_from_date == when


REFUSED = {
    "a name is missing": (f"<CreateUser>{d.USER_ID}</CreateUser>", "Needed Data Missing", "NameInformation"),
    "a UserId is empty": ("<LookupUser><UserId/></LookupUser>", "Needed Data Missing", "UserIdentifierValue"),
    "a credential has no type": (
        d.LOOKUP.replace("<AuthenticationInputType>PIN</AuthenticationInputType>", ""),
        "Needed Data Missing",
        "AuthenticationInputType",
    ),
    "a child is unknown": (f"<LookupUser>{d.USER_ID}<Shoe/></LookupUser>", "Unknown Element", "Shoe"),
    "an unknown child might be a number": (
        f"<LookupUser>{d.USER_ID}<N4711/></LookupUser>",
        "Unknown Element",
        "LookupUser",
    ),
    "a child is known elsewhere": (f"<LookupUser>{d.USER_ID}<Surname/></LookupUser>", "Unknown Element", "Surname"),
    "a leaf has children": (
        "<LookupUser><UserId><UserIdentifierValue>N<b>1</b></UserIdentifierValue></UserId></LookupUser>",
        "Unknown Element",
        "UserIdentifierValue",
    ),
    "there are two ids": (f"<LookupUser>{d.USER_ID}{d.USER_ID}</LookupUser>", "Invalid Message Syntax Error", "UserId"),
    "an id is endless": (
        d.LOOKUP_BY_ID.replace(d.CARD, "N" * 129),
        "Invalid Message Syntax Error",
        "UserIdentifierValue",
    ),
    "a text is endless": (
        f"<CreateUser>{d.USER_ID}{d.NO_NAME.replace('>-<', '>' + 'å' * 4097 + '<')}</CreateUser>",
        "Invalid Message Syntax Error",
        "UnstructuredPersonalUserName",
    ),
    "the service is not offered": ("<CheckOutItem><Foo/></CheckOutItem>", "Unsupported Service", "CheckOutItem"),
}


@pytest.mark.parametrize(("body", "word", "element"), REFUSED.values(), ids=REFUSED)
def test_a_request_is_refused_in_its_own_response_when(body: str, word: str, element: str) -> None:
    service = body[1 : body.index(">")]
    for document in (d.message(body), d.bare(body)):
        assert refused(document) == (word, element, service)


NO_SERVICE = {
    "nothing": ("", "Protocol Error"),
    "an answer": (d.LOOKUP_ANSWER, "Protocol Error"),
    "a problem": ("<Problem><ProblemType>Protocol Error</ProblemType></Problem>", "Protocol Error"),
    "an unknown service": ("<BorrowElephant/>", "Unknown Service"),
    "an extension": ("<Ext/>", "Unknown Service"),
    "two services": (d.LOOKUP_BY_ID * 2, "Invalid Message Syntax Error"),
}


@pytest.mark.parametrize(("body", "word"), NO_SERVICE.values(), ids=NO_SERVICE)
def test_what_names_no_service_gets_a_bare_problem(body: str, word: str) -> None:
    for document in (d.message(body), d.bare(body)):
        found = CODEC.request(document)
        assert isinstance(found, Unreadable)
        assert found.problem.problem_type.value == word
        assert isinstance(found.answer(), BareProblem)


@pytest.mark.parametrize("version", ["http://www.niso.org/schemas/ncip/v3_0/ncip_v3_0.xsd", "3.0", "v17_2"])
def test_an_unknown_version_is_a_protocol_error(version: str) -> None:
    assert refused(d.message(d.LOOKUP, version=version)) == ("Protocol Error", "version", None)


def test_the_answer_to_a_refused_request_goes_back_to_its_sender() -> None:
    found = CODEC.request(d.bare(f"<CheckOutItem>{d.HEADER}<Foo/></CheckOutItem>"))
    assert isinstance(found, Unreadable)
    document = CODEC.encode(found.answer())
    assert f"<ns1:FromAgencyId><ns1:AgencyId>{d.WE}<".encode() in document
    assert f"<ns1:ToAgencyId><ns1:AgencyId>{d.LIBRARY}<".encode() in document


# Loans between libraries: only the ids must be found.
ADDRESS = "<StructuredAddress><zipcode>0001</zipcode><city>By</city><street>Gata 1</street><country>NO</country>"


def routed(body: str) -> Message:
    return read(d.message(body)).message


def test_a_shipped_item_is_read_with_the_address_names_of_a_plug_in() -> None:
    message = routed(
        f"<ItemShipped>{d.USER_ID}{d.REQUEST_ID}<DateShipped>2026-02-03T08:15:00</DateShipped><ShippingInformation>"
        f"<PhysicalAddress>{ADDRESS}</StructuredAddress><PhysicalAddressType/></PhysicalAddress></ShippingInformation>"
        "<Ext><NoticeContent>ShippedBy.Lender</NoticeContent></Ext></ItemShipped>"
    )
    assert isinstance(message, ItemShipped)
    assert message.request_id is not None
    assert message.request_id.request_identifier_value == "2026-000042"
    assert message.date_shipped == datetime(2026, 2, 3, 8, 15, tzinfo=UTC)
    assert message.ext is not None
    assert message.ext.notice_content == "ShippedBy.Lender"
    assert message.shipping_information is not None
    assert message.shipping_information.physical_address is not None
    address = message.shipping_information.physical_address.structured_address
    assert address is not None
    assert (address.street, address.region, address.country, address.postal_code) == ("Gata 1", "By", "NO", "0001")


def test_a_request_by_isbn_is_read_with_the_names_of_an_item() -> None:
    message = routed(
        f"<RequestItem>{d.USER_ID}<BibliographicId><ItemIdentifierType>ISBN</ItemIdentifierType>"
        "<ItemIdentifierValue>9788203360000</ItemIdentifierValue></BibliographicId></RequestItem>"
    )
    assert isinstance(message, RequestItem)
    item = message.bibliographic_ids[0].bibliographic_item_id
    assert item is not None
    assert item.bibliographic_item_identifier == "9788203360000"
    assert item.bibliographic_item_identifier_code is not None
    assert item.bibliographic_item_identifier_code.value == "ISBN"


def test_a_routed_message_is_read_for_its_ids_whatever_else_is_wrong_with_it() -> None:
    message = routed(
        f"<ItemReceived>{d.REQUEST_ID}<Shoe/><DateReceived>yesterday</DateReceived><UserId/>{d.ITEM_ID}</ItemReceived>"
    )
    assert isinstance(message, ItemReceived)
    assert message.item_id is not None
    assert message.item_id.item_identifier_value == "03011234567001"
    assert (message.user_id, message.date_received) == (None, None)


def test_an_order_from_a_catalogue_has_an_empty_request_id() -> None:
    message = routed(
        f"<ItemRequested>{d.USER_ID}<BibliographicId><BibliographicRecordId><BibliographicRecordIdentifier>99"
        "</BibliographicRecordIdentifier><BibliographicRecordIdentifierCode>OwnerLocalRecordID"
        "</BibliographicRecordIdentifierCode></BibliographicRecordId></BibliographicId><RequestId><AgencyId/>"
        "<RequestIdentifierValue/></RequestId><RequestType>LII</RequestType><RequestScopeType>Title</RequestScopeType>"
        "<ItemOptionalFields><BibliographicDescription/></ItemOptionalFields></ItemRequested>"
    )
    assert isinstance(message, ItemRequested)
    assert message.request_id is not None
    assert message.request_id.request_identifier_value == ""
    assert message.bibliographic_id is not None


def test_an_answer_is_read_though_it_holds_what_nobody_knows() -> None:
    body = d.LOOKUP_ANSWER.replace("<DateOfBirth>", "<Shoe/><LoanedItem>x</LoanedItem><DateOfBirth>in May ")
    found = CODEC.answer(d.bare(body), to=LookupUser)
    assert isinstance(found, Received)
    assert isinstance(found.message, LookupUserResponse)
    assert found.message.user_optional_fields is not None
    assert found.message.user_optional_fields.name_information is not None
    assert found.message.user_optional_fields.date_of_birth is None
