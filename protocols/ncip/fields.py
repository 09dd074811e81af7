"""Every leaf of NCIP that we read or send, told once: its name, what it holds, and whether it is secret.

Elements and messages use the aliases as annotations (`agency_id: AgencyId`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Annotated

from protocols.ncip.schemes import Coded

ID_LIMIT = 128
"""The longest identifier in characters."""
TEXT_LIMIT = 4096
"""The longest other text in characters."""


class Kind(Enum):
    """What a leaf holds."""

    TEXT = auto()
    CODED = auto()
    INSTANT = auto()
    BIRTH_DATE = auto()
    FLAG = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf: `inner` names the element in which the value really stands, where the leaf is but a wrapper.

    `may_lack` marks what the schema demands and systems leave out all the same: it is then read as empty.
    """

    name: str
    kind: Kind = Kind.TEXT
    limit: int = TEXT_LIMIT
    inner: str | None = None
    secret: bool = False
    may_lack: bool = False


def _id(name: str) -> Leaf:
    return Leaf(name, limit=ID_LIMIT)


def _coded(name: str, *, may_lack: bool = False) -> Leaf:
    return Leaf(name, Kind.CODED, limit=ID_LIMIT, may_lack=may_lack)


def _agency(name: str) -> Leaf:
    return Leaf(name, Kind.CODED, limit=ID_LIMIT, inner="AgencyId")


# Headers.
FromSystemId = Annotated[Coded, _coded("FromSystemId")]
FromSystemAuthentication = Annotated[str, Leaf("FromSystemAuthentication", secret=True)]
FromAgencyId = Annotated[Coded, _agency("FromAgencyId")]
FromAgencyAuthentication = Annotated[str, Leaf("FromAgencyAuthentication", secret=True)]
OnBehalfOfAgency = Annotated[Coded, _agency("OnBehalfOfAgency")]
ToSystemId = Annotated[Coded, _coded("ToSystemId")]
ToAgencyId = Annotated[Coded, _agency("ToAgencyId")]
ApplicationProfileType = Annotated[Coded, _coded("ApplicationProfileType")]
DateEventOccurred = Annotated[datetime, Leaf("DateEventOccurred", Kind.INSTANT)]

# Problems.
ProblemType = Annotated[Coded, Leaf("ProblemType", Kind.CODED, may_lack=True)]
ProblemDetail = Annotated[str, Leaf("ProblemDetail")]
ProblemElement = Annotated[str, Leaf("ProblemElement")]
ProblemValue = Annotated[str, Leaf("ProblemValue")]

# Identifiers.
AgencyId = Annotated[Coded, _coded("AgencyId")]
UserIdentifierType = Annotated[Coded, _coded("UserIdentifierType")]
UserIdentifierValue = Annotated[str, _id("UserIdentifierValue")]
ItemIdentifierType = Annotated[Coded, _coded("ItemIdentifierType")]
ItemIdentifierValue = Annotated[str, _id("ItemIdentifierValue")]
RequestIdentifierType = Annotated[Coded, _coded("RequestIdentifierType")]
RequestIdentifierValue = Annotated[str, _id("RequestIdentifierValue")]
BibliographicItemIdentifier = Annotated[str, _id("BibliographicItemIdentifier")]
BibliographicItemIdentifierCode = Annotated[Coded, _coded("BibliographicItemIdentifierCode")]
BibliographicRecordIdentifier = Annotated[str, _id("BibliographicRecordIdentifier")]
BibliographicRecordIdentifierCode = Annotated[Coded, _coded("BibliographicRecordIdentifierCode")]

# Credentials.
AuthenticationInputData = Annotated[str, Leaf("AuthenticationInputData", limit=ID_LIMIT, secret=True)]
AuthenticationDataFormatType = Annotated[Coded, _coded("AuthenticationDataFormatType", may_lack=True)]
AuthenticationInputType = Annotated[Coded, _coded("AuthenticationInputType")]
AuthenticationPromptData = Annotated[str, Leaf("AuthenticationPromptData")]
AuthenticationPromptType = Annotated[Coded, _coded("AuthenticationPromptType")]
SensitiveDataFlag = Annotated[bool, Leaf("SensitiveDataFlag", Kind.FLAG)]

