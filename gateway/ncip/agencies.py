"""LookupAgency: what we and our institutions are, and what we speak."""

from __future__ import annotations

from gateway.ncip.desk import Desk, Reply, answered, denied
from protocols.ncip import Coded, LookupAgency, LookupAgencyResponse, Trouble, problem
from protocols.ncip import elements as e
from protocols.ncip import schemes as s
from registry.domain.institution import Institution, InstitutionId

_OWN_NAME = "Portvakt"
_PROMPTS = (("Lånekortnummer", s.BARCODE_ID, False), ("PIN-kode", s.PIN, True))


def look_up_agency(desk: Desk, asked: LookupAgency) -> Reply:
    """Answer for ourselves and for every institution that we know."""
    named = asked.agency_id.value.strip()
    own = s.folded(named) == s.folded(desk.agency)
    place = None if own else desk.register.institution(InstitutionId(named))
    if not own and place is None:
        return denied(asked, problem(Trouble.UNKNOWN_AGENCY, asked.name, about="AgencyId"), "agency_unknown")
    wanted = frozenset(s.folded(one.value) for one in asked.agency_element_types)

    def wants(element: str) -> bool:
        return not wanted or s.folded(element) in wanted

    return answered(
        asked,
        LookupAgencyResponse(
            agency_id=Coded(named),
            organization_name_informations=(_name(place),) if wants("Organization Name Information") else (),
            authentication_prompts=_prompts() if wants("Authentication Prompt") else (),
            application_profile_supported_types=(
                _profiles(desk, place) if wants("Application Profile Supported Type") else ()
            ),
            agency_user_privilege_types=(
                (s.STANDING, s.HOME_LIBRARY, s.LOAN_RULES) if wants("Agency User Privilege Type") else ()
            ),
        ),
    )


def _name(place: Institution | None) -> e.OrganizationNameInformation:
    kind = Coded("Patron Register" if place is None else "Library" if place.unit else "Service")
    return e.OrganizationNameInformation(
        organization_name_type=kind, organization_name=_OWN_NAME if place is None else place.name
    )


def _profiles(desk: Desk, place: Institution | None) -> tuple[Coded, ...]:
    """Loans between libraries are spoken for who takes them, and by ourselves for all of those."""
    takes_loans = bool(desk.routes.endpoints) if place is None else place.unit in desk.routes.endpoints
    return (Coded(s.PROFILE), Coded(s.NORWEGIAN_PROFILE)) if takes_loans else (Coded(s.PROFILE),)


def _prompts() -> tuple[e.AuthenticationPrompt, ...]:
    return tuple(
        e.AuthenticationPrompt(
            prompt_output=e.PromptOutput(authentication_prompt_data=text, authentication_prompt_type=Coded("Text")),
            prompt_input=e.PromptInput(
                authentication_input_type=kind,
                authentication_data_format_type=s.PLAIN_TEXT,
                sensitive_data_flag=secret,
            ),
        )
        for text, kind, secret in _PROMPTS
    )
