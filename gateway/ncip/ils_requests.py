"""The requests that we send to library systems: who asks, and what of a patron is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.ncip.endpoint import Endpoint
from protocols.ncip import InitiationHeader, LookupUser, LookupVersion, Request
from protocols.ncip.elements import AuthenticationInput, UserId
from protocols.ncip.schemes import (
    BARCODE_ID,
    DATE_OF_BIRTH,
    NAME_INFORMATION,
    PIN,
    PLAIN_TEXT,
    USER_ID,
    USER_PRIVILEGE,
    Coded,
)

USUALLY_WANTED: Final = (NAME_INFORMATION, DATE_OF_BIRTH, USER_PRIVILEGE, USER_ID)
"""What tells whether a system knows the same person."""


def look_up(number: str, pin: str | None = None, wanted: tuple[Coded, ...] = ()) -> LookupUser:
    """A LookupUser by the number alone, or by number and PIN, which the schema wants as two inputs."""
    if pin is None:
        return LookupUser(user_id=UserId(user_identifier_value=number), user_element_types=wanted or USUALLY_WANTED)
    return LookupUser(
        authentication_inputs=(proof(BARCODE_ID, number), proof(PIN, pin)), user_element_types=wanted or USUALLY_WANTED
    )


def proof(kind: Coded, text: str) -> AuthenticationInput:
    """One credential."""
    return AuthenticationInput(
        authentication_input_data=text, authentication_data_format_type=PLAIN_TEXT, authentication_input_type=kind
    )


def header(endpoint: Endpoint) -> InitiationHeader:
    """Who we are at an endpoint, and whom we ask."""
    return InitiationHeader(
        from_system_id=None if endpoint.system is None else Coded(endpoint.system),
        from_agency_id=Coded(endpoint.from_agency),
        from_agency_authentication=endpoint.authentication,
        to_agency_id=Coded(endpoint.to_agency),
        application_profile_type=None if endpoint.profile is None else Coded(endpoint.profile),
    )


def headed(message: Request | LookupVersion, endpoint: Endpoint) -> Request | LookupVersion:
    """The message with our header, where it has none of its own."""
    if isinstance(message, LookupVersion) or message.initiation_header is not None:
        return message
    return replace(message, initiation_header=header(endpoint))
