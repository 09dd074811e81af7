"""Who asks: the place, the agency and the agency's secret must all be an initiator's, and the same one's."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.ncip.initiators import Initiator, Initiators, Place
from gateway.ncip.wrong_secrets import WrongSecrets
from gateway.partners.secrets import MachineSecrets
from protocols.ncip import InitiationHeader
from protocols.ncip.schemes import folded
from registry.credentials.pool import PoolFullError
from registry.domain.asker import Asker
from registry.domain.institution import InstitutionId
from registry.domain.secret import Secret
from registry.register import InitiatorRegister


class Stranger(enum.Enum):
    """Why a message is nobody's that may ask; told to the log and, but for the first, to nobody else."""

    AGENCY_UNKNOWN = "agency_unknown"
    AGENCY_MISSING = "agency_missing"
    PLACE = "place"
    AGENCY = "agency"
    UNPROVED = "unproved"
    """No secret was sent where one is needed."""
    WRONGLY_PROVED = "wrongly_proved"
    BUSY = "busy"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Caller:
    """An initiator that has shown who it is, and the asker that speaks for it in the name of one agency."""

    initiator: Initiator
    asker: Asker


@dataclass(frozen=True, slots=True)
class _Claim:
    """Those who may be meant, the agency they are to speak for, and the secret that came with it."""

    candidates: tuple[Initiator, ...]
    agency: str
    secret: Secret | None


class Callers:
    """Recognises initiators; a secret that was right before is recognised without hashing anything."""

    def __init__(
        self,
        initiators: Callable[[], Initiators],
        secrets: MachineSecrets,
        register: InitiatorRegister,
        wrong: WrongSecrets,
    ) -> None:
        self._initiators = initiators
        self._secrets = secrets
        self._register = register
        self._wrong = wrong

    def at_once(self, header: InitiationHeader | None, place: Place) -> Caller | Stranger | None:
        """Return who asks, or why nobody does; ``None`` where a secret must be hashed first."""
        claim = self._claim(header, place)
        if isinstance(claim, Stranger):
            return claim
        for one in claim.candidates:
            known = one.secret is None or (
                claim.secret is not None and self._secrets.is_known(one.secret, claim.secret)
            )
            if known:
                return Caller(one, one.askers[claim.agency])
        return Stranger.UNPROVED if claim.secret is None else None

    async def check(self, header: InitiationHeader | None, place: Place) -> Caller | Stranger:
        """Return who asks, or why nobody does; a wrong agency takes as long as a wrong secret."""
        found = self.at_once(header, place)
        if found is not None:
            return found
        claim = self._claim(header, place)
        if isinstance(claim, Stranger) or claim.secret is None:
            return claim if isinstance(claim, Stranger) else Stranger.UNPROVED
        if self._wrong.are_too_many(place.host):
            return Stranger.BUSY
        try:
            right = await self._right_of(claim.candidates, claim.secret)
        except PoolFullError:
            return Stranger.BUSY
        # The partner files may have been read again meanwhile: what was proved is no proof for another entry.
        if right is None or right not in self._initiators().at(place):
            self._wrong.count(place.host)
            return Stranger.WRONGLY_PROVED if claim.candidates else Stranger.AGENCY
        return Caller(right, right.askers[claim.agency])

    def _claim(self, header: InitiationHeader | None, place: Place) -> _Claim | Stranger:
        here = self._initiators().at(place)
        if not here:
            return Stranger.PLACE
        agency = _agency(header, here)
        if agency is None:
            return Stranger.AGENCY_MISSING
        told = header.from_agency_id.value if header and header.from_agency_id else agency
        if not (self._initiators().knows(told) or self._register.institution(InstitutionId(told.strip()))):
            return Stranger.AGENCY_UNKNOWN
        bound = tuple(one for one in _named(header, here) if agency in one.askers)
        secret = header.from_agency_authentication if header else None
        return _Claim(bound, agency, Secret(secret) if secret else None)

    async def _right_of(self, candidates: Iterable[Initiator], secret: Secret) -> Initiator | None:
        hashes = [(one, one.secret) for one in candidates if one.secret is not None]
        if not hashes:
            await self._secrets.check(None, secret)
        for one, hashed in hashes:
            if await self._secrets.check(hashed, secret):
                return one
        return None


def _agency(header: InitiationHeader | None, here: tuple[Initiator, ...]) -> str | None:
    """Return the agency in whose name is asked, as it is compared; who has but one need not say it."""
    if header is not None and header.from_agency_id is not None and header.from_agency_id.value:
        return folded(header.from_agency_id.value)
    named = _named(header, here)
    return named[0].only_agency() if len(named) == 1 else None


def _named(header: InitiationHeader | None, here: tuple[Initiator, ...]) -> tuple[Initiator, ...]:
    """Return those whom a FromSystemId can mean; one that names none of ours says nothing, for vendors send theirs."""
    if header is None or header.from_system_id is None:
        return here
    system = folded(header.from_system_id.value)
    return tuple(one for one in here if one.id == system) or here
