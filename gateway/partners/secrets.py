"""Passwords of machines: argon2 once, then a keyed hash in memory, and the same time for a login nobody has."""

from __future__ import annotations

import asyncio
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from registry.credentials.pool import HashPool
from registry.domain.secret import Secret


def hash_secret(secret: Secret, *, memory_kib: int = 47_104) -> str:
    """Return the text that a partner file keeps of a machine's password; takes about a tenth of a second."""
    return PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1).hash(secret.reveal())


class MachineSecrets:
    """Checks passwords of terminals and initiators; what was right is remembered until the partners change."""

    def __init__(self, pool: HashPool, *, entries: int = 4096) -> None:
        self._pool = pool
        self._entries = entries
        self._hasher = PasswordHasher()
        self._decoy = hash_secret(Secret(secrets.token_hex(16)))
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, None] = {}
        self._under_way: dict[bytes, asyncio.Future[bool]] = {}

    def forget(self) -> None:
        """Forget every password that was right: the partner files have changed."""
        self._right.clear()

    def is_known(self, hashed: str, given: Secret) -> bool:
        """Tell whether this password was right before, without hashing anything slowly."""
        return self._mark(hashed, given) in self._right

    async def check(self, hashed: str | None, given: Secret) -> bool:
        """Tell whether ``given`` is the password behind ``hashed``; ``None`` takes as long and is never right.

        Equal checks under way are joined: a system that opens fifty connections at once costs one hash. Raises
        ``PoolFullError`` where too many are being checked.
        """
        mark = self._mark(hashed or self._decoy, given)
        checking = self._under_way.get(mark)
        if checking is None:
            checking = asyncio.ensure_future(self._pool.run(self._verify, hashed or self._decoy, given))
            self._under_way[mark] = checking
            checking.add_done_callback(lambda done: self._settled(mark, done))
        if not await asyncio.shield(checking) or hashed is None:
            return False
        if len(self._right) >= self._entries:
            del self._right[next(iter(self._right))]
        self._right[mark] = None
        return True

    def _settled(self, mark: bytes, checking: asyncio.Future[bool]) -> None:
        del self._under_way[mark]
        if not checking.cancelled():
            # Read even when nobody waits any more, or asyncio would report it as lost.
            checking.exception()

    def _verify(self, hashed: str, given: Secret) -> bool:
        try:
            return self._hasher.verify(hashed, given.reveal())
        except (VerificationError, InvalidHashError):
            return False

    def _mark(self, hashed: str, given: Secret) -> bytes:
        text = f"{hashed}\0{given.reveal()}"
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
