"""What holds for every message and for every document, whoever wrote it."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from protocols.ncip import VERSION_2, Codec, Dialect, Message, Received, Unreadable, claim_of
from protocols.ncip import elements as e
from protocols.ncip import messages as m
from protocols.ncip.grammar import grammar_of, schema_tree
from protocols.ncip.schemes import NAMESPACE, VERSION_1_0, Coded
from tests.protocols.ncip import documents as d
from tests.protocols.ncip.oracle import is_valid
from tests.protocols.ncip.strategies import MESSAGES_SENT, elements

CODEC = Codec()
FIRST = Dialect(VERSION_1_0, first=True)
NAMES = sorted(grammar_of(schema_tree()).declared)


@settings(max_examples=200)
@given(MESSAGES_SENT)
def test_a_message_that_is_sent_is_valid_and_read_as_it_was(message: Message) -> None:
    document = CODEC.encode(message)
    assert is_valid(document)
    assert document.count(b"<ns1:") == document.count(b"<") - document.count(b"</ns1:") - 1
    found = CODEC.decode(document)
    assert isinstance(found, Received)
    assert found.message == message


@settings(max_examples=60)
@given(MESSAGES_SENT)
def test_a_message_shows_no_value_in_its_repr(message: Message) -> None:
    shown = set(repr(message)) - set(string.ascii_letters + string.digits + "<>:* ")
    assert not shown


@given(elements(m.LookupUserResponse), st.sampled_from(("", "http://www.niso.org/ncip/v1_0/schemes/agency.scm")))
def test_a_look_up_answered_in_version_1_says_the_same(message: m.LookupUserResponse, scheme: str) -> None:
    found = CODEC.decode(CODEC.encode(message, Dialect(VERSION_1_0, first=True, agency_scheme=scheme)))
    assert isinstance(found, Received)
    assert found.dialect.first
    assert isinstance(found.message, m.LookupUserResponse)
    told = found.message
    assert [_words(one) for one in told.problems] == [_words(one) for one in message.problems]
    assert (told.user_id is None) == (message.user_id is None)
    if told.user_id and message.user_id:
        assert told.user_id.user_identifier_value == message.user_id.user_identifier_value
    if told.user_optional_fields and message.user_optional_fields:
        assert told.user_optional_fields.name_information == message.user_optional_fields.name_information
        assert told.user_optional_fields.date_of_birth == message.user_optional_fields.date_of_birth
        assert len(told.user_optional_fields.user_privileges) == len(message.user_optional_fields.user_privileges)


def _words(problem: e.Problem) -> tuple[str, str]:
    # What version 1 calls visible is called by one name here, whoever wrote it.
    return problem.problem_type.value, (problem.problem_element or "").replace("Visible User Id", "User Id")


@given(st.text(st.characters(), max_size=60))
@example("\ud800 \ufffe ]]> & < > \" ' \r\n \0 \x1f")
def test_any_text_can_be_sent(text: str) -> None:
    name = e.NameInformation(personal_name_information=e.PersonalNameInformation(unstructured_personal_user_name=text))
    user_id = e.UserId(agency_id=Coded(text, text), user_identifier_value=text)
    assert is_valid(CODEC.encode(m.UserCreated(user_id=user_id, name_information=name)))
    assert (
        etree.fromstring(CODEC.encode(m.UserCreated(user_id=user_id, name_information=name), FIRST)).tag
        == "NCIPMessage"
    )


@settings(max_examples=300)
@given(
    st.from_regex(
        r"[A-Za-z][A-Za-z0-9+.-]{0,3}:(//[A-Za-z0-9.:-]{0,8})?[][A-Za-z0-9/._~?=&:@,;%#-]{0,12}", fullmatch=True
    )
)
@example("http://a:b")
@example("http://[")
@example("a:////b")
@example("http://a:99999/")
def test_any_scheme_can_be_sent(scheme: str) -> None:
    message = m.CreateUserResponse(user_id=e.UserId(agency_id=Coded("x", scheme), user_identifier_value="1"))
    assert is_valid(CODEC.encode(message))


def is_answerable(document: bytes) -> bool:
    """Whether a document was understood, or is answered by a valid message."""
    found = CODEC.request(document)
    if isinstance(found, Unreadable):
        answer = CODEC.encode(found.answer(), VERSION_2)
        CODEC.encode(found.answer(), found.dialect)
        return is_valid(answer)
    if isinstance(found.message, m.LookupUser | m.CreateUser | m.UpdateUser | m.DeleteUser):
        claim_of(found.message)
    return isinstance(found, Received)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_answerable(noise: bytes) -> None:
    assert is_answerable(noise)
    assert is_answerable(d.message(d.LOOKUP).replace(b"4711", noise))
    assert is_answerable(d.message(d.LOOKUP) + noise)


@settings(max_examples=200)
@given(st.data())
def test_a_document_that_was_damaged_is_answerable(data: st.DataObject) -> None:
    document = bytearray(data.draw(st.sampled_from((d.message(d.LOOKUP), d.first(d.LOOKUP), d.bare(d.LOOKUP_BY_ID)))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(document) - 1))
        end = start + data.draw(st.integers(0, 8))
        document[start:end] = data.draw(st.binary(max_size=8))
    assert is_answerable(bytes(document))


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """A document of known names in no order that makes sense."""
    space = draw(st.sampled_from((NAMESPACE, "", "urn:other")))
    root = etree.Element(
        f"{{{space}}}NCIPMessage" if space else "NCIPMessage", version=draw(st.sampled_from(("v2_02", "v1_0", "")))
    )
    nodes = [root]
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=25)):
        parent = nodes[draw(st.integers(max(0, len(nodes) - 4), len(nodes) - 1))]
        nodes.append(etree.SubElement(parent, f"{{{space}}}{name}" if space else name))
        nodes[-1].text = draw(st.sampled_from((None, "PIN", "2026-02-30", "1990-05-17", "x" * 200, " N001234567 ")))
    return etree.tostring(root)


@settings(max_examples=200)
@given(trees())
def test_any_tree_of_known_names_is_answerable(document: bytes) -> None:
    assert is_answerable(document)
