"""LookupAgency and LookupVersion: what we and our institutions are, and what we speak."""

from __future__ import annotations

import pytest

from gateway.demo_world import AGENCY, FJORDBY
from gateway.ncip.initiators import Place
from protocols.ncip import LookupAgencyResponse
from tests.gateway.ncip.vendors import header, http
from tests.gateway.worlds import Served
from tests.protocols.ncip.documents import message


def asked(agency: str, *elements: str, by: str = "storbyen-ils") -> bytes:
    """A LookupAgency."""
    wanted = "".join(f"<AgencyElementType>{one}</AgencyElementType>" for one in elements)
    return message(f"<LookupAgency>{header(by)}<AgencyId>{agency}</AgencyId>{wanted}</LookupAgency>")


@pytest.mark.parametrize(("agency", "name"), [(AGENCY, "Portvakt"), (FJORDBY, "Fjordby bibliotek"), ("film", "Film")])
@pytest.mark.parametrize("initiator", ["storbyen-ils", "film"])
async def test_we_answer_for_ourselves_and_for_every_institution(
    agency: str, name: str, initiator: str, shared: Served
) -> None:
    async with http(shared) as vendor:
        document = asked(agency, "Organization Name Information", "Application Profile Supported Type", by=initiator)
        answer = await vendor.ask(document)
    assert isinstance(answer, LookupAgencyResponse)
    assert answer.agency_id is not None
    assert answer.agency_id.value == agency
    assert [one.organization_name for one in answer.organization_name_informations] == [name]
    assert [one.value for one in answer.application_profile_supported_types] == ["Portvakt 1.0"]
    assert answer.authentication_prompts == ()


async def test_a_pin_is_marked_as_sensitive_in_the_prompts(shared: Served) -> None:
    async with http(shared) as vendor:
        answer = await vendor.ask(asked(AGENCY, "Authentication Prompt"))
    assert isinstance(answer, LookupAgencyResponse)
    prompts = [one.prompt_input for one in answer.authentication_prompts]
    assert [(one.authentication_input_type.value, one.sensitive_data_flag) for one in prompts] == [
        ("Barcode Id", False),
        ("PIN", True),
    ]


async def test_an_agency_that_nobody_knows_is_told_as_such(shared: Served) -> None:
    async with http(shared) as vendor:
        assert await vendor.problem(asked("NO-9999999", "Organization Name Information")) == "Unknown Agency"


async def test_versions_are_told_to_whoever_asks(shared: Served) -> None:
    document = (
        b'<NCIPVersionMessage version="http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd"><LookupVersion>'
        b"<FromAgencyId><UniqueAgencyId><Scheme>x</Scheme><Value>a</Value></UniqueAgencyId></FromAgencyId>"
        b"<ToAgencyId><UniqueAgencyId><Scheme>x</Scheme><Value>b</Value></UniqueAgencyId></ToAgencyId>"
        b"</LookupVersion></NCIPVersionMessage>"
    )
    answer = shared.daemon._ncip.exchange.answer(document, Place("127.0.0.1"))
    assert isinstance(answer, bytes)
    assert b"<NCIPVersionMessage" in answer
    assert b"v2_02" in answer
