"""Series bound together once, so that a message or a connection is counted without looking labels up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from gateway.observability.instruments import OTHER, Count, Level, Spread

if TYPE_CHECKING:
    from gateway.handshakes import Handshake
    from gateway.observability.metrics import Metrics

Outcome = Literal["ok", "refused", "invalid", "throttled", "timeout", "upstream", "error", "shed"]
Rejection = Literal["cap", "ip_cap", "acl", "tls", "draining", "login"]
Closing = Literal["peer", "idle", "login", "deadline", "oversize", "stalled", "revoked", "draining", "error"]
UpstreamOutcome = Literal["ok", "refused", "timeout", "error", "shed"]


class MessageMeter:
    """Counts and times the requests of one message."""

    __slots__ = ("_duration", "_ok", "_other", "_outcomes")

    def __init__(self, outcomes: Mapping[str, Count], duration: Spread) -> None:
        """Bind the series, one count for each outcome."""
        self._outcomes = outcomes
        self._ok = outcomes["ok"]
        self._other = outcomes[OTHER]
        self._duration = duration

    def ok(self, seconds: float) -> None:
        """Count a request that was answered well."""
        self._ok.value += 1
        self._duration.observe(seconds)

    def answered(self, outcome: Outcome, seconds: float) -> None:
        """Count a request that ended so, after ``seconds``."""
        self._outcomes.get(outcome, self._other).value += 1
        self._duration.observe(seconds)


class ListenerMeter:
    """Counts the connections of one listener."""

    __slots__ = ("_accepted", "_metrics", "_name", "_open", "_plain")

    def __init__(self, metrics: Metrics, name: str, *, encrypted: bool) -> None:
        """Bind the series of the listener ``name``."""
        self._metrics = metrics
        self._name = name
        self._open = metrics.open_connections.of(name)
        self._accepted = metrics.connections.of(name)
        self._plain = None if encrypted else metrics.plaintext_connections

    def opened(self) -> None:
        """Count a connection that was accepted and is open now."""
        self._accepted.inc()
        self._open.inc()
        if self._plain is not None:
            self._plain.inc()

    def closed(self, reason: Closing) -> None:
        """Count the end of a connection that ``opened`` counted."""
        self._metrics.connections_closed.of(self._name, reason).inc()
        self._open.dec()
        if self._plain is not None:
            self._plain.dec()

    def rejected(self, reason: Rejection) -> None:
        """Count a connection that was refused; ``opened`` must not have counted it."""
        self._metrics.connections_rejected.of(self._name, reason).inc()

    def handshake(self, ended: Handshake) -> None:
        """Count a TLS handshake: the ``on_handshake`` of ``listen``."""
        self._metrics.tls_handshakes.of(self._name, ended.result, ended.version).inc()
        self._metrics.tls_handshake_duration.of(self._name).observe(ended.seconds)

    def certificate(self, not_after: float) -> None:
        """Say when the certificate in use ends, in seconds since 1970."""
        self._metrics.tls_certificate_not_after.of(self._name).set(not_after)


class UpstreamMeter:
    """Counts and times the requests to one library system."""

    __slots__ = ("_breaker", "_discarded", "_duration", "_ok", "_outcomes", "_uncertain")

    def __init__(
        self,
        outcomes: Mapping[str, Count],
        duration: Spread,
        breaker: Level,
        uncertain: Mapping[str, Count],
        discarded: Count,
    ) -> None:
        """Bind the series; ``uncertain`` is by message, with ``other``."""
        self._outcomes = outcomes
        self._ok = outcomes["ok"]
        self._duration = duration
        self._breaker = breaker
        self._uncertain = uncertain
        self._discarded = discarded

    def ok(self, seconds: float) -> None:
        """Count a request that was answered."""
        self._ok.value += 1
        self._duration.observe(seconds)

    def failed(self, outcome: UpstreamOutcome, seconds: float) -> None:
        """Count a request that was not answered; one that was shed is not timed."""
        self._outcomes[outcome].inc()
        if outcome != "shed":
            self._duration.observe(seconds)

    def uncertain(self, message: str) -> None:
        """Count a request, by its number, that may have been executed all the same."""
        (self._uncertain.get(message) or self._uncertain[OTHER]).inc()

    def discarded(self) -> None:
        """Count a frame that answered nothing."""
        self._discarded.inc()

    def breaker(self, state: int) -> None:
        """Say where the breaker stands: 0 closed, 1 half-open, 2 open."""
        self._breaker.set(state)
