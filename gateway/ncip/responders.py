"""One responder for each service of ours: a message in, questions to the register, an answer out.

What needs neither a database nor a hash is answered at once; the rest is awaited. Whoever asks has shown who they are
and has a valid agreement, before any of these is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.ncip.agencies import look_up_agency
from gateway.ncip.cards import card_in
from gateway.ncip.desk import Desk, Ready, Reply, answered, denied, told_no
from gateway.ncip.forwarders import send_on
from gateway.ncip.subjects import Subject, subject_at_once, subject_of
from gateway.ncip.users import optional_fields, user_id, wanted
from gateway.ncip.wishes import accepted_rules, fields_in, name_in, person_in, reported
from protocols.ncip import (
    CancelRequestItem,
    Claim,
    CreateUser,
    CreateUserResponse,
    DeleteUser,
    DeleteUserResponse,
    ItemReceived,
    ItemRequested,
    ItemShipped,
    LookupAgency,
    LookupUser,
    LookupUserResponse,
    Problem,
    RenewItem,
    Request,
    RequestItem,
    Response,
    UpdateUser,
    UpdateUserResponse,
    UserCreated,
    UserCreatedResponse,
    UserUpdated,
    UserUpdatedResponse,
    claim_of,
)
from protocols.ncip.schemes import folded
from registry.domain.card import CardNumber
from registry.domain.decisions import Decision, Question, Refusal, Refused
from registry.domain.initiating import NO_FIELDS, Change, Done, Fields, Objected, Objection, Order, Outcome
from registry.domain.secret import Secret

Responder = Callable[[Desk, Any], Ready]

_NOBODY = Refused(Refusal.UNKNOWN_CARD)
_EMPTY_PIN = Refused(Refusal.NO_PIN)
_NOT_NATIONAL = Refused(Refusal.NATIONAL_CARD_NEEDED)

# Looking a user up.


def look_up_user(desk: Desk, asked: LookupUser) -> Ready:
    """Answer who a card's patron is: proved by a PIN, or by the card alone where that was granted."""
    claim = claim_of(asked)
    if isinstance(claim, Problem):
        return denied(asked, claim, "credentials", "invalid")
    subject = subject_at_once(claim)
    if subject is None:
        return _look_up_other(desk, asked, claim)
    ready = _looked_up(desk, asked, subject)
    return _looking_up(desk, asked, subject) if ready is None else ready


def _looked_up(desk: Desk, asked: LookupUser, subject: Subject) -> Reply | None:
    """Answer at once where the register can."""
    card, pin = subject.card, subject.pin
    if pin is None:
        if not desk.caller.initiator.lookup_without_pin:
            return told_no(asked, Objected(Objection.NO_GRANT))
        decision = None if card is None else desk.register.look_up_at_once(desk.asker, card)
        return None if decision is None else _identified(desk, asked, decision, card, by_grant=True)
    if card is None and desk.caller.initiator.is_service:
        return told_no(asked, _NOT_NATIONAL)
    if not pin:
        return told_no(asked, _EMPTY_PIN, card=card)
    decision = desk.register.at_once(Question(card=card, pin=pin, asker=desk.asker)) if card else None
    return None if decision is None else _identified(desk, asked, decision, card)


async def _looking_up(desk: Desk, asked: LookupUser, subject: Subject) -> Reply:
    card, pin = subject.card, subject.pin
    if pin is None:
        initiator = desk.caller.initiator
        found = await desk.register.look_up(desk.asker, card, initiator.guests_per_day, desk.deadline)
        if isinstance(found, Objected):
            return told_no(asked, found, card=card)
        return _identified(desk, asked, found, card, by_grant=True)
    decision = await _prove(desk, card, pin)
    return _identified(desk, asked, decision, card)


async def _look_up_other(desk: Desk, asked: LookupUser, claim: Claim) -> Reply:
    """Answer for a library's own number, and for several numbers."""
    subject = await subject_of(desk, claim)
    if not subject.agrees:
        return await _disagreeing(desk, asked, subject)
    return _looked_up(desk, asked, subject) or await _looking_up(desk, asked, subject)


