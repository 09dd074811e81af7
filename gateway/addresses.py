"""Socket addresses as Twisted's address values."""

from __future__ import annotations

import ipaddress
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address


def address_of(name: tuple[Any, ...]) -> IPv4Address | IPv6Address:
    """Return a socket's name as an address; IPv4 that came through an IPv6 socket is IPv4 again.

    Else one kiosk would have two spellings, and a network range would match only one of them.
    """
    host, port = name[0], name[1]
    if ":" not in host:
        return IPv4Address("TCP", host, port)
    mapped = ipaddress.IPv6Address(host.partition("%")[0]).ipv4_mapped
    if mapped is not None:
        return IPv4Address("TCP", str(mapped), port)
    return IPv6Address("TCP", *name)
