"""Who is counted as one stranger: an address, or of IPv6 the network of one site: everybody has 2^64 of those."""

from __future__ import annotations

import ipaddress
from typing import Final as Constant

from aiohttp import web

UNKNOWN: Constant = "unknown"  # a connection that has gone tells no address any more


def site_of(address: str) -> str:
    """What pays for an address: of IPv6 its /64; an IPv4 address in IPv6's clothes is itself."""
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((found, 64), strict=False))


def source_of(request: web.BaseRequest) -> str:
    """The site a request came from."""
    return site_of(request.remote or UNKNOWN)
