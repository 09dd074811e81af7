"""Brings patrons to a library system that answers CreateUser: LookupUser, CreateUser and UpdateUser.

What the library system says is sorted once, in two tables: its problems by the words that it uses, and the ways in
which it gives no answer by what they mean for the next parcel.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.delivery.carriers import (
    Brought,
    Duplicate,
    LookedUp,
    Lost,
    NotSent,
    NotThere,
    Rejected,
    SomebodyElse,
    There,
    Tried,
)
from gateway.delivery.ncip_records import change, creation, ending, is_same, local_id_in, sighting_in
from gateway.ncip.ils_client import IlsClient
from gateway.ncip.ils_outcomes import Answered, Declined, Failed, Outcome
from gateway.upstream.failures import FailureKind
from protocols.ncip import (
    CreateUserResponse,
    LookupUserResponse,
    NotSendable,
    Problem,
    Trouble,
    UpdateUserResponse,
    Verdict,
)
from protocols.ncip.schemes import folded
from registry.domain.delivery import Parcel
from registry.services.ports import Clock

_FORMER_CARDS = 3
"""So many former cards of a patron are looked for as well: a library may know them by one."""

_OUR_FAULT = {
    folded(trouble.word): trouble.name.lower()
    for trouble in (
        Trouble.AGENCY_AUTHENTICATION_FAILED,
        Trouble.SYSTEM_AUTHENTICATION_FAILED,
        Trouble.UNAUTHORIZED_COMBINATION,
        Trouble.UNAUTHORIZED_SERVICE,
        Trouble.UNKNOWN_AGENCY,
        Trouble.UNKNOWN_SERVICE,
        Trouble.UNKNOWN_SYSTEM,
        Trouble.UNSUPPORTED_SERVICE,
    )
}
"""Problems that every parcel would meet: somebody must mend the settings, here or there."""
_OF_THE_PARCEL = {
    folded(trouble.word): trouble.name.lower()
    for trouble in (
        Trouble.ELEMENT_RULE_VIOLATED,
        Trouble.INVALID_DATE,
        Trouble.NEEDED_DATA_MISSING,
        Trouble.UNABLE_TO_ADD_ELEMENT,
        Trouble.UNKNOWN_ELEMENT,
        Trouble.UNKNOWN_VALUE,
        Trouble.USER_ACCESS_DENIED,
    )
}
_OF_EVERYBODY = frozenset({FailureKind.LOGIN_REFUSED, FailureKind.UNTRUSTED})
"""Failures that every parcel would meet, and that do not pass by themselves."""


class NcipCarrier:
    """Speaks to one lending unit's NCIP responder; implements :class:`gateway.delivery.carriers.Carrier`."""

    def __init__(self, client: IlsClient, clock: Clock) -> None:
        """Speak through ``client``, which the carrier closes in the end."""
        self._client = client
        self._clock = clock

    async def look_up(self, parcel: Parcel, seconds: float) -> LookedUp:
        """Return whether the patron is there, by the card in use or by one of the last former ones."""
        deadline = self._clock.monotonic() + seconds
        found: LookedUp = NotThere()
        for number in (parcel.card, *parcel.former_cards[:_FORMER_CARDS]):
            found = _found(await self._client.look_up_user(number, deadline), parcel)
            if not isinstance(found, NotThere):
                break
        return found

    async def create(self, parcel: Parcel, seconds: float) -> Tried:
        """Create the patron."""
        user = creation(parcel, self._client.endpoint.from_agency, self._clock.now())
        try:
            outcome = await self._client.create_user(user, self._clock.monotonic() + seconds)
        except NotSendable:
            return Rejected("not_sendable")
        return _tried(outcome)

    async def update(self, parcel: Parcel, seconds: float) -> Tried:
        """Bring changed data."""
        message = change(parcel, self._client.endpoint.from_agency)
        try:
            outcome = await self._client.update_user(message, self._clock.monotonic() + seconds)
        except NotSendable:
            return Rejected("not_sendable")
        return _tried(outcome)

    async def end(self, parcel: Parcel, seconds: float) -> Tried:
        """Tell that the standing has ended; a library that no longer knows the patron need not be told."""
        message = ending(parcel, self._client.endpoint.from_agency, self._clock.now())
        try:
            outcome = await self._client.update_user(message, self._clock.monotonic() + seconds)
        except NotSendable:
            return Rejected("not_sendable")
        if isinstance(outcome, Declined) and outcome.verdict is Verdict.ABSENT:
            return Brought()
        return _tried(outcome)

    async def close(self) -> None:
        """Give every connection back."""
        self._client.close()


def _found(outcome: Outcome, parcel: Parcel) -> LookedUp:
    match outcome:
        case Answered(message=LookupUserResponse() as answer):
            sighting = sighting_in(answer)
            if is_same(sighting, parcel.view):
                return There(sighting.local_id or parcel.card)
            return SomebodyElse("other_person")
        case Answered():
            return NotSent(FailureKind.UNEXPECTED_ANSWER.value)
        case Declined(verdict=Verdict.ABSENT):
            return NotThere()
        case Declined(problems=problems) if _says(problems, Trouble.NON_UNIQUE_USER):
            return SomebodyElse("several_persons")
        case Declined(problems=problems, verdict=verdict):
            # A look-up without a PIN that is refused for want of one will be refused for every card.
            closed = _says(problems, Trouble.USER_AUTHENTICATION_FAILED)
            return NotSent("pin_wanted", whole_unit=True) if closed else _declined(problems, verdict)
        case Failed(kind=kind):
            return NotSent(kind.value, whole_unit=kind in _OF_EVERYBODY)


def _tried(outcome: Outcome) -> Tried:
    match outcome:
        case Answered(message=CreateUserResponse() | UpdateUserResponse() as answer):
            return Brought(local_id_in(answer.user_id))
        case Answered():
            return Lost(FailureKind.UNEXPECTED_ANSWER.value)
        case Declined(verdict=Verdict.DUPLICATE):
            return Duplicate("duplicate_user")
        case Declined(verdict=Verdict.ABSENT):
            return Rejected("unknown_user")
        case Declined(problems=problems, verdict=verdict):
            no = _declined(problems, verdict)
            return no if no.whole_unit or verdict is Verdict.RETRYABLE else Rejected(no.reason)
        case Failed(kind=kind, uncertain=True):
            return Lost(kind.value)
        case Failed(kind=kind):
            return NotSent(kind.value, whole_unit=kind in _OF_EVERYBODY)


def _declined(problems: Iterable[Problem], verdict: Verdict) -> NotSent:
    if verdict is Verdict.RETRYABLE:
        return NotSent("temporary")
    words = [folded(one.problem_type.value) for one in problems]
    ours = next((_OUR_FAULT[word] for word in words if word in _OUR_FAULT), None)
    if ours is not None:
        return NotSent(ours[:40], whole_unit=True)
    return NotSent(next((_OF_THE_PARCEL[word] for word in words if word in _OF_THE_PARCEL), "declined"))


def _says(problems: Iterable[Problem], trouble: Trouble) -> bool:
    return any(one.problem_type.says(trouble.word) for one in problems)
