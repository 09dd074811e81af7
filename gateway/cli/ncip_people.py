"""A person as a file tells them, and as CreateUser and UpdateUser carry them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from protocols.ncip import CreateUser
from protocols.ncip import elements as e
from protocols.ncip.schemes import HOME_LIBRARY, LOAN_RULES, MAILTO, NOTICE, TEL, Coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a file may say of a person; `rules` is the version of the loan rules that they accepted."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    number: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    given_name: str | None = field(default=None, repr=False)
    surname: str | None = field(default=None, repr=False)
    born: date | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    town: str | None = field(default=None, repr=False)
    country: str | None = field(default=None, repr=False)
    language: str | None = None
    rules: str | None = None
    accepted: datetime | None = None


_PERSON = TypeAdapter(Person)


class PersonFileError(ValueError):
    """The file cannot be used; the text says where and why, and shows no value of the file."""


def read_person(path: Path) -> Person:
    """The person in a TOML file, or in a JSON file by its ending; raises `PersonFileError`."""
    try:
        text = path.read_text("utf-8")
        if path.suffix.lower() == ".json":
            return _PERSON.validate_json(text)
        return _PERSON.validate_python(tomllib.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise PersonFileError(error.strerror or "" if isinstance(error, OSError) else "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise PersonFileError(str(error)) from None
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise PersonFileError("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)) from None


def creation(person: Person, inputs: tuple[e.AuthenticationInput, ...], agency: str) -> CreateUser:
    """The CreateUser for a person; with credentials the number goes among them, as the schema wants it."""
    return CreateUser(
        user_id=None if inputs or person.number is None else e.UserId(user_identifier_value=person.number),
        authentication_inputs=inputs,
        name_information=_name(person),
        user_address_informations=contacts(person),
        date_of_birth=person.born,
        user_languages=(Coded(person.language),) if person.language else (),
        user_privileges=(_accepted(person, person.rules, agency),) if person.rules else (),
    )


def contacts(person: Person) -> tuple[e.UserAddressInformation, ...]:
    """Addresses of a person's own, those that are told."""
    told = [_electronic(kind, text) for kind, text in ((MAILTO, person.email), (TEL, person.phone)) if text]
    if person.street or person.town or person.postal_code:
        parts = e.StructuredAddress(
            street=person.street, locality=person.town, country=person.country, postal_code=person.postal_code
        )
        where = e.PhysicalAddress(structured_address=parts, physical_address_type=Coded(""))
        told.insert(0, e.UserAddressInformation(user_address_role_type=NOTICE, physical_address=where))
    return tuple(told)


def home_library(agency: str) -> e.UserPrivilege:
    """The row that makes an agency the home library."""
    active = e.UserPrivilegeStatus(user_privilege_status_type=Coded("Active"))
    return e.UserPrivilege(
        agency_id=Coded(agency), agency_user_privilege_type=HOME_LIBRARY, user_privilege_status=active
    )


def _electronic(kind: Coded, text: str) -> e.UserAddressInformation:
    where = e.ElectronicAddress(electronic_address_type=kind, electronic_address_data=text)
    return e.UserAddressInformation(user_address_role_type=NOTICE, electronic_address=where)


def _name(person: Person) -> e.NameInformation:
    if person.surname:
        parts = e.StructuredPersonalUserName(given_name=person.given_name, surname=person.surname)
        return e.NameInformation(
            personal_name_information=e.PersonalNameInformation(structured_personal_user_name=parts)
        )
    # The name of somebody who is known already is a hyphen.
    text = e.PersonalNameInformation(unstructured_personal_user_name=person.name or "-")
    return e.NameInformation(personal_name_information=text)


def _accepted(person: Person, version: str, agency: str) -> e.UserPrivilege:
    when = person.accepted or datetime.now(UTC)
    return e.UserPrivilege(
        agency_id=Coded(agency),
        agency_user_privilege_type=LOAN_RULES,
        user_privilege_status=e.UserPrivilegeStatus(
            user_privilege_status_type=Coded("Accepted"),
            date_of_user_privilege_status=when if when.tzinfo else when.replace(tzinfo=UTC),
        ),
        user_privilege_description=version,
    )
