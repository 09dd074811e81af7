"""Elements with children, as far as we read or send them, each with its children in the schema's order.

No default: required. `None`: absent, while an empty string is an element sent empty. A tuple: may repeat.
"""

from __future__ import annotations

from dataclasses import replace

from protocols.ncip import fields as f
from protocols.ncip.spec import Element, element


@element("Problem")
class Problem(Element):
    """Why a service was not performed; never with a word about the patron."""

    problem_type: f.ProblemType
    problem_detail: f.ProblemDetail | None = None
    problem_element: f.ProblemElement | None = None
    problem_value: f.ProblemValue | None = None


@element("ResponseHeader")
class ResponseHeader(Element):
    """Who answers whom."""

    from_system_id: f.FromSystemId | None = None
    from_agency_id: f.FromAgencyId | None = None
    to_system_id: f.ToSystemId | None = None
    to_agency_id: f.ToAgencyId | None = None


@element("InitiationHeader")
class InitiationHeader(Element):
    """Who asks whom, and the secrets that prove it."""

    from_system_id: f.FromSystemId | None = None
    from_system_authentication: f.FromSystemAuthentication | None = None
    from_agency_id: f.FromAgencyId | None = None
    from_agency_authentication: f.FromAgencyAuthentication | None = None
    on_behalf_of_agency: f.OnBehalfOfAgency | None = None
    to_system_id: f.ToSystemId | None = None
    to_agency_id: f.ToAgencyId | None = None
    application_profile_type: f.ApplicationProfileType | None = None

    def reply(self) -> ResponseHeader | None:
        """The header of the answer, without any secret; nothing where an agency is not told."""
        if self.from_agency_id is None or self.to_agency_id is None:
            return None
        return ResponseHeader(
            from_system_id=self.to_system_id,
            from_agency_id=self.to_agency_id,
            to_system_id=self.from_system_id,
            to_agency_id=self.from_agency_id,
        )


@element("MandatedAction")
class MandatedAction(Element):
    """Says that the event has already happened at the initiator."""

    date_event_occurred: f.DateEventOccurred | None = None


@element("UserId")
class UserId(Element):
    """A user, by the number on a card or by an agency's own number."""

    agency_id: f.AgencyId | None = None
    user_identifier_type: f.UserIdentifierType | None = None
    user_identifier_value: f.UserIdentifierValue


@element("PreviousUserId")
class PreviousUserId(Element):
    """A number under which the user was known before."""

    agency_id: f.AgencyId
    user_identifier_value: f.UserIdentifierValue
    valid_from_date: f.ValidFromDate | None = None
    valid_to_date: f.ValidToDate | None = None


@element("ItemId")
class ItemId(Element):
    """An item, by its barcode or an agency's own number."""

    agency_id: f.AgencyId | None = None
    item_identifier_type: f.ItemIdentifierType | None = None
    item_identifier_value: f.ItemIdentifierValue


@element("RequestId")
class RequestId(Element):
    """A request between libraries: the home library's agency and its number."""

    agency_id: f.AgencyId | None = None
    request_identifier_type: f.RequestIdentifierType | None = None
    request_identifier_value: f.RequestIdentifierValue


@element("BibliographicItemId")
class BibliographicItemId(Element):
    """A publication, by a number such as its ISBN."""

    bibliographic_item_identifier: f.BibliographicItemIdentifier
    bibliographic_item_identifier_code: f.BibliographicItemIdentifierCode | None = None


@element("BibliographicRecordId")
class BibliographicRecordId(Element):
    """A record in somebody's catalogue; to be sent it needs the agency or the code."""

    bibliographic_record_identifier: f.BibliographicRecordIdentifier
    agency_id: f.AgencyId | None = None
    bibliographic_record_identifier_code: f.BibliographicRecordIdentifierCode | None = None

    def sendable(self) -> BibliographicRecordId:
        """With the code where there is one: the schema allows no agency beside it."""
        return self if self.bibliographic_record_identifier_code is None else replace(self, agency_id=None)


