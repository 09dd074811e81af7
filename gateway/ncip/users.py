"""What is told of a patron: a released view in NCIP's elements, as far as they were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from gateway.ncip.answers import ENDED, STANDINGS
from protocols.ncip import Coded, LookupUser
from protocols.ncip import elements as e
from protocols.ncip import schemes as s
from registry.domain.activating import is_acceptance_due
from registry.domain.asker import Asker
from registry.domain.decisions import Granted, Situation
from registry.domain.institution import LendingUnit
from registry.domain.patron import Address, Language
from registry.domain.release import View
from registry.domain.standing import StandingState

LANGUAGES: Mapping[Language, str] = {
    Language.NB: "nob",
    Language.NN: "nno",
    Language.SE: "sme",
    Language.EN: "eng",
}
"""How languages are called in ISO 639-2."""

_BLOCKS = tuple(
    Coded(word, s.BLOCK_OR_TRAP_TYPE) for word in ("Block Check Out", "Block Request Item", "Block Renewal")
)
_TOLD = (s.NAME_INFORMATION, s.USER_ADDRESS_INFORMATION, s.DATE_OF_BIRTH, s.LANGUAGE, s.USER_PRIVILEGE, s.BLOCK_OR_TRAP)
_NAME, _ADDRESSES, _BORN, _LANGUAGE, _PRIVILEGES, _BLOCKED = (s.folded(one.value) for one in _TOLD)
_EVERYTHING = frozenset((_NAME, _ADDRESSES, _BORN, _LANGUAGE, _PRIVILEGES, _BLOCKED))


def user_id(number: str, agency: str) -> e.UserId:
    """Return a national card number as the id of a user; ``agency`` is our own."""
    return e.UserId(
        agency_id=Coded(agency) if agency else None, user_identifier_type=s.BARCODE, user_identifier_value=number
    )


def wanted(asked: LookupUser) -> frozenset[str]:
    """Return which elements are asked for, as they are compared; everything where none is named."""
    named = frozenset(s.folded(one.value) for one in asked.user_element_types)
    return named or _EVERYTHING


def optional_fields(
    granted: Granted, asker: Asker, unit: LendingUnit | None, elements: frozenset[str]
) -> e.UserOptionalFields | None:
    """Return what was released and asked for; nothing at a service, and where nothing is left."""
    if granted.situation is Situation.SERVICE:
        return None
    view = granted.view

    fields = e.UserOptionalFields(
        name_information=name_of(view) if _NAME in elements else None,
        user_address_informations=tuple(addresses_of(view)) if _ADDRESSES in elements else (),
        date_of_birth=view.birth_date if _BORN in elements else None,
        user_languages=languages_of(view) if _LANGUAGE in elements else (),
        user_privileges=tuple(_privileges(granted, asker, unit)) if _PRIVILEGES in elements else (),
        block_or_traps=_blocks(granted, asker) if _BLOCKED in elements else (),
    )
    return fields if next(fields.children(), None) is not None else None


def name_of(view: View) -> e.NameInformation | None:
    """Return a patron's name in parts, where it may be told."""
    if view.name is None:
        return None
    family, _, given = view.name.partition(", ")
    structured = e.StructuredPersonalUserName(given_name=given or None, surname=family)
    return e.NameInformation(
        personal_name_information=e.PersonalNameInformation(structured_personal_user_name=structured)
    )


def addresses_of(view: View) -> Iterable[e.UserAddressInformation]:
    """Yield every address that may be told: letters, e-mail and telephones."""
    if view.registered_address is not None:
        yield _physical(s.HOME, view.registered_address)
    if view.temporary_address is not None:
        yield _physical(s.NOTICE, view.temporary_address)
    for kind, said in (
        (s.MAILTO, view.email),
        (s.TEL, view.mobile),
        (s.TEL, view.phone),
        (s.TEL, view.mobile_last_three),
    ):
        if said:
            electronic = e.ElectronicAddress(electronic_address_type=kind, electronic_address_data=said)
            yield e.UserAddressInformation(user_address_role_type=s.NOTICE, electronic_address=electronic)


def _physical(role: Coded, address: Address) -> e.UserAddressInformation:
    first, *others = address.lines or ("",)
    structured = e.StructuredAddress(
        line1=first,
        line2=", ".join(others) or None,
        locality=address.place or None,
        country=address.country or None,
        postal_code=address.postal_code or None,
    )
    physical = e.PhysicalAddress(structured_address=structured, physical_address_type=s.POSTAL_ADDRESS)
    return e.UserAddressInformation(user_address_role_type=role, physical_address=physical)


def languages_of(view: View) -> tuple[Coded, ...]:
    """Return a patron's language, where it may be told."""
    return () if view.language is None else (Coded(LANGUAGES[view.language], s.USER_LANGUAGE),)


def _privileges(granted: Granted, asker: Asker, unit: LendingUnit | None) -> Iterable[e.UserPrivilege]:
    standing, here = granted.standing, Coded(asker.institution)
    word = STANDINGS[granted.situation]
    if standing is not None and standing.state is StandingState.ENDED:
        word = ENDED
    if word is not None:
        yield _row(here, s.STANDING, word, since=standing.since if standing else None)
    if granted.view.home_library is not None:
        yield _row(Coded(granted.view.home_library), s.HOME_LIBRARY, "Active")
    yield from _loan_rules(granted, here, unit)


def _loan_rules(granted: Granted, here: Coded, unit: LendingUnit | None) -> Iterable[e.UserPrivilege]:
    state, accepted = granted.standing.state if granted.standing else None, granted.accepted
    if unit is None or unit.rules is None:
        return
    if is_acceptance_due(unit, state, accepted.version if accepted else None):
        yield _row(here, s.LOAN_RULES, "Required", description=unit.rules.version)
    elif accepted is not None:
        yield _row(here, s.LOAN_RULES, "Accepted", at=accepted.at, description=accepted.version)


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


def _blocks(granted: Granted, asker: Asker) -> tuple[e.BlockOrTrap, ...]:
    """Who is no local patron here can borrow nothing here; a local patron's blocks are the library's own."""
    if granted.situation is Situation.LOCAL:
        return ()
    return tuple(e.BlockOrTrap(agency_id=Coded(asker.institution), block_or_trap_type=kind) for kind in _BLOCKS)
