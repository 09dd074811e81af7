"""How PINs and passwords are stored and checked: argon2id over an HMAC with a pepper that no database holds.

A four-digit PIN has ten thousand values; against a stolen database only the pepper protects it. The parameters are
below what is asked for passwords (8 MiB for a PIN, 46 MiB for a password) so that a kiosk is answered in time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

from registry.credentials.keys import Key, Keyring
from registry.domain.patron import PatronId, StoredSecret
from registry.domain.secret import Secret

_SALT_BYTES = 16
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hash costs: memory in KiB, passes over it, lanes."""

    memory: int
    passes: int = 1
    lanes: int = 1


PIN_COST = Cost(8 * 1024)
WORD_COST = Cost(46 * 1024)


class PepperedHasher:
    """Makes and checks stored PINs; slow on purpose, so call it in a pool of threads."""

    def __init__(self, peppers: Keyring, cost: Cost) -> None:
        self._peppers = peppers
        self._cost = cost
        self._decoy = self.hash(PatronId(0), Secret(secrets.token_hex(8)))

    def hash(self, patron: PatronId, secret: Secret) -> StoredSecret:
        """Return what may be stored of ``secret``; bound to ``patron``, so that rows cannot be swapped."""
        pepper = self._peppers.current
        hashed = hash_secret(
            _input(pepper, patron, secret),
            secrets.token_bytes(_SALT_BYTES),
            time_cost=self._cost.passes,
            memory_cost=self._cost.memory,
            parallelism=self._cost.lanes,
            hash_len=_HASH_BYTES,
            type=Type.ID,
        )
        return StoredSecret(hashed=hashed.decode("ascii"), pepper=pepper.id)

    def check(self, stored: StoredSecret | None, patron: PatronId, secret: Secret) -> bool:
        """Tell whether ``secret`` is the stored one.

        With nothing stored (an unknown card, a patron without a PIN) or with a lost pepper a decoy is checked, which
        takes as long, and the answer is no.
        """
        pepper = self._peppers.get(stored.pepper) if stored is not None else None
        if stored is None or pepper is None:
            _verify(self._decoy, _input(self._peppers.current, patron, secret))
            return False
        return _verify(stored, _input(pepper, patron, secret))


def _input(pepper: Key, patron: PatronId, secret: Secret) -> bytes:
    return pepper.mac(b"pin", patron.to_bytes(8, "big"), secret.reveal().encode())


def _verify(stored: StoredSecret, given: bytes) -> bool:
    try:
        return verify_secret(stored.hashed.encode("ascii"), given, Type.ID)
    except (VerificationError, InvalidHashError):
        return False
