"""The two cookies: one before the PIN, to which the first form is bound, and the ticket behind it.

Over HTTPS they have the prefix ``__Host-``, so that no other host of the domain can set them. Both end with the
browser; a ticket ends at the register long before.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_FIT = re.compile(r"[A-Za-z0-9._~-]{16,200}")
_VISITOR_BYTES = 24


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and attributes; ``encrypted`` tells whether patrons come by HTTPS."""

    encrypted: bool

    @property
    def visitor(self) -> str:
        """The name of the cookie before the PIN."""
        return self._name("portvakt-visitor")

    @property
    def ticket(self) -> str:
        """The name of the cookie that holds the ticket."""
        return self._name("portvakt-ticket")

    def set(self, name: str, value: str) -> str:
        """Return the header that sets a cookie; raises ``ValueError`` for a value that no cookie can hold."""
        if fitting(value) is None:
            raise ValueError("the value does not fit a cookie")
        return f"{name}={value}; {self._attributes}"

    def forget(self, name: str) -> str:
        """Return the header that removes a cookie."""
        return f"{name}=; Max-Age=0; {self._attributes}"

    @property
    def _attributes(self) -> str:
        return "Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if self.encrypted else "")

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.encrypted else name


def new_visitor() -> str:
    """Return an unguessable value for the cookie before the PIN."""
    return secrets.token_urlsafe(_VISITOR_BYTES)


def fitting(value: str | None) -> str | None:
    """Return a cookie's value where it looks like one of ours, else ``None``."""
    return value if value is not None and _FIT.fullmatch(value) else None
