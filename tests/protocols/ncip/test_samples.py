"""The standard's schema and a stock of sample messages as an oracle, where they are at hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from protocols.ncip import (
    Codec,
    Conformance,
    CreateUser,
    LookupUser,
    LookupVersion,
    LookupVersionResponse,
    Received,
    Unreadable,
)
from protocols.ncip import messages as m
from protocols.ncip.normalising import local
from tests.protocols.ncip.oracle import OURS, SAMPLES, STANDARD, is_valid, needs_samples, needs_standard
from tests.protocols.ncip.test_mending import claimed

CODEC = Codec()
REFUSED = {"X_CreateUser_no_name.xml": "Needed Data Missing"}
BOTH_IDS = ("dirty-03", "X_LookupUser_userid_and_auth")


def named(prefix: str) -> list[Path]:
    return [path for path in SAMPLES if path.name.startswith(prefix)]


def is_refused(path: Path) -> bool:
    return path.name.startswith("reject-") or path.name in REFUSED


READ = [path for path in SAMPLES if not is_refused(path)]


def sample(prefix: str) -> Received:
    found = CODEC.decode(named(prefix)[0].read_bytes())
    assert isinstance(found, Received)
    return found


@needs_samples
@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_a_sample_is_read_and_written_again(path: Path) -> None:
    found = CODEC.decode(path.read_bytes(), strict=True)
    assert isinstance(found, Received)
    assert found.dialect.first is (path.name.startswith("v1-") or path.name.startswith("dirty-11"))
    if path.name.startswith(BOTH_IDS) or isinstance(found.message, LookupVersion | LookupVersionResponse):
        return
    document = CODEC.encode(found.message)
    assert is_valid(document)
    again = CODEC.decode(document)
    assert isinstance(again, Received)
    assert again.message == found.message


@needs_samples
@pytest.mark.parametrize("path", [path for path in SAMPLES if is_refused(path)], ids=lambda path: path.name)
def test_a_sample_is_refused(path: Path) -> None:
    found = CODEC.decode(path.read_bytes())
    assert isinstance(found, Unreadable)
    assert found.problem.problem_type.value == REFUSED.get(path.name, "Invalid Message Syntax Error")
    assert is_valid(CODEC.encode(found.answer()))


# LookupVersion has a schema of its own; a charset is no deviation, and control bytes are taken out before anything.
AS_IT_CAME = ("v1-01", "v1-02", "dirty-07", "dirty-08")
TO_BE_MENDED = ("v1-", "dirty-", "X_", "LookupUser_ext_foreign")


def expected_of(name: str) -> Conformance:
    """How well a sample is made, as is told beside the samples."""
    mended = name.startswith(TO_BE_MENDED) and not name.startswith(AS_IT_CAME)
    return Conformance.MENDED if mended else Conformance.VALID


@needs_samples
@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_a_sample_is_made_as_well_as_is_told_of_it(path: Path) -> None:
    found = CODEC.decode(path.read_bytes())
    assert isinstance(found, Received)
    assert found.conformance is expected_of(path.name)


@needs_samples
def test_a_foreign_extension_is_dropped() -> None:
    found = sample("LookupUser_ext_foreign")
    assert isinstance(found.message, LookupUser)
    assert claimed(found.message) == (("N000000000",), None)
    assert b"pending" in named("LookupUser_ext_foreign")[0].read_bytes()
    assert b"pending" not in CODEC.encode(found.message)


@needs_samples
def test_the_samples_of_version_1_are_read_as_meant() -> None:
    message = sample("v1-10").message
    assert isinstance(message, LookupUser)
    assert claimed(message) == (("N001234567",), "1234")
    made = sample("v1-20").message
    assert isinstance(made, CreateUser)
    assert claimed(made)[0] == ("N001234567",)
    wrong = sample("v1-12").message
    assert isinstance(wrong, m.LookupUserResponse)
    assert [one.problem_type.value for one in wrong.problems] == ["User Authentication Failed"]
    duplicate = sample("v1-22").message
    assert isinstance(duplicate, m.CreateUserResponse)
    assert [one.problem_type.value for one in duplicate.problems] == ["Duplicate User"]


@needs_samples
@needs_standard
@pytest.mark.parametrize("path", named("ex-") + named("X_") + named("dirty-"), ids=lambda path: path.name)
def test_our_schema_and_the_standards_judge_a_sample_alike(path: Path) -> None:
    assert STANDARD is not None
    root = etree.parse(path).getroot() if not path.name.startswith(("dirty-04", "dirty-08", "dirty-11")) else None
    if root is not None:
        assert OURS.validate(root) == STANDARD.validate(root)


def outline(node: etree._Element) -> object:
    """An element with its children, without what only indents it."""
    return local(node), (node.text or "").strip(), [outline(child) for child in node]


@needs_samples
@pytest.mark.parametrize("path", named("ex-"), ids=lambda path: path.name)
def test_what_we_write_looks_like_the_sample(path: Path) -> None:
    found = CODEC.decode(path.read_bytes())
    assert isinstance(found, Received)
    written = etree.fromstring(CODEC.encode(found.message))
    wanted = etree.parse(path).getroot()
    for opaque in wanted.findall(".//{*}ItemOptionalFields"):
        parent = opaque.getparent()
        assert parent is not None
        parent.remove(opaque)
    assert outline(written) == outline(wanted)


@needs_samples
@pytest.mark.parametrize("prefix", ["v1-02", "v1-11", "v1-12", "v1-21", "v1-22"])
def test_what_we_answer_in_version_1_looks_like_the_sample(prefix: str) -> None:
    found = sample(prefix)
    dialect = found.dialect
    written = etree.fromstring(CODEC.encode(found.message, dialect))
    wanted = etree.parse(named(prefix)[0]).getroot()
    assert outline(written) == outline(wanted)
    assert written.attrib == wanted.attrib


@needs_samples
@pytest.mark.parametrize(
    ("prefix", "numbers", "pin"),
    [
        ("dirty-01", ("n1234567",), "1234"),
        ("dirty-02", ("N001234567",), None),
        ("dirty-03", ("N001234567",), "1234"),
        ("dirty-04", ("N001234567",), None),
        ("dirty-08", ("N001234567",), None),
        ("dirty-11", ("GRØNN-17",), None),
        ("X_LookupUser_userid_and_auth", ("N0", "N000000000"), "0000"),
    ],
)
def test_a_dirty_look_up_is_read_as_meant(prefix: str, numbers: tuple[str, ...], pin: str | None) -> None:
    message = sample(prefix).message
    assert isinstance(message, LookupUser)
    assert claimed(message) == (numbers, pin)


@needs_samples
def test_the_first_dirty_sample_names_its_library_and_its_wish() -> None:
    message = sample("dirty-01").message
    assert isinstance(message, LookupUser)
    assert message.initiation_header is not None
    assert message.initiation_header.from_agency_id is not None
    assert message.initiation_header.from_agency_id.value == "NO-2030000"
    assert [one.says("Name Information") for one in message.user_element_types] == [True]


@needs_samples
def test_a_dirty_cancellation_is_read_as_meant() -> None:
    message = sample("dirty-05").message
    assert isinstance(message, m.CancelRequestItem)
    assert message.user_id is not None
    assert message.user_id.user_identifier_value == "N001234567"
    assert message.request_id is not None
    assert message.request_id.agency_id is not None
    assert (message.request_id.agency_id.value, message.request_id.request_identifier_value) == (
        "NO-2030000",
        "2026-000042",
    )
    assert message.ext is not None
    assert message.ext.notice_content == "CancelledBy.Borrower"


@needs_samples
def test_dirty_dates_are_read_as_meant() -> None:
    message = sample("dirty-06").message
    assert isinstance(message, CreateUser)
    assert claimed(message) == (("N001234567",), None)
    assert message.date_of_birth == date(1990, 5, 17)
    assert message.user_privileges[0].valid_from_date is None
    assert message.user_privileges[0].valid_to_date == datetime(2027, 1, 10, 13, 35, tzinfo=UTC)


@needs_samples
def test_a_name_in_latin_1_is_read_as_meant() -> None:
    message = sample("dirty-07").message
    assert isinstance(message, CreateUser)
    person = message.name_information.personal_name_information
    assert person is not None
    assert person.unstructured_personal_user_name == "Bjørnstad, Åse Marie"


@needs_samples
def test_a_dirty_shipment_is_read_as_meant() -> None:
    message = sample("dirty-09").message
    assert isinstance(message, m.ItemShipped)
    assert message.date_shipped == datetime(2026, 2, 3, 8, 15, tzinfo=UTC)
    assert message.ext is not None
    assert message.ext.notice_content == "ShippedBy.Lender"
    assert message.shipping_information is not None
    assert message.shipping_information.physical_address is not None
    address = message.shipping_information.physical_address.structured_address
    assert address is not None
    assert (address.street, address.region, address.country, address.postal_code) == (
        "Biblioteksgata 1",
        "Eksempelby",
        "NO",
        "0001",
    )


@needs_samples
def test_a_dirty_request_is_read_as_meant() -> None:
    message = sample("dirty-10").message
    assert isinstance(message, m.RequestItem)
    item = message.bibliographic_ids[0].bibliographic_item_id
    assert item is not None
    assert item.bibliographic_item_identifier == "9788203360000"
    assert message.request_type is not None
    assert message.request_type.value == "PhysicalNoReservation"
