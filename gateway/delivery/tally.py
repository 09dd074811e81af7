"""What deliveries come to in numbers and log lines: no card, no name, and a word of our own for every reason."""

from __future__ import annotations

from gateway.delivery.carriers import Brought, Duplicate, LookedUp, Lost, NotSent, NotThere, SomebodyElse, There, Tried
from gateway.delivery.routes import Route
from gateway.delivery.steps import Step
from gateway.observability.logs import EventLog
from gateway.observability.meters import UpstreamOutcome
from gateway.observability.metrics import Metrics
from gateway.upstream.breaker import BreakerState
from registry.domain.delivery import Claim, Result, Settled
from registry.domain.institution import CarrierKind

_STUCK = frozenset({Result.REJECTED, Result.OUT_OF_TRIES})
_ANSWERS = (There, NotThere, SomebodyElse, Brought, Duplicate)


class Tally:
    """Counts and logs what a courier does; what becomes of standings the register's witness counts."""

    def __init__(self, metrics: Metrics, log: EventLog) -> None:
        self._metrics = metrics
        self._log = log

    def settled(self, claim: Claim, told: Settled, seconds: float) -> None:
        """Tell what a try came to, and how many seconds it took."""
        self._log.event(
            "delivery_stuck" if told.result in _STUCK else "delivery_settled",
            delivery=claim.parcel.delivery,
            unit=claim.parcel.unit,
            kind=claim.parcel.kind.value,
            tries=claim.tries + 1,
            outcome=told.result.value,
            reason=told.reason or None,
            dur_ms=round(seconds * 1000),
        )

    def stale(self, claim: Claim) -> None:
        """Count a try whose lease ran out before it was recorded: what it found out is not."""
        self._metrics.stale_claims.inc()
        self._log.event("delivery_stale", delivery=claim.parcel.delivery, unit=claim.parcel.unit)

    def asked(self, route: Route, step: Step, value: LookedUp | Tried, seconds: float) -> None:
        """Count a question to a library system, but for those over NCIP, which its client counts itself."""
        if route.kind is CarrierKind.NCIP:
            return
        meter = self._metrics.upstream(route.peer)
        if isinstance(value, _ANSWERS):
            meter.ok(seconds)
        else:
            meter.failed(_outcome(value), seconds)
        if isinstance(value, Lost) and step.changes:
            meter.uncertain(step.value)

    def breaker(self, peer: str, state: BreakerState) -> None:
        """Tell where a breaker stands."""
        self._metrics.upstream(peer).breaker(state)


def _outcome(value: LookedUp | Tried) -> UpstreamOutcome:
    match value:
        case Lost():
            return "timeout"
        case NotSent(whole_unit=False):
            return "error"
        case _:
            return "refused"
