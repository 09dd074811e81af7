"""What the reasons of deliveries mean, for staff: the courier's own and NCIP's; Koha's have a table of their own."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.delivery import koha_reasons
from registry.domain.institution import CarrierKind

COURIER: Mapping[str, str] = {
    "no_carrier": "nothing calls this library system any more; see its partner file",
    "no_time": "there was no time left to ask; tried again by itself",
    "outstayed": "the library system took longer than it may; looked up before anything is repeated",
    "defect": "a defect of Portvakt: the log tells more, please report it",
    "duplicate_unseen": "the library system says that it has the patron, and does not show them",
    "not_there_yet": "an answer was lost, and the patron is not there yet; looked up again",
    "local_id_taken": "another patron has this local id at this lending unit",
    "nobody_came": "neither the library system nor staff took the patron's record within 72 hours",
}
"""What the courier and the register say themselves, whatever the carrier."""

NCIP: Mapping[str, str] = {
    # The way there.
    "refused": "the library system refuses connections; tried again by itself",
    "unreachable": "the library system's address does not answer; tried again by itself",
    "connect_timeout": "no connection in time; tried again by itself",
    "untrusted": "the library system's certificate is not trusted, or TLS failed",
    "login_refused": "the library system refuses our certificate, network or secret",
    "not_online": "the library system says that it is not available; tried again by itself",
    "hung_before": "the library system hung before it was asked; tried again by itself",
    "hung": "asked, and no answer in time; looked up before anything is repeated",
    "half_answer": "the answer broke off; looked up before anything is repeated",
    "closed": "the connection was closed; looked up before anything is repeated",
    "garbage": "the answer is no NCIP message; looked up before anything is repeated",
    "too_large": "the answer is longer than any patron; looked up before anything is repeated",
    "unexpected_answer": "an answer to another question; looked up before anything is repeated",
    "other_patron": "the answer is about another card",
    "shed": "too much was under way at this library system; tried again by itself",
    "breaker_open": "the library system failed too often just now; tried again by itself",
    "deadline": "there was no time left to ask; tried again by itself",
    "stopped": "the daemon was stopping; tried again by itself",
    # What the library system says that every patron would meet: mend the settings, here or there.
    "agency_authentication_failed": "the library system does not accept the agency's secret",
    "system_authentication_failed": "the library system does not accept our secret",
    "unauthorized_combination": "our agency may not ask for this there",
    "unauthorized_service": "our agency may not use this service there",
    "unknown_agency": "the library system does not know our agency",
    "unknown_service": "the library system does not know the service",
    "unknown_system": "the library system does not know our system",
    "unsupported_service": "the library system does not offer the service",
    "pin_wanted": "the library system wants a PIN for a look-up; it must be let do without",
    # What it says of one patron.
    "temporary": "the library system asks to try later; tried again by itself",
    "declined": "the library system declined, in words that are not known here",
    "duplicate_user": "the library system has the patron already; looked up first",
    "unknown_user": "the library system no longer has the patron",
    "other_person": "the patron with this card has another name or birth date there, or none",
    "several_persons": "the library system has several patrons with this card",
    "not_sendable": "the register's data fit into no NCIP message",
    "element_rule_violated": "the library system refuses a combination of values",
    "invalid_date": "the library system refuses a date",
    "needed_data_missing": "the library system wants data that were not sent",
    "unable_to_add_element": "the library system cannot take a value",
    "unknown_element": "the library system does not know a kind of value",
    "unknown_value": "the library system does not know a value",
    "user_access_denied": "the library system denies access to the patron",
}
"""What the carrier over NCIP says."""

_NOT_KNOWN = "a word that this program does not know"
_ORDERS: Mapping[CarrierKind, tuple[Mapping[str, str], ...]] = {
    kind: (COURIER, koha_reasons.SAYS, NCIP) if kind is CarrierKind.KOHA else (COURIER, NCIP, koha_reasons.SAYS)
    for kind in CarrierKind
}


def in_words(reason: str, carrier: CarrierKind) -> str:
    """Return a line for staff; of a unit whose carrier has changed since, the words of the other one."""
    return next((says[reason] for says in _ORDERS[carrier] if reason in says), _NOT_KNOWN)
