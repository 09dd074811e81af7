"""A patron of the library as NCIP tells it, both ways: record to elements, elements to record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from gateway.simulators.ils.desk import Desk
from gateway.simulators.ils.world import Patron
from protocols.ncip import Claim, CreateUser, Problem, Trouble, UpdateUser, problem, proof_in
from protocols.ncip import elements as e
from protocols.ncip.schemes import HOME, MAILTO, NOTICE, STANDING, TEL, Coded

_ACTIVE, _BLOCKED = Coded("Active"), Coded("Blocked")
_ONE_TEXT = Coded("Multi-Line")


def user_id(number: str) -> e.UserId:
    """A number as the library tells it."""
    return e.UserId(user_identifier_value=number)


def record(desk: Desk, patron: Patron, wanted: tuple[Coded, ...]) -> e.UserOptionalFields:
    """What is told of a patron: what was asked for, or all where nothing was."""
    told: dict[str, tuple[str, Any]] = {
        "name_information": ("Name Information", _name(patron)),
        "user_address_informations": ("User Address Information", tuple(_addresses(patron))),
        "date_of_birth": ("Date Of Birth", patron.born),
        "user_privileges": ("User Privilege", (_standing(desk, patron),)),
        "user_ids": ("User Id", tuple(map(user_id, (patron.id, *patron.cards)))),
    }
    return e.UserOptionalFields(
        **{name: value for name, (word, value) in told.items() if not wanted or any(one.says(word) for one in wanted)}
    )


def new_patron(local_id: str, claim: Claim, asked: CreateUser) -> Patron:
    """The patron that a CreateUser tells of."""
    bare = Patron(id=local_id, name="", cards=claim.numbers, pin=claim.proof.word if claim.proof else None)
    return _told(bare, asked.name_information, asked.user_address_informations, asked.date_of_birth)


def changed(patron: Patron, asked: UpdateUser) -> Patron | Problem:
    """The patron after an UpdateUser: first what goes, then what comes."""
    after = patron
    gone, come = asked.delete_user_fields, asked.add_user_fields
    if gone is not None:
        old = proof_in(gone.authentication_inputs, asked.name)
        if isinstance(old, Problem) or (old is not None and old.word != patron.pin):
            return problem(Trouble.USER_AUTHENTICATION_FAILED, asked.name, about="DeleteUserFields")
        emptied: dict[str, Any] = dict.fromkeys(_contacts(gone.user_address_informations), "")
        after = replace(after, **emptied)
    if come is not None:
        new = proof_in(come.authentication_inputs, asked.name)
        if isinstance(new, Problem):
            return new
        after = replace(after, pin=new.word if new else after.pin)
        after = _told(after, come.name_information, come.user_address_informations, come.date_of_birth)
    return after


def _told(
    patron: Patron,
    name: e.NameInformation | None,
    addresses: Iterable[e.UserAddressInformation],
    born: date | None,
) -> Patron:
    values = _contacts(addresses)
    if name is not None and (text := _name_text(name)):
        values["name"] = text
    if born is not None:
        values["born"] = born
    return replace(patron, **values)


def _name_text(name: e.NameInformation) -> str:
    person = name.personal_name_information
    if person is None:
        return next((one.organization_name for one in name.organization_name_informations), "")
    parts = person.structured_personal_user_name
    if parts is not None:
        return " ".join(part for part in (parts.given_name, parts.initials, parts.surname) if part)
    return person.unstructured_personal_user_name or ""


def _contacts(addresses: Iterable[e.UserAddressInformation]) -> dict[str, Any]:
    """Address, e-mail and telephone by the names that they have in a record."""
    found: dict[str, Any] = {}
    for one in addresses:
        if one.physical_address is not None:
            found["address"] = _address_text(one.physical_address)
        elif one.electronic_address is not None:
            kind = one.electronic_address.electronic_address_type
            found["email" if kind.says("mailto") else "phone"] = one.electronic_address.electronic_address_data
    return found


def _address_text(address: e.PhysicalAddress) -> str:
    if address.unstructured_address is not None:
        return address.unstructured_address.unstructured_address_data
    parts = address.structured_address
    if parts is None:
        return ""
    town = " ".join(part for part in (parts.postal_code, parts.locality or parts.region) if part)
    return ", ".join(part for part in (parts.street or parts.line1, parts.line2, town) if part)


def _name(patron: Patron) -> e.NameInformation:
    return e.NameInformation(
        personal_name_information=e.PersonalNameInformation(unstructured_personal_user_name=patron.name)
    )


def _addresses(patron: Patron) -> Iterable[e.UserAddressInformation]:
    if patron.address and not patron.address_protected:
        text = e.UnstructuredAddress(unstructured_address_type=_ONE_TEXT, unstructured_address_data=patron.address)
        yield e.UserAddressInformation(
            user_address_role_type=HOME,
            physical_address=e.PhysicalAddress(unstructured_address=text, physical_address_type=Coded("")),
        )
    for kind, text_of in ((MAILTO, patron.email), (TEL, patron.phone)):
        if text_of:
            yield e.UserAddressInformation(
                user_address_role_type=NOTICE,
                electronic_address=e.ElectronicAddress(electronic_address_type=kind, electronic_address_data=text_of),
            )


def _standing(desk: Desk, patron: Patron) -> e.UserPrivilege:
    blocked = patron.id in desk.ledger.blocked
    return e.UserPrivilege(
        agency_id=Coded(desk.rules.institution),
        agency_user_privilege_type=STANDING,
        user_privilege_status=e.UserPrivilegeStatus(user_privilege_status_type=_BLOCKED if blocked else _ACTIVE),
    )
