"""A request as the pages see it: a value, read once from what Twisted has received."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from gateway.partners.networks import Network, is_within

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20
_OUR_OWN = frozenset({"same-origin", "none"})


class UnreadableFormError(Exception):
    """A form cannot be read: too many fields, or no text in UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What a browser asks; ``repr`` shows nothing of it. ``query`` and ``form`` hold the first of each field."""

    method: str
    path: str
    address: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    accept_language: str = ""
    origin: str | None = None
    fetch_site: str | None = None

    def is_from(self, public_url: str) -> bool:
        """Tell whether a form was sent from our own pages, as far as the browser says.

        Our pages send no referrer, and so browsers send ``Origin: null`` from them: then Sec-Fetch-Site tells. Where a
        browser has neither, the form's proof and the cookie, which other sites cannot make it send, have to do.
        """
        if self.fetch_site is not None:
            return self.fetch_site in _OUR_OWN
        return self.origin in (None, "null", _origin_of(public_url))


def fields_of(text: bytes) -> Mapping[str, str]:
    """Return the first value of each field of a form or a query; raises UnreadableFormError."""
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="strict"
        )
    except ValueError as wrong:
        raise UnreadableFormError from wrong
    return dict(reversed(pairs))


def patron_address(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str:
    """Return who asks: the peer, or where that is a trusted proxy, the last address it names that is none itself."""
    address = peer
    for told in reversed([one.strip() for one in forwarded.split(",") if one.strip()]):
        if not is_within(address, proxies):
            break
        try:
            address = str(ipaddress.ip_address(told))
        except ValueError:
            break
    return address


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
