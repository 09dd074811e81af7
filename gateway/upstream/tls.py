"""TLS towards an ILS: its certificate is always proved, and ours is shown where the ILS asks for it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.tls import SUITES_1_2


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTls:
    """How an ILS proves itself, and we ourselves to it.

    `ca` is a file of issuers (None: those of this system), `certificate` and `key` are ours, and `server_name` is the
    name that the ILS's certificate must carry (None: the host of the address).
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return the context of connections; raises `OSError` (an `ssl.SSLError` is one) for files of no use."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(":".join(SUITES_1_2))
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context
