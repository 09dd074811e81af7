"""Which kind of connection a listener serves."""

from __future__ import annotations

from collections.abc import Callable

from gateway.ncip.door import Entrance, Line
from gateway.ncip.http_listener import HttpLine
from gateway.ncip.tcp_listener import TcpLine


def line_of(path: bytes | None) -> Callable[[Entrance, str], Line]:
    """Return what makes the connections of a listener: HTTP's with their path, or raw ones where it has none."""
    if path is None:
        return TcpLine
    return lambda entrance, host: HttpLine(entrance, host, path)
