"""Where this node goes when another member's endpoint says so: that text is its operator's, and stands on chain.

Rule 1. Public addresses, and private networks that this node's operator named: a member would else have every other
        node knock at hosts of that node's own network.
Rule 2. The address that a connection is about to be made to is looked at, each time: whatever a name led to, and
        whatever a resolver, a cache or a literal said before.
Rule 3. What only a machine's own link knows is never reached: cloud machines answer with secrets there.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from executor.capabilities.addresses import refusal_of
from executor.capabilities.resolver import SystemResolver
from executor.errors import InvalidConfig

_AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class MemberNetworks:
    """Public addresses and these networks (`10.8.0.0/16`); raises InvalidConfig for a text that names none."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        try:
            self._networks = [ip_network(text) for text in networks]
        except ValueError as error:
            raise InvalidConfig(f"not a network, like 10.8.0.0/16: {error}") from error

    def refusal(self, address: IPv4Address | IPv6Address) -> str | None:
        """Why no connection is made there, or None."""
        if address.is_link_local or address.is_multicast or address.is_unspecified:  # Rule 3
            return f"{address} is no address of a member"
        reason = refusal_of(address)
        if reason is None or any(address in network for network in self._networks):
            return None
        return f"{address} is {reason}, and [http] member_networks does not name its network"

    def refusal_of_url(self, url: str) -> str | None:
        """The same for a URL whose host is an address; names are looked up and looked at when they are used."""
        try:
            address = ip_address(urlsplit(url).hostname or "")
        except ValueError:
            return None
        return self.refusal(address)

    def connector(self, **options: Any) -> aiohttp.TCPConnector:
        """Connections that are made there only (Rule 2)."""
        return aiohttp.TCPConnector(resolver=SystemResolver(), socket_factory=self._open, **options)

    def _open(self, info: _AddressInfo) -> socket.socket:
        family, kind, protocol, _, target = info
        if (reason := self.refusal(ip_address(str(target[0])))) is not None:
            raise OSError(errno.EACCES, reason)
        return socket.socket(family, kind, protocol)
