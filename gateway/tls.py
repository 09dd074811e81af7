"""TLS for our own listeners: what we accept, and how a certificate is replaced while the daemon runs."""

from __future__ import annotations

import ssl
import time
from pathlib import Path

from cryptography import x509

# RFC 9325 section 4.2, for TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others.
SUITES_1_2 = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)


class CertificateRefusedError(Exception):
    """The files do not make a usable certificate; ``reason`` is one word for a log, with nothing secret in it."""

    def __init__(self, reason: str) -> None:
        """Say why: ``unreadable``, ``mismatch``, ``expired`` or ``client_ca``."""
        super().__init__(reason)
        self.reason = reason


class ServerTls:
    """A listener's certificate, and the context for the next handshake."""

    def __init__(
        self,
        certificate: Path,
        key: Path,
        client_ca: Path | None = None,
        *,
        oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    ) -> None:
        """Load the files; raises CertificateRefusedError.

        With ``client_ca`` every peer must show a certificate issued by it. ``oldest`` is the oldest version accepted.
        """
        self._files = (certificate, key, client_ca)
        self._oldest = max(oldest, ssl.TLSVersion.TLSv1_2)
        self._context, self.not_after = _load(*self._files, self._oldest)

    def current(self) -> ssl.SSLContext:
        """Return the context for a handshake that begins now: ask again for each one."""
        return self._context

    def reload(self) -> None:
        """Read the files again for later handshakes; raises CertificateRefusedError and keeps the old ones.

        The new context is made whole before it replaces the old, so certificate, key and CA change together.
        """
        self._context, self.not_after = _load(*self._files, self._oldest)


def server_context(
    certificate: Path,
    key: Path,
    client_ca: Path | None = None,
    *,
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> ServerTls:
    """Return what a TLS listener needs of these files; raises CertificateRefusedError."""
    return ServerTls(certificate, key, client_ca, oldest=oldest)


def _load(certificate: Path, key: Path, client_ca: Path | None, oldest: ssl.TLSVersion) -> tuple[ssl.SSLContext, float]:
    context = _hardened(oldest)
    try:
        not_after = _not_after(certificate)
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as failure:
        raise CertificateRefusedError("mismatch") from failure
    except (OSError, ValueError) as failure:
        raise CertificateRefusedError("unreadable") from failure
    if not_after <= time.time():
        raise CertificateRefusedError("expired")
    if client_ca is not None:
        _demand_client_certificates(context, client_ca)
    return context, not_after


def _hardened(oldest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = oldest
    context.set_ciphers(":".join(SUITES_1_2))
    # No tickets: their key would undo forward secrecy for as long as the process lives, and a resumed session would
    # skip the check of a client certificate that was withdrawn meanwhile. Kiosks stay connected; they lose nothing.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 0
    # Groups: Python before 3.15 can name only one, so OpenSSL's own order stands: X25519 first, then P-256.
    return context


def _demand_client_certificates(context: ssl.SSLContext, client_ca: Path) -> None:
    try:
        context.load_verify_locations(client_ca)
    except (ssl.SSLError, OSError) as failure:
        raise CertificateRefusedError("client_ca") from failure
    context.verify_mode = ssl.CERT_REQUIRED


def _not_after(certificate: Path) -> float:
    first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    return first.not_valid_after_utc.timestamp()
