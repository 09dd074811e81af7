"""Sample messages, written for these tests; the persons, cards and PINs in them are invented."""

from __future__ import annotations

from protocols.ncip.schemes import NAMESPACE, VERSION_1_0, VERSION_2_02

LIBRARY, OTHER_LIBRARY, WE = "NO-2030000", "NO-2062200", "NO-0030100"
CARD, PIN = "N001234567", "4711"


def message(body: str, *, version: str = VERSION_2_02, prefix: str = "ns1:") -> bytes:
    """A document around this body, every element of which is written without prefix."""
    bound = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    inner = body.replace("</", "\0").replace("<", f"<{prefix}").replace("\0", f"</{prefix}")
    inner = inner.replace(" Scheme=", f" {prefix}Scheme=")
    root = f"{prefix}NCIPMessage"
    return f'<{root} {bound}="{NAMESPACE}" {prefix}version="{version}">{inner}</{root}>'.encode()


def bare(body: str, *, version: str = VERSION_2_02) -> bytes:
    """A document without any namespace."""
    return f'<NCIPMessage version="{version}">{body}</NCIPMessage>'.encode()


def first(body: str) -> bytes:
    """A document in version 1."""
    return bare(body, version=VERSION_1_0)


HEADER = (
    f"<InitiationHeader><FromAgencyId><AgencyId>{LIBRARY}</AgencyId></FromAgencyId>"
    f"<ToAgencyId><AgencyId>{WE}</AgencyId></ToAgencyId></InitiationHeader>"
)
USER_ID = f"<UserId><UserIdentifierValue>{CARD}</UserIdentifierValue></UserId>"
NO_NAME = (
    "<NameInformation><PersonalNameInformation><UnstructuredPersonalUserName>-</UnstructuredPersonalUserName>"
    "</PersonalNameInformation></NameInformation>"
)
ITEM_ID = "<ItemId><ItemIdentifierValue>03011234567001</ItemIdentifierValue></ItemId>"
REQUEST_ID = (
    f"<RequestId><AgencyId>{LIBRARY}</AgencyId><RequestIdentifierValue>2026-000042</RequestIdentifierValue></RequestId>"
)


def credential(kind: str, word: str) -> str:
    """One AuthenticationInput."""
    return (
        f"<AuthenticationInput><AuthenticationInputData>{word}</AuthenticationInputData>"
        "<AuthenticationDataFormatType>text/plain</AuthenticationDataFormatType>"
        f"<AuthenticationInputType>{kind}</AuthenticationInputType></AuthenticationInput>"
    )


CARD_AND_PIN = credential("Barcode Id", CARD) + credential("PIN", PIN)
LOOKUP = f"<LookupUser>{HEADER}{CARD_AND_PIN}<UserElementType>Name Information</UserElementType></LookupUser>"
LOOKUP_BY_ID = f"<LookupUser>{HEADER}{USER_ID}</LookupUser>"
LOOKUP_ANSWER = (
    f"<LookupUserResponse>{USER_ID}<UserOptionalFields>{NO_NAME}<DateOfBirth>1990-05-17T00:00:00Z</DateOfBirth>"
    "</UserOptionalFields></LookupUserResponse>"
)
