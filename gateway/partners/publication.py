"""What the register must know of the partner files: institutions, lending units, agreements and loan rules."""

from __future__ import annotations

from config import partners as files
from config.partner_set import Partners
from registry.domain.institution import (
    Acceptance,
    Agreement,
    CarrierKind,
    Institution,
    InstitutionId,
    LendingUnit,
    LendingUnitId,
    LoanRules,
    PinAuthority,
    Publication,
    RulesText,
)


def publication_of(partners: Partners) -> Publication:
    """Return what is to be published of ``partners``, in the order of ids, so that equal files publish equally."""
    libraries = [
        Institution(
            id=InstitutionId(place.id),
            name=place.name,
            parent=InstitutionId(place.parent) if place.parent else None,
            unit=unit_id(partners, place.id),
        )
        for place in partners.institutions.values()
    ]
    services = [
        Institution(id=InstitutionId(service.id), name=service.name, agreement=_agreement(service.agreement))
        for service in partners.services.values()
    ]
    units = [_unit(unit) for unit in partners.lending_units.values()]
    return Publication(
        institutions=tuple(sorted((*libraries, *services), key=lambda institution: institution.id)),
        units=tuple(sorted(units, key=lambda unit: unit.id)),
    )


def unit_id(partners: Partners, institution: str) -> LendingUnitId | None:
    """Return the lending unit of an institution, or ``None`` where the files give it none."""
    unit = partners.unit_of(institution)
    return LendingUnitId(unit.id) if unit else None


def _unit(unit: files.LendingUnit) -> LendingUnit:
    return LendingUnit(
        id=LendingUnitId(unit.id),
        agreement=_agreement(unit.agreement),
        rules=_rules(unit.rules),
        acceptance=Acceptance(unit.acceptance),
        minimum_age=unit.minimum_age,
        pin_authority=PinAuthority(unit.pin_authority),
        carrier=CarrierKind(unit.delivery.carrier) if unit.delivery else CarrierKind.MANUAL,
    )


def _agreement(agreement: files.Agreement | None) -> Agreement | None:
    if agreement is None:
        return None
    return Agreement(reference=agreement.reference, valid_from=agreement.valid_from, valid_until=agreement.valid_until)


def _rules(rules: files.Rules | None) -> LoanRules | None:
    if rules is None:
        return None
    texts: dict[str, RulesText] = {
        language: RulesText(short=text.short, full=text.full) for language, text in sorted(rules.languages.items())
    }
    return LoanRules(version=rules.version, texts=texts, renew_acceptance=rules.renew_acceptance)
