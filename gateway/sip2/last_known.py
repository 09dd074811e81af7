"""Who was local when the register last answered: so that an outage of the register stops no library's own patrons."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.sip2.forward_routes import Seen
from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.standing import StandingState


@dataclass(frozen=True, slots=True)
class KnownLocal:
    """A local patron as the register last told of them."""

    local_id: str | None = field(repr=False)
    protected: bool = True


class LastKnown:
    """Remembers local patrons by unit and card, the last ``entries`` of them; who is local no longer is forgotten."""

    def __init__(self, entries: int = 20_000) -> None:
        self._entries = entries
        self._known: dict[tuple[LendingUnitId, CardNumber], KnownLocal] = {}

    def note(self, unit: LendingUnitId, card: CardNumber, seen: Seen) -> None:
        """Remember what the register said of this card."""
        before = self._known.pop((unit, card), None)
        if seen.state is not StandingState.LOCAL:
            return
        if before is None and len(self._known) >= self._entries:
            del self._known[next(iter(self._known))]
        self._known[unit, card] = KnownLocal(seen.local_id, seen.protected)

    def find(self, unit: LendingUnitId, card: CardNumber) -> KnownLocal | None:
        """Return the local patron that the register last told of, or ``None``."""
        return self._known.get((unit, card))
