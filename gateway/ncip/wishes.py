"""What CreateUser and UpdateUser want of the register, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from gateway.ncip.users import LANGUAGES
from protocols.ncip import Coded, CreateUser, Problem, proof_in
from protocols.ncip import elements as e
from protocols.ncip import schemes as s
from registry.domain.initiating import NO_FIELDS, AcceptedRules, Fields, Part, Person, Telephone
from registry.domain.institution import InstitutionId
from registry.domain.patron import Address, Language
from registry.domain.secret import Secret

_LANGUAGES = {
    **{word: language for language, word in LANGUAGES.items()},
    **{language.value: language for language in Language},
    "no": Language.NB,
    "nor": Language.NB,
}
_COUNTRIES = {"norway": "NO", "norge": "NO", "noreg": "NO", "norga": "NO"}
_POST_TOWN = re.compile(r"([0-9]{4})\s+(\S.*)")


def accepted_rules(rows: Iterable[e.UserPrivilege], agencies: frozenset[str]) -> AcceptedRules | None:
    """Return which loan rules are told to be accepted at one of these agencies, or ``None``."""
    for row in rows:
        status = row.user_privilege_status
        if (
            row.agency_user_privilege_type.says(s.LOAN_RULES.value)
            and s.folded(row.agency_id.value) in agencies
            and status is not None
            and status.user_privilege_status_type.says("Accepted")
        ):
            return AcceptedRules(row.user_privilege_description or "", status.date_of_user_privilege_status)
    return None


def name_in(told: e.NameInformation | None) -> tuple[str, str] | None:
    """Return family and given names, or ``None`` for no name; a hyphen stands for none, where one must be sent."""
    person = told.personal_name_information if told else None
    if person is None:
        return None
    parts = person.structured_personal_user_name
    if parts is not None and parts.surname.strip(" -"):
        return _plain(parts.surname), _plain(parts.given_name or parts.initials or "")
    whole = _plain(person.unstructured_personal_user_name or "")
    if not whole.strip("-"):
        return None
    family, comma, given = whole.partition(",")
    if not comma:
        given, _, family = whole.rpartition(" ")
    return family.strip(), given.strip()


def person_in(asked: CreateUser, name: tuple[str, str]) -> Person | None:
    """Return who is to be registered; ``None`` without a birth date.

    Nobody has proved an address from a desk, so that any that is told is the patron's own, never the population
    register's.
    """
    if asked.date_of_birth is None:
        return None
    return Person(
        family_name=name[0],
        given_name=name[1],
        birth_date=asked.date_of_birth,
        contacts=Fields(
            address=_own_address(asked.user_address_informations),
            telephones=_telephones(asked.user_address_informations),
            emails=_emails(asked.user_address_informations),
            language=next(filter(None, map(_language, asked.user_languages)), None),
        ),
    )


def fields_in(told: e.DeleteUserFields | e.AddUserFields | None, service: str) -> Fields | Problem:
    """Return what an update takes away or brings; empty values are not told."""
    if told is None:
        return NO_FIELDS
    proof = proof_in(told.authentication_inputs, service)
    if isinstance(proof, Problem):
        return proof
    rows = [row for row in told.user_privileges if _tells_home(row)]
    languages = [_language(one) for one in told.user_languages if one.value]
    addresses = told.user_address_informations
    pin = proof is not None and not proof.is_password
    return Fields(
        address=next(filter(None, (_postal(one) for one in addresses if not _is_home(one))), None),
        telephones=_telephones(addresses),
        emails=_emails(addresses),
        language=languages[-1] if languages else None,
        home_library=InstitutionId(rows[-1].agency_id.value) if rows else None,
        pin=Secret(proof.word) if proof is not None and pin else None,
        foreign=tuple(_foreign(told, languages, has_password=proof is not None and not pin)),
    )


def reported(told: e.DeleteUserFields | e.AddUserFields | None) -> Fields:
    """Return what a report tells of contact channels and language; the rest of a report is no wish, and is left out."""
    fields = fields_in(told, "UserUpdated")
    if isinstance(fields, Problem):
        return NO_FIELDS
    return replace(fields, home_library=None, pin=None, foreign=())


def _foreign(
    told: e.DeleteUserFields | e.AddUserFields, languages: list[Language | None], *, has_password: bool
) -> Iterable[Part]:
    if name_in(told.name_information) is not None:
        yield Part.NAME
    if told.date_of_birth is not None:
        yield Part.BIRTH_DATE
    if any(_is_home(one) and _postal(one) for one in told.user_address_informations):
        yield Part.REGISTERED_ADDRESS
    if None in languages:
        yield Part.LANGUAGE
    if has_password:
        yield Part.PIN
    if not all(map(_tells_home, told.user_privileges)):
        yield Part.PRIVILEGE
    if told.block_or_traps:
        yield Part.BLOCK


def _tells_home(row: e.UserPrivilege) -> bool:
    """Tell whether a row names a home library: one that says that it is none any more does not."""
    status = row.user_privilege_status
    return row.agency_user_privilege_type.says(s.HOME_LIBRARY.value) and (
        status is None or status.user_privilege_status_type.says("Active", "")
    )


def _is_home(one: e.UserAddressInformation) -> bool:
    return one.user_address_role_type.says(s.HOME.value)


def _own_address(addresses: Iterable[e.UserAddressInformation]) -> Address | None:
    found = sorted(((_is_home(one), _postal(one)) for one in addresses), key=lambda pair: pair[0])
    return next((address for _, address in found if address is not None), None)


def _postal(one: e.UserAddressInformation) -> Address | None:
    physical = one.physical_address
    if physical is None:
        return None
    if physical.structured_address is not None:
        return _from_parts(physical.structured_address)
    if physical.unstructured_address is not None:
        return _from_text(physical.unstructured_address.unstructured_address_data)
    return None


def _from_parts(parts: e.StructuredAddress) -> Address | None:
    told = (parts.care_of, parts.street, parts.post_office_box, parts.district, parts.line1, parts.line2)
    lines = tuple(_plain(line) for line in told if line and line.strip())
    place, code = _plain(parts.locality or parts.region or ""), _plain(parts.postal_code or "")
    if not (lines or place or code):
        return None
    country = _plain(parts.country or "")
    return Address(
        lines=lines, postal_code=code, place=place, country=_COUNTRIES.get(country.casefold(), country or "NO")
    )


def _from_text(text: str) -> Address | None:
    lines = [_plain(line) for line in re.split(r"[\n,;]", text) if line.strip()]
    if not lines:
        return None
    town = _POST_TOWN.fullmatch(lines[-1])
    if town is None:
        return Address(lines=tuple(lines), postal_code="", place="")
    return Address(lines=tuple(lines[:-1]), postal_code=town[1], place=town[2])


def _emails(addresses: Iterable[e.UserAddressInformation]) -> tuple[str, ...]:
    return tuple(data for kind, data in _electronic(addresses) if _is_email(kind, data))


def _telephones(addresses: Iterable[e.UserAddressInformation]) -> tuple[Telephone, ...]:
    return tuple(
        Telephone(data, takes_texts=kind.says("sms"))
        for kind, data in _electronic(addresses)
        if not _is_email(kind, data)
    )


def _is_email(kind: Coded, data: str) -> bool:
    return kind.says("mailto", "email", "e-mail") or (not kind.says("tel", "sms") and "@" in data)


def _electronic(addresses: Iterable[e.UserAddressInformation]) -> Iterable[tuple[Coded, str]]:
    for one in addresses:
        electronic = one.electronic_address
        if electronic is not None and electronic.electronic_address_data.strip():
            data = electronic.electronic_address_data.strip()
            yield electronic.electronic_address_type, re.sub(r"^(?i:mailto|tel|sms):", "", data)


def _language(told: Coded) -> Language | None:
    return _LANGUAGES.get(s.folded(told.value))


def _plain(text: str) -> str:
    return " ".join(text.split())
