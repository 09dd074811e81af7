"""The services of NCIP 2.02 that are not offered: each is answered in its own response, with a problem."""

from __future__ import annotations

from typing import Final

from protocols.ncip.messages import Response
from protocols.ncip.spec import Message, message

_SERVICES: Final = (
    "AcceptItem",
    "AgencyCreated",
    "AgencyUpdated",
    "CancelRecallItem",
    "CheckInItem",
    "CheckOutItem",
    "CirculationStatusChangeReported",
    "CirculationStatusUpdated",
    "CreateAgency",
    "CreateItem",
    "CreateUserFiscalTransaction",
    "DeleteItem",
    "ItemCheckedIn",
    "ItemCheckedOut",
    "ItemCreated",
    "ItemRecallCancelled",
    "ItemRecalled",
    "ItemRenewed",
    "ItemRequestCancelled",
    "ItemRequestUpdated",
    "ItemUpdated",
    "LookupItem",
    "LookupItemSet",
    "LookupRequest",
    "RecallItem",
    "ReportCirculationStatusChange",
    "SendUserNotice",
    "UndoCheckOutItem",
    "UpdateAgency",
    "UpdateCirculationStatus",
    "UpdateItem",
    "UpdateRequestItem",
    "UserFiscalTransactionCreated",
    "UserNoticeSent",
)

_RESPONSES: dict[str, type[Message]] = {}


def _declining(service: str) -> type[Response]:
    name = f"{service}Response"
    return message(name, table=_RESPONSES)(type(name, (Response,), {"__doc__": f"Declines {service}."}))


UNOFFERED: Final[dict[str, type[Response]]] = {service: _declining(service) for service in _SERVICES}
"""The class of the response to each service that is not offered, by the service's name."""
