"""Addresses of library systems that we ask, and when one may be asked in plain text."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from config.fields import is_loopback, unfit

_PLAIN = frozenset({"http", "tcp"})


def is_address(text: str, schemes: Collection[str]) -> bool:
    """Whether a text is an address in one of the schemes, with a host and without a user, in plain letters."""
    parts = urlsplit(text)
    return (
        parts.scheme in schemes
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


def judge_address(url: str, *, plaintext: bool) -> None:
    """Raise what is wrong with an address: its port, a path behind a raw one, plain text to another machine."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise unfit("a port between 1 and 65535", key="url") from None
    if parts.scheme in {"tcp", "tcps"} and (not port or parts.path not in {"", "/"} or parts.query):
        raise unfit("a host and a port alone, such as tcps://ils.example.org:6443", key="url")
    if parts.scheme in _PLAIN and not (plaintext or is_loopback(parts.hostname or "")):
        raise unfit("https:// or tcps://, a loopback host, or plaintext = true", "plain text to others", "url")
