"""Reads where a library system listens, as people write it."""

from __future__ import annotations

import re

HOST, PORT = "127.0.0.1", 6001
"""Where the demo listens."""

_ADDRESS = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?")


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST`, `HOST:PORT`, `[IPv6]:PORT` or an IPv6 address; raises `ValueError`."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, PORT
    found = _ADDRESS.fullmatch(text)
    port = int(found["port"] or PORT) if found else 0
    if found is None or not 0 < port <= 0xFFFF:
        raise ValueError("expected HOST or HOST:PORT, the port from 1 to 65535")
    return found["bracketed"] or found["host"], port
