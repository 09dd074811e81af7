"""Who asks the feed: network, certificate, id and secret must all be one initiator's, and it must be a library's.

The initiators are those of the partner files, the same as at the NCIP door; here they show themselves by HTTP's Basic
authentication, the id as the user and the secret as the password.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from gateway.delivery.feed_rules import Asked, FeedRules, refusal
from gateway.ncip.initiators import Initiator, Initiators, Place
from gateway.ncip.wrong_secrets import WrongSecrets
from gateway.partners.secrets import MachineSecrets
from registry.credentials.pool import PoolFullError
from registry.domain.asker import Asker
from registry.domain.decisions import Refusal
from registry.domain.institution import LendingUnitId
from registry.domain.secret import Secret

_CHALLENGE = {"www_authenticate": 'Basic realm="portvakt", charset="UTF-8"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """An initiator that has shown who it is, and the one lending unit that it asks for."""

    id: str
    unit: LendingUnitId


class FeedCallers:
    """Recognises initiators; a secret that was right before is recognised without hashing anything."""

    def __init__(
        self,
        secrets: MachineSecrets,
        admits: Callable[[Asker], Refusal | None],
        rules: FeedRules,
        monotonic: Callable[[], float],
    ) -> None:
        """``admits`` returns why an asker may not speak to the register now, or ``None``."""
        self._initiators = Initiators()
        self._secrets = secrets
        self._admits = admits
        self._wrong = WrongSecrets(monotonic, lambda: rules.wrong_secrets)

    def take(self, initiators: Initiators) -> None:
        """Let these ask from now on, and nobody else."""
        self._initiators = initiators

    async def caller(self, asked: Asked) -> Caller:
        """Return who asks; raises :class:`RefusedError` for nobody who may."""
        here = self._initiators.at(asked.place)
        if not here and not self._initiators.near(asked.place):
            raise refusal(HTTPStatus.FORBIDDEN, "address")
        shown = _shown(asked.authorization)
        if shown is None or not here:
            raise refusal(HTTPStatus.UNAUTHORIZED, "unproved", **_CHALLENGE)
        name, secret = shown
        initiator = next((one for one in here if one.id == name), None)
        if not await self._is_proved(initiator, secret, asked.place):
            raise refusal(HTTPStatus.UNAUTHORIZED, "unproved", **_CHALLENGE)
        # The partner files may have been read again meanwhile: what was proved is no proof for another entry.
        if initiator is None or initiator not in self._initiators.at(asked.place):
            raise refusal(HTTPStatus.UNAUTHORIZED, "unproved", **_CHALLENGE)
        return self._admitted(initiator)

    async def _is_proved(self, initiator: Initiator | None, secret: Secret, place: Place) -> bool:
        hashed = initiator.secret if initiator else None
        if initiator is not None and hashed is None:
            return True  # its certificate, which `at` has judged, is its proof
        if hashed is not None and self._secrets.is_known(hashed, secret):
            return True
        if self._wrong.are_too_many(place.host):
            raise refusal(HTTPStatus.TOO_MANY_REQUESTS, "wrong_secrets", retry_after="60")
        try:
            right = await self._secrets.check(hashed, secret)
        except PoolFullError:
            raise refusal(HTTPStatus.SERVICE_UNAVAILABLE, "busy", retry_after="5") from None
        if not right:
            self._wrong.count(place.host)
        return right

    def _admitted(self, initiator: Initiator) -> Caller:
        # The first asker is the library's own; the others speak for its branches.
        asker = next(iter(initiator.askers.values()), None)
        if asker is None or asker.unit is None:
            raise refusal(HTTPStatus.FORBIDDEN, "no_library")
        if self._admits(asker) is not None:
            raise refusal(HTTPStatus.FORBIDDEN, "no_agreement")
        return Caller(initiator.id, asker.unit)


def _shown(authorization: str | None) -> tuple[str, Secret] | None:
    """Return user and password of RFC 7617, or ``None`` for anything else."""
    scheme, _, told = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, Secret(secret)) if colon else None
