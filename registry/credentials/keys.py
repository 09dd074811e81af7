"""Keys, each with an id that is stored beside what it made, so that a key can be changed without losing anything."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Key:
    """Key material of at least 16 bytes; ``id`` tells keys apart and tells nothing of the material."""

    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.material) < 16:
            raise ValueError("a key needs at least 16 bytes of material")

    @property
    def id(self) -> str:
        """Return eight hexadecimal digits that name this key."""
        return hashlib.sha256(b"portvakt key id\0" + self.material).hexdigest()[:8]

    def mac(self, *parts: bytes) -> bytes:
        """Return the HMAC-SHA-256 of the parts, each with its length before it so that none runs into the next."""
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self.material, framed, "sha256")


class Keyring:
    """The current key of one purpose and the former ones, found by id."""

    def __init__(self, current: Key, former: Iterable[Key] = ()) -> None:
        self.current = current
        self._by_id = {key.id: key for key in (*former, current)}

    def get(self, key_id: str) -> Key | None:
        """Return the key with this id, or ``None`` when it is no longer kept."""
        return self._by_id.get(key_id)
