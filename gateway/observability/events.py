"""Everything the daemon may log: each event, how grave it is, and the fields it may carry.

A field that stands neither here nor among the common ones never reaches a log. PINs, passwords, names, identity
numbers, card numbers and raw frames have no field.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from logging import DEBUG, ERROR, INFO, WARNING

COMMON = frozenset(
    {
        *("corr", "conn", "listener", "protocol", "message", "institution", "terminal", "peer_ip"),
        *("outcome", "reason", "dur_ms", "card_ref"),
    }
)

# Values of these are words from a list of our own, so anything that is not one word is kept out.
WORDS = frozenset({"outcome", "reason"})


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of log line: its level, as the standard library numbers them, and the fields it may carry."""

    level: int
    fields: frozenset[str]


def _event(level: int, *own: str) -> Event:
    return Event(level, COMMON | frozenset(own))


EVENTS: Mapping[str, Event] = {
    # The daemon's life
    "daemon_starting": _event(INFO, "version", "python"),
    "daemon_ready": _event(INFO, "listeners"),
    "daemon_stopping": _event(INFO, "open_connections"),
    "daemon_stopped": _event(INFO),
    "self_test_failed": _event(ERROR, "check"),
    "plaintext_listener": _event(WARNING, "address"),
    "listener_open": _event(INFO, "address", "encrypted"),
    "reload_succeeded": _event(INFO, "generation"),
    "reload_failed": _event(ERROR, "file", "line", "key"),
    "restart_needed": _event(WARNING, "sections"),
    "partners_published": _event(INFO, "generation", "institutions", "terminals"),
    "certificate_loaded": _event(INFO, "not_after"),
    "certificate_failed": _event(ERROR),
    "agreement_expiring": _event(WARNING, "unit", "days"),
    "sealed": _event(DEBUG, "rows", "sequence"),
    "chore_failed": _event(ERROR, "chore", "error", "at"),
    "anchor": _event(INFO, "sequence", "mac"),
    # Connections
    "connection_opened": _event(INFO, "tls_version"),
    "connection_closed": _event(INFO, "messages", "seconds"),
    "connection_rejected": _event(WARNING),
    "login_accepted": _event(INFO),
    "login_refused": _event(WARNING),
    # Messages
    "request": _event(DEBUG, "size", "conformance"),
    "frame_refused": _event(WARNING, "size"),
    "pin_check": _event(INFO),
    "staff_alarm": _event(WARNING),
    "consent_channel_misused": _event(ERROR),
    "throttled": _event(WARNING, "scope"),
    "outage": _event(ERROR, "error", "at"),
    "initiator_refused": _event(WARNING),
    "performed": _event(INFO, "mandated"),
    # Library systems
    "upstream_breaker": _event(WARNING, "peer"),
    "upstream_failed": _event(INFO, "peer"),
    "upstream_login_refused": _event(WARNING, "peer"),
    "upstream_uncertain": _event(WARNING, "peer"),
    "local_id_unknown": _event(WARNING),
    # Deliveries to library systems
    "delivery_settled": _event(INFO, "delivery", "unit", "kind", "tries"),
    "delivery_stuck": _event(WARNING, "delivery", "unit", "kind", "tries"),
    "delivery_stale": _event(WARNING, "delivery", "unit"),
    "deliveries_halted": _event(ERROR, "unit", "peer"),
    "feed_refused": _event(WARNING, "initiator"),
    # Mail to patrons
    "mail_posted": _event(INFO, "notice", "unit", "kind", "tries"),
    "mail_refused": _event(WARNING, "notice", "unit", "kind", "tries"),
    "mail_unavailable": _event(WARNING),
    "waiting_ended": _event(INFO, "lapsed", "given_up"),
    # The register, at an operator's hand
    "card_changed": _event(INFO, "change"),
    "patron_added": _event(INFO),
    "capture_started": _event(INFO, "minutes"),
    "capture_ended": _event(INFO),
    # What nobody foresaw: type and place only
    "unexpected": _event(ERROR, "error", "at", "causes"),
    "library_warning": _event(WARNING, "logger", "error", "at"),
    "library_error": _event(ERROR, "logger", "error", "at"),
    "python_warning": _event(WARNING, "category", "at"),
    "unlisted": _event(ERROR, "at"),
}

LEVELS: Mapping[int, str] = {
    DEBUG: "debug",
    INFO: "info",
    WARNING: "warning",
    ERROR: "error",
    logging.CRITICAL: "critical",
}
