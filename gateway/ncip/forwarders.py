"""Sends a message of the loans between libraries on, byte for byte, and hands the answer back."""

from __future__ import annotations

from gateway.ncip.answers import Outage
from gateway.ncip.cards import card_in
from gateway.ncip.desk import Desk, Reply, denied, out_of_order
from gateway.ncip.ils_outcomes import NotForwardedError
from gateway.ncip.routing import Routed, Whither, may_hold_secrets, requester_of, whither, without_secrets
from protocols.ncip import Problem, RequestItem, Trouble, problem
from protocols.ncip.schemes import folded
from registry.domain.decisions import Refusal
from registry.domain.institution import InstitutionId


async def send_on(desk: Desk, asked: Routed) -> Reply:
    """Send a message on to the library that it is for; raises ``RegisterUnavailable``."""
    goal = await _goal(desk, asked)
    if isinstance(goal, Problem):
        return denied(asked, goal, "route")
    place = desk.register.institution(goal)
    endpoint = desk.routes.endpoints.get(place.unit) if place and place.unit else None
    if place is None:
        return denied(asked, problem(Trouble.UNKNOWN_AGENCY, asked.name, about="ToAgencyId"), "agency_unknown")
    if endpoint is None:
        return denied(asked, problem(Trouble.UNSUPPORTED_SERVICE, asked.name, about=asked.name), "no_endpoint")
    body = _sendable(desk, asked)
    if body is None:
        told = problem(Trouble.UNAUTHORIZED_COMBINATION, asked.name, about="FromAgencyAuthentication")
        return denied(asked, told, "secret")
    try:
        answer = await desk.routes.forward(body, endpoint, desk.forward_deadline)
    except NotForwardedError:
        return out_of_order(asked.name, asked.initiation_header, Outage.OTHER_LIBRARY)
    return Reply(answer)


async def _goal(desk: Desk, asked: Routed) -> InstitutionId | Problem:
    """Return the institution that a message is for, or why there is none."""
    course = whither(asked, lambda agency: folded(agency) in desk.caller.initiator.askers)
    # Whoever has moved, or is gone, must still be able to give back what was borrowed: only what is new is refused.
    if course is Whither.HOME or isinstance(asked, RequestItem):
        home = await _home(desk, asked)
        if course is Whither.HOME or isinstance(home, Problem):
            return home
    if course is Whither.REQUESTER:
        return InstitutionId((requester_of(asked) or "").strip())
    header = asked.initiation_header
    return InstitutionId(header.to_agency_id.value.strip() if header and header.to_agency_id else "")


async def _home(desk: Desk, asked: Routed) -> InstitutionId | Problem:
    """Return the patron's home library as it is now, or a problem for a patron who has none."""
    card = card_in(asked.user_id.user_identifier_value) if asked.user_id else None
    home = Refusal.UNKNOWN_CARD if card is None else await desk.register.home_of(card, desk.deadline)
    if isinstance(home, Refusal):
        return problem(Trouble.UNKNOWN_USER, asked.name, about="UserIdentifierValue")
    if home is None:
        return problem(Trouble.USER_INELIGIBLE_TO_REQUEST, asked.name, about="UserIdentifierValue")
    return home


def _sendable(desk: Desk, asked: Routed) -> bytes | None:
    """Return the document without the sender's secrets; ``None`` where they cannot be found in its encoding."""
    header, document = asked.initiation_header, desk.document
    told = (header.from_agency_authentication, header.from_system_authentication) if header else ()
    if not any(told):
        return document
    body = without_secrets(document)
    return None if body == document or may_hold_secrets(body) else body
