"""What the library answers over NCIP: its patrons looked up, created, changed and removed; the rest noted."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.simulators.ils.desk import Desk, Pin
from gateway.simulators.ils.ledger import Notice
from gateway.simulators.ils.ncip_records import changed, new_patron, record, user_id
from gateway.simulators.ils.world import Patron
from protocols import ncip
from protocols.ncip import Claim, Message, Problem, Request, Trouble, problem, refusal
from protocols.ncip import elements as e
from protocols.ncip.schemes import Coded

Asked = ncip.LookupUser | ncip.CreateUser | ncip.UpdateUser | ncip.DeleteUser


def answer(desk: Desk, asked: Request) -> Message:
    """The answer to a request: performed, or refused with a problem."""
    no = _stranger(desk, asked)
    told = no or SERVICES[type(asked)](desk, asked)
    if isinstance(told, Problem):
        return refusal(asked.name, told, asked.initiation_header)
    header = asked.initiation_header
    answered: Message = replace(told, response_header=header.reply() if header else None)
    return answered


def _stranger(desk: Desk, asked: Request) -> Problem | None:
    """Why whoever asks is not answered at all."""
    header, secret = asked.initiation_header, desk.world.ncip.secret
    to = header.to_agency_id if header else None
    if to is not None and to.value and not to.says(desk.rules.institution):
        return problem(Trouble.UNKNOWN_AGENCY, asked.name, about="ToAgencyId")
    given = (header.from_agency_authentication if header else None) or ""
    if secret is not None and not hmac.compare_digest(given.encode(), secret.encode()):
        return problem(Trouble.AGENCY_AUTHENTICATION_FAILED, asked.name, about="FromAgencyAuthentication")
    return None


# Patrons.


def _known(desk: Desk, asked: Asked) -> Patron | Problem:
    """The patron that a request is about, the PIN proved where one came."""
    claim = ncip.claim_of(asked)
    if isinstance(claim, Problem):
        return claim
    found = [patron for number in claim.numbers if (patron := desk.patron(number)) is not None]
    if not found or len(found) < len(claim.numbers):
        return problem(Trouble.UNKNOWN_USER, asked.name, about="UserId")
    if len({patron.id for patron in found}) > 1:
        return problem(Trouble.NON_UNIQUE_USER, asked.name, about="UserId")
    if claim.proof is not None and desk.pin(found[0], claim.proof.word) is not Pin.RIGHT:
        return problem(Trouble.USER_AUTHENTICATION_FAILED, asked.name, about="AuthenticationInput")
    return found[0]


def _look_up(desk: Desk, asked: ncip.LookupUser) -> Message | Problem:
    patron = _known(desk, asked)
    if isinstance(patron, Problem):
        return patron
    return ncip.LookupUserResponse(
        user_id=user_id(_asked_number(asked) or patron.id),
        user_optional_fields=record(desk, patron, asked.user_element_types),
    )


def _create(desk: Desk, asked: ncip.CreateUser) -> Message | Problem:
    claim = ncip.claim_of(asked)
    if isinstance(claim, Problem):
        return claim
    if any(desk.patron(number) is not None for number in claim.numbers):
        return problem(Trouble.DUPLICATE_USER, asked.name, about="UserId")
    patron = new_patron(desk.new_id(), claim, asked)
    desk.enrol(patron)
    by_card = desk.world.ncip.answers_with == "card" and claim.numbers
    return ncip.CreateUserResponse(user_id=user_id(claim.numbers[0] if by_card else patron.id))


def _update(desk: Desk, asked: ncip.UpdateUser) -> Message | Problem:
    patron = _known(desk, asked)
    if isinstance(patron, Problem):
        return patron
    after = changed(patron, asked)
    if isinstance(after, Problem):
        return after
    desk.enrol(after)
    return ncip.UpdateUserResponse(user_id=user_id(_asked_number(asked) or patron.id))


def _delete(desk: Desk, asked: ncip.DeleteUser) -> Message | Problem:
    patron = _known(desk, asked)
    if isinstance(patron, Problem):
        return patron
    if desk.loans_of(patron):
        return problem(Trouble.ELEMENT_RULE_VIOLATED, asked.name, about="UserId")
    desk.dismiss(patron)
    return ncip.DeleteUserResponse(user_id=user_id(_asked_number(asked) or patron.id))


def _asked_number(asked: Asked) -> str | None:
    claim = ncip.claim_of(asked)
    return claim.numbers[0] if isinstance(claim, Claim) and claim.numbers else None


# Agencies, and what is only told.


def _agency(desk: Desk, asked: ncip.LookupAgency) -> Message | Problem:
    if not asked.agency_id.says(desk.rules.institution):
        return problem(Trouble.UNKNOWN_AGENCY, asked.name, about="AgencyId")
    name = e.OrganizationNameInformation(
        organization_name_type=Coded("Public Library"), organization_name=desk.rules.name
    )
    return ncip.LookupAgencyResponse(
        agency_id=Coded(desk.rules.institution),
        organization_name_informations=(name,),
        application_profile_supported_types=(Coded("NNCIPP 1.0"),),
    )


def _noted(answered: Callable[[Any], Message]) -> Callable[[Desk, Any], Message | Problem]:
    """Takes note of a message; what is missing in it for a valid answer is asked for."""

    def note(desk: Desk, asked: Request) -> Message | Problem:
        desk.ledger.note(Notice(asked.name, tuple(_numbers(asked))))
        return answered(asked)

    return note


def _numbers(asked: Any) -> Iterator[str]:
    ids = (asked.user_id, getattr(asked, "item_id", None), getattr(asked, "request_id", None))
    for one in (*ids, *getattr(asked, "item_ids", ())):
        if one is not None:
            yield from (value for place, value in one.children() if place.name.endswith("Value"))


def _request_item(asked: ncip.RequestItem) -> Message:
    return ncip.RequestItemResponse(
        request_id=asked.request_id,
        item_id=asked.item_ids[0] if asked.item_ids else None,
        user_id=asked.user_id,
        request_type=asked.request_type,
        request_scope_type=asked.request_scope_type,
    )


SERVICES: Mapping[type[Message], Callable[[Desk, Any], Any]] = {
    ncip.LookupUser: _look_up,
    ncip.CreateUser: _create,
    ncip.UpdateUser: _update,
    ncip.DeleteUser: _delete,
    ncip.LookupAgency: _agency,
    ncip.UserCreated: _noted(lambda asked: ncip.UserCreatedResponse()),
    ncip.UserUpdated: _noted(lambda asked: ncip.UserUpdatedResponse()),
    ncip.ItemRequested: _noted(
        lambda asked: ncip.ItemRequestedResponse(ext=e.Ext(user_id=asked.user_id, item_id=asked.item_id))
    ),
    ncip.RequestItem: _noted(_request_item),
    ncip.CancelRequestItem: _noted(
        lambda asked: ncip.CancelRequestItemResponse(
            request_id=asked.request_id, item_id=asked.item_id, user_id=asked.user_id
        )
    ),
    ncip.ItemShipped: _noted(lambda asked: ncip.ItemShippedResponse(ext=e.Ext(request_id=asked.request_id))),
    ncip.ItemReceived: _noted(lambda asked: ncip.ItemReceivedResponse(ext=e.Ext(request_id=asked.request_id))),
    ncip.RenewItem: _noted(lambda asked: ncip.RenewItemResponse(item_id=asked.item_id, user_id=asked.user_id)),
}
"""Every service that NCIP requests of a library here; a test asserts that each has a row."""