@element("BibliographicId")
class BibliographicId(Element):
    """A publication or a record, one of them."""

    bibliographic_item_id: BibliographicItemId | None = None
    bibliographic_record_id: BibliographicRecordId | None = None


@element("AuthenticationInput")
class AuthenticationInput(Element):
    """One credential: a card number, a PIN, or what else its type says."""

    authentication_input_data: f.AuthenticationInputData
    authentication_data_format_type: f.AuthenticationDataFormatType
    authentication_input_type: f.AuthenticationInputType


@element("StructuredPersonalUserName")
class StructuredPersonalUserName(Element):
    """A person's name in parts."""

    prefix: f.Prefix | None = None
    given_name: f.GivenName | None = None
    initials: f.Initials | None = None
    surname: f.Surname
    suffix: f.Suffix | None = None


@element("PersonalNameInformation")
class PersonalNameInformation(Element):
    """A person's name, in parts or as one text."""

    structured_personal_user_name: StructuredPersonalUserName | None = None
    unstructured_personal_user_name: f.UnstructuredPersonalUserName | None = None


@element("OrganizationNameInformation")
class OrganizationNameInformation(Element):
    """A name of an organisation, with its kind."""

    organization_name_type: f.OrganizationNameType
    organization_name: f.OrganizationName


@element("NameInformation")
class NameInformation(Element):
    """The name of a user: of a person, or of an organisation."""

    personal_name_information: PersonalNameInformation | None = None
    organization_name_informations: tuple[OrganizationNameInformation, ...] = ()


@element("StructuredAddress")
class StructuredAddress(Element):
    """An address in parts: by street, district or box, or else by lines."""

    location_within_building: f.LocationWithinBuilding | None = None
    house_name: f.HouseName | None = None
    street: f.Street | None = None
    post_office_box: f.PostOfficeBox | None = None
    district: f.District | None = None
    line1: f.Line1 | None = None
    line2: f.Line2 | None = None
    locality: f.Locality | None = None
    region: f.Region | None = None
    country: f.Country | None = None
    postal_code: f.PostalCode | None = None
    care_of: f.CareOf | None = None

    def sendable(self) -> StructuredAddress:
        """By street where there is one; else by lines, of which the schema wants at least an empty first."""
        if (self.street, self.post_office_box, self.district) != (None, None, None):
            return replace(self, line1=None, line2=None)
        return replace(self, line1=self.line1 or "", location_within_building=None, house_name=None)


@element("UnstructuredAddress")
class UnstructuredAddress(Element):
    """An address as one text."""

    unstructured_address_type: f.UnstructuredAddressType
    unstructured_address_data: f.UnstructuredAddressData


@element("PhysicalAddress")
class PhysicalAddress(Element):
    """Where letters and parcels go."""

    structured_address: StructuredAddress | None = None
    unstructured_address: UnstructuredAddress | None = None
    physical_address_type: f.PhysicalAddressType


@element("ElectronicAddress")
class ElectronicAddress(Element):
    """An e-mail address (`mailto`) or a telephone number (`tel`, `sms`)."""

    electronic_address_type: f.ElectronicAddressType
    electronic_address_data: f.ElectronicAddressData


@element("UserAddressInformation")
class UserAddressInformation(Element):
    """One address of a user and what it is for; either physical or electronic."""

    user_address_role_type: f.UserAddressRoleType
    valid_from_date: f.ValidFromDate | None = None
    valid_to_date: f.ValidToDate | None = None
    physical_address: PhysicalAddress | None = None
    electronic_address: ElectronicAddress | None = None


@element("AgencyAddressInformation")
class AgencyAddressInformation(Element):
    """One address of an agency and what it is for; either physical or electronic."""

    agency_address_role_type: f.AgencyAddressRoleType
    valid_from_date: f.ValidFromDate | None = None
    valid_to_date: f.ValidToDate | None = None
    physical_address: PhysicalAddress | None = None
    electronic_address: ElectronicAddress | None = None