def _identified(
    desk: Desk, asked: LookupUser, decision: Decision, card: CardNumber | None, *, by_grant: bool = False
) -> Reply:
    if isinstance(decision, Refused):
        return told_no(asked, decision, by_grant=by_grant, card=card)
    fields = optional_fields(decision, desk.asker, desk.register.unit(desk.asker.unit), wanted(asked))
    number = decision.view.card_number or card or ""
    response = LookupUserResponse(user_id=user_id(number, desk.agency), user_optional_fields=fields)
    return answered(asked, response, delay=decision.delay, card=card)


async def _prove(desk: Desk, card: CardNumber | None, pin: Secret) -> Decision:
    decision = await desk.register.answer(Question(card=card, pin=pin, asker=desk.asker), desk.deadline)
    if card is None and isinstance(decision, Refused) and decision.reason is Refusal.UNKNOWN_CARD:
        # A number that means nobody takes as long as a wrong PIN, or time would tell whose numbers are known.
        await desk.register.pretend(pin, desk.deadline)
    return decision


async def _disagreeing(desk: Desk, asked: Request, subject: Subject) -> Reply:
    """Refuse numbers of different people: an attempt on neither's card, and told by nothing from a wrong PIN."""
    if subject.pin:
        await desk.register.pretend(subject.pin, desk.deadline)
    return told_no(asked, _NOBODY)


# Creating, changing and ending.


async def create_user(desk: Desk, asked: CreateUser) -> Reply:
    """Take a known guest in, or register somebody who stands at the desk."""
    claim = claim_of(asked)
    if isinstance(claim, Problem):
        return denied(asked, claim, "credentials", "invalid")
    order = await _order(desk, asked, claim)
    if isinstance(order, Reply):
        return order
    by_right = desk.caller.initiator.activations_without_pin
    outcome = await desk.register.create(desk.asker, order, desk.deadline, by_right)
    return _ended(desk, asked, CreateUserResponse(), outcome, order.card)


async def _order(desk: Desk, asked: CreateUser, claim: Claim) -> Order | Reply:
    here = frozenset({folded(desk.asker.institution), folded(desk.asker.unit or "")})
    accepted = accepted_rules(asked.user_privileges, here)
    if accepted is None:
        return told_no(asked, Objected(Objection.RULES_NOT_ACCEPTED))
    subject = await subject_of(desk, claim)
    if not subject.agrees:
        return await _disagreeing(desk, asked, subject)
    if subject.pin is not None:
        return await _activation(desk, asked, subject) or Order(card=subject.card, accepted=accepted, pin=subject.pin)
    name = name_in(asked.name_information)
    if name is None:
        if subject.card is None:
            why = Objection.CARD_UNFIT if claim.numbers else Objection.NAME_MISSING
            return told_no(asked, Objected(why))
        return Order(card=subject.card, accepted=accepted, birth_date=asked.date_of_birth)
    person = person_in(asked, name)
    if person is None:
        return told_no(asked, Objected(Objection.BIRTH_DATE_MISSING))
    if claim.numbers and subject.card is None:
        return told_no(asked, Objected(Objection.CARD_UNFIT))
    return Order(card=subject.card, accepted=accepted, person=person)


async def _activation(desk: Desk, asked: CreateUser, subject: Subject) -> Reply | None:
    """Refuse an activation whose PIN cannot be right: it is empty, or the number means nobody."""
    if not subject.pin:
        return told_no(asked, _EMPTY_PIN)
    if subject.card is not None:
        return None
    await desk.register.pretend(subject.pin, desk.deadline)
    return told_no(asked, _NOBODY)


async def update_user(desk: Desk, asked: UpdateUser) -> Reply:
    """Change contact data, language, home library or PIN of a patron who is local here."""
    subject = await _named(desk, asked)
    if isinstance(subject, Reply):
        return subject
    taken = fields_in(asked.delete_user_fields, asked.name)
    added = fields_in(asked.add_user_fields, asked.name)
    for fields in (taken, added):
        if isinstance(fields, Problem):
            return denied(asked, fields, "credentials", "invalid")
    if isinstance(taken, Problem) or isinstance(added, Problem) or subject.card is None:
        return told_no(asked, Objected(Objection.NOT_LOCAL))
    change = Change(card=subject.card, pin=subject.pin, taken=taken, added=added)
    outcome = await desk.register.change(desk.asker, change, desk.deadline)
    return _ended(desk, asked, UpdateUserResponse(), outcome, subject.card)


