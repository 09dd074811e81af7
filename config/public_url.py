"""The address under which patrons reach the pages: on posters, in links, and where cookies are bound to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from config.fields import is_loopback

# No path: cookies are bound to the whole host, and a poster's address should be short.
_BARE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?")


def is_public_url(url: str) -> bool:
    """Whether an address is https and a host, or http on this machine, and nothing behind it."""
    if _BARE.fullmatch(url) is None:
        return False
    try:
        parts = urlsplit(url)
        fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return fits and (parts.scheme == "https" or is_loopback(parts.hostname or ""))