@element("ShippingInformation")
class ShippingInformation(Element):
    """How an item travels, and where to."""

    shipping_instructions: f.ShippingInstructions | None = None
    shipping_note: f.ShippingNote | None = None
    physical_address: PhysicalAddress | None = None
    electronic_address: ElectronicAddress | None = None


@element("UserPrivilegeStatus")
class UserPrivilegeStatus(Element):
    """How a privilege stands, and since when."""

    user_privilege_status_type: f.UserPrivilegeStatusType
    date_of_user_privilege_status: f.DateOfUserPrivilegeStatus | None = None


@element("UserPrivilege")
class UserPrivilege(Element):
    """What a user has at one agency: in our profile the standing, the home library or the loan rules."""

    agency_id: f.AgencyId
    agency_user_privilege_type: f.AgencyUserPrivilegeType
    valid_from_date: f.ValidFromDate | None = None
    valid_to_date: f.ValidToDate | None = None
    user_privilege_status: UserPrivilegeStatus | None = None
    user_privilege_description: f.UserPrivilegeDescription | None = None


@element("BlockOrTrap")
class BlockOrTrap(Element):
    """What a user may not do at one agency, or what waits for them there."""

    agency_id: f.AgencyId
    block_or_trap_type: f.BlockOrTrapType
    valid_from_date: f.ValidFromDate | None = None
    valid_to_date: f.ValidToDate | None = None


@element("UserOptionalFields")
class UserOptionalFields(Element):
    """What is told of a user beside the number."""

    name_information: NameInformation | None = None
    user_address_informations: tuple[UserAddressInformation, ...] = ()
    date_of_birth: f.DateOfBirth | None = None
    user_languages: tuple[f.UserLanguage, ...] = ()
    user_privileges: tuple[UserPrivilege, ...] = ()
    block_or_traps: tuple[BlockOrTrap, ...] = ()
    user_ids: tuple[UserId, ...] = ()
    previous_user_ids: tuple[PreviousUserId, ...] = ()


@element("DeleteUserFields")
class DeleteUserFields(Element):
    """What an update takes away; a PIN here is the old one."""

    authentication_inputs: tuple[AuthenticationInput, ...] = ()
    name_information: NameInformation | None = None
    user_address_informations: tuple[UserAddressInformation, ...] = ()
    date_of_birth: f.DateOfBirth | None = None
    user_languages: tuple[f.UserLanguage, ...] = ()
    user_privileges: tuple[UserPrivilege, ...] = ()
    block_or_traps: tuple[BlockOrTrap, ...] = ()


@element("AddUserFields")
class AddUserFields(Element):
    """What an update brings; a PIN here is the new one."""

    authentication_inputs: tuple[AuthenticationInput, ...] = ()
    name_information: NameInformation | None = None
    user_address_informations: tuple[UserAddressInformation, ...] = ()
    date_of_birth: f.DateOfBirth | None = None
    user_languages: tuple[f.UserLanguage, ...] = ()
    user_privileges: tuple[UserPrivilege, ...] = ()
    block_or_traps: tuple[BlockOrTrap, ...] = ()


@element("PromptOutput")
class PromptOutput(Element):
    """What a person is asked."""

    authentication_prompt_data: f.AuthenticationPromptData
    authentication_prompt_type: f.AuthenticationPromptType


@element("PromptInput")
class PromptInput(Element):
    """The credential that is wanted in answer."""

    authentication_input_type: f.AuthenticationInputType
    authentication_data_format_type: f.AuthenticationDataFormatType
    sensitive_data_flag: f.SensitiveDataFlag = False


@element("AuthenticationPrompt")
class AuthenticationPrompt(Element):
    """How an agency wants its users to be asked for one credential."""

    prompt_output: PromptOutput
    prompt_input: PromptInput


@element("Ext")
class Ext(Element):
    """What the Norwegian profile puts behind a message: notices and repeated ids."""

    notice_content: f.NoticeContent | None = None
    item_note: f.ItemNote | None = None
    request_id: RequestId | None = None
    user_id: UserId | None = None
    item_id: ItemId | None = None
