"""The messages that are read, answered, sent or routed, each with its children in the schema's order.

No default: required. `None`: absent. A tuple: may repeat. In an answer, problems push out everything else.
"""

from __future__ import annotations

from protocols.ncip import elements as e
from protocols.ncip import fields as f
from protocols.ncip.spec import Message, element, message


@element("Request")
class Request(Message):
    """Base of what an initiator sends."""

    initiation_header: e.InitiationHeader | None = None
    ext: e.Ext | None = None


@element("Response")
class Response(Message):
    """Base of what a responder sends; without problems the service was performed."""

    response_header: e.ResponseHeader | None = None
    problems: tuple[e.Problem, ...] = ()
    ext: e.Ext | None = None


@message("Problem")
class BareProblem(Message):
    """Problems straight under NCIPMessage: the request was not understood far enough to name its service."""

    problems: tuple[e.Problem, ...]


@message("LookupUser", answered_by="LookupUserResponse")
class LookupUser(Request):
    """Asks for a user, by card and PIN or by the number alone. Sent with either `user_id` or inputs, not both."""

    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    user_element_types: tuple[f.UserElementType, ...] = ()


@message("LookupUserResponse")
class LookupUserResponse(Response):
    """Answers LookupUser."""

    user_id: e.UserId | None = None
    user_optional_fields: e.UserOptionalFields | None = None


@message("CreateUser", answered_by="CreateUserResponse")
class CreateUser(Request):
    """Asks that a user be created, or that a known one be taken in. Sent with an id or inputs or neither."""

    mandated_action: e.MandatedAction | None = None
    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    name_information: e.NameInformation
    user_address_informations: tuple[e.UserAddressInformation, ...] = ()
    date_of_birth: f.DateOfBirth | None = None
    user_languages: tuple[f.UserLanguage, ...] = ()
    user_privileges: tuple[e.UserPrivilege, ...] = ()
    block_or_traps: tuple[e.BlockOrTrap, ...] = ()


@message("CreateUserResponse")
class CreateUserResponse(Response):
    """Answers CreateUser, with the number under which the user is known there."""

    user_id: e.UserId | None = None


@message("UpdateUser", answered_by="UpdateUserResponse")
class UpdateUser(Request):
    """Asks for changes to a user: first what goes, then what comes, all or nothing."""

    mandated_action: e.MandatedAction | None = None
    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    delete_user_fields: e.DeleteUserFields | None = None
    add_user_fields: e.AddUserFields | None = None


@message("UpdateUserResponse")
class UpdateUserResponse(Response):
    """Answers UpdateUser."""

    user_id: e.UserId | None = None


@message("DeleteUser", answered_by="DeleteUserResponse")
class DeleteUser(Request):
    """Asks that a user be forgotten by the agency that asks."""

    mandated_action: e.MandatedAction | None = None
    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()


@message("DeleteUserResponse")
class DeleteUserResponse(Response):
    """Answers DeleteUser."""

    user_id: e.UserId | None = None


@message("UserCreated", answered_by="UserCreatedResponse")
class UserCreated(Request):
    """Tells that a user was created."""

    user_id: e.UserId
    name_information: e.NameInformation
    user_address_informations: tuple[e.UserAddressInformation, ...] = ()
    date_of_birth: f.DateOfBirth | None = None
    user_languages: tuple[f.UserLanguage, ...] = ()
    user_privileges: tuple[e.UserPrivilege, ...] = ()
    block_or_traps: tuple[e.BlockOrTrap, ...] = ()


@message("UserCreatedResponse")
class UserCreatedResponse(Response):
    """Answers UserCreated."""


@message("UserUpdated", answered_by="UserUpdatedResponse")
class UserUpdated(Request):
    """Tells that a user was changed."""

    user_id: e.UserId
    delete_user_fields: e.DeleteUserFields | None = None
    add_user_fields: e.AddUserFields | None = None


@message("UserUpdatedResponse")
class UserUpdatedResponse(Response):
    """Answers UserUpdated."""


@message("LookupAgency", answered_by="LookupAgencyResponse")
class LookupAgency(Request):
    """Asks what an agency is and what it speaks. Sent with at least one element type."""

    agency_id: f.AgencyId
    agency_element_types: tuple[f.AgencyElementType, ...] = ()


