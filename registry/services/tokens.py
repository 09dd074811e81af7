"""Making one-time codes and tickets: what is given out, and the keyed hash that is kept of it."""

from __future__ import annotations

import secrets
from datetime import timedelta

from registry.credentials.identity import IdentityVault

CODE_GOOD_FOR = timedelta(minutes=15)
"""As long as somebody may stand before a kiosk with their phone."""

TICKET_GOOD_FOR = timedelta(minutes=15)
"""As long as somebody may read loan rules."""

# Without signs that are taken for one another, and without vowels, so that no code spells a word: 60 bits.
_SIGNS = "23456789bcdfghjkmnpqrstvwxyzBCDF"
_LENGTH = 12
_TICKET_BYTES = 32


def new_code(vault: IdentityVault) -> tuple[str, bytes]:
    """Return a code that somebody can type if need be, and what is kept of it."""
    code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    return code, mark_of_code(vault, code)


def mark_of_code(vault: IdentityVault, code: str) -> bytes:
    """Return what is kept of a code."""
    return vault.fingerprint(b"code", code.encode())


def new_ticket(vault: IdentityVault) -> tuple[str, bytes]:
    """Return a ticket, and what is kept of it."""
    ticket = secrets.token_urlsafe(_TICKET_BYTES)
    return ticket, mark_of_ticket(vault, ticket)


def mark_of_ticket(vault: IdentityVault, ticket: str) -> bytes:
    """Return what is kept of a ticket."""
    return vault.fingerprint(b"ticket", ticket.encode())
