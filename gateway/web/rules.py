"""How long and how much on the pages, and where they are."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.partners.networks import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesRules:
    """Times in seconds, sizes in bytes; ``public_url`` is the address that patrons use, without a path.

    ``proxies`` are believed where they say for whom they ask. ``networks`` may connect; where there are none, all may.
    ``request`` is from a request's first byte to its last.
    """

    public_url: str
    answer: float = 5.0
    request: float = 10.0
    idle: float = 30.0
    body_bytes: int = 8192
    unsent_bytes: int = 262_144
    connections: int = 2000
    per_address: int = 64
    exempt: tuple[Network, ...] = ()
    proxies: tuple[Network, ...] = ()
    networks: tuple[Network, ...] = ()

    @property
    def is_encrypted(self) -> bool:
        """Tell whether patrons reach the pages by HTTPS; only a demo on this machine does without."""
        return self.public_url.startswith("https://")