# Names.
UnstructuredPersonalUserName = Annotated[str, Leaf("UnstructuredPersonalUserName")]
Prefix = Annotated[str, Leaf("Prefix")]
GivenName = Annotated[str, Leaf("GivenName")]
Initials = Annotated[str, Leaf("Initials")]
Surname = Annotated[str, Leaf("Surname", may_lack=True)]
Suffix = Annotated[str, Leaf("Suffix")]
OrganizationNameType = Annotated[Coded, _coded("OrganizationNameType", may_lack=True)]
OrganizationName = Annotated[str, Leaf("OrganizationName")]

# Addresses.
UserAddressRoleType = Annotated[Coded, _coded("UserAddressRoleType", may_lack=True)]
AgencyAddressRoleType = Annotated[Coded, _coded("AgencyAddressRoleType", may_lack=True)]
PhysicalAddressType = Annotated[Coded, _coded("PhysicalAddressType", may_lack=True)]
UnstructuredAddressType = Annotated[Coded, _coded("UnstructuredAddressType", may_lack=True)]
UnstructuredAddressData = Annotated[str, Leaf("UnstructuredAddressData")]
ElectronicAddressType = Annotated[Coded, _coded("ElectronicAddressType", may_lack=True)]
ElectronicAddressData = Annotated[str, Leaf("ElectronicAddressData")]
LocationWithinBuilding = Annotated[str, Leaf("LocationWithinBuilding")]
HouseName = Annotated[str, Leaf("HouseName")]
District = Annotated[str, Leaf("District")]
PostOfficeBox = Annotated[str, Leaf("PostOfficeBox")]
Street = Annotated[str, Leaf("Street")]
Line1 = Annotated[str, Leaf("Line1")]
Line2 = Annotated[str, Leaf("Line2")]
Locality = Annotated[str, Leaf("Locality")]
Region = Annotated[str, Leaf("Region")]
Country = Annotated[str, Leaf("Country")]
PostalCode = Annotated[str, Leaf("PostalCode")]
CareOf = Annotated[str, Leaf("CareOf")]
ShippingInstructions = Annotated[str, Leaf("ShippingInstructions")]
ShippingNote = Annotated[str, Leaf("ShippingNote")]

# What is told of a user.
DateOfBirth = Annotated[date, Leaf("DateOfBirth", Kind.BIRTH_DATE)]
UserLanguage = Annotated[Coded, _coded("UserLanguage")]
AgencyUserPrivilegeType = Annotated[Coded, _coded("AgencyUserPrivilegeType")]
UserPrivilegeStatusType = Annotated[Coded, _coded("UserPrivilegeStatusType")]
UserPrivilegeDescription = Annotated[str, Leaf("UserPrivilegeDescription")]
BlockOrTrapType = Annotated[Coded, _coded("BlockOrTrapType")]
ValidFromDate = Annotated[datetime, Leaf("ValidFromDate", Kind.INSTANT)]
ValidToDate = Annotated[datetime, Leaf("ValidToDate", Kind.INSTANT)]
DateOfUserPrivilegeStatus = Annotated[datetime, Leaf("DateOfUserPrivilegeStatus", Kind.INSTANT)]

# What is asked for, and told of an agency.
UserElementType = Annotated[Coded, _coded("UserElementType")]
AgencyElementType = Annotated[Coded, _coded("AgencyElementType")]
ApplicationProfileSupportedType = Annotated[Coded, _coded("ApplicationProfileSupportedType")]
ConsortiumAgreement = Annotated[Coded, _coded("ConsortiumAgreement")]

# Loans between libraries.
RequestType = Annotated[Coded, _coded("RequestType")]
RequestScopeType = Annotated[Coded, _coded("RequestScopeType")]
PickupLocation = Annotated[Coded, _coded("PickupLocation")]
DateShipped = Annotated[datetime, Leaf("DateShipped", Kind.INSTANT)]
DateReceived = Annotated[datetime, Leaf("DateReceived", Kind.INSTANT)]
DateDue = Annotated[datetime, Leaf("DateDue", Kind.INSTANT)]
NoticeContent = Annotated[str, Leaf("NoticeContent")]
ItemNote = Annotated[str, Leaf("ItemNote")]