async def delete_user(desk: Desk, asked: DeleteUser) -> Reply:
    """End a patron's standing here; the national record stays."""
    subject = await _named(desk, asked)
    if isinstance(subject, Reply):
        return subject
    if subject.card is None:
        return told_no(asked, Objected(Objection.NOT_LOCAL))
    outcome = await desk.register.end(desk.asker, subject.card, subject.pin, desk.deadline)
    return _ended(desk, asked, DeleteUserResponse(), outcome, subject.card)


async def _named(desk: Desk, asked: UpdateUser | DeleteUser) -> Subject | Reply:
    claim = claim_of(asked)
    if isinstance(claim, Problem):
        return denied(asked, claim, "credentials", "invalid")
    subject = await subject_of(desk, claim)
    if not subject.agrees:
        return await _disagreeing(desk, asked, subject)
    if subject.pin is not None and not subject.pin:
        return told_no(asked, _EMPTY_PIN, card=subject.card)
    if subject.card is None and subject.pin is not None:
        await desk.register.pretend(subject.pin, desk.deadline)
        return told_no(asked, _NOBODY)
    return subject


def _ended(
    desk: Desk,
    asked: Request,
    response: CreateUserResponse | UpdateUserResponse | DeleteUserResponse,
    outcome: Outcome,
    card: CardNumber | None,
) -> Reply:
    if not isinstance(outcome, Done):
        return told_no(asked, outcome, card=card)
    told = type(response)(user_id=user_id(outcome.card, desk.agency))
    return answered(asked, told, card=outcome.card)


# Reports.


async def user_created(desk: Desk, asked: UserCreated) -> Reply:
    """Take note; what a library system has made changes nothing here, for nobody's consent comes with it."""
    return await _noted(desk, asked, UserCreatedResponse())


async def user_updated(desk: Desk, asked: UserUpdated) -> Reply:
    """Take note, and take over what the library may change of a local patron: contact channels and language."""
    subject = await subject_of(desk, Claim((asked.user_id.user_identifier_value,)))
    if subject.card is not None:
        await _take_over(desk, subject.card, reported(asked.delete_user_fields), reported(asked.add_user_fields))
    return await _noted(desk, asked, UserUpdatedResponse())


async def _take_over(desk: Desk, card: CardNumber, gone: Fields, new: Fields) -> None:
    """Change what was reported as changed; a report is a fact and no wish, so that nobody is told of an objection."""
    for taken in (gone, NO_FIELDS):
        if taken == new == NO_FIELDS:
            return
        outcome = await desk.register.change(desk.asker, Change(card=card, taken=taken, added=new), desk.deadline)
        # What has gone from there may never have been here: what has come counts all the same.
        if not (isinstance(outcome, Objected) and outcome.why is Objection.NOT_THERE):
            return


async def _noted(desk: Desk, asked: UserCreated | UserUpdated, response: Response) -> Reply:
    await desk.register.reported(desk.asker, asked.name, desk.deadline)
    return answered(asked, response, card=card_in(asked.user_id.user_identifier_value))


RESPONDERS: Mapping[type[Request], Responder] = {
    LookupUser: look_up_user,
    LookupAgency: look_up_agency,
    CreateUser: create_user,
    UpdateUser: update_user,
    DeleteUser: delete_user,
    UserCreated: user_created,
    UserUpdated: user_updated,
    ItemRequested: send_on,
    RequestItem: send_on,
    CancelRequestItem: send_on,
    ItemShipped: send_on,
    ItemReceived: send_on,
    RenewItem: send_on,
}
"""Every request that can be read, and who answers it; a test asserts that it is complete."""

OF_SERVICES: frozenset[type[Request]] = frozenset({LookupUser, LookupAgency})
"""What a national service may ask."""
