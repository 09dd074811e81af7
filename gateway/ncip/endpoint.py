"""One library system that speaks NCIP, as its settings tell it: where it is, who we are there, how long it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from gateway.upstream.addresses import Address
from gateway.upstream.breaker import BreakerRules
from gateway.upstream.tls import UpstreamTls
from protocols.ncip import VERSION_2, Dialect

_PORTS = {"http": 80, "https": 443, "tcp": None, "tcps": None}
_ENCRYPTED = frozenset({"https", "tcps"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How long the library system has, in seconds.

    `total` is for all of a request, connecting included, and `connect` for connecting. A request that changes
    something is not sent at all with less than `least_for_change` left. `keep` is for how long an idle connection
    may be used again: web servers close theirs after five seconds and more.
    """

    total: float = 10.0
    connect: float = 2.0
    least_for_change: float = 0.8
    keep: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A library system's NCIP responder; raises `ValueError` for what cannot be one.

    `id` names it in logs and metrics. `url` is `http://…`, `https://…`, `tcp://host:port` or `tcps://host:port`,
    the agencies are our own id and the one that the system answers for, `system` and `authentication` prove us to it.
    """

    id: str
    url: str = field(repr=False)
    from_agency: str
    to_agency: str
    system: str | None = None
    authentication: str | None = field(default=None, repr=False)
    profile: str | None = None
    dialect: Dialect = VERSION_2
    content_type: str = 'application/xml; charset="utf-8"'
    tls: UpstreamTls = field(default_factory=UpstreamTls)
    budgets: Budgets = field(default_factory=Budgets)
    in_flight: int = 8
    queued: int = 32
    answer_limit: int = 1024 * 1024
    breaker: BreakerRules = field(default_factory=BreakerRules)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("expected http://…, https://…, tcp://host:port or tcps://host:port")
        if not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise ValueError("an address is of plain letters, digits and signs")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address holds no user and no password")
        if _port(parts) is None:
            raise ValueError("a TCP address has a port")
        if not self.is_http and (parts.path not in ("", "/") or parts.query):
            raise ValueError("a TCP address ends with its port")
        if not (self.content_type.isascii() and self.content_type.isprintable()):
            raise ValueError("a content type is of plain letters, digits and signs")

    @property
    def is_http(self) -> bool:
        """Whether it is asked over HTTP; otherwise over a raw connection for each message."""
        return urlsplit(self.url).scheme in ("http", "https")

    @property
    def is_encrypted(self) -> bool:
        """Whether it is asked over TLS."""
        return urlsplit(self.url).scheme in _ENCRYPTED

    @property
    def address(self) -> Address:
        """Where it listens."""
        parts = urlsplit(self.url)
        return Address(parts.hostname or "", _port(parts) or 0)

    @property
    def target(self) -> bytes:
        """What a request asks for, its query included."""
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}".encode()

    @property
    def host(self) -> bytes:
        """The Host of a request: the port only where it is not the usual one."""
        parts = urlsplit(self.url)
        name = parts.hostname or ""
        name = f"[{name}]" if ":" in name else name
        return name.encode() if _port(parts) == _PORTS[parts.scheme] else f"{name}:{_port(parts)}".encode()


def _port(parts: SplitResult) -> int | None:
    # `port` raises ValueError by itself for what is no port.
    return parts.port if parts.port is not None else _PORTS[parts.scheme]
