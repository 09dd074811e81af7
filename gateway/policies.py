"""The settings as the register's rules and the doors want them: one function for each, and nothing decided here."""

from __future__ import annotations

from datetime import timedelta

from config.settings import PagesListener, Settings
from gateway.ncip.door import DoorRules as NcipDoorRules
from gateway.sip2.listener import DoorRules
from gateway.web.rules import PagesRules
from registry.domain.attempts import Limits
from registry.domain.identity_number import NumberPolicy
from registry.domain.weak_pin import PinRules

# What a kiosk's answer needs beside the register: reading, writing, and the way there and back.
_OWN_SHARE = 0.2


def attempt_limits(settings: Settings) -> Limits:
    """Return how many wrong PINs are borne, and where."""
    told = settings.attempts
    return Limits(
        terminal_card_failures=told.card_at_terminal.failures,
        first_wait=told.card_at_terminal.wait,
        longest_wait=told.card_at_terminal.longest_wait,
        card_daily_failures=told.card.failures,
        card_daily_window=told.card.window,
        card_consecutive_failures=told.card.consecutive,
        terminal_failures=told.terminal.failures,
        terminal_cards=told.terminal.cards,
        terminal_window=told.terminal.window,
        terminal_refusal_factor=told.terminal.factor,
        terminal_pause=told.terminal.refusal,
        terminal_delay=told.terminal.delay,
        institution_alert=told.institution.alert,
        institution_refusal=told.institution.refuse,
        institution_window=told.institution.window,
        institution_pause=told.institution.refusal,
        strangers=told.strangers.cards,
        strangers_window=told.strangers.window,
        strangers_refusal_factor=told.strangers.factor,
        guest_failures=told.guests.failures,
        guest_window=told.guests.window,
        guests_refused=told.guests.refuse,
    )


def pin_rules(settings: Settings) -> PinRules:
    """Return which PINs may be chosen."""
    told = settings.pin
    return PinRules(
        minimum_length=told.minimum_length,
        maximum_length=told.maximum_length,
        refuse_all_dates=told.refuse_all_dates,
    )


def number_policy(settings: Settings) -> NumberPolicy:
    """Return which kinds of identity numbers are accepted."""
    return NumberPolicy(settings.identity.mode)


def encounter_length(settings: Settings) -> timedelta:
    """Return how long a proved PIN is remembered at one terminal."""
    return timedelta(minutes=settings.encounters.minutes)


def ncip_door_rules(settings: Settings, descriptors: int) -> NcipDoorRules:
    """Return how long and how much at the NCIP door; ``descriptors`` is how many files the process may open."""
    told, limits = settings.ncip, settings.limits
    return NcipDoorRules(
        agency=told.agency or "",
        answer=told.answer,
        forward=told.forward,
        request_bytes=told.request_bytes,
        request=told.request,
        idle=told.idle,
        stalled=limits.stalled,
        connections=min(limits.connections, max(int(descriptors * limits.descriptors), 1)),
        per_address=limits.per_address,
        exempt=limits.exempt_networks,
        in_flight=told.in_flight,
        in_flight_per_address=told.in_flight_per_address,
        wrong_secrets=told.wrong_secrets,
    )


def pages_rules(settings: Settings, told: PagesListener, descriptors: int) -> PagesRules:
    """Return how long and how much on the pages; ``descriptors`` is how many files the process may open."""
    budgets, limits = settings.budgets, settings.limits
    return PagesRules(
        public_url=told.public_url,
        request=budgets.frame,
        unsent_bytes=limits.unsent_bytes,
        connections=min(limits.connections, max(int(descriptors * limits.descriptors), 1)),
        per_address=limits.per_address,
        exempt=limits.exempt_networks,
        proxies=told.proxies,
        networks=told.networks,
    )


def door_rules(settings: Settings, descriptors: int) -> DoorRules:
    """Return how long and how much at the SIP2 door; ``descriptors`` is how many files the process may open."""
    budgets, limits = settings.budgets, settings.limits
    return DoorRules(
        answer=budgets.answer - _OWN_SHARE,
        register=budgets.database + _OWN_SHARE,
        login=budgets.login,
        login_tries=budgets.login_tries,
        frame=budgets.frame,
        idle=budgets.idle,
        stalled=limits.stalled,
        unsent_bytes=limits.unsent_bytes,
        connections=min(limits.connections, max(int(descriptors * limits.descriptors), 1)),
        per_address=limits.per_address,
        per_login=limits.per_login,
        exempt=limits.exempt_networks,
    )
