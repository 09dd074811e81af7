"""The register's witness in this daemon: its numbers become metrics, its alerts log lines."""

from __future__ import annotations

from gateway.observability.logs import EventLog
from gateway.observability.metrics import ACTIVATIONS, OFFERS, Metrics
from registry.domain.attempts import Scope
from registry.domain.consent import Channel
from registry.domain.standing import StandingState
from registry.services.witness import PinResult


class MeteringWitness:
    """Counts in the metrics what the register sees."""

    def __init__(self, metrics: Metrics, log: EventLog) -> None:
        """Bind the series once."""
        self._pins = {result: metrics.pin_verifications.of(result.value) for result in PinResult}
        self._scopes = {scope: metrics.throttle.of(scope.value) for scope in Scope}
        self._weak = metrics.pin_weak_refused
        self._offers = {Channel(channel): metrics.offers.of(channel) for channel in OFFERS}
        self._activations = {StandingState(state): metrics.activations.of(state) for state in ACTIVATIONS}
        self._duration = metrics.activation_duration
        self._log = log

    def pin_checked(self, result: PinResult) -> None:
        """Count a PIN check by its result."""
        self._pins[result].inc()

    def throttled(self, scope: Scope) -> None:
        """Count a limit that was met, and say so."""
        self._scopes[scope].inc()
        self._log.event("throttled", scope=scope.value)

    def weak_pin_refused(self) -> None:
        """Count a PIN that was too easy to guess."""
        self._weak.inc()

    def offered(self, channel: Channel) -> None:
        """Count loan rules that were shown; nobody is shown any at a desk or by a library system."""
        if channel in self._offers:
            self._offers[channel].inc()

    def standing_moved(self, state: StandingState) -> None:
        """Count a state that an activation has reached; being a guest is none."""
        if state in self._activations:
            self._activations[state].inc()

    def activated(self, seconds: float) -> None:
        """Time an activation from the yes to the local patron."""
        self._duration.observe(max(seconds, 0.0))
