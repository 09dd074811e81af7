"""Which networks an address belongs to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_within(host: str, networks: Iterable[Network]) -> bool:
    """Tell whether the address ``host`` lies in one of ``networks``; an IPv4 address in IPv6 clothes counts as IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)