@message("LookupAgencyResponse")
class LookupAgencyResponse(Response):
    """Answers LookupAgency."""

    agency_id: f.AgencyId | None = None
    organization_name_informations: tuple[e.OrganizationNameInformation, ...] = ()
    agency_address_informations: tuple[e.AgencyAddressInformation, ...] = ()
    authentication_prompts: tuple[e.AuthenticationPrompt, ...] = ()
    application_profile_supported_types: tuple[f.ApplicationProfileSupportedType, ...] = ()
    consortium_agreements: tuple[f.ConsortiumAgreement, ...] = ()
    agency_user_privilege_types: tuple[f.AgencyUserPrivilegeType, ...] = ()


# Loans between libraries (the Norwegian profile): read for their ids and sent on as they came, so nothing is
# required here; what a library demands of them is its own to say.


@message("ItemRequested", answered_by="ItemRequestedResponse", routed=True)
class ItemRequested(Request):
    """The owner tells the home library that its patron has ordered something."""

    user_id: e.UserId | None = None
    item_id: e.ItemId | None = None
    bibliographic_id: e.BibliographicId | None = None
    request_id: e.RequestId | None = None
    request_type: f.RequestType | None = None
    request_scope_type: f.RequestScopeType | None = None
    pickup_location: f.PickupLocation | None = None


@message("ItemRequestedResponse", routed=True)
class ItemRequestedResponse(Response):
    """Answers ItemRequested; repeats user and item in `ext`."""


@message("RequestItem", answered_by="RequestItemResponse", routed=True)
class RequestItem(Request):
    """The home library asks the owner for an item."""

    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    bibliographic_ids: tuple[e.BibliographicId, ...] = ()
    item_ids: tuple[e.ItemId, ...] = ()
    request_id: e.RequestId | None = None
    request_type: f.RequestType | None = None
    request_scope_type: f.RequestScopeType | None = None
    pickup_location: f.PickupLocation | None = None


@message("RequestItemResponse", routed=True)
class RequestItemResponse(Response):
    """Answers RequestItem."""

    request_id: e.RequestId | None = None
    item_id: e.ItemId | None = None
    user_id: e.UserId | None = None
    request_type: f.RequestType | None = None
    request_scope_type: f.RequestScopeType | None = None


@message("CancelRequestItem", answered_by="CancelRequestItemResponse", routed=True)
class CancelRequestItem(Request):
    """Either library calls a request off."""

    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    request_id: e.RequestId | None = None
    item_id: e.ItemId | None = None
    request_type: f.RequestType | None = None
    request_scope_type: f.RequestScopeType | None = None


@message("CancelRequestItemResponse", routed=True)
class CancelRequestItemResponse(Response):
    """Answers CancelRequestItem."""

    request_id: e.RequestId | None = None
    item_id: e.ItemId | None = None
    user_id: e.UserId | None = None


@message("ItemShipped", answered_by="ItemShippedResponse", routed=True)
class ItemShipped(Request):
    """Either library tells that the item is on its way."""

    request_id: e.RequestId | None = None
    item_id: e.ItemId | None = None
    user_id: e.UserId | None = None
    date_shipped: f.DateShipped | None = None
    shipping_information: e.ShippingInformation | None = None


@message("ItemShippedResponse", routed=True)
class ItemShippedResponse(Response):
    """Answers ItemShipped; repeats the request's id in `ext`."""


@message("ItemReceived", answered_by="ItemReceivedResponse", routed=True)
class ItemReceived(Request):
    """Either library tells that the item has come; names no user as a rule."""

    item_id: e.ItemId | None = None
    user_id: e.UserId | None = None
    request_id: e.RequestId | None = None
    date_received: f.DateReceived | None = None


@message("ItemReceivedResponse", routed=True)
class ItemReceivedResponse(Response):
    """Answers ItemReceived; repeats the request's id in `ext`."""


@message("RenewItem", answered_by="RenewItemResponse", routed=True)
class RenewItem(Request):
    """The home library asks the owner for more time."""

    user_id: e.UserId | None = None
    authentication_inputs: tuple[e.AuthenticationInput, ...] = ()
    item_id: e.ItemId | None = None


@message("RenewItemResponse", routed=True)
class RenewItemResponse(Response):
    """Answers RenewItem."""

    item_id: e.ItemId | None = None
    user_id: e.UserId | None = None
    date_due: f.DateDue | None = None
