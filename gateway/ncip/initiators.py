"""The initiators that may ask: whose they are, what proves them, and what they may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.partners.networks import Network, is_within
from protocols.ncip.schemes import folded
from registry.domain.asker import Asker, AskerClass

_PLACES_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message came from: the address, and the certificate in DER where one was shown."""

    host: str
    certificate: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiator:
    """One initiator as the partner files tell it; ``askers`` speak for it, by the agency id as it is compared."""

    id: str
    askers: Mapping[str, Asker]
    networks: tuple[Network, ...]
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = None
    lookup_without_pin: bool = False
    guests_per_day: int = 0
    activations_without_pin: int = 0

    @property
    def is_service(self) -> bool:
        """Tell whether it is a national service's, which asks who is valid and no more."""
        return any(asker.kind is AskerClass.SERVICE for asker in self.askers.values())

    def is_near(self, place: Place) -> bool:
        """Tell whether a message from there can be this initiator's, its certificate aside."""
        return is_within(place.host, self.networks)

    def may_be_at(self, place: Place) -> bool:
        """Tell whether a message from there can be this initiator's."""
        if not self.is_near(place):
            return False
        return self.certificate is None or (
            place.certificate is not None and hashlib.sha256(place.certificate).hexdigest() == self.certificate
        )

    def only_agency(self) -> str | None:
        """Return the agency that it speaks for where there is but one, else ``None``."""
        return next(iter(self.askers)) if len(self.askers) == 1 else None


class Initiators:
    """All initiators of one set of partner files."""

    def __init__(self, initiators: Iterable[Initiator] = ()) -> None:
        self._all = tuple(initiators)
        self._agencies = frozenset(agency for one in self._all for agency in one.askers)
        self._at: dict[Place, tuple[Initiator, ...]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def at(self, place: Place) -> tuple[Initiator, ...]:
        """Return who can speak from there."""
        found = self._at.get(place)
        if found is None:
            if len(self._at) >= _PLACES_KEPT:
                self._at.clear()
            found = self._at[place] = tuple(one for one in self._all if one.may_be_at(place))
        return found

    def near(self, place: Place) -> bool:
        """Tell whether anybody could speak from there with the right certificate."""
        return any(one.is_near(place) for one in self._all)

    def knows(self, agency: str) -> bool:
        """Tell whether anybody speaks for an agency."""
        return folded(agency) in self._agencies
