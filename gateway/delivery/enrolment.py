"""From the partner files to the carriers: one route for each lending unit, kept as long as the files say the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from config import delivery as told_by_files
from config.delivery import Delivery
from config.errors import ConfigurationError, Problem
from config.partner_set import Partners
from config.partners import LendingUnit
from config.secret_files import delivery_secret
from config.settings import Settings
from gateway.clock import SystemClock
from gateway.delivery.koha import KohaCarrier
from gateway.delivery.koha_system import KohaSystem
from gateway.delivery.mapping import AgeGroup, RecordMapping
from gateway.delivery.ncip import NcipCarrier
from gateway.delivery.routes import Carriers, Route, peer_of
from gateway.delivery.waiting import AT_ONCE, TOMORROW, Pace, WaitingWords
from gateway.ncip.endpoint import Budgets, Endpoint
from gateway.ncip.ils_client import IlsClient
from gateway.observability.logs import EventLog
from gateway.observability.meters import UpstreamMeter
from gateway.upstream.breaker import BreakerRules
from gateway.upstream.tls import UpstreamTls
from registry.domain.institution import CarrierKind, InstitutionId, LendingUnitId
from registry.domain.patron import Language
from registry.domain.secret import Secret

_MANUAL = Delivery()
_AT_ONCE = {CarrierKind.NCIP: 4, CarrierKind.KOHA: 1}
"""Deliveries under way at once; Koha looks for duplicates and then writes, so that two would pass each other."""
# The courier has a breaker for each unit, which sees whole deliveries; a second one behind it would only be in its way.
_NEVER_OPENS = BreakerRules(consecutive=1_000_000_000, share=1.0)
_BUDGETS = Budgets(total=20.0, connect=5.0, least_for_change=2.0)


@dataclass(frozen=True, slots=True)
class Told:
    """All that a route is made of; two that are told alike are the same."""

    delivery: Delivery
    secret: str | None = field(repr=False)
    agency: str | None
    answer_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What carriers are made with."""

    clock: SystemClock
    log: EventLog
    meter: Callable[[str], UpstreamMeter]
    """Gives the meter of a peer."""


def carriers_of(partners: Partners, settings: Settings, workshop: Workshop, before: Carriers | None = None) -> Carriers:
    """Return the carriers that ``partners`` tell of; one that was told alike ``before`` is kept, connections and all.

    Raises ``ConfigurationError`` for a file that cannot be used, and then nothing was made that must be closed.
    """
    units = {unit.id: _told(unit, settings) for unit in partners.lending_units.values()}
    return Carriers(_route(unit, told, settings, workshop, before) for unit, told in units.items())


def peers_of(partners: Partners) -> tuple[str, ...]:
    """Return what library systems are called, in metrics and logs, to which something is brought."""
    carried = (CarrierKind.NCIP, CarrierKind.KOHA)
    units = partners.lending_units.values()
    return tuple(sorted(peer_of(unit.id) for unit in units if unit.delivery and unit.delivery.carrier in carried))


def mapping_of(told: told_by_files.Mapping) -> RecordMapping:
    """Return a lending unit's mapping."""
    return RecordMapping(
        categories=tuple(AgeGroup(one.from_age, one.category) for one in told.categories),
        default_branch=told.default_branch,
        branches={InstitutionId(place): code for place, code in told.branches.items()},
        expiry_years=told.expiry_years,
        languages={Language(language): code for language, code in told.languages.items()},
        text_messages=told.text_messages,
    )


def _told(unit: LendingUnit, settings: Settings) -> Told:
    delivery = unit.delivery or _MANUAL
    ours = settings.ncip.agency
    if delivery.carrier == "ncip" and ours is None:
        key = f"lending_units[{unit.id}].delivery.carrier"
        directory = str(settings.partners.directory)
        raise ConfigurationError([Problem(directory, None, key, "ncip.agency in the settings", "none")])
    return Told(delivery, delivery_secret(settings, unit), ours, settings.ncip.reply_bytes)


def _route(unit: str, told: Told, settings: Settings, workshop: Workshop, before: Carriers | None) -> Route:
    kept = before.route(LendingUnitId(unit)) if before else None
    if kept is not None and kept.told == told:
        return kept
    kind = CarrierKind(told.delivery.carrier)
    make = _MAKERS.get(kind)
    try:
        carrier = None if make is None else make(unit, told, settings, workshop)
    except OSError as wrong:
        key = f"lending_units[{unit}].delivery.ca"
        found = (wrong.strerror or "none of use").lower()
        directory = str(settings.partners.directory)
        raise ConfigurationError([Problem(directory, None, key, "a file of PEM authorities", found)]) from None
    return Route(
        unit=LendingUnitId(unit),
        kind=kind,
        carrier=carrier,
        at_once=_AT_ONCE.get(kind, 1),
        words=_words(kind, told.delivery),
        told=told,
    )


def _words(kind: CarrierKind, delivery: Delivery) -> WaitingWords:
    match kind:
        case CarrierKind.NCIP | CarrierKind.KOHA:
            return AT_ONCE
        case CarrierKind.FEED:
            return WaitingWords(Pace.MINUTES, delivery.feed_minutes)
        case CarrierKind.MANUAL:
            return TOMORROW


def _ncip(unit: str, told: Told, settings: Settings, workshop: Workshop) -> NcipCarrier:
    delivery = told.delivery
    endpoint = Endpoint(
        id=peer_of(unit),
        url=delivery.url or "",
        from_agency=told.agency or "",
        to_agency=delivery.agency or unit,
        system=delivery.system,
        authentication=told.secret,
        tls=_tls(delivery, settings),
        budgets=_BUDGETS,
        in_flight=_AT_ONCE[CarrierKind.NCIP],
        answer_limit=told.answer_limit,
        breaker=_NEVER_OPENS,
    )
    meter = workshop.meter(endpoint.id)
    return NcipCarrier(
        IlsClient(endpoint, clock=workshop.clock.monotonic, meter=meter, log=workshop.log), workshop.clock
    )


def _koha(unit: str, told: Told, settings: Settings, workshop: Workshop) -> KohaCarrier:
    delivery = told.delivery
    secret = Secret(told.secret) if told.secret is not None else None
    assert delivery.mapping is not None  # noqa: S101 - the files are refused without
    system = KohaSystem(
        base_url=delivery.url or "",
        client_id=delivery.client_id,
        client_secret=secret if delivery.client_id is not None else None,
        user=delivery.user,
        password=secret if delivery.user is not None else None,
        ca=_tls(delivery, settings).ca,
        attribute_type=delivery.attribute,
    )
    return KohaCarrier(system, mapping_of(delivery.mapping), workshop.clock)


def _tls(delivery: Delivery, settings: Settings) -> UpstreamTls:
    ca = settings.partners.directory / delivery.ca if delivery.ca else None
    return UpstreamTls(ca=ca, server_name=delivery.server_name)


_MAKERS: dict[CarrierKind, Callable[[str, Told, Settings, Workshop], NcipCarrier | KohaCarrier]] = {
    CarrierKind.NCIP: _ncip,
    CarrierKind.KOHA: _koha,
}
