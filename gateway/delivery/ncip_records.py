"""A delivery in NCIP's messages, and the patron in an answer to a look-up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.ncip.users import addresses_of, languages_of, name_of, user_id
from gateway.ncip.wishes import name_in
from protocols.ncip import Coded, CreateUser, LookupUserResponse, UpdateUser
from protocols.ncip import elements as e
from protocols.ncip import schemes as s
from registry.domain.card import national
from registry.domain.delivery import Parcel
from registry.domain.recognition import Recognition, Sighting, recognise
from registry.domain.release import View

_NO_NAME = e.NameInformation(personal_name_information=e.PersonalNameInformation(unstructured_personal_user_name="-"))
"""The schema demands a name."""


def creation(parcel: Parcel, agency: str, now: datetime) -> CreateUser:
    """Return what makes a patron; ``agency`` is our own, which the card's number belongs to."""
    view = parcel.view
    return CreateUser(
        user_id=user_id(parcel.card, agency),
        name_information=name_of(view) or _NO_NAME,
        user_address_informations=tuple(addresses_of(view)),
        date_of_birth=view.birth_date,
        user_languages=languages_of(view),
        user_privileges=tuple(_privileges(parcel, now)),
    )


def change(parcel: Parcel, agency: str) -> UpdateUser:
    """Return what brings the record up to date: what is added replaces what is there of the same kind.

    Without the birth date, which does not change, and which many systems let nobody touch.
    """
    view = parcel.view
    return UpdateUser(
        user_id=_known_by(parcel, agency),
        add_user_fields=e.AddUserFields(
            name_information=name_of(view),
            user_address_informations=tuple(addresses_of(view)),
            user_languages=languages_of(view),
        ),
    )


def ending(parcel: Parcel, agency: str, now: datetime) -> UpdateUser:
    """Return what tells that the standing has ended.

    An UpdateUser and no DeleteUser: somebody with loans or claims stays a patron of the library (A30), and what becomes
    of the record there is the library's to say.
    """
    row = _row(Coded(parcel.unit), s.STANDING, "Ended", at=now)
    return UpdateUser(user_id=_known_by(parcel, agency), add_user_fields=e.AddUserFields(user_privileges=(row,)))


def local_id_in(told: e.UserId | None, others: Iterable[e.UserId] = ()) -> str | None:
    """Return the library system's own id among those that it tells, else the number that it answers for."""
    numbers = [one.user_identifier_value.strip() for one in (told, *others) if one is not None]
    own = [number for number in numbers if number and national(number) is None]
    return next(iter((*own, *filter(None, numbers))), None)


def sighting_in(answer: LookupUserResponse) -> Sighting:
    """Return who is told of in the answer to a look-up."""
    fields = answer.user_optional_fields
    name = name_in(fields.name_information) if fields else None
    return Sighting(
        known=True,
        name=", ".join(filter(None, name)) if name else None,
        birth_date=fields.date_of_birth if fields else None,
        local_id=local_id_in(answer.user_id, fields.user_ids if fields else ()),
    )


def is_same(sighting: Sighting, view: View) -> bool:
    """Tell whether who was found is who is to be brought; in doubt, or where we know too little ourselves, not."""
    if view.name is None or view.birth_date is None:
        return False
    family, _, given = view.name.partition(", ")
    found = recognise(sighting, family_name=family, given_name=given, birth_date=view.birth_date)
    return found is Recognition.KNOWN


def _known_by(parcel: Parcel, agency: str) -> e.UserId:
    """The library system's own id, which outlives a card; the card's number where there is none."""
    if parcel.local_id is None or national(parcel.local_id) is not None:
        return user_id(parcel.local_id or parcel.card, agency)
    return e.UserId(agency_id=Coded(parcel.unit), user_identifier_value=parcel.local_id)


def _privileges(parcel: Parcel, now: datetime) -> Iterable[e.UserPrivilege]:
    here = Coded(parcel.unit)
    yield _row(here, s.STANDING, "Active", since=parcel.accepted or now)
    if parcel.view.home_library is not None:
        yield _row(Coded(parcel.view.home_library), s.HOME_LIBRARY, "Active")
    if parcel.rules_version is not None:
        yield _row(here, s.LOAN_RULES, "Accepted", at=parcel.accepted, description=parcel.rules_version)


def _row(
    agency: Coded,
    kind: Coded,
    status: str,
    *,
    since: datetime | None = None,
    at: datetime | None = None,
    description: str | None = None,
) -> e.UserPrivilege:
    return e.UserPrivilege(
        agency_id=agency,
        agency_user_privilege_type=kind,
        valid_from_date=since.replace(microsecond=0) if since else None,
        user_privilege_status=e.UserPrivilegeStatus(
            user_privilege_status_type=Coded(status),
            date_of_user_privilege_status=at.replace(microsecond=0) if at else None,
        ),
        user_privilege_description=description,
    )
