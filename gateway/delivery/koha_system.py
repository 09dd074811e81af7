"""Where a Koha is, and how it is asked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gateway.upstream.tls import UpstreamTls
from registry.domain.secret import Secret


class Clock(Protocol):
    """What a carrier must know of time."""

    def today(self) -> date:
        """Return the date in the library's time zone."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KohaSystem:
    """One Koha: its address, an API key (``client_id``, ``client_secret``) or an account, and what it is trusted by.

    ``base_url`` ends with ``/api/v1``, as every path of the interface follows it. ``ca`` is a file of issuers, for a
    certificate that those of this machine do not know. ``attribute_type`` names the patron attribute that holds
    national card numbers, where the library has one. Raises ``ValueError``.
    """

    base_url: str
    client_id: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)
    user: str | None = None
    password: Secret | None = field(default=None, repr=False)
    ca: Path | None = None
    attribute_type: str | None = None

    def __post_init__(self) -> None:
        _check_address(self.base_url)
        key = (bool(self.client_id), bool(self.client_secret))
        account = (bool(self.user), bool(self.password))
        if sorted((key, account)) != [(False, False), (True, True)]:
            raise ValueError("a Koha is asked with an API key and its secret, or with a user and a password")
        if ":" in (self.user or ""):  # RFC 7617: the first colon ends the user
            raise ValueError("a user has no colon")
        if self.attribute_type == "":
            raise ValueError("a patron attribute has a name")

    @property
    def tls(self) -> UpstreamTls | None:
        """How the certificate is proved; ``None`` on a plain line."""
        return UpstreamTls(ca=self.ca) if urlsplit(self.base_url).scheme == "https" else None

    def url(self, path: str) -> str:
        """Return the address of a path of the interface, such as ``/patrons``."""
        return self.base_url.rstrip("/") + path


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with https:// and names a host")
    if not url.isascii() or not url.isprintable() or " " in url or parts.query or parts.fragment:
        raise ValueError("an address is of plain letters, digits and signs, and ends with its path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address holds no user and no password")
    parts.hostname.encode("idna")  # raises ValueError for what is no name
    _ = parts.port  # and so does this for what is no port
    # Names, birth dates and the key itself would be readable on the way.
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError("only a Koha on this machine is asked without TLS")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
