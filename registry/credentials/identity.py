"""Identity numbers at rest: encrypted, with a keyed hash to find them by (personopplysningsloven § 12)."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.credentials.keys import Key
from registry.domain.card import CardNumber
from registry.domain.patron import PatronId
from registry.domain.secret import Secret
from registry.services.ports import SealedIdentity

_NONCE_BYTES = 12


class IdentityVault:
    """Seals identity numbers, and makes the keyed hashes that stand for numbers nobody may read."""

    def __init__(self, index_key: Key, identity_key: Key) -> None:
        self._index_key = index_key
        self._identity_key = identity_key
        self._cipher = AESGCM(identity_key.mac(b"identity number encryption"))

    def index(self, number: Secret) -> bytes:
        """Return the keyed hash by which an identity number is found."""
        return self._index_key.mac(b"identity number", number.reveal().encode())

    def seal(self, number: Secret, patron: PatronId) -> SealedIdentity:
        """Return an identity number as it may be stored; bound to ``patron``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        encrypted = self._cipher.encrypt(nonce, number.reveal().encode(), patron.to_bytes(8, "big"))
        return SealedIdentity(
            index=self.index(number),
            index_key=self._index_key.id,
            encrypted=nonce + encrypted,
            identity_key=self._identity_key.id,
        )

    def unseal(self, sealed: SealedIdentity, patron: PatronId) -> Secret:
        """Return the identity number; for the patron's own eyes at the high level and for nobody else."""
        nonce, encrypted = sealed.encrypted[:_NONCE_BYTES], sealed.encrypted[_NONCE_BYTES:]
        return Secret(self._cipher.decrypt(nonce, encrypted, patron.to_bytes(8, "big")).decode())

    def tombstone(self, card: CardNumber) -> tuple[bytes, str]:
        """Return the keyed hash of a deleted card number, and the id of its key (D5)."""
        return self._index_key.mac(b"card tombstone", card.encode()), self._index_key.id

    def fingerprint(self, *parts: bytes) -> bytes:
        """Return the keyed hash of a request, by which it is known again and cannot be read."""
        return self._index_key.mac(b"request", *parts)
