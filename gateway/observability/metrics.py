"""Every metric that the daemon exports: its name, its labels with all their values, and what it means.

No label tells a card, a person, an address or a terminal. Each daemon has a ``Metrics`` of its own.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.gc_collector import GCCollector

from gateway.observability.instruments import OTHER, Families
from gateway.observability.meters import ListenerMeter, MessageMeter, UpstreamMeter
from gateway.observability.process import ProcCollector

PROTOCOLS = ("sip2", "ncip", "http")

# The SIP2 requests that the door answers; the numbers are the wire's own.
SIP2_MESSAGES = (
    *("01", "09", "11", "15", "17", "19", "23", "25"),
    *("29", "35", "37", "63", "65", "93", "97", "99"),
)

# The NCIP services that the door answers; messages of loans between libraries, which it sends on, count together.
NCIP_MESSAGES = (
    *("LookupUser", "CreateUser", "UpdateUser", "DeleteUser", "LookupAgency", "UserCreated", "UserUpdated"),
    *("LookupVersion", "forwarded"),
)

# The pages for patrons count by method alone: a path would tell which library.
HTTP_METHODS = ("GET", "POST")

OUTCOMES = ("ok", "refused", "invalid", "throttled", "timeout", "upstream", "error", "shed", OTHER)
FRAME_ERRORS = ("checksum", "charset", "oversize", "deadline", "unknown", "parse", OTHER)
REJECTIONS = ("cap", "ip_cap", "acl", "tls", "draining", "login", OTHER)
CLOSINGS = ("peer", "idle", "login", "deadline", "oversize", "stalled", "revoked", "draining", "error", OTHER)
HANDSHAKES = ("ok", "failed", "timeout", OTHER)
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3", "none", OTHER)
UPSTREAM_OUTCOMES = ("ok", "refused", "timeout", "error", "shed")
# Requests that change something and are common enough for a series of their own at each library system.
UNCERTAIN_MESSAGES = ("09", "11", "29", "37", OTHER)
PIN_RESULTS = ("accepted", "rejected", "locked", "unavailable", OTHER)
SCOPES = ("card", "terminal", "institution", "global", OTHER)
OPERATIONS = ("lookup", "write", "seal", "probe", OTHER)
OPERATION_OUTCOMES = ("ok", "timeout", "error", OTHER)
POOLS = ("pin", "database", "reactor", OTHER)
OFFERS = ("kiosk", "phone")
ACTIVATIONS = ("awaiting_desk", "consented", "delivering", "local", "unknown", "needs_staff", "ended")
FEED_OUTCOMES = ("ok", "refused", "unproved", "invalid", "busy", "upstream", OTHER)
MAIL_KINDS = ("taken_in", "approved", "denied")
MAIL_OUTCOMES = ("sent", "later", "refused")
INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", OTHER)

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
UPSTREAM_SECONDS = (0.05, 0.25, 1, 2.5, 5, 10)
HANDSHAKE_SECONDS = (0.005, 0.025, 0.1, 0.5, 1, 5, 10)
DATABASE_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
ACTIVATION_SECONDS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
LAG_SECONDS = (0.001, 0.01, 0.05, 0.1, 0.5, 1, 5)
FRAME_BYTES = tuple(2.0**power for power in range(6, 17))


class Metrics:
    """The metrics of one daemon; an attribute per metric, named as the metric without unit and ``_total``."""

    def __init__(self, *, version: str, listeners: Sequence[str], peers: Sequence[str] = ()) -> None:
        """Make every series at 0; ``listeners`` and ``peers`` are the names that these labels may have.

        A peer is a library system, by the id that the settings give it.
        """
        self._families = Families()
        counts, levels, spreads = self._families.counts, self._families.levels, self._families.spreads
        protocol, listener = {"protocol": PROTOCOLS}, {"listener": tuple(listeners)}
        message = {**protocol, "message": (*SIP2_MESSAGES, *NCIP_MESSAGES, *HTTP_METHODS, OTHER)}

        self.requests = counts(
            "requests_total", "Requests, by how they ended.", {**message, "outcome": OUTCOMES}, _is_spoken
        )
        self.request_duration = spreads(
            "request_duration_seconds", "From a whole frame to its answer.", message, REQUEST_SECONDS, _is_spoken
        )
        self.requests_in_progress = levels("requests_in_progress", "Requests that are being answered.", protocol)
        self.frame_size = spreads("frame_size_bytes", "Size of frames that came in.", protocol, FRAME_BYTES)
        self.frame_errors = counts(
            "frame_errors_total", "Frames that were refused.", {**protocol, "reason": FRAME_ERRORS}
        )

        self.open_connections = levels("open_connections", "Connections that are open.", listener)
        self.connections = counts("connections_total", "Connections that were accepted.", listener)
        self.connections_rejected = counts(
            "connections_rejected_total", "Connections that were refused.", {**listener, "reason": REJECTIONS}
        )
        self.connections_closed = counts(
            "connections_closed_total", "Connections that ended, by why.", {**listener, "reason": CLOSINGS}
        )
        self.plaintext_connections = levels("plaintext_connections", "Open connections without encryption.").of()
        self.tls_handshakes = counts(
            "tls_handshakes_total",
            "TLS handshakes; version is none where one failed.",
            {**listener, "result": HANDSHAKES, "version": TLS_VERSIONS},
        )
        self.tls_handshake_duration = spreads(
            "tls_handshake_duration_seconds", "Length of TLS handshakes.", listener, HANDSHAKE_SECONDS
        )
        self.tls_certificate_not_after = levels(
            "tls_certificate_not_after_timestamp_seconds", "When the certificate in use ends.", listener
        )

        peer = {"peer": tuple(peers)}
        self.upstream_requests = counts(
            "upstream_requests_total",
            "Requests to a library system, by how they ended.",
            {**peer, "outcome": UPSTREAM_OUTCOMES},
        )
        self.upstream_request_duration = spreads(
            "upstream_request_duration_seconds",
            "From a request to a library system to its end.",
            peer,
            UPSTREAM_SECONDS,
        )
        self.upstream_breaker_state = levels(
            "upstream_breaker_state", "A library system's breaker: 0 closed, 1 half-open, 2 open.", peer
        )
        self.upstream_uncertain = counts(
            "upstream_uncertain_total",
            "Requests whose outcome at the library system is not known.",
            {**peer, "message": UNCERTAIN_MESSAGES},
        )
        self.upstream_discarded = counts(
            "upstream_discarded_total", "What a library system said unasked or too late.", peer
        )

        self.offers = counts("offers_total", "Loan rules shown to a patron who can accept them.", {"channel": OFFERS})
        self.activations = counts("activations_total", "Activations that reached a state.", {"state": ACTIVATIONS})
        self.activation_duration = spreads(
            "activation_duration_seconds", "From a yes to a local patron.", {}, ACTIVATION_SECONDS
        ).of()
        self.outbox_pending = levels("outbox_pending", "Deliveries that wait for a courier, or are being brought.").of()
        self.outbox_oldest_pending = levels(
            "outbox_oldest_pending_timestamp_seconds", "Since when the oldest of these waits; 0 where none does."
        ).of()
        self.stale_claims = counts(
            "stale_claims_total", "Tries that outlasted their lease, and were not recorded."
        ).of()
        self.feed_requests = counts(
            "feed_requests_total", "Requests to the change feed, by how they ended.", {"outcome": FEED_OUTCOMES}
        )

        mail = {"kind": MAIL_KINDS, "outcome": MAIL_OUTCOMES}
        self.mails = counts("mails_total", "Tries to send mail to patrons, by how they ended.", mail)
        self.mails_pending = levels("mails_pending", "Mails to patrons that wait to be sent.").of()
        self.mails_oldest_pending = levels(
            "mails_oldest_pending_timestamp_seconds", "Since when the oldest of these waits; 0 where none does."
        ).of()

        self.pin_verifications = counts("pin_verifications_total", "PIN checks, by result.", {"result": PIN_RESULTS})
        self.pin_weak_refused = counts("pin_weak_refused_total", "PINs that were refused as too weak.").of()
        self.throttle = counts("throttle_total", "Refusals for too many tries, by scope.", {"scope": SCOPES})

        self.consent_misused = counts(
            "consent_channel_misused_total", "Terminals that said yes to loan rules without having been asked."
        ).of()

        operation = {"op": OPERATIONS}
        self.db_operations = counts(
            "db_operations_total", "Database operations.", {**operation, "outcome": OPERATION_OUTCOMES}
        )
        self.db_operation_duration = spreads(
            "db_operation_duration_seconds", "Length of database operations.", operation, DATABASE_SECONDS
        )
        self.db_pool_in_use = levels("db_pool_in_use", "Database connections in use.").of()
        self.db_pool_wait = spreads(
            "db_pool_wait_seconds", "Wait for a database connection.", {}, DATABASE_SECONDS
        ).of()
        self.db_wal_size = levels("db_wal_size_bytes", "Size of SQLite's write-ahead log.").of()
        self.state_disk_free = levels("state_disk_free_bytes", "Free space where the database is.").of()
        self.state_disk_size = levels("state_disk_size_bytes", "All space where the database is.").of()

        self.reactor_lag = spreads(
            "reactor_lag_seconds", "How late the reactor comes to its timers.", {}, LAG_SECONDS
        ).of()
        pool = {"pool": POOLS}
        self.threadpool_queue_length = levels("threadpool_queue_length", "Work that waits for a thread.", pool)
        self.threadpool_in_use = levels("threadpool_in_use", "Threads at work.", pool)

        self.audit_chain_length = levels("audit_chain_length", "Rows sealed into the audit chain.").of()
        self.audit_last_anchor = levels(
            "audit_last_anchor_timestamp_seconds", "When the audit chain was last anchored outside."
        ).of()
        self.invariant_violations = counts(
            "invariant_violations_total", "Promises found broken.", {"invariant": INVARIANTS}
        )
        self.log_dropped = counts("log_dropped_total", "Log lines lost to a slow or closed stream.").of()
        self.log_redactions = counts("log_redactions_total", "Values kept out of the log.").of()
        self.config_last_reload_successful = levels(
            "config_last_reload_successful", "1 if the settings in force are the newest read."
        ).of()
        self.config_last_reload_success = levels(
            "config_last_reload_success_timestamp_seconds", "When settings were last taken into force."
        ).of()
        build = {"version": (version,), "python": (platform.python_version(),)}
        levels("build_info", "Always 1; its labels tell what runs.", build).of(version, platform.python_version()).set(
            1
        )

        self._sip2 = {code: self.meter("sip2", code) for code in (*SIP2_MESSAGES, OTHER)}
        self._ncip = {name: self.meter("ncip", name) for name in (*NCIP_MESSAGES, OTHER)}
        self.registry = CollectorRegistry()
        self.registry.register(self._families)
        ProcCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def sip2(self, code: str) -> MessageMeter:
        """Return the meter of a SIP2 message number; that of ``other`` for one we do not answer."""
        return self._sip2.get(code) or self._sip2[OTHER]

    def ncip(self, name: str) -> MessageMeter:
        """Return the meter of an NCIP service; that of ``other`` for one we do not answer."""
        return self._ncip.get(name) or self._ncip[OTHER]

    def meter(self, protocol: str, message: str) -> MessageMeter:
        """Return a new meter for a message; keep it, for making one is not cheap."""
        return MessageMeter(
            {outcome: self.requests.of(protocol, message, outcome) for outcome in OUTCOMES},
            self.request_duration.of(protocol, message),
        )

    def listener(self, name: str, *, encrypted: bool) -> ListenerMeter:
        """Return a listener's meter; raises UnlistedLabelError for a name that was not given at the start."""
        return ListenerMeter(self, name, encrypted=encrypted)

    def add_peer(self, peer: str) -> None:
        """Make the series of a library system that partner files told of later; harmless when they are there."""
        for family in (
            self.upstream_requests,
            self.upstream_request_duration,
            self.upstream_breaker_state,
            self.upstream_uncertain,
            self.upstream_discarded,
        ):
            family.add("peer", peer)

    def upstream(self, peer: str) -> UpstreamMeter:
        """Return a library system's meter; raises UnlistedLabelError for a name that was never given."""
        return UpstreamMeter(
            {outcome: self.upstream_requests.of(peer, outcome) for outcome in UPSTREAM_OUTCOMES},
            self.upstream_request_duration.of(peer),
            self.upstream_breaker_state.of(peer),
            {message: self.upstream_uncertain.of(peer, message) for message in UNCERTAIN_MESSAGES},
            self.upstream_discarded.of(peer),
        )

    def exposition(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)


_SPOKEN = {
    "sip2": frozenset((*SIP2_MESSAGES, OTHER)),
    "ncip": frozenset((*NCIP_MESSAGES, OTHER)),
    "http": frozenset((*HTTP_METHODS, OTHER)),
}


def _is_spoken(labels: tuple[str, ...]) -> bool:
    """Whether a message belongs to its protocol."""
    return labels[1] in _SPOKEN[labels[0]]
