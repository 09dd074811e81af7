"""Whose is this local card? – for library systems whose patrons show the library's own card, with a memory."""

from __future__ import annotations

from collections.abc import Callable

from registry.domain.card import CardNumber
from registry.domain.institution import LendingUnitId
from registry.domain.patron import PatronId
from registry.services.ports import ChangeSignal, LocalIds

Place = tuple[LendingUnitId, str]


class KnownLocalIds:
    """Looks local ids up and remembers both answers; most cards at a library are local and known to nobody here.

    What is found is let go with the first change of the patron; that nothing was found is believed for ``seconds``,
    so that long a newly recognised patron's local card is still treated as a stranger's.
    """

    def __init__(
        self,
        local_ids: LocalIds,
        signal: ChangeSignal,
        monotonic: Callable[[], float],
        *,
        seconds: float = 30.0,
        entries: int = 50_000,
    ) -> None:
        self._local_ids = local_ids
        self._signal = signal
        self._monotonic = monotonic
        self._seconds = seconds
        self._limit = entries
        self._found: dict[Place, tuple[CardNumber | None, float]] = {}
        self._places: dict[PatronId, set[Place]] = {}
        self._changes = 0
        signal.listen(self._let_go)

    def at_hand(self, unit: LendingUnitId, local_id: str) -> tuple[bool, CardNumber | None]:
        """Return whether the answer is known without asking, and the card or ``None``."""
        known = self._found.get((unit, local_id))
        if known is None or known[1] < self._monotonic() or not self._signal.is_trustworthy():
            return False, None
        return True, known[0]

    async def card_of(self, unit: LendingUnitId, local_id: str) -> CardNumber | None:
        """Return the national card of the patron with this local id, or ``None``; raises ``RegisterUnavailable``."""
        is_known, card = self.at_hand(unit, local_id)
        if is_known:
            return card
        changes = self._changes
        found = await self._local_ids.card_of(unit, local_id)
        if changes == self._changes:
            self._keep((unit, local_id), found)
        return found[1] if found else None

    def _keep(self, place: Place, found: tuple[PatronId, CardNumber] | None) -> None:
        if len(self._found) >= self._limit:
            self._found.clear()
            self._places.clear()
        patron, card = found or (None, None)
        self._found[place] = (card, self._monotonic() + self._seconds)
        if patron is not None:
            self._places.setdefault(patron, set()).add(place)

    def _let_go(self, patron: PatronId | None) -> None:
        self._changes += 1
        if patron is None:
            self._found.clear()
            self._places.clear()
            return
        for place in self._places.pop(patron, set()):
            self._found.pop(place, None)
