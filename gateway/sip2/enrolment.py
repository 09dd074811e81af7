"""From the partner files to the terminals of this door."""

from __future__ import annotations

from typing import Literal

from config import partners as files
from config.partner_set import Partners
from config.secret_files import system_password
from config.settings import Limits, Settings
from gateway.partners.publication import unit_id
from gateway.sip2.dialects import Dialect
from gateway.sip2.ils_system import NO_HABITS, Budgets, IlsHabits, IlsLogin, LibrarySystem
from gateway.sip2.terminals import Terminal, Terminals
from gateway.upstream.addresses import Address
from gateway.upstream.tls import UpstreamTls
from gateway.words.languages import Language
from protocols.sip2 import AcsProfile, ScProfile
from registry.domain.asker import Asker, AskerClass
from registry.domain.consent import Channel
from registry.domain.institution import InstitutionId, PinAuthority

_TERMINATORS: dict[str, Literal["\r", "\r\n", "\n"]] = {"cr": "\r", "crlf": "\r\n", "lf": "\n"}
_ERROR_DETECTION: dict[str, Literal["as asked", "required"]] = {"as_asked": "as asked", "required": "required"}


def terminals_of(partners: Partners, settings: Settings) -> Terminals:
    """Return the terminals, dialects and library systems that ``partners`` tell of.

    Raises ``ConfigurationError`` for a library system whose password cannot be read.
    """
    dialects = {name: _dialect(dialect, settings.limits) for name, dialect in partners.dialects.items()}
    systems = {name: _system(system, settings) for name, system in partners.library_systems.items()}
    return Terminals((_terminal(one, partners, dialects, systems) for one in partners.terminals.values()), dialects)


def _system(told: files.LibrarySystem, settings: Settings) -> LibrarySystem:
    password, budgets, limits = system_password(settings, told), settings.budgets, settings.limits
    login = IlsLogin(told.login, password, told.location) if told.login is not None and password is not None else None
    authorities = settings.partners.directory / told.ca if told.ca else None
    return LibrarySystem(
        id=told.id,
        addresses=tuple(_address(address) for address in told.addresses),
        tls=UpstreamTls(ca=authorities, server_name=told.server_name) if told.tls else None,
        profile=ScProfile(
            encoding=told.encoding,
            delimiter=told.delimiter,
            terminator=_TERMINATORS[told.terminator],
            error_detection=told.error_detection,
            echo=told.echo,
            replays=told.replays,
            frame_limit=limits.ils_frame_bytes,
        ),
        login=login,
        institution=told.institution,
        asks_status=told.asks_status,
        proves_patron=told.proves_patron,
        keep_alive=told.keep_alive,
        idle_close=told.idle_close or None,
        budgets=Budgets(total=budgets.ils, connect=budgets.ils_connect, least_for_change=budgets.ils_least_for_loan),
        in_flight=limits.ils_in_flight,
        queued=limits.ils_queued,
    )


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port))


def _dialect(told: files.Dialect, limits: Limits) -> Dialect:
    return Dialect(
        profile=AcsProfile(
            encoding=told.encoding,
            delimiter=told.delimiter,
            terminator=_TERMINATORS[told.terminator],
            error_detection=_ERROR_DETECTION[told.error_detection],
            frame_limit=limits.frame_bytes,
            queue_limit=limits.queued_frames,
            repeats_limit=limits.repeated_fields,
            login_required=told.login_required,
            status_before_login=told.status_before_login,
        ),
        language=Language(told.language),
        timeout_tenths=told.timeout_tenths,
        retries=told.retries,
        hide=frozenset(told.hide),
        add=dict(told.add),
        off_line_in_outage=told.off_line_in_outage,
    )


def _terminal(
    told: files.Terminal, partners: Partners, dialects: dict[str, Dialect], systems: dict[str, LibrarySystem]
) -> Terminal:
    if told.institution is not None:
        place, unit, name = told.institution, unit_id(partners, told.institution), _name(partners, told.institution)
    else:
        place = told.service or ""
        unit, name = None, partners.services[place].name
    behind = partners.library_system_of(told)
    authority = partners.lending_units[unit].pin_authority if unit else "register"
    return Terminal(
        id=told.id,
        asker=Asker(
            terminal=told.id,
            kind=AskerClass(told.terminal_class),
            institution=InstitutionId(place),
            unit=unit,
            kiosks=told.kiosks,
        ),
        library=name,
        login=told.login,
        secret=told.secret.get_secret_value(),
        dialect=dialects[told.dialect],
        language=Language(partners.language_of(told)),
        networks=told.networks,
        certificate=told.certificate,
        locations=frozenset(told.locations),
        system=systems[behind.id] if behind else None,
        passes_its_login=behind is not None and behind.login_of_terminal,
        habits=_habits(behind),
        pin_required=told.pin_required,
        pin_authority=PinAuthority(authority),
        channels=frozenset(map(Channel, told.consent_channels)),
        acknowledgement_amount=told.acknowledgement_amount,
    )


def _habits(behind: files.LibrarySystem | None) -> IlsHabits:
    if behind is None:
        return NO_HABITS
    return IlsHabits(
        wants_terminal_password=behind.wants_terminal_password,
        wants_empty_pin=behind.wants_empty_pin,
        wants_pin=behind.wants_pin,
        local_id_tag=behind.local_id_field,
        birth_date_tags=behind.birth_date_fields,
        fills_validity=behind.fills_validity,
    )


def _name(partners: Partners, institution: str) -> str:
    place = partners.institution(institution)
    return place.name if place else ""
