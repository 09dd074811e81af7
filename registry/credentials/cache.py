"""The positive cache: PINs that were right a moment ago, kept as keyed hashes, bounded in number and minutes."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from registry.domain.patron import StoredSecret
from registry.domain.secret import Secret


class ProvedPins:
    """Remembers right PINs by the HMAC-SHA-256 of card, PIN and stored hash; only this process has the key.

    A changed PIN changes the stored hash and a restart the key: either empties the cache of what it made stale.
    """

    def __init__(self, monotonic: Callable[[], float], *, seconds: float = 300.0, entries: int = 20_000) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._entries = entries
        # Keyed once and copied for each mark, which spares a third of the time.
        self._keyed = hmac.new(secrets.token_bytes(32), digestmod="sha256")
        self._until: dict[bytes, float] = {}

    def mark(self, card: str, secret: Secret, stored: StoredSecret) -> bytes:
        """Return the key of one check: the same card, PIN and stored hash give the same mark."""
        text = f"{card}\0{stored.hashed}\0{secret.reveal()}"
        mac = self._keyed.copy()
        mac.update(text.encode("utf-8", "surrogatepass"))
        return mac.digest()

    def is_proved(self, mark: bytes) -> bool:
        """Tell whether this check was right within the last minutes."""
        until = self._until.get(mark)
        return until is not None and until > self._monotonic()

    def remember(self, mark: bytes) -> None:
        """Keep a check that was right."""
        self._until.pop(mark, None)
        if len(self._until) >= self._entries:
            # The oldest stands first: entries are put in again whenever they are proved anew.
            del self._until[next(iter(self._until))]
        self._until[mark] = self._monotonic() + self._seconds

    def __len__(self) -> int:
        return len(self._until)
