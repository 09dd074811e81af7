"""Which way deliveries go at each lending unit, and what may be under way there at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway.delivery.carriers import Carrier
from gateway.delivery.waiting import TOMORROW, WaitingWords
from registry.domain.institution import CarrierKind, LendingUnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way to one lending unit's library system; without a carrier nothing is sent there.

    ``told`` is what it was made of: a route that is told alike is the same one, and keeps its connections.
    """

    unit: LendingUnitId
    kind: CarrierKind
    carrier: Carrier | None = field(default=None, repr=False)
    at_once: int = 1
    words: WaitingWords = TOMORROW
    told: object = field(default=None, repr=False)

    @property
    def peer(self) -> str:
        """Return what the library system is called in metrics and logs."""
        return peer_of(self.unit)


def peer_of(unit: str) -> str:
    """Return what the library system to which deliveries of a unit go is called in metrics and logs."""
    return f"delivery-{unit}"


class Carriers:
    """The routes of one set of partner files."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes: Mapping[LendingUnitId, Route] = MappingProxyType({route.unit: route for route in routes})

    def route(self, unit: LendingUnitId) -> Route | None:
        """Return the route to a unit, or ``None`` for one that the files do not tell of."""
        return self._routes.get(unit)

    def active(self) -> Mapping[LendingUnitId, Route]:
        """Return the routes on which a courier brings something itself."""
        return {unit: route for unit, route in self._routes.items() if route.carrier is not None}

    def words_for(self, unit: LendingUnitId) -> WaitingWords:
        """Return how long patrons of a unit are told to wait after their yes."""
        route = self._routes.get(unit)
        return TOMORROW if route is None else route.words

    def fetches(self, unit: LendingUnitId) -> bool:
        """Tell whether a unit's library system asks for changes itself."""
        route = self._routes.get(unit)
        return route is not None and route.kind is CarrierKind.FEED
