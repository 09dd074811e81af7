"""From the partner files to the initiators of this door, and to where loans between libraries are sent on to."""

from __future__ import annotations

from collections.abc import Mapping

from config import partners as files
from config.partner_set import Partners
from config.settings import Settings
from gateway.ncip.endpoint import Budgets, Endpoint
from gateway.ncip.initiators import Initiator, Initiators
from gateway.partners.publication import unit_id
from gateway.upstream.tls import UpstreamTls
from protocols.ncip.schemes import folded
from registry.domain.asker import Asker, AskerClass
from registry.domain.institution import InstitutionId, LendingUnitId


def initiators_of(partners: Partners) -> Initiators:
    """Return the initiators that ``partners`` tell of."""
    return Initiators(_initiator(told, partners) for told in partners.initiators.values())


def endpoints_of(partners: Partners, settings: Settings) -> Mapping[LendingUnitId, Endpoint]:
    """Return where each lending unit takes the messages of loans between libraries."""
    return {
        LendingUnitId(unit.id): _endpoint(unit.id, unit.ncip, settings)
        for unit in partners.lending_units.values()
        if unit.ncip is not None
    }


def peers_of(partners: Partners) -> tuple[str, ...]:
    """Return what the endpoints are called in metrics and logs."""
    return tuple(sorted(_peer(unit.id) for unit in partners.lending_units.values() if unit.ncip is not None))


def _peer(unit: str) -> str:
    return f"ncip-{unit}"


def _initiator(told: files.Initiator, partners: Partners) -> Initiator:
    return Initiator(
        id=told.id,
        askers={folded(asker.institution): asker for asker in _askers(told, partners)},
        networks=told.networks,
        secret=told.secret.get_secret_value() if told.secret else None,
        certificate=told.certificate,
        lookup_without_pin=told.lookup_without_pin,
        guests_per_day=told.guests_per_day,
        activations_without_pin=told.activations_without_pin,
    )


def _askers(told: files.Initiator, partners: Partners) -> list[Asker]:
    if told.service is not None:
        return [
            Asker(
                terminal=told.id,
                kind=AskerClass.SERVICE,
                institution=InstitutionId(told.service),
                unit=None,
                kiosks=told.kiosks,
            )
        ]
    places = [place for place in (told.institution, *told.agencies) if place is not None]
    return [
        Asker(
            terminal=told.id,
            kind=AskerClass.INITIATOR,
            institution=InstitutionId(place),
            unit=unit_id(partners, place),
            kiosks=told.kiosks,
        )
        for place in dict.fromkeys(places)
    ]


def _endpoint(unit: str, told: files.NcipEndpoint, settings: Settings) -> Endpoint:
    authorities = settings.partners.directory / told.ca if told.ca else None
    ncip = settings.ncip
    return Endpoint(
        id=_peer(unit),
        url=told.url,
        from_agency=ncip.agency or "",
        to_agency=unit,
        tls=UpstreamTls(ca=authorities, server_name=told.server_name),
        budgets=Budgets(total=ncip.forward, connect=min(2.0, ncip.forward)),
        in_flight=settings.limits.ils_in_flight,
        queued=settings.limits.ils_queued,
        answer_limit=ncip.reply_bytes,
    )
