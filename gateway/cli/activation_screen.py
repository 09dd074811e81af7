"""One delivery on one screen: where it stands, what was accepted, and who did what and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.cli.common import one_line, tries
from gateway.delivery.reasons import in_words
from registry.activating import ActivationHistory
from registry.domain.consent import Consent
from registry.domain.delivery import Delivery, DeliveryState
from registry.domain.events import Recorded
from registry.domain.institution import CarrierKind, InstitutionId


def screen_of(history: ActivationHistory, carrier: CarrierKind) -> Iterator[str]:
    """Yield the lines; ``carrier`` is how patrons are brought to the unit, and whose words a reason is in."""
    one, standing = history.delivery, history.standing
    place = "" if one.place == InstitutionId(one.unit) else f", welcomed at {one.place}"
    stands = f"{standing.state} since {_time(standing.since)}, {standing.origin}" if standing else "none"
    yield _line("Delivery", f"{one.id}, {one.kind} at {one.unit}{place}, by {carrier}")
    yield _line("Card", history.card or "none in use")
    yield _line("Standing", stands)
    yield _line("State", f"{state_of(one, _time(one.since))}, {tries(one.tries)}")
    if one.state is DeliveryState.PENDING:
        yield _line("Due", _due(one))
    if one.reason:
        yield _line("Reason", f"{one.reason}: {in_words(one.reason, carrier)}")
    yield from _part("Consents", [_consent(each) for each in history.consents])
    yield from _part("Audit trail", [_event(each) for each in history.events])


def state_of(one: Delivery, since: str) -> str:
    """Return where a delivery stands; ``since`` is when it was wanted, not when it got stuck or came to its end."""
    return f"{one.state} since {since}" if one.state is DeliveryState.PENDING else f"{one.state}, ordered {since}"


def _line(label: str, text: str) -> str:
    return f"{label + ':':<10}{text}"


def _part(title: str, lines: list[str]) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    for line in lines or ["none"]:
        yield f"  {line}"


def _due(one: Delivery) -> str:
    return _time(one.due) if one.lease_until is None else f"being brought, until {_time(one.lease_until)} at the latest"


def _consent(one: Consent) -> str:
    evidence = f", {one.evidence}" if one.evidence else ""
    return f"{_time(one.at)}  version {one.rules_version}, {one.channel}, {one.language}{evidence}"


def _event(one: Recorded) -> str:
    facts = "".join(f"  {name}={one_line(value)}" for name, value in sorted(one.facts.items()) if name != "unit")
    return f"{_time(one.at)}  {one.action}  {one.actor}{facts}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
