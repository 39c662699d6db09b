"""Which network addresses a guest may reach: public ones only.

Rule 1. An address is refused unless it is ordinary public unicast: everything IANA reserves is listed below by reason.
Rule 2. IPv6 forms that carry an IPv4 address (mapped, 6to4, Teredo, NAT64) are refused as such, never unwrapped.
Rule 3. A host that is not a DNS name is an address only in the one canonical spelling: four decimal numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from executor.capabilities.errors import CallRefused

_REFUSED: tuple[tuple[str, str], ...] = (
    # RFC 6890 and the IANA special-purpose registries, with the reason shown to the operator.
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared (carrier NAT; also one cloud's metadata service)"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "a cloud's metadata service"),
    ("169.254.0.0/16", "link-local (cloud metadata services)"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::/96", "unspecified or IPv4-compatible"),
    ("::ffff:0:0/96", "IPv4-mapped"),
    ("64:ff9b::/96", "NAT64"),
    ("64:ff9b:1::/48", "NAT64"),
    ("2001::/23", "reserved for protocols (Teredo and others)"),
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "documentation"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
)
_V4 = tuple((IPv4Network(text), reason) for text, reason in _REFUSED if ":" not in text)
_V6 = tuple((IPv6Network(text), reason) for text, reason in _REFUSED if ":" in text)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: all that is assigned for public use

_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


def refusal_of(address: IPv4Address | IPv6Address) -> str | None:
    """Why this address must not be reached, or None when it is public."""
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _V4 if address in network), None)
    if address.scope_id is not None:
        return "scoped to an interface"
    for network, reason in _V6:
        if address in network:
            return reason
    return None if address in _GLOBAL_UNICAST else "reserved"


def check_addresses(host: str, addresses: Sequence[IPv4Address | IPv6Address]) -> None:
    """Raises CallRefused when one of the addresses is not public."""
    for address in addresses:
        if (reason := refusal_of(address)) is not None:
            raise CallRefused("http-address-refused", f"{host} is {address}: {reason}")


def literal_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` spells canonically, else None."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_name(host: str) -> bool:
    """Whether `host` is a lower-case DNS name: no address in any spelling (`2130706433`, `0x7f.1`, `0177.0.0.1`).

    URL standards read a host whose last label is a number as IPv4, so such a host is never a name.
    """
    return _NAME.fullmatch(host) is not None and not _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1])
