"""TLS as a kiosk speaks it: the server is always proved, and the kiosk may prove itself."""

from __future__ import annotations

import ssl
from pathlib import Path


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """What connects, trusting these authorities or else the system's; raises `ValueError` for files of no use."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as fault:
        raise ValueError("the authorities: expected a file of PEM certificates") from fault
    if certificate:
        try:
            context.load_cert_chain(certificate, key)
        except OSError as fault:
            raise ValueError("the certificate: expected PEM, and the key that fits it") from fault
    return context
